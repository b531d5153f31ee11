"""How much of a page survives as Markdown, against a truth written down apart from the program.

A truth holds what a reader sees: ``lines`` (without white space), ``bold`` text, ``images``,
``links``, ``code`` (a list of lines for each block) and ``cards`` (for each, the words of which one
must be there).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.body.reading import shown, squeezed

#: Figures that must not fall, and those that must not rise.
SHARES = ("recall", "precision", "lines", "bold", "images", "links", "code", "cards", "fields")
FAULTS = ("stray", "noise", "raw_html", "false_bold")

_CARD = re.compile(
    r"^\W{0,3}(音频|音乐|视频号|视频|公众号|小程序|投票|商品|红包|表情|位置|直播|卡片)"
)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|#\d+);")
_FENCE = re.compile(r"(?ms)^([ >\t]*)(`{3,})[^\n]*\n.*?^[ >\t]*\2[`]*[ \t]*$")
_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_UNSEEN = "\u200b\u200c\u2060\ufeff\u00ad\u200e\u200f\u00a0"
_RAW = re.compile(r"(?<!\\)<(?:section|span|div|p|font|mp-[\w-]+)\b")


def common(first: str, second: str) -> int:
    """The length of the longest common subsequence, by bits (Crochemore et al. 2001)."""
    places: dict[str, int] = {}
    for at, character in enumerate(first):
        places[character] = places.get(character, 0) | 1 << at
    full = left = (1 << len(first)) - 1
    for character in second:
        hit = left & places.get(character, 0)
        left = ((left + hit) | (left - hit)) & full
    return len(first) - left.bit_count()


def score(truth: Mapping[str, Any], markdown: str) -> dict[str, float | None]:
    """Each figure of one page; ``None`` where the page has nothing of the kind."""
    view = shown(markdown)
    known = set(truth["lines"])
    seen = [line for line in view.lines if line in known or not _CARD.match(line)]
    wanted, got = "".join(truth["lines"]), "".join(seen)
    same = common(wanted, got)
    bold = common(truth["bold"], view.bold)
    prose = _SPAN.sub("", _FENCE.sub("", markdown))
    code = [
        line.replace("\u00a0", " ").rstrip()
        for block in view.blocks
        for line in block.split("\n")
        if line.strip()
    ]
    return {
        "recall": same / len(wanted) if wanted else 1.0,
        "precision": same / len(got) if got else float(not wanted),
        "lines": _kept(truth["lines"], seen),
        "bold": bold / len(truth["bold"]) if truth["bold"] else None,
        "images": _kept(set(map(image_id, truth["images"])), set(map(image_id, view.images))),
        "links": _kept(set(map(link_id, truth["links"])), set(map(link_id, view.links))),
        "code": _kept([line for block in truth["code"] for line in block], code),
        "cards": _cards(truth["cards"], markdown),
        "stray": sum(max(0, got.count(mark) - wanted.count(mark)) for mark in "*\\")
        + max(0, len(_ENTITY.findall(got)) - len(_ENTITY.findall(wanted))),
        # Blank lines are counted on the whole file, where code is in its place.
        "noise": len(re.findall(r"\n[ \t\u00a0]*\n[ \t\u00a0]*\n", _FENCE.sub("x", markdown)))
        + sum(map(prose.count, _UNSEEN)),
        "raw_html": len(_RAW.findall(prose)),
        "false_bold": float(bool(view.bold) and 1 - bold / len(view.bold) > 0.02),
    }


def _kept(wanted: Sequence[Any] | set[Any], got: Sequence[Any] | set[Any]) -> float | None:
    if not wanted:
        return None
    want, have = Counter(wanted), Counter(got)
    return sum(min(count, have[item]) for item, count in want.items()) / sum(want.values())


def _cards(cards: Sequence[Sequence[str]], markdown: str) -> float | None:
    if not cards:
        return None
    return sum(
        any(key in markdown or key[:30] in markdown for key in keys) for keys in cards
    ) / len(cards)


def image_id(url: str) -> str:
    """The stable part of an image's address, without host, size and query."""
    path = re.sub(r"^(https?:)?//", "", url).split("#")[0].split("?")[0]
    return path.split("/")[-2] if "qpic.cn" in path and path.count("/") >= 2 else path


def link_id(url: str) -> object:
    """What a link points to: an article by its identity, anything else by its address."""
    parts = urlsplit(url.replace("&amp;", "&").replace("http://", "https://", 1).split("#")[0])
    query = dict(parse_qsl(parts.query))
    if parts.hostname == "mp.weixin.qq.com":
        if {"__biz", "mid"} <= query.keys():
            return (query["__biz"], query["mid"], query.get("idx", "1"))
        return (parts.path, query.get("__biz"), query.get("album_id"))
    return parts.geturl().rstrip("/")


def letters(text: str) -> str:
    """``text`` without marks, symbols and white space."""
    return "".join(
        character for character in squeezed(text) if unicodedata.category(character)[0] in "LN"
    )
