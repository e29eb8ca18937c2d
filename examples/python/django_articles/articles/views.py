"""JSON from the article service."""
import functools
from typing import Any

import grpc
from articles.rpc import article_pb2, article_pb2_grpc
from django.conf import settings
from django.http import HttpRequest, JsonResponse

TIMEOUT = 5  # seconds, for each call
HTTP_STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


@functools.cache
def service() -> "article_pb2_grpc.ArticleServiceAsyncStub":
    """One channel for the process: it is shared by all requests, and connects again by itself."""
    return article_pb2_grpc.ArticleServiceStub(grpc.aio.insecure_channel(settings.ARTICLES_TARGET))


def json(data: dict[str, Any], status: int = 200) -> JsonResponse:
    # Without the option, Chinese text goes out as \\uXXXX.
    return JsonResponse(data, status=status, json_dumps_params={"ensure_ascii": False})


def json_error(error: grpc.aio.AioRpcError) -> JsonResponse:
    return json({"code": error.code().name, "detail": error.details()}, HTTP_STATUS.get(error.code(), 500))


def fields_of(article: article_pb2.Article) -> dict[str, Any]:
    return {"id": article.id, "title": article.title, "content": article.content, "create_time": article.create_time}


async def article_list(request: HttpRequest) -> JsonResponse:
    try:
        page, size = int(request.GET.get("page", 1)), int(request.GET.get("page_size", 10))
        reply = await service().ArticleList(article_pb2.ArticleListRequest(page=page, page_size=size), timeout=TIMEOUT)
    except ValueError:
        return json({"code": "INVALID_ARGUMENT", "detail": "page and page_size must be numbers"}, 400)
    except grpc.aio.AioRpcError as error:
        return json_error(error)
    return json({"articles": [fields_of(article) for article in reply.articles]})


async def article_detail(request: HttpRequest, pk: int) -> JsonResponse:
    try:
        reply = await service().ArticelDetial(article_pb2.ArticelDetailRequest(pk=pk), timeout=TIMEOUT)
    except ValueError:
        return json({"code": "NOT_FOUND", "detail": f"there is no article {pk}"}, 404)
    except grpc.aio.AioRpcError as error:
        return json_error(error)
    return json(fields_of(reply.Article))
