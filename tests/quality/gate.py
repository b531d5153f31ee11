"""The gate: no figure of ``floors.json`` may fall, and only a person lowers one.

Two sets of pages: ``small`` are ours, in ``pages/`` beside this file, and always measured;
``corpus`` are the real ones beside the checkout. ``EXCUSED`` names the pages that cannot meet a
figure of the issue, and why.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import archive
import scraper
from tests.quality import fields
from tests.quality.measure import FAULTS, SHARES, score
from tests.weixin.pages import article_page

HERE = Path(__file__).parent
FLOORS = HERE / "floors.json"
#: Rounding, not leniency.
_SLACK = 5e-5

#: (page, figure) → why the figure is out of reach there. Means include these pages all the same.
EXCUSED: Mapping[tuple[str, str], str] = {
    ("20251107_t0_gopherty", "lines"): (
        "three questions stand in <span style='display: block'>, a line each on the screen; the truth goes by element"
        " names and has them as one line"
    ),
    ("20240404_t0_531014023", "bold"): (
        "bold ★ straight before a digit (**★**★7): CommonMark 0.31 counts ★ as punctuation, so one star must stay out"
    ),
    ("20201209_t0_531014023", "bold"): "bold ★ straight before a digit, as above",
    ("20241028_t0_gopherty", "noise"): (
        "by ../shared/tools/fidelity.py only, which takes code out before it counts empty lines: listings that follow"
        " each other and paragraphs of one code span leave a gap there that is not in the file"
    ),
}


def pages(folder: Path) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """(name, page, truth) of every page in ``folder`` that has a truth; ours are bodies, put into a
    page of 2024.
    """
    for place in sorted(folder.glob("*.json")):
        truth = json.loads(place.read_text("utf-8"))
        raw = place.with_suffix(".html").read_bytes()
        if folder == HERE / "pages":
            raw = article_page(body=raw.decode())
        yield place.stem, raw, truth


def measure(folder: Path) -> dict[str, dict[str, float | None]]:
    """The figures of every page."""
    rows = {}
    for name, raw, truth in pages(folder):
        url = truth.get("url") or "https://mp.weixin.qq.com/s/quality0000000000000"
        article = scraper.parse(scraper.Page(url=url, body=raw))
        rows[name] = {
            **score(truth, archive.body_markdown(article)),
            "fields": fields.share(article, truth),
        }
    return rows


def figures(rows: Mapping[str, Mapping[str, float | None]]) -> dict[str, float]:
    """One number a figure: means of shares, the worst page's recall, pages with each fault, how
    many pages.
    """
    found: dict[str, float] = {"pages": len(rows)}
    for name in SHARES:
        values = [value for row in rows.values() if (value := row[name]) is not None]
        if values:
            found[name] = round(statistics.mean(values), 5)
    found["worst recall"] = round(
        min((row["recall"] or 0.0 for row in rows.values()), default=1.0), 5
    )
    for name in FAULTS:
        found[name] = sum(bool(row[name]) for row in rows.values())
    return found


def regressions(found: Mapping[str, float], floors: Mapping[str, float]) -> list[str]:
    """What fell, a sentence each."""
    fallen = []
    for name, floor in floors.items():
        now = found.get(name)
        if now is None:
            fallen.append(f"{name}: not measured any more (floor {floor})")
        elif now > floor + _SLACK if name in FAULTS else now < floor - _SLACK:
            fallen.append(f"{name}: {now}, was {floor}")
    return fallen


def floors() -> dict[str, dict[str, float]]:
    """The floors as they stand."""
    read: dict[str, dict[str, float]] = (
        json.loads(FLOORS.read_text("utf-8")) if FLOORS.exists() else {}
    )
    return read


def pin(which: str, found: Mapping[str, float], *, allow_regression: bool = False) -> list[str]:
    """Raises the floors of ``which`` to ``found`` and returns what fell; a floor falls only when
    that is allowed.
    """
    everything = floors()
    before = everything.get(which, {})
    fallen = regressions(found, before)
    if fallen and not allow_regression:
        return fallen
    everything[which] = dict(found)
    FLOORS.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return []
