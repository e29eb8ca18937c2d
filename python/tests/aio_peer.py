"""peer.py's server and client with grpc.aio, for any grpcio: the same methods, so all of them fit together.

aio_peer.py server [uvloop]: prints its port, ends with its standard input. aio_peer.py client PORT: prints "ok".
"""
import asyncio
import sys

import grpc
import grpc.aio

METADATA = (("key", "value"), ("key-bin", b"\x00\xff"), ("key", "again"))


async def echo(request, context):
    if request == b"metadata":
        sent = [(k, v) for k, v in context.invocation_metadata() if k.startswith("key")]
        await context.send_initial_metadata((("initial", "1"),))
        context.set_trailing_metadata((("trailing-bin", b"\x01\x02"),))
        return repr(sorted(sent, key=str)).encode()
    if request == b"abort":
        context.set_trailing_metadata((("why", "because"),))
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "größer als %d ♥")
    if request == b"wait":
        await asyncio.sleep(20)
    if request == b"deadline":
        return b"%d" % int(context.time_remaining())
    return request


async def count(request, context):
    for i in range(int(request)):
        yield b"%d" % i


async def join(requests, context):
    return b"".join([request async for request in requests])


async def chat(requests, context):
    while (request := await context.read()) is not grpc.aio.EOF:
        await context.write(request + b"!")


async def serve():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("peer.Peer", {
        "Echo": grpc.unary_unary_rpc_method_handler(echo), "Count": grpc.unary_stream_rpc_method_handler(count),
        "Join": grpc.stream_unary_rpc_method_handler(join), "Chat": grpc.stream_stream_rpc_method_handler(chat)}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop(None)


async def failure(call):
    try:
        if hasattr(call, "__aiter__"):
            async for _ in call:
                pass
        else:
            await call
    except grpc.RpcError as error:
        return error
    raise AssertionError("no error")


async def call(port):
    async with grpc.aio.insecure_channel("127.0.0.1:%s" % port) as channel:
        unary = channel.unary_unary("/peer.Peer/Echo")
        for request in (b"", b"x", b"y" * 100_000, bytes(range(256)) * 8000):
            assert await unary(request, timeout=20) == request
        info = unary(b"metadata", metadata=METADATA, timeout=20)
        assert await info == repr(sorted(METADATA, key=str)).encode()
        assert ("initial", "1") in tuple(await info.initial_metadata())
        assert ("trailing-bin", b"\x01\x02") in tuple(await info.trailing_metadata())
        error = await failure(unary(b"abort", timeout=20))
        assert (error.code(), error.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "größer als %d ♥"), error
        assert ("why", "because") in tuple(error.trailing_metadata())
        assert (await failure(unary(b"wait", timeout=0.2))).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert 50 <= int(await unary(b"deadline", timeout=60)) <= 60
        waiting = unary(b"wait")
        await asyncio.sleep(0.05)
        assert waiting.cancel() and waiting.cancelled()
        assert (await failure(channel.unary_unary("/peer.Peer/Nope")(b""))).code() is grpc.StatusCode.UNIMPLEMENTED
        counted = channel.unary_stream("/peer.Peer/Count")(b"2000", timeout=20)
        assert [int(r) async for r in counted] == list(range(2000))
        assert await channel.stream_unary("/peer.Peer/Join")((b"%d" % i for i in range(10)), timeout=20) == b"0123456789"
        chatting = channel.stream_stream("/peer.Peer/Chat")(timeout=20)
        for request in (b"a" * 100_000, b"b", b""):
            await chatting.write(request)
            assert await chatting.read() == request + b"!"
        await chatting.done_writing()
        assert await chatting.read() is grpc.aio.EOF
        assert await chatting.code() is grpc.StatusCode.OK
        stream = channel.unary_stream("/peer.Peer/Count")(b"100000000", timeout=20)
        await stream.read()
        stream.cancel()
        assert await stream.code() is grpc.StatusCode.CANCELLED
        results = await asyncio.gather(*(unary(b"%d" % i, timeout=20) for i in range(500)))
        assert [int(r) for r in results] == list(range(500))
    print("ok")


if __name__ == "__main__":
    if "uvloop" in sys.argv:
        import uvloop
        uvloop.install()
    asyncio.run(serve() if sys.argv[1] == "server" else call(sys.argv[2]))
