"""Serves the articles over gRPC: manage.py serve_grpc [--listen ADDRESS]"""
import asyncio
import signal
from typing import Any

import grpc
from articles.rpc import article_pb2_grpc
from articles.service import ArticleService
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Serves the articles over gRPC until Ctrl-C or SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--listen", default=settings.ARTICLES_TARGET)

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(self.serve(options["listen"]))

    async def serve(self, address: str) -> None:
        server = grpc.aio.server()
        article_pb2_grpc.add_ArticleServiceServicer_to_server(ArticleService(), server)
        port = server.add_insecure_port(address)
        await server.start()
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        self.stdout.write(f"serving articles on port {port}")
        self.stdout.flush()
        await stopping.wait()
        await server.stop(grace=2)
