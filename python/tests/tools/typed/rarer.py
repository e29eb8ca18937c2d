"""Rarer programs: generic code, handlers without generated modules, retries, tests' doubles, statuses, credentials."""
from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent import futures
from typing import Any, NamedTuple, TypeVar

import grpc
import grpc.experimental
import orders_pb2
import orders_pb2_grpc
from grpc import aio

_Request = TypeVar("_Request")
_Reply = TypeVar("_Reply")


# ---- calls through multi-callables, and retries

def call_with_retries(method: grpc.UnaryUnaryMultiCallable[_Request, _Reply], request: _Request) -> _Reply:
    for attempt in range(3):
        try:
            return method(request, timeout=1.5, wait_for_ready=True, compression=grpc.Compression.Gzip)
        except grpc.RpcError as error:
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED) or attempt == 2:
                raise
            time.sleep(random.random())
    raise AssertionError


async def call_async(method: aio.UnaryUnaryMultiCallable[_Request, _Reply], request: _Request) -> _Reply:
    call = method(request, timeout=1)
    call.add_done_callback(lambda done: print(done.code()))
    try:
        return await asyncio.wait_for(asyncio.shield(call), 1)
    except asyncio.TimeoutError:
        call.cancel()
        raise
    except aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            raise KeyError(error.details()) from error
        raise


def use(channel: grpc.Channel) -> None:
    stub = orders_pb2_grpc.OrdersStub(channel)
    order = call_with_retries(stub.Get, orders_pb2.Query(id="1"))
    print(order.lines[0].price.units)
    raw = channel.unary_unary("/orders.Orders/Get", request_serializer=orders_pb2.Query.SerializeToString,
                              response_deserializer=orders_pb2.Order.FromString)
    print(raw(orders_pb2.Query()).id)
    data: bytes = channel.unary_unary("/a.B/C")(b"bytes")
    for part in channel.stream_stream("/a.B/D")(iter([b"1"])):
        print(part, data)
    ready = grpc.channel_ready_future(channel)
    with contextlib.suppress(grpc.FutureTimeoutError):
        ready.result(timeout=1)
    replies = stub.Watch(orders_pb2.Query(), metadata=[("a", "b")])
    try:
        first = next(replies)
        print(first.id, replies.code(), replies.initial_metadata())
    except StopIteration:
        pass
    finally:
        replies.cancel()
    results: list[orders_pb2.Order] = [future.result() for future in
                                       [stub.Get.future(orders_pb2.Query(id=str(i))) for i in range(3)]]
    print(results)


# ---- handlers by hand

def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
    return request


async def answer_later(request: bytes, context: aio.ServicerContext[bytes, bytes]) -> bytes:
    return request


async def many(request: bytes, context: aio.ServicerContext[bytes, bytes]) -> AsyncIterator[bytes]:
    yield request


class Generic(grpc.GenericRpcHandler):
    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if handler_call_details.method.endswith("/M"):
            return grpc.unary_unary_rpc_method_handler(answer)
        return None


HANDLERS: dict[str, grpc.RpcMethodHandler] = {
    "A": grpc.unary_unary_rpc_method_handler(answer),
    "B": grpc.unary_unary_rpc_method_handler(answer_later),
    "C": grpc.unary_stream_rpc_method_handler(many),
    "D": grpc.unary_unary_rpc_method_handler(lambda request, context: request,
                                             request_deserializer=orders_pb2.Order.FromString,
                                             response_serializer=orders_pb2.Order.SerializeToString),
}


class _StatusFields(NamedTuple):
    code: grpc.StatusCode
    details: str
    trailing_metadata: Sequence[tuple[str, str | bytes]]


class MyStatus(_StatusFields, grpc.Status):
    pass


def timed(function: Callable[..., _Reply]) -> Callable[..., _Reply]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> _Reply:
        start = time.monotonic()
        try:
            return function(*args, **kwargs)
        finally:
            print(time.monotonic() - start)
    return wrapper


class Timed(orders_pb2_grpc.OrdersServicer):
    @timed
    def Get(self, request: orders_pb2.Query, context: grpc.ServicerContext) -> orders_pb2.Order:
        identities = context.peer_identities()
        if identities is None or b"client" not in identities:
            context.abort_with_status(MyStatus(grpc.StatusCode.PERMISSION_DENIED, "no", [("a", "b")]))
        print(context.peer(), context.auth_context().get("transport_security_type"), context.peer_identity_key())
        return orders_pb2.Order()


def serve() -> grpc.Server:
    server = grpc.server(futures.ProcessPoolExecutor(), handlers=(Generic(),))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("a.B", HANDLERS), Generic()))
    server.add_registered_method_handlers("a.B", HANDLERS)
    if server.add_insecure_port("unix:/tmp/x") == 0:
        raise OSError
    stopped = server.stop(None)
    stopped.wait(1)
    return server


# ---- interceptors

class Deny(grpc.ServerInterceptor):
    def __init__(self) -> None:
        def deny(_: Any, context: grpc.ServicerContext) -> None:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "Invalid token")

        self._deny = grpc.unary_unary_rpc_method_handler(deny)

    def intercept_service(self, continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler | None],
                          handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if ("authorization", "Bearer x") in handler_call_details.invocation_metadata:
            return continuation(handler_call_details)
        return self._deny


class Retry(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamUnaryClientInterceptor):
    def intercept_unary_unary(self, continuation: Any, client_call_details: grpc.ClientCallDetails, request: Any) -> Any:
        response = continuation(client_call_details, request)
        if isinstance(response, grpc.RpcError) and response.code() == grpc.StatusCode.UNAVAILABLE:
            return continuation(client_call_details, request)
        return response

    def intercept_unary_stream(self, continuation: Any, client_call_details: grpc.ClientCallDetails,
                               request: Any) -> Iterator[Any]:
        for response in continuation(client_call_details, request):
            yield response

    def intercept_stream_unary(self, continuation: Any, client_call_details: grpc.ClientCallDetails,
                               request_iterator: Iterator[Any]) -> Any:
        return continuation(client_call_details, request_iterator)


class AsyncLog(aio.UnaryUnaryClientInterceptor, aio.UnaryStreamClientInterceptor, aio.StreamUnaryClientInterceptor,
               aio.StreamStreamClientInterceptor):
    async def intercept_unary_unary(
            self, continuation: Callable[[aio.ClientCallDetails, Any], Awaitable[aio.UnaryUnaryCall[Any, Any]]],
            client_call_details: aio.ClientCallDetails, request: Any) -> aio.UnaryUnaryCall[Any, Any]:
        call = await continuation(client_call_details, request)
        print(client_call_details.method, await call.code())
        return call

    async def intercept_unary_stream(self, continuation: Callable[[aio.ClientCallDetails, Any], Any],
                                     client_call_details: aio.ClientCallDetails, request: Any) -> AsyncIterator[Any]:
        async def copy() -> AsyncIterator[Any]:
            async for message in await continuation(client_call_details, request):
                yield message
        return copy()

    async def intercept_stream_unary(self, continuation: Any, client_call_details: aio.ClientCallDetails,
                                     request_iterator: Any) -> Any:
        details = aio.ClientCallDetails(client_call_details.method, client_call_details.timeout, aio.Metadata(("a", "b")),
                                        client_call_details.credentials, client_call_details.wait_for_ready)
        return await continuation(details, request_iterator)

    async def intercept_stream_stream(self, continuation: Any, client_call_details: aio.ClientCallDetails,
                                      request_iterator: Any) -> Any:
        return await continuation(client_call_details, request_iterator)


class AsyncDeny(aio.ServerInterceptor):
    async def intercept_service(
            self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
            handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return await continuation(handler_call_details)


# ---- the rest

class NotFound(grpc.RpcError):
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.NOT_FOUND

    def details(self) -> str:
        return "a test's double"


async def states(channel: aio.Channel) -> None:
    state = channel.get_state(try_to_connect=True)
    while state is not grpc.ChannelConnectivity.READY:
        await channel.wait_for_state_change(state)
        state = channel.get_state()
    stub = orders_pb2_grpc.OrdersStub(channel)
    call = stub.Talk()
    await call.write(orders_pb2.Query())
    async for order in call:
        print(order.id)
    print(await call.initial_metadata(), call.time_remaining(), call.done(), call.cancelled())
    order = await call_async(stub.Get, orders_pb2.Query())
    print(order.state)


async def main() -> None:
    credentials = grpc.ssl_channel_credentials(root_certificates=b"", private_key=None, certificate_chain=None)
    calls = grpc.composite_call_credentials(grpc.access_token_call_credentials("t"),
                                            grpc.metadata_call_credentials(lambda context, callback: callback((), None)))
    channel = aio.secure_channel("h:1", grpc.composite_channel_credentials(credentials, calls),
                                 options=[("grpc.ssl_target_name_override", "localhost")],
                                 compression=grpc.Compression.Deflate, interceptors=[AsyncLog()])
    await states(channel)
    await channel.close(grace=1)
    server = aio.server(futures.ThreadPoolExecutor(max_workers=4), interceptors=[AsyncDeny()], maximum_concurrent_rpcs=5)
    server.add_secure_port("[::]:1", grpc.ssl_server_credentials(((b"", b""),), b"", require_client_auth=True))
    await server.start()
    await server.stop(grace=None)
    reply = grpc.experimental.unary_unary(b"", "h:1", "/a.B/C", insecure=True)
    print(reply, grpc.__version__)
