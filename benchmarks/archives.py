"""Invented articles (`synthetic`) → a whole archive of any size, as saving them one by one would have
left it: rows, parts, links, addresses, pictures, queue, Markdown files; its index by the program's own
`build_index`.

    python -m benchmarks.archives FOLDER --articles 1000000 [--minutes 15] [--jobs 2]

Rows, parts and checksums are made by the code that the store uses, so that `verify` finds nothing; the
way into the tables is a shorter one (many articles a transaction, nothing flushed), the files are
plainer than the program's own. It goes on where it was stopped, and stops
by itself after ``--minutes``; the index is made when all articles are there. A million take about 22 GB.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from archive import record
from archive.db.article_columns import ARTICLES
from archive.db.checksums import content_checksum, head_checksum, head_names
from archive.db.opening import open_database
from archive.document.layout import key_of, path_of, sealed
from archive.record import iso
from archive.search.index import is_current
from archive.search.rebuild import reindex
from archive.store.markdown_files import sha256
from archive.store.rows import PARTS
from benchmarks.synthetic import KNOWN, Draft, Writer
from scraper import urls
from scraper.models import Account, Article, Image, Link, Media
from scraper.parse import PARSER_VERSION

CHUNK = 2000  #: articles a transaction
_SHARE = 4  #: drafts whose paragraphs are mixed into so many articles each
_ACCOUNTS = 300
#: Picture files that all articles share: a file each would cost more than everything else.
_PICTURES = 200
_KINDS = {"article": 0, "video": 5, "audio": 7, "picture": 8, "text": 10, "shared": 11}
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

Row = dict[str, Any]

#: When what has no date was kept.
FIRST = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filled:
    """The rows of one article: its own, and those of its parts by table."""

    row: Row
    parts: dict[str, list[Row]]
    addresses: list[tuple[str, str, str]]  # canonical, form, what to ask for


@cache
def _writer() -> Writer:
    return Writer()


def biz_of(account: int) -> str:
    """The ``__biz`` of an invented account."""
    return base64.b64encode(f"{3_000_000_000 + account}".encode()).decode()


def _account_of(number: int) -> int:
    return number * 7919 % _ACCOUNTS


def _name_of(account: int) -> str:
    return f"{KNOWN[account % len(KNOWN)]}{('研究所', '日报', '观察', 'Lab')[account % 4]}{account}"


def _long_address(number: int) -> str:
    biz, sn = biz_of(_account_of(number)), f"{number:032x}"
    return f"http://mp.weixin.qq.com/s?__biz={biz}&mid={2_247_000_000 + number}&idx=1&sn={sn}#rd"


def _short_address(number: int) -> str:
    return f"https://mp.weixin.qq.com/s/{number:022d}"


def _picture(number: int, position: int) -> tuple[str, str]:
    """A picture's address, and the held file that it leads to."""
    sha = _picture_hash((number * 3 + position) % _PICTURES)
    return f"https://mmbiz.qpic.cn/mmbiz_png/p{number}x{position}/640?wx_fmt=png", sha


def _picture_bytes(number: int) -> bytes:
    return _PNG + f"{number}".encode()


@cache
def _picture_hash(number: int) -> str:
    return hashlib.sha256(_picture_bytes(number)).hexdigest()


def _picture_path(sha: str) -> str:
    return f"media/{sha[:2]}/{sha}.png"


def article_of(draft: Draft) -> Article:
    """What its page would have said."""
    number = draft.number
    biz = biz_of(_account_of(number))
    earlier = [number - step for step in (1, 17, 400) if number > step]
    links = tuple(
        Link(url=_long_address(other), relation="text", text=f"另一篇 {other}")
        for other in earlier[: number % 4]
    )
    pictures = [
        _picture(number, position)[0] for position in range(2 if "image" in draft.has else 0)
    ]
    media = tuple(
        Media(
            type=kind,
            id=f"wxv_{number}",
            title=draft.title,
            url=f"https://mp.weixin.qq.com/v/{number}",
        )
        for kind in sorted(draft.has & {"video", "audio"})
    )
    body = [f"<p>{line}</p>" for line in draft.text.split("\n")]
    body += [f'<p><a href="{link.url.replace("&", "&amp;")}">{link.text}</a></p>' for link in links]
    body += [f'<p><img src="{url}"></p>' for url in pictures]
    if "code" in draft.has:
        body.append("<pre>x = 1</pre>")
    return Article(
        title=draft.title,
        account=Account(
            name=_name_of(_account_of(number)), biz=biz, user_name=f"gh_{_account_of(number):012x}"
        ),
        author=draft.author,
        published=draft.published,
        place=draft.place,
        mid=str(2_247_000_000 + number),
        idx="1",
        sn=f"{number:032x}",
        kind=_KINDS[draft.kind_name],
        url=_long_address(number),
        address=_short_address(number),
        digest=draft.digest,
        original=number % 3 == 0,
        tags=tuple(KNOWN[number % 89 % len(KNOWN) :][: number % 3]),
        body="".join(body),
        text=draft.text,
        images=tuple(Image(url=url, width=640, height=360) for url in pictures),
        media=media,
        links=links,
    )


def _drafts(chunk: int) -> Iterator[Draft]:
    """The articles ``chunk * CHUNK + 1`` and on; the same in every run.

    Four share the paragraphs of four drafts, each in a mixture of its own: writing takes longer than
    all that is done with it.
    """
    rng = random.Random(chunk)
    written = _writer().drafts(CHUNK // _SHARE, seed=1000 + chunk)
    number = chunk * CHUNK
    while four := list(islice(written, _SHARE)):
        paragraphs = [line for draft in four for line in draft.text.split("\n")]
        for draft in four * _SHARE:
            number += 1
            count = max(1, len(draft.text.split("\n")))
            text = "\n".join(rng.sample(paragraphs, count))
            age = timedelta(minutes=int(5_500_000 * rng.random() ** 1.6))
            published = None if draft.published is None else FIRST - age
            title = draft.title if number % _SHARE else draft.title + rng.choice(KNOWN)
            yield replace(draft, number=number, text=text, title=title, published=published)


def fill_chunk(job: tuple[str, int]) -> list[Filled]:
    """Write the files of a chunk; its rows. Runs in any process."""
    root, chunk = Path(job[0]), job[1]
    folders: set[Path] = set()
    return [_filled(root, draft, folders) for draft in _drafts(chunk)]


def _filled(root: Path, draft: Draft, folders: set[Path]) -> Filled:
    article = article_of(draft)
    key = key_of(article)
    path = path_of(article, key)
    parts = {table: rows_of(article) for table, rows_of in PARTS.items()}
    for link in parts["links"]:
        link["target_id"] = int(link["mid"]) - 2_247_000_000
    archived = iso(draft.published or FIRST)
    text = _markdown(article, key)
    place = root / path
    if place.parent not in folders:
        place.parent.mkdir(parents=True, exist_ok=True)
        folders.add(place.parent)
    place.write_bytes(text.encode())
    gone = archived if draft.gone else None
    row: Row = {
        **dict.fromkeys(head_names()),
        **ARTICLES.page_values(article),
        "record": record.dumps(article),
        "content_hash": sha256(draft.text),
        "parser_version": PARSER_VERSION,
        "id": draft.number,
        "key": key,
        "path": path,
        "account_id": _account_of(draft.number) + 1,
        "markdown_hash": sha256(text),
        "archived": archived,
        "checked": archived,
        "version": 1,
        "gone": gone,
        "gone_reason": "deleted" if gone else None,
    }
    row |= {"head_check": head_checksum(row), "content_check": content_checksum(row)}
    known = [
        urls.parse(address)
        for address in (_short_address(draft.number), _long_address(draft.number))
    ]
    return Filled(row, parts, [(one.canonical, one.form, one.fetch) for one in known])


def _markdown(article: Article, key: str) -> str:
    """A plain file in the place of the rendered one, which would cost more than all the rest."""
    front = f'---\ntitle: "{article.title}"\naccount: "{article.account.name}"\nkey: {key}\n---'
    return sealed(f"{front}\n\n# {article.title}\n\n{article.text}\n")


def _insert(conn: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    if rows:
        names = list(rows[0])
        conn.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            [tuple(row[name] for name in names) for row in rows],
        )


def _store(conn: sqlite3.Connection, chunk: list[Filled]) -> None:
    """All rows of a chunk in one transaction."""
    with conn:
        conn.execute("UPDATE meta SET value = value WHERE name = 'generation'")
        _insert(conn, "articles", [one.row for one in chunk])
        for table in PARTS:
            rows = [
                {"article_id": one.row["id"], **part} for one in chunk for part in one.parts[table]
            ]
            if table == "links":
                rows = [{"target_id": None, **row} for row in rows]
            _insert(conn, table, rows)
        for one in chunk:
            _store_around(conn, one)


def _store_around(conn: sqlite3.Connection, one: Filled) -> None:
    """Where an article was found, and its pictures."""
    number, at = one.row["id"], one.row["archived"]
    conn.executemany(
        "INSERT INTO addresses (address, article_id, form, fetch, first_seen) VALUES (?, ?, ?, ?, ?)",
        [(address, number, form, fetch, at) for address, form, fetch in one.addresses],
    )
    for position, image in enumerate(one.parts["images"]):
        # One picture of a hundred is still to come, one of a hundred is lost.
        share = (number * 3 + position) % 100
        held = None if share < 2 else _picture(number, position)[1]
        conn.execute(
            "INSERT INTO media_addresses (url, image_id, sha256, attempts, due, error, error_class) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                image["url"],
                f"p{number}x{position}",
                held,
                int(held is None),
                at if share == 0 else None,
                None if held else "the server answered 404",
                None if held else "refused",
            ),
        )
    canonical, form, fetch = one.addresses[0]
    waiting = number % 50 == 0
    conn.execute(
        "INSERT INTO frontier (address, fetch, form, state, open, why, depth, follow, scope, "
        "refresh, due, added, updated, error, error_class, error_code) "
        "VALUES (?, ?, ?, ?, ?, 'given', 0, 0, 'any', 0, ?, ?, ?, ?, ?, ?)",
        (
            canonical,
            fetch,
            form,
            "waiting" if waiting else "done",
            int(waiting),
            at,
            at,
            at,
            *(
                ("deleted by the author", "Gone", "deleted")
                if number % 200 == 1
                else (None, None, None)
            ),
        ),
    )


def _begin(root: Path) -> None:
    """The rows that all articles share, and the picture files."""
    root.mkdir(parents=True, exist_ok=True)
    open_database(root / "archive.db").close()
    with closing(connect(root)) as conn, conn:
        conn.executemany(
            "INSERT OR IGNORE INTO accounts (id, biz, name, user_name, first_seen) VALUES (?, ?, ?, ?, ?)",
            [
                (one + 1, biz_of(one), _name_of(one), f"gh_{one:012x}", "2026-06-01T00:00:00+00:00")
                for one in range(_ACCOUNTS)
            ],
        )
        for number in range(_PICTURES):
            sha, data = _picture_hash(number), _picture_bytes(number)
            place = root / _picture_path(sha)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            conn.execute(
                "INSERT OR IGNORE INTO media (sha256, path, type, bytes, added) VALUES (?, ?, 'image/png', ?, ?)",
                (sha, _picture_path(sha), len(data), "2026-06-01T00:00:00+00:00"),
            )


def connect(root: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(root / "archive.db")
    for pragma in ("synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY"):
        conn.execute(f"PRAGMA {pragma}")
    return conn


def held(root: Path) -> int:
    """How many articles the archive has."""
    if not (root / "archive.db").exists():
        return 0
    with closing(connect(root)) as conn:
        row = conn.execute("SELECT coalesce(max(id), 0) FROM articles").fetchone()
    return int(row[0])


def fill(root: Path, articles: int, *, jobs: int = 2, seconds: float = float("inf")) -> bool:
    """Go on filling up to ``articles``, a multiple of CHUNK, for at most so long; whether all are there."""
    _begin(root)
    begun = time.monotonic()
    first, last = held(root) // CHUNK, articles // CHUNK
    with closing(connect(root)) as conn, get_context("spawn").Pool(jobs) as pool:
        waiting: list[Any] = []
        chunk = done = first
        while done < last:
            over = time.monotonic() - begun > seconds
            while chunk < last and len(waiting) <= jobs and not over:
                waiting.append(pool.apply_async(fill_chunk, ((str(root), chunk),)))
                chunk += 1
            if not waiting:
                return False
            _store(conn, waiting.pop(0).get())
            done += 1
            print(
                f"{done * CHUNK:,} of {articles:,} in {time.monotonic() - begun:.0f} s",
                file=sys.stderr,
            )
    return True


def complete(root: Path, *, jobs: int = 2) -> float:
    """Make the index where it is missing; seconds, 0 where it was there."""
    with open_database(root / "archive.db") as db:
        if (
            is_current(db.conn)
            and db.conn.execute("SELECT 1 FROM search_documents LIMIT 1").fetchone()
        ):
            return 0.0
        begun = time.monotonic()
        reindex(db.conn, _tell, jobs=jobs)
        return time.monotonic() - begun


def _tell(name: str, done: int, total: int) -> None:
    if done % 20_000 < 500:
        print(f"{name} {done:,} of {total:,}", file=sys.stderr, flush=True)


def main() -> None:
    """Fill, then index."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-index", action="store_true")
    options = parser.parse_args()
    if not fill(options.folder, options.articles, jobs=options.jobs, seconds=60 * options.minutes):
        sys.exit(75)
    if not options.no_index:
        print(f"indexed in {complete(options.folder, jobs=options.jobs):.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
