"""A large archive out of a smaller one (`archives`): its articles again and again under names of
their own, its index by `Index.insert` with the analysis of each text made once.

    python -m benchmarks.clones FOLDER --articles 1000000 [--seconds 100]

Writing, cutting and hashing a million different texts takes an hour of CPU; this takes some minutes. What a
list, a count, a page and the index's rows cost is the same; of each text there are several, so a
rare phrase is found several times. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from archive.db.checksums import head_checksum
from archive.search import build, documents
from archive.search.documents import Analysis, Document
from benchmarks.archives import FIRST, connect, held

CHUNK = 5000
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def key_of(number: int) -> str:
    """A key that no other article has, spread as real ones are."""
    mixed = number * 0x9E3779B97F4A7C15 % 2**50
    return "".join(_LETTERS[mixed >> 5 * place & 31] for place in range(10))


def clone(root: Path, conn: sqlite3.Connection, first: int, base: int, rng: random.Random) -> None:
    """The articles ``first`` to ``first + CHUNK - 1`` as copies of those ``n × base`` before."""
    of = (first - 1) % base + 1
    shift = first - of
    with conn:
        _articles(root, conn, of, shift, rng)
        for sql in _COPIES:
            conn.execute(sql, {"low": of, "high": of + CHUNK - 1, "shift": shift})


def _articles(
    root: Path, conn: sqlite3.Connection, of: int, shift: int, rng: random.Random
) -> None:
    conn.row_factory = sqlite3.Row
    rows = conn.execute("SELECT * FROM articles WHERE id BETWEEN ? AND ?", (of, of + CHUNK - 1))
    names: list[str] = []
    made = []
    for row in rows.fetchall():
        new = dict(row)
        names = names or list(new)
        data = (root / row["path"]).read_bytes()
        number, key = row["id"] + shift, key_of(row["id"] + shift)
        new |= {"id": number, "key": key, "path": row["path"].replace(row["key"], key)}
        new |= {"mid": str(2_247_000_000 + number), "url": f"{row['url']}&n={shift}"}
        when = FIRST - timedelta(minutes=int(5_500_000 * rng.random() ** 1.6))
        if row["published"] is not None:
            new |= {"published": when.isoformat(), "archived": when.isoformat()}
        new["checked"] = new["archived"]
        new["head_check"] = head_checksum(new)
        (root / new["path"]).write_bytes(data)
        made.append(tuple(new.values()))
    marks = ", ".join("?" * len(names))
    conn.executemany(f"INSERT INTO articles ({', '.join(names)}) VALUES ({marks})", made)
    conn.row_factory = None


_COPIES = (
    "INSERT INTO addresses SELECT address || :shift, article_id + :shift, form, fetch || :shift, first_seen "
    "FROM addresses WHERE article_id BETWEEN :low AND :high AND form = 'short'",
    "INSERT INTO links (article_id, position, relation, url, address, biz, mid, idx, target_id, text) "
    "SELECT article_id + :shift, position, relation, url, address, biz, mid, idx, target_id, text "
    "FROM links WHERE article_id BETWEEN :low AND :high",
    "INSERT INTO media_addresses SELECT m.url || :shift, m.image_id || :shift, m.sha256, m.attempts, "
    "m.due, m.error, m.error_class FROM images i JOIN media_addresses m ON m.url = i.url "
    "WHERE i.article_id BETWEEN :low AND :high",
    "INSERT INTO images SELECT article_id + :shift, position, url, role, alt, width, height "
    "FROM images WHERE article_id BETWEEN :low AND :high",
    "INSERT INTO embeds SELECT article_id + :shift, position, sort, media_id, title, author, url, "
    "duration, cover, extra FROM embeds WHERE article_id BETWEEN :low AND :high",
    "INSERT INTO article_recordings SELECT article_id + :shift, position, address, sort "
    "FROM article_recordings WHERE article_id BETWEEN :low AND :high",
    "INSERT INTO tags SELECT article_id + :shift, tag FROM tags "
    "WHERE article_id BETWEEN :low AND :high",
    "INSERT INTO frontier (address, fetch, form, state, open, why, depth, follow, scope, refresh, "
    "due, added, updated, error, error_class, error_code) SELECT f.address || :shift, "
    "f.fetch || :shift, f.form, f.state, f.open, f.why, f.depth, f.follow, f.scope, f.refresh, "
    "f.due, f.added, f.updated, f.error, f.error_class, f.error_code FROM addresses a "
    "JOIN frontier f ON f.address = a.address "
    "WHERE a.article_id BETWEEN :low AND :high AND a.form = 'short'",
)


def index(root: Path) -> float:
    """Build the index as `reindex` does, each text cut once; seconds."""
    known: dict[tuple[str | None, ...], Analysis] = {}

    def analyse(doc: Document, frequent_bigrams: frozenset[str]) -> Analysis:
        texts = doc.fields
        if texts not in known:
            known[texts] = documents.analyse(doc, frequent_bigrams)
        return known[texts]

    begun = time.monotonic()
    with patch.object(build, "analyse", analyse):
        build.build_index(root / "archive.db", _tell, jobs=1)
    return time.monotonic() - begun


def _tell(name: str, done: int, total: int) -> None:
    if done % 20_000 == 0 or done == total:
        print(f"{name} {done:,} of {total:,}, CPU {time.process_time():.0f} s", flush=True)


def main() -> None:
    """Clone, then index."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--base", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of CPU")
    parser.add_argument("--index", action="store_true")
    options = parser.parse_args()
    if options.index:
        print(f"indexed in {index(options.folder):.0f} s")
        return
    with closing(connect(options.folder)) as conn:
        while (there := held(options.folder)) < options.articles:
            if time.process_time() > options.seconds:
                sys.exit(75)
            clone(options.folder, conn, there + 1, options.base, random.Random(there))
            print(f"{there + CHUNK:,}, CPU {time.process_time():.0f} s", flush=True)


if __name__ == "__main__":
    main()
