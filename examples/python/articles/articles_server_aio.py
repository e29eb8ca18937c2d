"""Serves articles with asyncio: articles_server_aio.py [--db FILE] [--listen ADDRESS]

SQLite waits for the disk: it is asked on threads, and the event loop goes on with other calls meanwhile.
"""
import argparse
import asyncio
import logging
import signal
import sqlite3

import article_pb2
import article_pb2_grpc
import contract
import grpc
from store import Store


class Articles(article_pb2_grpc.ArticleServiceServicer):
    def __init__(self, store: Store) -> None:
        self._store = store

    async def ArticleList(
        self,
        request: article_pb2.ArticleListRequest,
        context: grpc.aio.ServicerContext[article_pb2.ArticleListRequest, article_pb2.ArticleListResponse],
    ) -> article_pb2.ArticleListResponse:
        try:
            records = await asyncio.to_thread(self._store.list, *contract.page_of(request))
        except ValueError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except sqlite3.Error:
            logging.exception("the article store failed")
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the article store can't be reached now")
        return article_pb2.ArticleListResponse(articles=map(contract.message_of, records))

    async def ArticelDetial(
        self,
        request: article_pb2.ArticelDetailRequest,
        context: grpc.aio.ServicerContext[article_pb2.ArticelDetailRequest, article_pb2.ArticleDetailResponse],
    ) -> article_pb2.ArticleDetailResponse:
        try:
            record = await asyncio.to_thread(self._store.find, contract.pk_of(request))
        except ValueError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except sqlite3.Error:
            logging.exception("the article store failed")
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the article store can't be reached now")
        if record is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no article {request.pk}")
        return article_pb2.ArticleDetailResponse(Article=contract.message_of(record))


async def serve(store: Store, address: str) -> None:
    server = grpc.aio.server()
    article_pb2_grpc.add_ArticleServiceServicer_to_server(Articles(store), server)
    port = server.add_insecure_port(address)
    await server.start()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    print(f"serving articles on port {port}", flush=True)
    await stopping.wait()
    await server.stop(grace=2)


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves articles from an SQLite file, with asyncio.")
    parser.add_argument("--db", default="articles.db", help="the SQLite file; made if it is not there")
    parser.add_argument("--listen", default="127.0.0.1:50053", help="where to listen")
    arguments = parser.parse_args()
    logging.basicConfig()
    asyncio.run(serve(Store(arguments.db), arguments.listen))


if __name__ == "__main__":
    main()
