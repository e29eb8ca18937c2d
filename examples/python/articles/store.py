"""Articles in an SQLite file: the schema and the file are those of the C++ example (examples/articles)."""
import sqlite3
import threading
from collections.abc import Iterable
from typing import NamedTuple


class Record(NamedTuple):
    id: int
    title: str
    content: str
    create_time: str  # "2026-11-21 10:00:00", UTC


class Store:
    """One connection for each thread that asks. Every call may wait for the disk, and raises sqlite3.Error."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._local = threading.local()
        self._connection().execute(
            "CREATE TABLE IF NOT EXISTS article (id INTEGER PRIMARY KEY, title TEXT NOT NULL, "
            "content TEXT NOT NULL, create_time TEXT NOT NULL)")

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = sqlite3.connect(self._path, timeout=5)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    def list(self, offset: int, count: int) -> list[Record]:
        """`count` articles after the first `offset`, the newest first."""
        rows = self._connection().execute(
            "SELECT id, title, content, create_time FROM article ORDER BY id DESC LIMIT ? OFFSET ?", (count, offset))
        return [Record(*row) for row in rows]

    def find(self, pk: int) -> Record | None:
        row = self._connection().execute(
            "SELECT id, title, content, create_time FROM article WHERE id = ?", (pk,)).fetchone()
        return Record(*row) if row else None

    def add(self, articles: Iterable[tuple[str, str, str]]) -> None:
        """Adds (title, content, create_time), all of them or none."""
        with self._connection() as connection:
            connection.executemany("INSERT INTO article (title, content, create_time) VALUES (?, ?, ?)", articles)
