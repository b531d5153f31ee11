"""Counts as a page shows them: the newest, and how often an article was read as a line over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archive import i18n
from archive.store.counts import NAMES, Look
from scraper.traffic.models import shown

_ = i18n.gettext
WIDTH, HEIGHT, _EDGE = 240, 48, 4
_MOST_POINTS = 200
#: What each count is called behind its number.
_TITLES = {
    "read": i18n.mark("read"),
    "like": i18n.mark("liked"),
    "looking": i18n.mark("recommended"),
    "share": i18n.mark("shares"),
    "comment": i18n.mark("commented"),
    "collect": i18n.mark("collected"),
}


@dataclass(frozen=True, slots=True)
class ShownCounts:
    """``named``: title and number of each count; ``line``: the points of an SVG polyline of
    ``WIDTH`` × ``HEIGHT``, empty for fewer than two looks; ``first``, ``last``: the looks at its
    ends.
    """

    named: tuple[tuple[str, str], ...]
    line: str
    first: Look
    last: Look


def of(looks: Sequence[Look], language: str) -> ShownCounts | None:
    """The counts of an article; None where there are none."""
    if not looks:
        return None
    last = looks[-1]
    named = tuple(
        (_(_TITLES[name]), shown(count, language))
        for name in NAMES
        if (count := _newest(looks, name)) is not None
    )
    return ShownCounts(named, _line(looks), looks[0], last)


def _newest(looks: Sequence[Look], name: str) -> int | None:
    """The last that was said of it: not every answer has all."""
    said = (getattr(look.counts, name) for look in reversed(looks))
    return next((count for count in said if count is not None), None)


def _line(looks: Sequence[Look]) -> str:
    points = [(look.seen.timestamp(), n) for look in looks if (n := look.counts.read) is not None]
    if len(points) > _MOST_POINTS:
        step = (len(points) - 1) / (_MOST_POINTS - 1)
        points = [points[round(place * step)] for place in range(_MOST_POINTS)]
    if len(points) < 2:
        return ""
    times, counts = zip(*points, strict=True)
    return " ".join(
        f"{_place(time, times, WIDTH):.1f},{HEIGHT - _place(count, (0, *counts), HEIGHT):.1f}"
        for time, count in points
    )


def _place(value: float, among: Sequence[float], size: int) -> float:
    low, high = min(among), max(among)
    return _EDGE + (size - 2 * _EDGE) * ((value - low) / (high - low) if high > low else 0.5)
