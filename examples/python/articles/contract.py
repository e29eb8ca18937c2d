"""What the synchronous and the asyncio server have in common: limits of the requests, and records as messages."""
import article_pb2
from store import Record

DEFAULT_PAGE_SIZE = 10
LARGEST_PAGE_SIZE = 100


def page_of(request: article_pb2.ArticleListRequest) -> tuple[int, int]:
    """How many articles to skip and how many to give; ValueError says what is wrong with the request."""
    page = request.page or 1
    size = request.page_size or DEFAULT_PAGE_SIZE
    if page < 1:
        raise ValueError(f"page is {page}: pages count from 1")
    if not 1 <= size <= LARGEST_PAGE_SIZE:
        raise ValueError(f"page_size is {size}: it must be 1 to {LARGEST_PAGE_SIZE}")
    return (page - 1) * size, size


def pk_of(request: article_pb2.ArticelDetailRequest) -> int:
    if request.pk < 1:
        raise ValueError(f"pk is {request.pk}: it must be positive")
    return request.pk


def message_of(record: Record) -> article_pb2.Article:
    return article_pb2.Article(id=record.id, title=record.title, content=record.content, create_time=record.create_time)
