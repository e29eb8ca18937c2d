import datetime

from django.db import models


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


class Article(models.Model):
    title = models.CharField(max_length=200)
    content = models.TextField()
    create_time = models.DateTimeField(default=now)

    class Meta:
        db_table = "article"  # the table of the other article servers: they can serve this file too
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title
