"""Reads articles: articles_client.py [--target T] list [--page N] [--page-size N] | get PK"""
import argparse
import sys

import article_pb2
import article_pb2_grpc
import grpc


def run(service: article_pb2_grpc.ArticleServiceStub, arguments: argparse.Namespace) -> None:
    if arguments.command == "list":
        request = article_pb2.ArticleListRequest(page=arguments.page, page_size=arguments.page_size)
        for article in service.ArticleList(request, timeout=10).articles:
            print(article.id, article.create_time, article.title, sep="\t")
    else:
        article = service.ArticelDetial(article_pb2.ArticelDetailRequest(pk=arguments.pk), timeout=10).Article
        print(f"{article.title} ({article.create_time})\n\n{article.content}", end="")


def main() -> int:
    parser = argparse.ArgumentParser(description="Reads articles from an article server.")
    parser.add_argument("--target", default="127.0.0.1:50053", help="the server")
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="a page of articles, the newest first")
    listing.add_argument("--page", type=int, default=1, help="from 1")
    listing.add_argument("--page-size", type=int, default=10, help="up to 100")
    commands.add_parser("get", help="one article").add_argument("pk", type=int, help="its number")
    arguments = parser.parse_args()
    with grpc.insecure_channel(arguments.target) as channel:
        try:
            run(article_pb2_grpc.ArticleServiceStub(channel), arguments)
        except grpc.RpcError as error:
            print(f"error: {error.code().name}: {error.details()}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
