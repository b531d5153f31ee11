"""The rows of articles and of what follows from them, read for many articles at once."""

from __future__ import annotations

import sqlite3
from typing import Any

from archive.db.checksums import CONTENT
from archive.store.rows import PARTS
from archive.verify.texts import strict

#: Columns by name. Those of an article that are long come as bytes, with ``is_text`` whether all of
#: them were texts: most of the time of reading them would go into decoding what is only hashed.
Row = dict[str, Any]

#: Links with the article that each leads to now.
_LINKS = (
    "SELECT l.*, coalesce("
    "(SELECT a.id FROM articles a WHERE a.biz = l.biz AND a.mid = l.mid AND a.idx = l.idx), "
    "(SELECT d.article_id FROM addresses d WHERE d.address = l.address)) AS target_now FROM links l"
)


class ArticleRows:
    """Those of ``articles`` and of the tables of its parts that the database has."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        sql = "SELECT name FROM sqlite_master WHERE type = 'table'"
        held = {row[0] for row in conn.execute(sql)}
        #: Those of the parts that are there: one that a migration has still to make is not.
        self.parts = tuple(table for table in PARTS if table in held)
        self._select = {
            **{table: f"SELECT * FROM {table}" for table in PARTS},
            "links": _LINKS,
            "articles": _articles(conn),
        }
        #: Table → article → its rows.
        self._ahead: dict[str, dict[int, list[Row]]] = {}

    def read_ahead(self, first: int, last: int) -> None:
        """All rows of these articles, a statement a table instead of one an article; none where one
        of them cannot be read, which is for whoever looks at each by itself to tell."""
        self.forget()
        try:
            with strict(self._conn):
                self._ahead = {
                    table: self._read(table, first, last) for table in ("articles", *self.parts)
                }
        except sqlite3.Error:
            return

    def forget(self) -> None:
        """What is asked for from now on is as it is now."""
        self._ahead = {}

    def of(self, table: str, article_id: int) -> list[Row]:
        """The rows of an article in a table."""
        ahead = self._ahead.get(table)
        found = self._read(table, article_id, article_id) if ahead is None else ahead
        return found.get(article_id, [])

    def _read(self, table: str, first: int, last: int) -> dict[int, list[Row]]:
        number = "id" if table == "articles" else "article_id"
        cursor = self._conn.cursor()
        cursor.row_factory = None
        cursor.execute(f"{self._select[table]} WHERE {number} BETWEEN ? AND ?", (first, last))
        names = [column[0] for column in cursor.description]
        found: dict[int, list[Row]] = {}
        for values in cursor:
            row = dict(zip(names, values, strict=True))
            found.setdefault(row[number], []).append(row)
        return found


def _articles(conn: sqlite3.Connection) -> str:
    held = [row[1] for row in conn.execute("PRAGMA table_info(articles)")]
    short = [f'"{name}"' for name in held if name not in CONTENT]
    long = [f"CAST({name} AS BLOB) AS {name}" for name in CONTENT]
    are_texts = " AND ".join(f"typeof({name}) = 'text'" for name in CONTENT)
    return f"SELECT {', '.join([*short, *long])}, {are_texts} AS is_text FROM articles"
