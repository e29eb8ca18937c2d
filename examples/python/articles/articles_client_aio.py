"""Reads a page of articles, then all its articles at the same time: articles_client_aio.py [TARGET]"""
import asyncio
import sys

import article_pb2
import article_pb2_grpc
import grpc


async def main(target: str = "127.0.0.1:50053") -> int:
    async with grpc.aio.insecure_channel(target) as channel:
        service = article_pb2_grpc.ArticleServiceStub(channel)
        try:
            page = await service.ArticleList(article_pb2.ArticleListRequest(page_size=5), timeout=10)
            details = await asyncio.gather(*(
                service.ArticelDetial(article_pb2.ArticelDetailRequest(pk=article.id), timeout=10)
                for article in page.articles))
        except grpc.aio.AioRpcError as error:
            print(f"error: {error.code().name}: {error.details()}", file=sys.stderr)
            return 1
        for detail in details:
            print(f"{detail.Article.id}\t{detail.Article.title}: {len(detail.Article.content)} characters")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
