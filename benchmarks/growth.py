"""Draws the growth of search times as an SVG, with nothing but text: both axes logarithmic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10

_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 210, 40, 50
_COLOURS = {"newest 20": "#0a7d45", "relevance 20": "#1f5fbf", "LIKE, newest 20": "#b5452c"}


@dataclass(frozen=True, slots=True)
class Point:
    """Measured with so many articles: name → (p50, p95) in milliseconds."""

    documents: int
    times: dict[str, tuple[float, ...]]


def draw(
    points: Sequence[Point],
    title: str = "Search time by archive size (CPU ms, warm; — p50, - - p95)",
    colours: Mapping[str, str] = _COLOURS,
) -> str:
    """The picture for the manuals; lines are p50, dashed ones p95. ``colours``: of each line."""
    sizes = [point.documents for point in points]
    values = [value for point in points for pair in point.times.values() for value in pair]
    low, high = _whole(min(values), down=True), _whole(max(values), down=False)

    def x(size: int) -> float:
        span = log10(max(sizes)) - log10(min(sizes)) or 1
        return _LEFT + (log10(size) - log10(min(sizes))) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (log10(value) - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{title}</text>',
    ]
    for power in range(low, high + 1):
        out.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(10**power):.1f}" y2="{y(10**power):.1f}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 8}" y="{y(10**power) + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
        )
    for size in sizes:
        out.append(
            f'<text x="{x(size):.1f}" y="{_HEIGHT - _BOTTOM + 20}" text-anchor="middle">{size:,}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    out.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 10}" text-anchor="middle">articles</text>')
    labels: list[tuple[float, str, str]] = []
    for name, colour in colours.items():
        for which, dash in ((0, ""), (1, ' stroke-dasharray="5 4"')):
            held = [
                (point.documents, point.times[name][which])
                for point in points
                if len(point.times.get(name, ())) > which
            ]
            if not held:
                continue
            line = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in held)
            out.append(
                f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
            )
            labels.append(
                (
                    y(held[-1][1]),
                    colour,
                    f"{name}, {('p50', 'p95')[which]}: {_short(held[-1][1])} ms",
                )
            )
    for place, (_, colour, label) in zip(
        _apart([place for place, _, _ in sorted(labels)]), sorted(labels), strict=True
    ):
        out.append(
            f'<text x="{_WIDTH - _RIGHT + 8}" y="{place + 4:.1f}" fill="{colour}">{label}</text>'
        )
    return "\n".join([*out, "</svg>\n"])


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _apart(places: Sequence[float], gap: float = 16) -> list[float]:
    """Ascending places moved as little as keeps them so far from each other."""
    out: list[float] = []
    for place in places:
        out.append(max(place, out[-1] + gap) if out else place)
    return out


def _whole(value: float, *, down: bool) -> int:
    power = log10(value)
    return int(power // 1) if down else int(-(-power // 1))
