"""An article's fields against the truth beside a real page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import scraper

#: Truths that are wrong, not pages: their reader took ``var biz = "" || "" || "…"`` for ``||``, and
#: left the opening halves of links in a digest that is to be plain text.
WRONG_TRUTHS = {
    "biz": r"^\s*\|\|\s*$",
    "mid": r"^\s*\|\|\s*$",
    "idx": r"^\s*\|\|\s*$",
    "digest": r"<a data-unique-id=",
}
FIELDS = (
    "title",
    "account",
    "author",
    "published",
    "biz",
    "mid",
    "idx",
    "kind",
    "cover",
    "digest",
    "place",
)


def compared(
    article: scraper.Article, truth: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any, bool]]:
    """(field, truth, what came out, whether they agree) for every field that the truth knows
    rightly.
    """
    for field in FIELDS:
        expected, got = truth.get(field), _given(article, field)
        if expected in (None, "") or re.search(WRONG_TRUTHS.get(field, r"(?!)"), str(expected)):
            continue
        if field == "published":
            yield field, expected, got, got is not None and abs(got - expected) < 60
        else:
            yield field, expected, got, _squeezed(got) == _squeezed(expected)


def share(article: scraper.Article, truth: Mapping[str, Any]) -> float | None:
    """How many of the fields agree; ``None`` for a truth without fields."""
    agreed = [right for *_, right in compared(article, truth)]
    return sum(agreed) / len(agreed) if agreed else None


def _given(article: scraper.Article, field: str) -> Any:
    if field == "account":
        return article.account.name
    if field == "biz":
        return article.account.biz
    if field == "published":
        return article.published and article.published.timestamp()
    return getattr(article, field)


def _squeezed(value: object) -> str:
    """White space does not count, nor the size at the end of a picture's address."""
    text = re.sub(r"\s+", "", str(value))
    return re.sub(r"/\d*(\?.*)?$", "", text) if text.startswith("http") else text
