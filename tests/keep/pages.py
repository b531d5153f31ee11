"""Pages in the size and structure of real ones, made up: template script that drifts, and a little
article.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime

from scraper.models import Page

FETCHED = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
_WORDS = "岩茶,香气,融资,公司,技术,模型,用户,市场,去年,增长,团队,产品,数据,开源,社区".split(",")  # noqa: SIM905


def template(seed: int = 1, *, size: int = 200_000) -> bytes:
    """Script that no compressor makes small, as the minified one of real pages."""
    draw = random.Random(seed)
    parts: list[str] = []
    length = 0
    while length < size:
        names = "".join(
            draw.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ_$0123456789", k=draw.randint(20, 90))
        )
        parts.append(f"function {names[:8]}(e,t){{return {names}(e,{draw.randint(0, 10**9)})}};")
        length += len(parts[-1])
    return "".join(parts).encode()


def words(seed: int, count: int = 200) -> str:
    """Sentences of made-up Chinese."""
    draw = random.Random(seed)
    return "".join(
        draw.choice(_WORDS) + ("。" if draw.random() < 0.15 else "") for _ in range(count)
    )


def raw(seed: int, script: bytes) -> bytes:
    """A whole page."""
    text = f"<div id='js_content'><p>{words(seed)}</p></div><script nonce='{seed}'>"
    return (
        b"<!DOCTYPE html><html><head><meta charset='utf-8'></head><body>"
        + text.encode()
        + script
        + b"</script></html>"
    )


def page(seed: int, script: bytes, *, fetched: datetime | None = FETCHED) -> Page:
    """The same as fetched."""
    return Page(
        url=address(seed),
        body=raw(seed, script),
        headers=(("content-type", "text/html"),),
        fetched=fetched,
    )


def address(number: int) -> str:
    """A canonical short address."""
    return f"https://mp.weixin.qq.com/s/{number:022d}"
