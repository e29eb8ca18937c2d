"""Serves a greeter that reads the client's metadata and sends its own: metadata_server.py [ADDRESS]"""
import sys
from concurrent import futures

import grpc
import helloworld_pb2
import helloworld_pb2_grpc


class Greeter(helloworld_pb2_grpc.GreeterServicer):
    def SayHello(self, request: helloworld_pb2.HelloRequest, context: grpc.ServicerContext) -> helloworld_pb2.HelloReply:
        # Keys are lower case. Values are text in ASCII, or bytes where the key ends with -bin. A key may come twice.
        for key, value in context.invocation_metadata():
            if key != "user-agent":
                print(f"the client sent {key}: {value!r}", flush=True)
        languages = [value for key, value in context.invocation_metadata() if key == "language"]
        # Before the reply:
        context.send_initial_metadata((("served-by", "metadata_server"), ("languages-seen", str(len(languages)))))
        # With the status, after the reply:
        context.set_trailing_metadata((("checksum-bin", bytes([0, 127, 255])), ("motto-bin", "不落地".encode())))
        hello = "你好" if "zh" in languages else "Hello"
        return helloworld_pb2.HelloReply(message=f"{hello}, {request.name}")


def serve(address: str) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    helloworld_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_insecure_port(address)
    server.start()
    print(f"listening on port {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    serve(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50055")
