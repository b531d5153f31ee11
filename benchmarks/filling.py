"""Invented articles (`synthetic`) → rows of an archive's database, as the store would leave them,
their index, and where they are wanted their files.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from archive.db.checksums import CONTENT, content_checksum, head_checksum, head_names
from archive.db.opening import open_database
from archive.search.rebuild import reindex
from benchmarks.synthetic import Draft

_ARTICLE = """INSERT INTO articles(id, key, account_id, title, author, kind, kind_name, published, place, digest, path,
    text, body, record, content_hash, markdown_hash, parser_version, archived, checked, gone, head_check, content_check)
    VALUES (?,?,?,?,?,0,?,?,?,?,?,?,?,?,'','',1,'2026-06-01T00:00:00+00:00','2026-06-01T00:00:00+00:00',?,'','')"""


def create(path: Path, drafts: Iterable[Draft]) -> None:
    """A database at ``path`` with these articles, indexed as ``reindex`` leaves it."""
    open_database(path).close()
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA synchronous=OFF")
        with conn:
            for draft in drafts:
                insert(conn, draft)
        reindex(conn)


def write_files(root: Path) -> None:
    """A file for each article of the archive in ``root``, and what is known of it: where none is, a
    page that is looked at takes all articles for deleted."""
    (root / "articles").mkdir(exist_ok=True)
    with closing(sqlite3.connect(root / "archive.db")) as conn, conn:
        rows = conn.execute("SELECT id, key, path, title, text FROM articles").fetchall()
        for number, key, path, title, text in rows:
            written = f"---\nkey: {key}\ntitle: {json.dumps(title)}\n---\n\n{text}\n".encode()
            (root / path).write_bytes(written)
            conn.execute(
                "UPDATE articles SET markdown_hash = ? WHERE id = ?",
                (hashlib.sha256(written).hexdigest(), number),
            )
            seal(conn, number)


def seal(conn: sqlite3.Connection, number: int) -> None:
    """The hashes that show a flipped bit, as the store writes them."""
    names = (*head_names(), *CONTENT)
    row = dict(
        zip(
            names,
            conn.execute(
                f"SELECT {', '.join(names)} FROM articles WHERE id = ?", (number,)
            ).fetchone(),
            strict=True,
        )
    )
    conn.execute(
        "UPDATE articles SET head_check = ?, content_check = ? WHERE id = ?",
        (head_checksum(row), content_checksum(row), number),
    )


def insert(conn: sqlite3.Connection, draft: Draft) -> None:
    """One article's rows, without its index."""
    conn.execute(
        "INSERT OR IGNORE INTO accounts(biz, name, first_seen) VALUES (?, ?, '')",
        (draft.account,) * 2,
    )
    (account_id,) = conn.execute(
        "SELECT id FROM accounts WHERE biz = ?", (draft.account,)
    ).fetchone()
    body = "".join(f"<p>{line}</p>" for line in draft.text.split("\n"))
    conn.execute(
        _ARTICLE,
        (
            draft.number,
            f"k{draft.number:09d}",
            account_id,
            draft.title,
            draft.author,
            draft.kind_name,
            None if draft.published is None else draft.published.isoformat(),
            draft.place,
            draft.digest,
            f"articles/{draft.number}.md",
            draft.text,
            ("<pre>x</pre>" if "code" in draft.has else "") + body,
            '{"images": []}',
            "2026-06-01T00:00:00+00:00" if draft.gone else None,
        ),
    )
    seal(conn, draft.number)
    if "image" in draft.has:
        conn.execute(
            "INSERT INTO images(article_id, position, url, role) VALUES (?, 0, 'https://mmbiz.qpic.cn/0', 'body')",
            (draft.number,),
        )
    for position, sort in enumerate(sorted(draft.has & {"video", "audio"})):
        conn.execute(
            "INSERT INTO embeds(article_id, position, sort) VALUES (?, ?, ?)",
            (draft.number, position, sort),
        )
