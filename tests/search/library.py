"""Invented articles of the hard kind in a database of the real schema, for the tests of search."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.filling import create
from benchmarks.synthetic import Draft, Writer

#: Characters that fold in a special way, each a trap that some search fell into.
TRAPS = (
    *"㎏ﬁ①⑩½㍿㈱…．！？ＡＩａ１　\u00a0\u2028\u0085",
    *(
        "ｶﾞ",
        "ｶ",
        "ﾞ",
        "が",
        "か\u3099",
        "é",
        "e\u0301",
        "ß",
        "ς",
        "İ",
        "ŉ",
        "각",
        "가\u11a8",
        "ㄱㅏ",
        "𠮷",
        "𫝈",
        "㐹",
    ),
    *("👍🏽", "👨‍👩‍👧", "❤️", "❤", "1️⃣", "🇨🇳", "☕️"),
    *(
        "C++",
        "c#",
        "Node.js",
        "3.14",
        "a_b",
        "10:30",
        "15%",
        "don't",
        "x-y-z",
        "AI机器",
        "GPT4",
        "融 資",
        "融\n资",
        "種子輪",
    ),
    *(
        "\u200b",
        "\u00ad",
        "乾",
        "干",
        "著",
        "着",
        "後",
        "后",
        "裏",
        "里",
        "Ⅳ",
        "℃",
        "ﷺ",
        "ä",
        "Ａｂ ｃ",
        "。 ",
        " ，",
        "-",
        "--",
        "*",
        "%",
    ),
    *(
        "\x07",
        "的的的",
        "了了",
        "한국어 단어",
        "ひらがな カタカナ",
        "ไทย",
        "हिन्दी",
        "עברית",
        "العربية",
        "x" * 80,
        "＂",
        "'",
        "`",
    ),
)


def hard_drafts(count: int, *, seed: int = 11, longest: int = 160) -> Iterator[Draft]:
    """Short invented articles, most with some of `TRAPS` in text, title, author or digest."""
    rng = random.Random(seed)
    for draft in Writer(subjects=40).drafts(count, seed=seed, shortest=20, longest=longest):
        title, digest, author = draft.title, draft.digest, draft.author
        if rng.random() < 0.3:
            title = _spiced(rng, title, 1)
        if digest and rng.random() < 0.3:
            digest = _spiced(rng, digest, 1)
        if author and rng.random() < 0.1:
            author = _spiced(rng, author, 1)
        text = _spiced(rng, draft.text, rng.choice((0, 1, 3, 8)))
        yield replace(draft, title=title, digest=digest, author=author, text=text)


def _spiced(rng: random.Random, text: str, times: int) -> str:
    for _ in range(times):
        start = rng.randint(0, len(text))
        text = text[:start] + rng.choice(TRAPS) + text[start:]
    return text


@contextmanager
def filled(folder: Path, drafts: list[Draft]) -> Iterator[sqlite3.Connection]:
    """A database with these articles, opened like any program would."""
    create(folder / "archive.db", drafts)
    conn = sqlite3.connect(folder / "archive.db")
    try:
        yield conn
    finally:
        conn.close()
