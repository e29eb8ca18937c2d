"""Ordinary programs, for mypy --strict: clients, servers and interceptors, synchronous and asyncio. Nobody runs them."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent import futures
from typing import Any, NamedTuple

import grpc
import orders_pb2
import orders_pb2_grpc


class Orders(orders_pb2_grpc.OrdersServicer):
    def Get(self, request: orders_pb2.Query, context: grpc.ServicerContext) -> orders_pb2.Order:
        metadata = dict(context.invocation_metadata())
        if metadata.get("authorization") != "Bearer x":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")
        for key, value in context.invocation_metadata():
            logging.info("%s=%r", key, value)
        if not request.id:
            context.set_code(grpc.StatusCode.INVALID_ARGUMENT)
            context.set_details("no id")
            return orders_pb2.Order()
        context.set_trailing_metadata((("took", "1"),))
        context.send_initial_metadata([("a", "b"), ("c-bin", b"1")])
        if context.time_remaining() < 1 or not context.is_active():
            context.cancel()
        return orders_pb2.Order(id=request.id)

    def Watch(self, request: orders_pb2.Query, context: grpc.ServicerContext) -> Iterator[orders_pb2.Order]:
        context.add_callback(lambda: print("over"))
        for _ in range(3):
            yield orders_pb2.Order(id=request.id)

    def Total(self, request_iterator: Iterator[orders_pb2.Order], context: grpc.ServicerContext) -> orders_pb2.Money:
        return orders_pb2.Money(units=sum(1 for _ in request_iterator))

    def Talk(self, request_iterator: Iterator[orders_pb2.Query],
             context: grpc.ServicerContext) -> Iterator[orders_pb2.Order]:
        for query in request_iterator:
            yield orders_pb2.Order(id=query.id)


class AsyncOrders(orders_pb2_grpc.OrdersServicer):
    async def Get(self, request: orders_pb2.Query,
                  context: grpc.aio.ServicerContext[orders_pb2.Query, orders_pb2.Order]) -> orders_pb2.Order:
        if not request.id:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no id")
        return orders_pb2.Order(id=request.id)

    async def Watch(self, request: orders_pb2.Query,
                    context: grpc.aio.ServicerContext) -> AsyncIterator[orders_pb2.Order]:
        yield orders_pb2.Order(id=request.id)

    async def Total(self, request_iterator: AsyncIterator[orders_pb2.Order],
                    context: grpc.aio.ServicerContext) -> orders_pb2.Money:
        total = 0
        async for order in request_iterator:
            total += len(order.lines)
        return orders_pb2.Money(units=total)

    async def Talk(self, request_iterator: AsyncIterator[orders_pb2.Query],
                   context: grpc.aio.ServicerContext[orders_pb2.Query, orders_pb2.Order]) -> None:
        while True:
            query = await context.read()
            if query is grpc.aio.EOF:
                break
            await context.write(orders_pb2.Order(id=query.id))


class LogInterceptor(grpc.ServerInterceptor):
    def intercept_service(self, continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler | None],
                          handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        print(handler_call_details.method, dict(handler_call_details.invocation_metadata))
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        behavior = handler.unary_unary

        def wrapper(request: Any, context: grpc.ServicerContext) -> Any:
            return behavior(request, context)

        return grpc.unary_unary_rpc_method_handler(wrapper, request_deserializer=handler.request_deserializer,
                                                   response_serializer=handler.response_serializer)


class AsyncLogInterceptor(grpc.aio.ServerInterceptor):
    async def intercept_service(self, continuation: Any,
                                handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        handler: grpc.RpcMethodHandler | None = await continuation(handler_call_details)
        return handler


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: Any
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: Any


class ClientCallDetails(_Details, grpc.ClientCallDetails):
    pass


class AddMetadata(grpc.UnaryUnaryClientInterceptor, grpc.StreamStreamClientInterceptor):
    def intercept_unary_unary(self, continuation: Callable[[grpc.ClientCallDetails, Any], Any],
                              client_call_details: grpc.ClientCallDetails, request: Any) -> Any:
        metadata = [*(client_call_details.metadata or ()), ("x", "y")]
        details = ClientCallDetails(client_call_details.method, client_call_details.timeout, metadata,
                                    client_call_details.credentials, None, None)
        response = continuation(details, request)
        print(response.result())
        return response

    def intercept_stream_stream(self, continuation: Callable[[grpc.ClientCallDetails, Any], Any],
                                client_call_details: grpc.ClientCallDetails, request_iterator: Any) -> Any:
        return continuation(client_call_details, request_iterator)


class AsyncAddMetadata(grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Callable[..., Any],
                                    client_call_details: grpc.aio.ClientCallDetails, request: Any) -> Any:
        metadata = grpc.aio.Metadata(*(client_call_details.metadata or ()))
        metadata.add("x", "y")
        return await continuation(client_call_details._replace(metadata=metadata), request)


class Token(grpc.AuthMetadataPlugin):
    def __call__(self, context: grpc.AuthMetadataContext, callback: grpc.AuthMetadataPluginCallback) -> None:
        callback((("authorization", "Bearer x"), ("url", context.service_url)), None)


def serve() -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10), interceptors=[LogInterceptor()],
                         options=[("grpc.max_send_message_length", 1 << 20), ("grpc.so_reuseport", 0)],
                         maximum_concurrent_rpcs=100, compression=grpc.Compression.Gzip)
    orders_pb2_grpc.add_OrdersServicer_to_server(Orders(), server)
    port: int = server.add_insecure_port("[::]:0")
    with open("key.pem", "rb") as key, open("cert.pem", "rb") as cert:
        credentials = grpc.ssl_server_credentials([(key.read(), cert.read())], require_client_auth=False)
    server.add_secure_port(f"localhost:{port + 1}", credentials)
    server.start()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=5).wait()


def call() -> None:
    credentials = grpc.composite_channel_credentials(grpc.ssl_channel_credentials(), grpc.metadata_call_credentials(Token()))
    with grpc.secure_channel("localhost:50051", credentials):
        pass
    with grpc.insecure_channel("localhost:50051", options=(("grpc.enable_retries", 1),)) as channel:
        grpc.channel_ready_future(channel).result(timeout=10)
        channel.subscribe(lambda state: print(state.name), try_to_connect=True)
        stub = orders_pb2_grpc.OrdersStub(grpc.intercept_channel(channel, AddMetadata()))
        try:
            order = stub.Get(orders_pb2.Query(id="1"), timeout=3, metadata=[("authorization", "Bearer x")])
            print(order.lines[0].title, order.state == orders_pb2.PAID)
            reply, rpc = stub.Get.with_call(orders_pb2.Query(id="1"), metadata=(("a", "b"),), wait_for_ready=True)
            for key, value in rpc.trailing_metadata():
                print(key, value, reply.id)
            future = stub.Get.future(orders_pb2.Query(id="1"))
            future.add_done_callback(lambda done: print(done.result().id))
            print(future.result().id, future.code() is grpc.StatusCode.OK)
            replies = stub.Watch(orders_pb2.Query(id="1"))
            for each in replies:
                print(each.id)
            replies.cancel()
            print(stub.Total(orders_pb2.Order(id=str(i)) for i in range(3)).units)
            print([each.id for each in stub.Talk(iter([orders_pb2.Query()]))])
        except grpc.RpcError as error:
            print(error.code().name, error.details(), error.trailing_metadata())
            if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.UNAVAILABLE:
                print(error.code().value[0], error.debug_error_string())
            raise SystemExit(1) from error


async def serve_async() -> None:
    server = grpc.aio.server(interceptors=(AsyncLogInterceptor(),), options=[("grpc.so_reuseport", 0)])
    orders_pb2_grpc.add_OrdersServicer_to_server(AsyncOrders(), server)
    port = server.add_insecure_port("[::]:0") or await server.add_insecure_port("[::]:1")
    print(port + 1)
    await server.start()
    try:
        await server.wait_for_termination()
    finally:
        await server.stop(5)


async def call_async() -> None:
    async with grpc.aio.insecure_channel("localhost:50051", interceptors=[AsyncAddMetadata()]) as channel:
        await channel.channel_ready()
        stub = orders_pb2_grpc.OrdersStub(channel)
        try:
            order = await stub.Get(orders_pb2.Query(id="1"), timeout=3)
            call = stub.Get(orders_pb2.Query(id="1"), metadata=(("a", "b"),))
            print(order.id, (await call).id, await call.code(), (await call.trailing_metadata()).get("took"))
            async for each in stub.Watch(orders_pb2.Query(id="1")):
                print(each.id)
            watch = stub.Watch(orders_pb2.Query(id="1"))
            while True:
                message = await watch.read()
                if message is grpc.aio.EOF:
                    break
                print(message.id)
            talk = stub.Talk()
            await talk.write(orders_pb2.Query(id="1"))
            await talk.done_writing()

            async def orders() -> AsyncIterator[orders_pb2.Order]:
                yield orders_pb2.Order()

            print((await stub.Total(orders())).units, (await stub.Total(iter([orders_pb2.Order()]))).units)
            results = await asyncio.gather(*(stub.Get(orders_pb2.Query(id=str(i))) for i in range(3)))
            print([result.id for result in results])
        except grpc.aio.AioRpcError as error:
            print(error.code(), error.details(), error.trailing_metadata().get_all("a"))
        except grpc.RpcError as error:
            print(error.code())
