"""Adds articles: manage.py make_articles [COUNT]"""
from typing import Any

from articles.models import Article
from django.core.management.base import BaseCommand, CommandParser

CONTENT = "斑尾塍鹬从阿拉斯加一直飞到新西兰，途中不休息。\n"


class Command(BaseCommand):
    help = "Adds articles to the database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("count", type=int, nargs="?", default=20)

    def handle(self, *args: Any, **options: Any) -> None:
        numbers = range(1, options["count"] + 1)
        Article.objects.bulk_create(Article(title=f"文章 {number}", content=CONTENT * number) for number in numbers)
        self.stdout.write(f"{len(numbers)} articles added, {Article.objects.count()} in all")
