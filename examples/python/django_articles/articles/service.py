"""The article service on Django's asynchronous ORM."""
import grpc
from articles.models import Article
from articles.rpc import article_pb2, article_pb2_grpc

LARGEST_PAGE_SIZE = 100


def message_of(article: Article) -> article_pb2.Article:
    return article_pb2.Article(id=article.pk, title=article.title, content=article.content,
                               create_time=article.create_time.strftime("%Y-%m-%d %H:%M:%S"))


class ArticleService(article_pb2_grpc.ArticleServiceServicer):
    async def ArticleList(
        self,
        request: article_pb2.ArticleListRequest,
        context: grpc.aio.ServicerContext[article_pb2.ArticleListRequest, article_pb2.ArticleListResponse],
    ) -> article_pb2.ArticleListResponse:
        page = request.page or 1
        size = request.page_size or 10
        if page < 1:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"page is {page}: pages count from 1")
        if not 1 <= size <= LARGEST_PAGE_SIZE:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT,
                                f"page_size is {size}: it must be 1 to {LARGEST_PAGE_SIZE}")
        start = (page - 1) * size
        articles = [message_of(article) async for article in Article.objects.all()[start:start + size]]
        return article_pb2.ArticleListResponse(articles=articles)

    async def ArticelDetial(
        self,
        request: article_pb2.ArticelDetailRequest,
        context: grpc.aio.ServicerContext[article_pb2.ArticelDetailRequest, article_pb2.ArticleDetailResponse],
    ) -> article_pb2.ArticleDetailResponse:
        try:
            article = await Article.objects.aget(pk=request.pk)
        except Article.DoesNotExist:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no article {request.pk}")
        return article_pb2.ArticleDetailResponse(Article=message_of(article))
