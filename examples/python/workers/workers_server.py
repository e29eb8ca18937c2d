"""Several server processes on one port: workers_server.py [ADDRESS [COUNT]]

Each process has its own interpreter and its own server; the kernel shares the connections out among them.
"""
import contextlib
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent import futures

import grpc
import helloworld_pb2
import helloworld_pb2_grpc

OPTIONS = (("grpc.so_reuseport", 1),)


class Greeter(helloworld_pb2_grpc.GreeterServicer):
    def SayHello(self, request: helloworld_pb2.HelloRequest, context: grpc.ServicerContext) -> helloworld_pb2.HelloReply:
        return helloworld_pb2.HelloReply(message=f"Hello, {request.name}, from process {os.getpid()}")


def work(address: str, ready: "multiprocessing.synchronize.Semaphore") -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2), options=OPTIONS)
    helloworld_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    server.add_insecure_port(address)
    server.start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one stops the others
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=2))
    ready.release()
    server.wait_for_termination()


@contextlib.contextmanager
def reserved(address: str) -> Iterator[str]:
    """Keeps the port, without listening on it, until all processes listen. Port 0 takes a free one."""
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((host, int(port)))
        yield f"{host}:{holder.getsockname()[1]}"


def main(address: str = "127.0.0.1:50057", count: str = "4") -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Semaphore(0)
    with reserved(address) as chosen:
        workers = [context.Process(target=work, args=(chosen, ready)) for _ in range(int(count))]
        for worker in workers:
            worker.start()
        for _ in workers:
            ready.acquire()

    def stop(*_: object) -> None:
        for worker in workers:
            worker.terminate()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    print(f"{count} processes listening on port {chosen.rpartition(':')[2]}", flush=True)
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
