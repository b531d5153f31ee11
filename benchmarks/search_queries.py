"""The queries of ``benchmarks/search.py``: 100 mixed ones, and the adversarial sets, taken from
invented articles.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections import Counter
from itertools import pairwise

from archive.search.terms import fold

_RUN = re.compile("[\u4e00-\u9fff]{2,}")


def mixed(conn: sqlite3.Connection, count: int = 100, seed: int = 3) -> list[str]:
    """What people type: names, words, passages, two or three words, Latin, filters, OR and NOT;
    seeded.
    """
    rng = random.Random(seed)
    largest = conn.execute("SELECT max(id) FROM articles").fetchone()[0]

    def passage(low: int, high: int) -> str:
        while True:
            row = conn.execute(
                "SELECT text FROM articles WHERE id = ?", (rng.randint(1, largest),)
            ).fetchone()
            runs = _RUN.findall(row[0]) if row else []
            size = rng.randint(low, high)
            long_enough = [run for run in runs if len(run) >= size]
            if long_enough:
                run = rng.choice(long_enough)
                start = rng.randint(0, len(run) - size)
                return str(run[start : start + size])

    known = [
        "融资",
        "机器学习",
        "人工智能",
        "岩茶",
        "微信公众号",
        "新能源",
        "大模型",
        "自动驾驶",
        "我们",
        "可以",
        "市场",
        "程序员",
        "数据库",
        "的",
        "茶",
    ]
    latin = [
        "stability",
        "C++",
        "Node.js",
        "openai",
        "3.14",
        "AI",
        "github",
        "rust",
        "iPhone",
        "15%",
    ]
    forms = [
        lambda: rng.choice(known),
        lambda: rng.choice(known),
        lambda: passage(2, 2),
        lambda: passage(2, 2),
        lambda: passage(3, 4),
        lambda: passage(4, 8),
        lambda: f'"{passage(6, 12)}"',
        lambda: rng.choice(latin),
        lambda: f"{rng.choice(known)} {rng.choice(known)}",
        lambda: f"{rng.choice(known)} {passage(2, 3)}",
        lambda: f"{rng.choice(latin)} {rng.choice(known)}",
        lambda: f"{passage(2, 2)} {passage(2, 2)} {passage(2, 2)}",
        lambda: f"{rng.choice(known)} -{rng.choice(known)}",
        lambda: f"{passage(2, 3)} OR {passage(2, 3)}",
        lambda: f"title:{passage(2, 2)}",
        lambda: f"{rng.choice(known)} after:2024-01 before:2025",
        lambda: f"{rng.choice(known)} place:北京",
        lambda: f"{passage(2, 2)} kind:video",
        lambda: passage(1, 1),
        lambda: f"account:{rng.choice(known)} {rng.choice(known)}",
    ]
    return [forms[number % len(forms)]() for number in range(count)]


def frequent_pairs(conn: sqlite3.Connection, count: int = 40, seed: int = 4) -> list[str]:
    """Two very frequent pairs joined: side by side (我们可以), sharing a character (的我 + 我们),
    and AND-ed.
    """
    rng = random.Random(seed)
    pairs: Counter[str] = Counter()
    for (text,) in conn.execute("SELECT text FROM articles ORDER BY id LIMIT 1500"):
        folded = fold(text)
        pairs.update({a + b for run in _RUN.findall(folded) for a, b in pairwise(run)})
    top = [pair for pair, _ in pairs.most_common(60)]
    sharing = [a + b[1] for a in top for b in top if a[1] == b[0] and a != b]
    beside = [a + b for a in top[:25] for b in top[:25] if a != b]
    both = [f"{a} {b}" for a in top[:25] for b in top[:25] if a != b]
    out: list[str] = []
    for pool in (sharing, beside, both):
        out += rng.sample(pool, min(len(pool), count))
    return out
