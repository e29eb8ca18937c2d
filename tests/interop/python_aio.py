"""The interop test service with grpc.aio: server and cases of the client. python_peer.py is the program."""
import asyncio
import signal
import time

import grpc
import grpc.aio

from python_base import (CALLS, CANCELLED, CODES, COUNT, INITIAL, LARGEST, MESSAGES, STATUS_MESSAGES, TIMEOUT,
                         TRAILING, Wrong, channel_arguments, echoes, empty_pb, expect, expect_status, input_request, output_request,
                         pb, report, server_credentials, services)

# Server -------------------------------------------------------------------------------------------------------------

class Service(services.TestServiceServicer):
    """As grpc-go's; but every value of the echo keys is echoed, and EmptyCall tells how many calls were cancelled."""

    def __init__(self):
        self.cancelled = 0

    async def echo(self, context):
        initial = []
        trailing = []
        for key, value in context.invocation_metadata():
            if key == INITIAL:
                initial.append((key, value))
            elif key == TRAILING:
                trailing.append((key, value))
            elif key == COUNT:
                trailing.append((CANCELLED, str(self.cancelled)))
        if initial:
            await context.send_initial_metadata(initial)
        if trailing:
            context.set_trailing_metadata(trailing)

    @staticmethod
    async def end_as_asked(request, context):
        if request.response_status.code:
            await context.abort(CODES[request.response_status.code], request.response_status.message)

    async def EmptyCall(self, request, context):
        await self.echo(context)
        return empty_pb.Empty()

    async def UnaryCall(self, request, context):
        await self.echo(context)
        await self.end_as_asked(request, context)
        return pb.SimpleResponse(payload=pb.Payload(body=bytes(request.response_size)))

    async def responses(self, request):
        for parameters in request.response_parameters:
            if parameters.interval_us:
                await asyncio.sleep(parameters.interval_us / 1e6)
            yield pb.StreamingOutputCallResponse(payload=pb.Payload(body=bytes(parameters.size)))

    async def StreamingOutputCall(self, request, context):
        given_up = True
        try:
            await self.echo(context)
            async for response in self.responses(request):
                yield response
            given_up = False
        finally:  # perhaps nobody asks for the next response
            self.cancelled += given_up

    async def StreamingInputCall(self, requests, context):
        await self.echo(context)
        total = 0
        async for request in requests:
            total += len(request.payload.body)
        return pb.StreamingInputCallResponse(aggregated_payload_size=total)

    async def FullDuplexCall(self, requests, context):
        await self.echo(context)
        async for request in requests:
            await self.end_as_asked(request, context)
            async for response in self.responses(request):
                yield response


async def serve(options):
    server = grpc.aio.server()
    services.add_TestServiceServicer_to_server(Service(), server)
    address = f"127.0.0.1:{options.port}"
    if options.tls_cert:
        server.add_secure_port(address, server_credentials(options))
    else:
        server.add_insecure_port(address)
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.stop(None)


# Client -------------------------------------------------------------------------------------------------------------

async def failure(call):
    """The error that a call of one response ends with, or None."""
    try:
        await call
        return None
    except grpc.aio.AioRpcError as error:
        return error


async def check_unary(stub, request_size, response_size):
    request = pb.SimpleRequest(response_size=response_size)
    if request_size:
        request.payload.body = bytes(request_size)
    reply = await stub.UnaryCall(request, timeout=TIMEOUT)
    expect(reply.payload.body == bytes(response_size), f"expected {response_size} bytes, got {len(reply.payload.body)}")


async def four_kinds(stub):
    await check_unary(stub, 271828, 314159)
    sizes = [31415, 9, 2653, 58979]
    got = [len(r.payload.body) async for r in stub.StreamingOutputCall(output_request(*sizes), timeout=TIMEOUT)]
    expect(got == sizes, f"server streaming: expected {sizes}, got {got}")
    requests = [input_request(size) for size in sizes]
    reply = await stub.StreamingInputCall(iter(requests), timeout=TIMEOUT)
    expect(reply.aggregated_payload_size == sum(sizes), f"client streaming: got a sum of {reply.aggregated_payload_size}")
    call = stub.FullDuplexCall(timeout=TIMEOUT)
    for size in sizes:
        await call.write(output_request(size, body=size))
        response = await call.read()
        expect(len(response.payload.body) == size, "both ways: a response of a wrong size")
    await call.done_writing()
    expect(await call.read() is grpc.aio.EOF and await call.code() == grpc.StatusCode.OK, "both ways: no clean end")


async def metadata(stub):
    initial, trailing = echoes(stub.extended)

    async def check(call, what):
        # Joined, as a peer may send them.
        got = ", ".join(value for key, value in await call.initial_metadata() if key == INITIAL)
        expect(got == ", ".join(value for key, value in initial), f"{what}: initial metadata {got}")
        got = [pair for pair in await call.trailing_metadata() if pair[0] == TRAILING]
        expect(got == trailing, f"{what}: trailing metadata {got}")

    call = stub.UnaryCall(pb.SimpleRequest(), metadata=initial + trailing, timeout=TIMEOUT)
    await call
    await check(call, "unary")
    call = stub.FullDuplexCall(metadata=initial + trailing, timeout=TIMEOUT)
    await call.write(output_request(1))
    await call.done_writing()
    while await call.read() is not grpc.aio.EOF:
        pass
    await check(call, "stream")


async def cancelled_calls(stub):
    call = stub.EmptyCall(empty_pb.Empty(), metadata=[(COUNT, "1")], timeout=TIMEOUT)
    await call
    if not stub.extended:
        return None
    found = [value for key, value in await call.trailing_metadata() if key == CANCELLED]
    expect(len(found) == 1, "the server does not count cancelled calls")
    return int(found[0])


async def expect_seen(stub, before):
    """The server must see that a call it still works on was given up."""
    if before is None:
        return
    end = time.monotonic() + 10
    while await cancelled_calls(stub) <= before:
        expect(time.monotonic() < end, "the server did not see within 10 s that the call was given up")
        await asyncio.sleep(0.01)


async def deadline(stub):
    before = await cancelled_calls(stub)
    start = time.monotonic()
    call = stub.StreamingOutputCall(output_request(1, interval_us=60_000_000), timeout=0.3)
    try:
        await call.read()
        raise Wrong("a response instead of DEADLINE_EXCEEDED")
    except grpc.aio.AioRpcError as error:
        expect_status(error, grpc.StatusCode.DEADLINE_EXCEEDED)
    took = time.monotonic() - start
    expect(0.29 < took < 20, f"a deadline of 0.3 s took {took:.2f} s")
    await expect_seen(stub, before)
    await check_unary(stub, 1, 1)


async def client_cancel(stub):
    before = await cancelled_calls(stub)
    request = output_request(1)
    request.response_parameters.add(size=1, interval_us=60_000_000)
    call = stub.StreamingOutputCall(request, timeout=TIMEOUT)
    expect(len((await call.read()).payload.body) == 1, "no first response")
    call.cancel()
    expect(await call.code() == grpc.StatusCode.CANCELLED, f"got {await call.code()}")
    await expect_seen(stub, before)


async def server_cancel(stub):
    """The server ends a call with CANCELLED while the client may still write; the call beside it goes on."""
    beside = stub.FullDuplexCall(timeout=TIMEOUT)
    await beside.write(output_request(1))
    await beside.read()
    call = stub.FullDuplexCall(timeout=TIMEOUT)
    await call.write(output_request(1))
    await call.read()
    last = output_request()
    last.response_status.code = 1
    last.response_status.message = "the server gave up"
    await call.write(last)
    got = (await call.code(), await call.details())
    expect(got == (grpc.StatusCode.CANCELLED, "the server gave up"), f"got {got}")
    await beside.write(output_request(7))
    expect(len((await beside.read()).payload.body) == 7, "the call beside it did not go on")
    await beside.done_writing()
    expect(await beside.code() == grpc.StatusCode.OK, "the call beside it failed")


async def status_codes(stub):
    for code in range(1, 17):
        for message in STATUS_MESSAGES:
            asked = pb.EchoStatus(code=code, message=message)
            error = await failure(stub.UnaryCall(pb.SimpleRequest(response_status=asked), timeout=TIMEOUT))
            expect_status(error, CODES[code], message)
            call = stub.FullDuplexCall(timeout=TIMEOUT)
            await call.write(output_request(9))
            expect(len((await call.read()).payload.body) == 9, "no response came before the status")
            await call.write(pb.StreamingOutputCallRequest(response_status=asked))
            got = (await call.code(), await call.details())
            expect(got == (CODES[code], message), f"stream: expected {CODES[code].name} {message!r}, got {got}")


async def message_sizes(stub):
    await stub.EmptyCall(empty_pb.Empty(), timeout=TIMEOUT)
    for request, response in ((0, 0), (0, LARGEST), (LARGEST, 0), (LARGEST, LARGEST)):
        await check_unary(stub, request, response)
    sizes = (0, LARGEST, 0, LARGEST, 0)
    requests = [input_request(size) for size in sizes]
    reply = await stub.StreamingInputCall(iter(requests), timeout=TIMEOUT)
    expect(reply.aggregated_payload_size == 2 * LARGEST, f"got a sum of {reply.aggregated_payload_size}")
    got = [len(r.payload.body) async for r in stub.StreamingOutputCall(output_request(*sizes), timeout=TIMEOUT)]
    expect(got == list(sizes), f"got {got}")
    for request, response in ((0, 4 << 20), (4 << 20, 0)):
        error = await failure(stub.UnaryCall(
            pb.SimpleRequest(response_size=response, payload=pb.Payload(body=bytes(request))), timeout=TIMEOUT))
        expect_status(error, grpc.StatusCode.RESOURCE_EXHAUSTED)
    await check_unary(stub, 1, 1)  # the connection lives on


async def long_streams(stub):
    async def inputs():
        for _ in range(MESSAGES):
            yield input_request(100)

    reply = await stub.StreamingInputCall(inputs(), timeout=TIMEOUT)
    expect(reply.aggregated_payload_size == 100 * MESSAGES, f"got a sum of {reply.aggregated_payload_size}")
    sizes = [i % 200 for i in range(MESSAGES)]
    got = [len(r.payload.body) async for r in stub.StreamingOutputCall(output_request(*sizes), timeout=TIMEOUT)]
    expect(got == sizes, f"server streaming: {len(got)} messages, or wrong ones")

    async def outputs():
        for i in range(MESSAGES):
            yield output_request(i % 200, body=50)

    got = [len(r.payload.body) async for r in stub.FullDuplexCall(outputs(), timeout=TIMEOUT)]
    expect(got == sizes, f"both ways: {len(got)} messages, or wrong ones")


async def many_calls(stub):
    await asyncio.gather(*(check_unary(stub, i, i + 1) for i in range(CALLS)))
    # All streams are open before the first one ends.
    calls = [stub.FullDuplexCall(timeout=TIMEOUT) for _ in range(CALLS)]
    await asyncio.gather(*(call.write(output_request(i)) for i, call in enumerate(calls)))
    for i, response in enumerate(await asyncio.gather(*(call.read() for call in calls))):
        expect(response is not grpc.aio.EOF and len(response.payload.body) == i, f"call {i}: a wrong response")
    await asyncio.gather(*(call.done_writing() for call in calls))
    codes = await asyncio.gather(*(call.code() for call in calls))
    expect(set(codes) == {grpc.StatusCode.OK}, f"got {set(codes)}")


async def unimplemented(stub):
    expect_status(await failure(stub.UnimplementedCall(empty_pb.Empty(), timeout=TIMEOUT)), grpc.StatusCode.UNIMPLEMENTED)


CASES = {function.__name__: function for function in (
    four_kinds, metadata, deadline, client_cancel, server_cancel, status_codes, message_sizes, long_streams, many_calls, unimplemented)}



async def call_server(options):
    target, credentials, settings = channel_arguments(options)
    if credentials is None:
        channel = grpc.aio.insecure_channel(target, settings)
    else:
        channel = grpc.aio.secure_channel(target, credentials, settings)
    failed = False
    async with channel:
        stub = services.TestServiceStub(channel)
        stub.extended = not options.plain_server
        for name in options.cases:
            error = None
            try:
                await asyncio.wait_for(CASES[name](stub), TIMEOUT)
            except Exception as found:  # whatever it is, it is this case's result
                error = found
            failed |= report(name, error)
    return failed


def run_server(options):
    asyncio.run(serve(options))


def run_client(options):
    return asyncio.run(call_server(options))
