"""Row 10 of the faults: bodies made to hurt cost at most 5 s of CPU and 500 MB, or are refused as
hostile.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable

import pytest

from tests.memory import peak_mb

_N = 100_000
CASES: dict[str, Callable[[], str]] = {
    "100,000 nested sections": lambda: (
        "<section>" * _N + "深处" + "</section>" * _N + "<p>之后</p>"
    ),
    "100,000 nested quotes, never closed": lambda: "<blockquote>" * _N + "深处",
    "100,000 nested bold spans": lambda: '<span style="font-weight:bold">' * _N + "深处",
    "450 nested tables": lambda: (
        "<table><tr><td>" * 450 + "深处" + "</td></tr></table>" * 450 + "<p>之后</p>"
    ),
    "10^6 siblings": lambda: "<p>x</p>" * 10**6,
    "100,000 siblings": lambda: "<p>x</p>" * _N,
    "100,000 list items": lambda: "<ol>" + "<li>x</li>" * _N + "</ol>",
    "50,000 lists": lambda: "<ul><li>x</li></ul>" * 50_000,
    "30,000 rows of merged cells": lambda: (
        "<table>" + "<tr><td rowspan=999 colspan=999>x<td>y</tr>" * 30_000 + "</table>"
    ),
    "1 MB attributes": lambda: (
        f'<p style="{"a:b;" * 250_000}" id="{"z" * 10**6}">x</p><img src="http://a/{"b" * 10**6}">'
    ),
    "1 MB of url(": lambda: f'<p style="{"background:url(;" * 70_000}">x</p>',
    "1 MB of underscores": lambda: "<p>" + "_" * 10**6 + "</p>",
    "1 MB of bold marks": lambda: "<p>a<b>" + "。" * 10**6 + "</b>b</p>",
    "1 MB of brackets": lambda: "<p>" + "[" * 500_000 + "](" * 250_000 + "</p>",
    "1 MB of backslashes": lambda: "<p>" + "\\" * 10**6 + "</p>",
    "100,000 unseen elements": lambda: '<p>x</p><p style="opacity:0">x</p>' * 50_000,
    "1,400 unseen boxes around each other": lambda: (
        '<section style="font-size:0">' * 1_400
        + '<p style="font-size:9px">深处</p>'
        + "</section>" * 1_400
    ),
    "1 MB of a colour": lambda: f'<p style="width:0;color:rgba({", 0" * 300_000}">x</p>',
    "100,000 players": lambda: '<qqmusic></qqmusic><span class="qqmusic_area">x</span>' * 50_000,
    "30 MB of attributes": lambda: (
        ("<p " + " ".join(f"a{n}" for n in range(999)) + ">x</p>") * 6_000
    ),
    "1 MB of backticks": lambda: "<p><code>" + "`" * 10**6 + "</code></p>",
    "a million lines of code": lambda: "<pre>" + "a\n" * 10**6 + "</pre>",
    "20,000 footnotes": lambda: "<sup>[1]</sup>" * 20_000 + "<p>[1] a http://x.y/z</p>" * 20_000,
    "a vote of brackets": lambda: (
        '<mp-common-vote data-votesubject="' + "[" * 10**6 + '"></mp-common-vote>'
    ),
}


def _measure(name: str) -> tuple[str, float, float]:
    """(the Markdown, its end or ``hostile``; CPU seconds; MB at the most), in a process of its
    own.
    """
    from archive.document.markdown import render
    from scraper.body import clean
    from scraper.errors import Hostile

    source = CASES[name]()
    before = time.process_time()
    try:
        text = render(clean(source).html)
    except Hostile:
        text = "hostile"
    spent = time.process_time() - before
    return text[:40] + text[-40:], spent, peak_mb()


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_a_hostile_body_costs_little_or_is_refused(name: str) -> None:
    """At most 5 s of CPU and 500 MB; what nests too deep keeps its text and what stands after
    it.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        text, seconds, megabytes = pool.apply(_measure, (name,))
    assert seconds < 5
    assert megabytes < 500
    assert text
    if "nested" in name:
        assert "深处" in text
    if "sections" in name or "tables" in name:
        assert "之后" in text


def test_depth_beyond_libxml2s_loses_no_text_and_is_named() -> None:
    """At 2,048 open elements libxml2 stops reading, silently; here everything is kept and the loss
    of form is named.
    """
    from scraper.body import clean

    body = clean(
        "<p>之前</p>"
        + "<section><ul><li>" * 1_000
        + "深处"
        + "</li></ul></section>" * 1_000
        + "<p>之后</p>"
    )
    assert body.text.split("\n") == ["之前", "深处", "之后"]
    assert "depth" in [loss.kind for loss in body.losses]
