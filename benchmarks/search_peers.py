"""What search is compared with, on the same articles: LIKE, FTS5's trigram tokenizer, tantivy with
character pairs.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from archive.search.query import And, Dates, Node, Not, Or, Tag, Text, parse
from archive.search.terms import IS_CJK, fold

_PIECES = re.compile(r"[^\W_]+|[-+#%._/:@&']")


def like(conn: sqlite3.Connection, node: Node) -> Callable[[], object] | None:
    """The newest 20 by scanning; ``None`` for what plain SQL over one table cannot say."""
    values: list[object] = []
    where = _like(node, values)
    if where is None:
        return None
    sql = f"SELECT id FROM articles WHERE {where} ORDER BY published DESC LIMIT 20"
    return lambda: conn.execute(sql, values).fetchall()


def _like(node: Node, values: list[object]) -> str | None:
    if isinstance(node, Text) and node.field in ("", "title"):
        values.extend([f"%{node.folded}%"] * (2 if not node.field else 1))
        return "(title LIKE ? OR text LIKE ?)" if not node.field else "title LIKE ?"
    if isinstance(node, Not):
        inner = _like(node.node, values)
        return None if inner is None else f"NOT {inner}"
    if isinstance(node, And | Or):
        parts = [_like(part, values) for part in node.nodes]
        if None in parts:
            return None
        return (
            f"({(' AND ' if isinstance(node, And) else ' OR ').join(str(part) for part in parts)})"
        )
    return None


def build_trigram(conn: sqlite3.Connection, source: sqlite3.Connection) -> None:
    """An FTS5 table with the trigram tokenizer, rowids by publish time."""
    conn.execute(
        "CREATE VIRTUAL TABLE peer USING fts5(text, content='', columnsize=0, tokenize='trigram')"
    )
    with conn:
        rows = source.execute("SELECT title, text FROM articles ORDER BY published, id")
        conn.executemany(
            "INSERT INTO peer(rowid, text) VALUES (?, ?)",
            ((number, f"{title}\n{text}") for number, (title, text) in enumerate(rows, 1)),
        )


def trigram(conn: sqlite3.Connection, node: Node) -> Callable[[], object] | None:
    """The newest 20, for queries of words of at least three characters; others it cannot answer."""
    match = _trigram(node)
    if match is None:
        return None
    sql = "SELECT rowid FROM peer WHERE peer MATCH ? ORDER BY rowid DESC LIMIT 20"
    return lambda: conn.execute(sql, (match,)).fetchall()


def _trigram(node: Node) -> str | None:
    if isinstance(node, Text) and not node.field and len(node.folded) >= 3:
        return f'"{node.folded}"'
    if isinstance(node, And | Or):
        parts = [_trigram(part) for part in node.nodes]
        if None in parts:
            return None
        return (
            f"({(' AND ' if isinstance(node, And) else ' OR ').join(str(part) for part in parts)})"
        )
    return None


class Tantivy:
    """An index of character pairs in order, single characters beside them, sorted by a fast field
    for the newest.

    It does the same as ours: from what was typed to the 20 keys and titles, over title, text,
    author, account and digest; phrases by position, so that it finds the same but for a few
    articles in a thousand (punctuation between two scripts is no token, and nothing is looked at
    again in the text). ``agreement`` says how nearly.
    """

    def __init__(self, folder: Path, source: sqlite3.Connection) -> None:
        import tantivy

        self._tantivy = tantivy
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("terms", tokenizer_name="whitespace", index_option="position")
        builder.add_text_field("title", tokenizer_name="whitespace", index_option="position")
        builder.add_text_field("tags", tokenizer_name="whitespace", index_option="basic")
        builder.add_integer_field("published", stored=False, indexed=True, fast=True)
        builder.add_text_field("shown_key", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field(
            "shown_title", stored=True, tokenizer_name="raw", index_option="basic"
        )
        self._schema = builder.build()
        index = tantivy.Index(self._schema, path=str(folder))
        writer = index.writer(heap_size=256_000_000, num_threads=1)
        for key, title, text, account, author, digest, place, kind, published in source.execute(
            """SELECT a.key, a.title, a.text, accounts.name, a.author, a.digest, a.place, a.kind_name, d.published
               FROM articles a JOIN accounts ON accounts.id = a.account_id
               JOIN search_documents d ON d.article_id = a.id"""
        ):
            document = tantivy.Document()
            fields = [fold(field) for field in (title, text, account, author, digest) if field]
            for field in fields:  # a phrase never goes from one value into the next
                document.add_text("terms", " ".join(stream(field)))
            document.add_text("title", " ".join(stream(fields[0])))
            singles = {character for field in fields for character in field if IS_CJK[character]}
            document.add_text(
                "tags", " ".join([f"account:{account}", f"place:{place}", f"kind:{kind}", *singles])
            )
            document.add_integer("published", published or 0)
            document.add_text("shown_key", key)
            document.add_text("shown_title", title)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()
        self._accounts = [row[0] for row in source.execute("SELECT name FROM accounts")]

    def newest(self, query: str) -> list[tuple[str, str]]:
        """Keys and titles of the newest 20, from what was typed on, as ours."""
        order = self._tantivy.Order.Desc
        asked = self._query(parse(query))
        return self._shown(
            self._searcher.search(asked, 20, count=False, order_by_field="published", order=order)
        )

    def relevance(self, query: str) -> list[tuple[str, str]]:
        """Keys and titles of the best 20 by BM25."""
        return self._shown(self._searcher.search(self._query(parse(query)), 20, count=False))

    def _shown(self, found: Any) -> list[tuple[str, str]]:
        documents = [self._searcher.doc(address) for _, address in found.hits]
        return [(document["shown_key"][0], document["shown_title"][0]) for document in documents]

    def _query(self, node: Node) -> Any:
        query, occur = self._tantivy.Query, self._tantivy.Occur
        if isinstance(node, Text):
            return self._text(node)
        if isinstance(node, Tag):
            return query.term_query(self._schema, "tags", f"kind:{node.token[2:]}")
        if isinstance(node, Dates):
            low, high = node.after or 1, (node.before or 1 << 40) - 1  # 0: without a time
            return query.range_query(
                self._schema, "published", self._tantivy.FieldType.Integer, low, high
            )
        if isinstance(node, Not):
            return query.boolean_query(
                [(occur.Must, query.all_query()), (occur.MustNot, self._query(node.node))]
            )
        if isinstance(node, Or):
            return query.boolean_query([(occur.Should, self._query(part)) for part in node.nodes])
        if not isinstance(node, And):
            raise ValueError(f"no peer answers {node}")
        parts = [
            (occur.MustNot, self._query(part.node))
            if isinstance(part, Not)
            else (occur.Must, self._query(part))
            for part in node.nodes
        ]
        return query.boolean_query(parts)

    def _text(self, node: Text) -> Any:
        query, occur = self._tantivy.Query, self._tantivy.Occur
        if node.field == "account":
            names = [name for name in self._accounts if node.folded in fold(name)]
            return query.boolean_query(
                [
                    (occur.Should, query.term_query(self._schema, "tags", f"account:{name}"))
                    for name in names
                ]
            )
        if node.field == "place":
            return query.term_query(self._schema, "tags", f"place:{node.folded}")
        words = stream(node.folded)
        if len(node.folded) == 1 and IS_CJK[node.folded]:
            return query.term_query(self._schema, "tags", node.folded)
        field = node.field or "terms"
        if len(words) == 1:
            return query.term_query(self._schema, field, words[0])
        return query.phrase_query(self._schema, field, [*words])


def stream(folded: str) -> list[str]:
    """Pairs of each CJK run and other words, in order."""
    out: list[str] = []
    for chunk in re.findall(r"[\u4e00-\u9fff]+|[^\u4e00-\u9fff\s]+", folded):
        if IS_CJK[chunk[0]]:
            out += [a + b for a, b in pairwise(chunk)] or [chunk]
        else:
            out += _PIECES.findall(chunk)
    return out or ["∅"]
