#!/usr/bin/env python3
"""Reads articles with grpcio, the gRPC of PyPI: grpcio_client.py TARGET [PK]

The stubs are made from article.proto when it starts (grpcio-tools), so nothing generated is kept.
"""
import os
import sys

import grpc

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
messages, services = grpc.protos_and_services("article.proto")


def main():
    target = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50053"
    with grpc.insecure_channel(target) as channel:
        service = services.ArticleServiceStub(channel)
        reply = service.ArticleList(messages.ArticleListRequest(page=1, page_size=5), timeout=10)
        for article in reply.articles:
            print(f"{article.id}\t{article.create_time}\t{article.title}")
        pk = int(sys.argv[2]) if len(sys.argv) > 2 else reply.articles[-1].id
        detail = service.ArticelDetial(messages.ArticelDetailRequest(pk=pk), timeout=10)
        print(f"article {pk} has {len(detail.Article.content)} characters")
        try:
            service.ArticelDetial(messages.ArticelDetailRequest(pk=10**9), timeout=10)
        except grpc.RpcError as error:
            print(f"article {10**9}: {error.code().name}: {error.details()}")


if __name__ == "__main__":
    main()
