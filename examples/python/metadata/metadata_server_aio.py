"""Serves a greeter that reads and sends metadata, with asyncio: metadata_server_aio.py [ADDRESS]"""
import asyncio
import sys

import grpc
import helloworld_pb2
import helloworld_pb2_grpc


class Greeter(helloworld_pb2_grpc.GreeterServicer):
    async def SayHello(
        self,
        request: helloworld_pb2.HelloRequest,
        context: grpc.aio.ServicerContext[helloworld_pb2.HelloRequest, helloworld_pb2.HelloReply],
    ) -> helloworld_pb2.HelloReply:
        metadata = context.invocation_metadata() or ()
        for key, value in metadata:
            if key != "user-agent":
                print(f"the client sent {key}: {value!r}", flush=True)
        languages = [value for key, value in metadata if key == "language"]
        await context.send_initial_metadata((("served-by", "metadata_server"), ("languages-seen", str(len(languages)))))
        context.set_trailing_metadata((("checksum-bin", bytes([0, 127, 255])), ("motto-bin", "不落地".encode())))
        hello = "你好" if "zh" in languages else "Hello"
        return helloworld_pb2.HelloReply(message=f"{hello}, {request.name}")


async def serve(address: str) -> None:
    server = grpc.aio.server()
    helloworld_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_insecure_port(address)
    await server.start()
    print(f"listening on port {port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50055"))
