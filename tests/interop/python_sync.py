"""The interop test service with the synchronous API: server and cases of the client. python_peer.py is the program."""
import queue
import signal
import threading
import time
from concurrent import futures

import grpc

from python_base import (CALLS, CANCELLED, CODES, COUNT, INITIAL, LARGEST, MESSAGES, STATUS_MESSAGES, TIMEOUT, TRAILING,
                         Wrong, channel_arguments, echoes, empty_pb, expect, expect_status, input_request, output_request,
                         pb, report, server_credentials, services)

# Server -------------------------------------------------------------------------------------------------------------

# Of many_calls each call keeps a worker until the client has begun all of them.
WORKERS = CALLS + 100


class Service(services.TestServiceServicer):
    """As grpc-go's; but every value of the echo keys is echoed, and EmptyCall tells how many calls were cancelled."""

    def __init__(self):
        self.lock = threading.Lock()
        self.cancelled = 0

    def echo(self, context):
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
            context.send_initial_metadata(initial)
        if trailing:
            context.set_trailing_metadata(trailing)

    @staticmethod
    def end_as_asked(request, context):
        if request.response_status.code:
            context.abort(CODES[request.response_status.code], request.response_status.message)

    def EmptyCall(self, request, context):
        self.echo(context)
        return empty_pb.Empty()

    def UnaryCall(self, request, context):
        self.echo(context)
        self.end_as_asked(request, context)
        return pb.SimpleResponse(payload=pb.Payload(body=bytes(request.response_size)))

    @staticmethod
    def responses(request, over):
        """Until `over`, an Event or None, is set."""
        for parameters in request.response_parameters:
            if parameters.interval_us and over is not None and over.wait(parameters.interval_us / 1e6):
                return
            yield pb.StreamingOutputCallResponse(payload=pb.Payload(body=bytes(parameters.size)))

    def StreamingOutputCall(self, request, context):
        self.echo(context)
        over = threading.Event()
        if not context.add_callback(over.set):
            over.set()
        try:
            yield from self.responses(request, over)
        finally:  # nobody may ask for the next response of a call that is over
            if over.is_set():
                with self.lock:
                    self.cancelled += 1

    def StreamingInputCall(self, requests, context):
        self.echo(context)
        total = sum(len(request.payload.body) for request in requests)
        return pb.StreamingInputCallResponse(aggregated_payload_size=total)

    def FullDuplexCall(self, requests, context):
        self.echo(context)
        over = threading.Event()
        context.add_callback(over.set)
        for request in requests:
            self.end_as_asked(request, context)
            yield from self.responses(request, over)


def run_server(options):
    server = grpc.server(futures.ThreadPoolExecutor(WORKERS))
    services.add_TestServiceServicer_to_server(Service(), server)
    address = f"127.0.0.1:{options.port}"
    if options.tls_cert:
        server.add_secure_port(address, server_credentials(options))
    else:
        server.add_insecure_port(address)
    server.start()
    signal.signal(signal.SIGTERM, lambda number, frame: server.stop(None))
    server.wait_for_termination()


# Client -------------------------------------------------------------------------------------------------------------

class Requests:
    """An iterator of requests that are given one by one."""

    def __init__(self):
        self.queue = queue.SimpleQueue()

    def __iter__(self):
        return iter(self.queue.get, None)

    def write(self, request):
        self.queue.put(request)

    def done(self):
        self.queue.put(None)


def begin(stub):
    """(requests, call) of a stream both ways."""
    requests = Requests()
    return requests, stub.FullDuplexCall(iter(requests), timeout=TIMEOUT)


def failure(method, request):
    """The error that a call of one response ends with, or None."""
    try:
        method(request, timeout=TIMEOUT)
        return None
    except grpc.RpcError as error:
        return error


def check_unary(stub, request_size, response_size):
    request = pb.SimpleRequest(response_size=response_size)
    if request_size:
        request.payload.body = bytes(request_size)
    reply = stub.UnaryCall(request, timeout=TIMEOUT)
    expect(reply.payload.body == bytes(response_size), f"expected {response_size} bytes, got {len(reply.payload.body)}")


def four_kinds(stub):
    check_unary(stub, 271828, 314159)
    sizes = [31415, 9, 2653, 58979]
    got = [len(r.payload.body) for r in stub.StreamingOutputCall(output_request(*sizes), timeout=TIMEOUT)]
    expect(got == sizes, f"server streaming: expected {sizes}, got {got}")
    reply = stub.StreamingInputCall(map(input_request, sizes), timeout=TIMEOUT)
    expect(reply.aggregated_payload_size == sum(sizes), f"client streaming: got a sum of {reply.aggregated_payload_size}")
    requests, call = begin(stub)
    for size in sizes:
        requests.write(output_request(size, body=size))
        expect(len(next(call).payload.body) == size, "both ways: a response of a wrong size")
    requests.done()
    expect(next(call, None) is None and call.code() == grpc.StatusCode.OK, "both ways: no clean end")


def metadata(stub):
    initial, trailing = echoes(stub.extended)

    def check(call, what):
        # Joined, as a peer may send them.
        got = ", ".join(value for key, value in call.initial_metadata() if key == INITIAL)
        expect(got == ", ".join(value for key, value in initial), f"{what}: initial metadata {got}")
        got = [pair for pair in call.trailing_metadata() if pair[0] == TRAILING]
        expect(got == trailing, f"{what}: trailing metadata {got}")

    call = stub.UnaryCall.with_call(pb.SimpleRequest(), metadata=initial + trailing, timeout=TIMEOUT)[1]
    check(call, "unary")
    call = stub.FullDuplexCall(iter([output_request(1)]), metadata=initial + trailing, timeout=TIMEOUT)
    list(call)
    check(call, "stream")


def cancelled_calls(stub):
    call = stub.EmptyCall.with_call(empty_pb.Empty(), metadata=[(COUNT, "1")], timeout=TIMEOUT)[1]
    if not stub.extended:
        return None
    found = [value for key, value in call.trailing_metadata() if key == CANCELLED]
    expect(len(found) == 1, "the server does not count cancelled calls")
    return int(found[0])


def expect_seen(stub, before):
    """The server must see that a call it still works on was given up."""
    if before is None:
        return
    end = time.monotonic() + 10
    while cancelled_calls(stub) <= before:
        expect(time.monotonic() < end, "the server did not see within 10 s that the call was given up")
        time.sleep(0.01)


def deadline(stub):
    before = cancelled_calls(stub)
    start = time.monotonic()
    call = stub.StreamingOutputCall(output_request(1, interval_us=60_000_000), timeout=0.3)
    try:
        next(call)
        raise Wrong("a response instead of DEADLINE_EXCEEDED")
    except grpc.RpcError as error:
        expect_status(error, grpc.StatusCode.DEADLINE_EXCEEDED)
    took = time.monotonic() - start
    expect(0.29 < took < 20, f"a deadline of 0.3 s took {took:.2f} s")
    expect_seen(stub, before)
    check_unary(stub, 1, 1)


def client_cancel(stub):
    before = cancelled_calls(stub)
    request = output_request(1)
    request.response_parameters.add(size=1, interval_us=60_000_000)
    call = stub.StreamingOutputCall(request, timeout=TIMEOUT)
    expect(len(next(call).payload.body) == 1, "no first response")
    call.cancel()
    expect(call.code() == grpc.StatusCode.CANCELLED, f"got {call.code()}")
    expect_seen(stub, before)


def server_cancel(stub):
    """The server ends a call with CANCELLED while the client may still write; the call beside it goes on."""
    beside_requests, beside = begin(stub)
    beside_requests.write(output_request(1))
    next(beside)
    requests, call = begin(stub)
    requests.write(output_request(1))
    next(call)
    last = output_request()
    last.response_status.code = 1
    last.response_status.message = "the server gave up"
    requests.write(last)
    got = (call.code(), call.details())
    expect(got == (grpc.StatusCode.CANCELLED, "the server gave up"), f"got {got}")
    requests.done()
    beside_requests.write(output_request(7))
    expect(len(next(beside).payload.body) == 7, "the call beside it did not go on")
    beside_requests.done()
    expect(beside.code() == grpc.StatusCode.OK, "the call beside it failed")


def status_codes(stub):
    for code in range(1, 17):
        for message in STATUS_MESSAGES:
            asked = pb.EchoStatus(code=code, message=message)
            expect_status(failure(stub.UnaryCall, pb.SimpleRequest(response_status=asked)), CODES[code], message)
            requests, call = begin(stub)
            requests.write(output_request(9))
            expect(len(next(call).payload.body) == 9, "no response came before the status")
            requests.write(pb.StreamingOutputCallRequest(response_status=asked))
            got = (call.code(), call.details())
            expect(got == (CODES[code], message), f"stream: expected {CODES[code].name} {message!r}, got {got}")
            requests.done()


def message_sizes(stub):
    stub.EmptyCall(empty_pb.Empty(), timeout=TIMEOUT)
    for request, response in ((0, 0), (0, LARGEST), (LARGEST, 0), (LARGEST, LARGEST)):
        check_unary(stub, request, response)
    sizes = (0, LARGEST, 0, LARGEST, 0)
    reply = stub.StreamingInputCall(map(input_request, sizes), timeout=TIMEOUT)
    expect(reply.aggregated_payload_size == 2 * LARGEST, f"got a sum of {reply.aggregated_payload_size}")
    got = [len(r.payload.body) for r in stub.StreamingOutputCall(output_request(*sizes), timeout=TIMEOUT)]
    expect(got == list(sizes), f"got {got}")
    for request, response in ((0, 4 << 20), (4 << 20, 0)):
        error = failure(stub.UnaryCall, pb.SimpleRequest(response_size=response, payload=pb.Payload(body=bytes(request))))
        expect_status(error, grpc.StatusCode.RESOURCE_EXHAUSTED)
    check_unary(stub, 1, 1)  # the connection lives on


def long_streams(stub):
    reply = stub.StreamingInputCall((input_request(100) for _ in range(MESSAGES)), timeout=TIMEOUT)
    expect(reply.aggregated_payload_size == 100 * MESSAGES, f"got a sum of {reply.aggregated_payload_size}")
    sizes = [i % 200 for i in range(MESSAGES)]
    got = [len(r.payload.body) for r in stub.StreamingOutputCall(output_request(*sizes), timeout=TIMEOUT)]
    expect(got == sizes, f"server streaming: {len(got)} messages, or wrong ones")
    outputs = (output_request(i % 200, body=50) for i in range(MESSAGES))
    got = [len(r.payload.body) for r in stub.FullDuplexCall(outputs, timeout=TIMEOUT)]
    expect(got == sizes, f"both ways: {len(got)} messages, or wrong ones")


def many_calls(stub):
    replies = [stub.UnaryCall.future(pb.SimpleRequest(response_size=i), timeout=TIMEOUT) for i in range(CALLS)]
    for i, reply in enumerate(replies):
        expect(len(reply.result().payload.body) == i, f"call {i}: a wrong response")
    # All streams are open before the first one ends.
    calls = [begin(stub) for _ in range(CALLS)]
    for i, (requests, call) in enumerate(calls):
        requests.write(output_request(i))
    for i, (requests, call) in enumerate(calls):
        expect(len(next(call).payload.body) == i, f"call {i}: a wrong response")
    for requests, call in calls:
        requests.done()
    codes = {call.code() for requests, call in calls}
    expect(codes == {grpc.StatusCode.OK}, f"got {codes}")


def unimplemented(stub):
    expect_status(failure(stub.UnimplementedCall, empty_pb.Empty()), grpc.StatusCode.UNIMPLEMENTED)


CASES = {function.__name__: function for function in (
    four_kinds, metadata, deadline, client_cancel, server_cancel, status_codes, message_sizes, long_streams, many_calls, unimplemented)}


def run_client(options):
    target, credentials, settings = channel_arguments(options)
    if credentials is None:
        channel = grpc.insecure_channel(target, settings)
    else:
        channel = grpc.secure_channel(target, credentials, settings)
    failed = False
    with channel:
        stub = services.TestServiceStub(channel)
        stub.extended = not options.plain_server
        for name in options.cases:
            error = None
            try:
                CASES[name](stub)
            except Exception as found:  # whatever it is, it is this case's result
                error = found
            failed |= report(name, error)
    return failed
