#!/usr/bin/env python3
"""The interop test service of grpcio, server and client; run.py starts it with the Python of build/venv-peers.

usage: grpcio_peer.py server --port N [--tls-cert F --tls-key F]
       grpcio_peer.py client --port N [--ca F --override NAME] CASE...
       grpcio_peer.py cases

The client prints one line a case: "ok CASE" or "FAILED CASE: what was expected and what came".
Its code for protos/grpc/testing is generated into a temporary folder at each start.
"""
import argparse
import asyncio
import importlib
import pathlib
import signal
import sys
import tempfile
import time

import grpc
import grpc.aio
from grpc_tools import protoc

PROTOS = pathlib.Path(__file__).resolve().parents[2] / "protos"
INITIAL = "x-grpc-test-echo-initial"
TRAILING = "x-grpc-test-echo-trailing-bin"
LARGEST = 4089446  # 3.9 MiB: the message around it stays below the default limit
MESSAGES = 10000
CALLS = 1000
TIMEOUT = 60  # seconds for a call that should end well
CODES = {code.value[0]: code for code in grpc.StatusCode}


def generate():
    """The modules (messages, services) of grpc/testing/test.proto."""
    with tempfile.TemporaryDirectory() as folder:
        files = [f"grpc/testing/{name}.proto" for name in ("empty", "messages", "test")]
        arguments = ["protoc", f"-I{PROTOS}", f"--python_out={folder}", f"--grpc_python_out={folder}", *files]
        if protoc.main(arguments) != 0:
            sys.exit("grpcio_peer.py: protoc could not read protos/grpc/testing")
        grpc.__path__.append(f"{folder}/grpc")  # the protos' package lies in a package of grpcio's own
        messages = importlib.import_module("grpc.testing.messages_pb2")
        empty = importlib.import_module("grpc.testing.empty_pb2")
        services = importlib.import_module("grpc.testing.test_pb2_grpc")
        return messages, empty, services


pb, empty_pb, services = generate()


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
            elif key == "x-interop-count-cancelled":
                trailing.append(("x-interop-cancelled", str(self.cancelled)))
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
        try:
            await self.echo(context)
            async for response in self.responses(request):
                yield response
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

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
        pair = (pathlib.Path(options.tls_key).read_bytes(), pathlib.Path(options.tls_cert).read_bytes())
        server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    else:
        server.add_insecure_port(address)
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.stop(None)


# Client -------------------------------------------------------------------------------------------------------------

class Wrong(Exception):
    """What a case found."""


def expect(fine, what):
    if not fine:
        raise Wrong(what)


def expect_status(error, code, details=None):
    expect(error is not None, f"expected {code.name}, got OK")
    got = (error.code(), error.details())
    expect(got[0] == code and (details is None or got[1] == details), f"expected {code.name} {details!r}, got {got[0].name} {got[1]!r}")


async def failure(call):
    """The error that a call of one response ends with, or None."""
    try:
        await call
        return None
    except grpc.aio.AioRpcError as error:
        return error


def output_request(*sizes, body=0, interval_us=0):
    return pb.StreamingOutputCallRequest(
        response_parameters=[pb.ResponseParameters(size=size, interval_us=interval_us) for size in sizes],
        payload=pb.Payload(body=bytes(body)))


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
    requests = [pb.StreamingInputCallRequest(payload=pb.Payload(body=bytes(size))) for size in sizes]
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
    everything = bytes(range(256))
    initial = [(INITIAL, value) for value in ("one", "two, and more", "one")]
    trailing = [(TRAILING, value) for value in (everything, b"\0", b"\xff\xfe", everything, b"a,b")]

    async def check(call, what):
        got = [pair for pair in await call.initial_metadata() if pair[0] == INITIAL]
        expect(got == initial, f"{what}: initial metadata {got}")
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
    call = stub.EmptyCall(empty_pb.Empty(), metadata=[("x-interop-count-cancelled", "1")], timeout=TIMEOUT)
    await call
    found = [value for key, value in await call.trailing_metadata() if key == "x-interop-cancelled"]
    expect(len(found) == 1, "the server does not count cancelled calls")
    return int(found[0])


async def expect_seen(stub, before):
    """The server must see that a call it still works on was given up."""
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
        for message in ("请求失败：第 7 号文章不存在", "\x01\x1b[31m\x7f\t\r\n%41 100%", ""):
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
    requests = [pb.StreamingInputCallRequest(payload=pb.Payload(body=bytes(size)) if size else None) for size in sizes]
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
            yield pb.StreamingInputCallRequest(payload=pb.Payload(body=bytes(100)))

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
    target = f"127.0.0.1:{options.port}"
    settings = [("grpc.use_local_subchannel_pool", 1)]
    if options.ca:
        credentials = grpc.ssl_channel_credentials(pathlib.Path(options.ca).read_bytes())
        channel = grpc.aio.secure_channel(target, credentials, [*settings, ("grpc.ssl_target_name_override", options.override)])
    else:
        channel = grpc.aio.insecure_channel(target, settings)
    failed = False
    async with channel:
        stub = services.TestServiceStub(channel)
        for name in options.cases:
            try:
                await asyncio.wait_for(CASES[name](stub), TIMEOUT)
                print(f"ok {name}", flush=True)
            except Exception as error:  # whatever it is, it is this case's result
                what = error if isinstance(error, Wrong) else repr(error)
                print(f"FAILED {name}: {' '.join(str(what).split())}", flush=True)
                failed = True
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    server = modes.add_parser("server")
    server.add_argument("--port", required=True, type=int)
    server.add_argument("--tls-cert")
    server.add_argument("--tls-key")
    client = modes.add_parser("client")
    client.add_argument("--port", required=True, type=int)
    client.add_argument("--ca")
    client.add_argument("--override")
    client.add_argument("cases", nargs="+", choices=CASES, metavar="CASE")
    modes.add_parser("cases")
    options = parser.parse_args()
    if options.mode == "cases":
        print("\n".join(CASES))
    elif options.mode == "server":
        asyncio.run(serve(options))
    else:
        sys.exit(asyncio.run(call_server(options)))


if __name__ == "__main__":
    main()
