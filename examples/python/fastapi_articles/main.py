"""REST in front of the article service: ARTICLES_TARGET=HOST:PORT uvicorn main:app

    GET /articles?page=1&page_size=10     GET /articles/7     GET /docs (made by FastAPI)
"""
import contextlib
import os
from collections.abc import AsyncIterator
from typing import Annotated

import article_pb2
import article_pb2_grpc
import grpc
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

TARGET = os.environ.get("ARTICLES_TARGET", "127.0.0.1:50053")
TIMEOUT = 5  # seconds, for each call

Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31)]  # what fits the messages

# The table of google.rpc.Code; what is not here is 500.
HTTP_STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


class Article(BaseModel):
    id: int
    title: str
    content: str
    create_time: str


class ArticlePage(BaseModel):
    articles: list[Article]


class Problem(BaseModel):
    code: str
    detail: str


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    # One channel for the life of the application: it is shared by all requests, and connects again by itself.
    async with grpc.aio.insecure_channel(TARGET) as channel:
        app.state.articles = article_pb2_grpc.ArticleServiceStub(channel)
        yield


app = FastAPI(title="Articles", lifespan=lifespan)


def service(request: Request) -> "article_pb2_grpc.ArticleServiceAsyncStub":
    return request.app.state.articles  # type: ignore[no-any-return]


@app.exception_handler(grpc.aio.AioRpcError)
async def grpc_error(request: Request, error: grpc.aio.AioRpcError) -> JSONResponse:
    problem = Problem(code=error.code().name, detail=error.details() or "")
    return JSONResponse(problem.model_dump(), HTTP_STATUS.get(error.code(), 500))


def article_of(message: article_pb2.Article) -> Article:
    return Article(id=message.id, title=message.title, content=message.content, create_time=message.create_time)


@app.get("/articles")
async def article_list(request: Request, page: Int32 = 1, page_size: Int32 = 10) -> ArticlePage:
    reply = await service(request).ArticleList(article_pb2.ArticleListRequest(page=page, page_size=page_size), timeout=TIMEOUT)
    return ArticlePage(articles=[article_of(message) for message in reply.articles])


@app.get("/articles/{pk}", responses={404: {"model": Problem}})
async def article_detail(request: Request, pk: Int32) -> Article:
    reply = await service(request).ArticelDetial(article_pb2.ArticelDetailRequest(pk=pk), timeout=TIMEOUT)
    return article_of(reply.Article)
