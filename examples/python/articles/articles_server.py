"""Serves articles on a thread pool: articles_server.py [--db FILE] [--listen ADDRESS]

The file is that of the C++ server: either can serve what the other stored. make_articles.py fills one.
"""
import argparse
import contextlib
import logging
import signal
import sqlite3
from collections.abc import Iterator
from concurrent import futures

import article_pb2
import article_pb2_grpc
import contract
import grpc
from store import Store


@contextlib.contextmanager
def errors_as_statuses(context: grpc.ServicerContext) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
    except sqlite3.Error:
        logging.exception("the article store failed")  # the reason is for the log
        context.abort(grpc.StatusCode.UNAVAILABLE, "the article store can't be reached now")


class Articles(article_pb2_grpc.ArticleServiceServicer):
    def __init__(self, store: Store) -> None:
        self._store = store

    def ArticleList(self, request: article_pb2.ArticleListRequest,
                    context: grpc.ServicerContext) -> article_pb2.ArticleListResponse:
        with errors_as_statuses(context):
            records = self._store.list(*contract.page_of(request))
        return article_pb2.ArticleListResponse(articles=map(contract.message_of, records))

    def ArticelDetial(self, request: article_pb2.ArticelDetailRequest,
                      context: grpc.ServicerContext) -> article_pb2.ArticleDetailResponse:
        with errors_as_statuses(context):
            record = self._store.find(contract.pk_of(request))
        if record is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no article {request.pk}")
        return article_pb2.ArticleDetailResponse(Article=contract.message_of(record))


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves articles from an SQLite file.")
    parser.add_argument("--db", default="articles.db", help="the SQLite file; made if it is not there")
    parser.add_argument("--listen", default="127.0.0.1:50053", help="where to listen")
    arguments = parser.parse_args()
    logging.basicConfig()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    article_pb2_grpc.add_ArticleServiceServicer_to_server(Articles(Store(arguments.db)), server)
    port = server.add_insecure_port(arguments.listen)
    server.start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop(grace=2))
    print(f"serving articles on port {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
