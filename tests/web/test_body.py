"""The body in a page: pictures from here, headings, formulas; nothing that acts, whatever was
stored.
"""

from __future__ import annotations

import re

import pytest

from archive.exporters.formulas import mathml
from archive.web.body import Heading, shown


def html(body: str, **given: dict[str, str]) -> str:
    """The body as it is shown."""
    return str(shown(body, pictures=given.get("pictures", {}), links=given.get("links", {})).html)


def test_pictures_and_links_lead_here() -> None:
    """A held picture comes from media/, lazily; one that is not held is told in words; links to
    what is held stay.
    """
    found = html(
        '<p><img src="https://a/1" alt="图" width="30"><img src="https://a/2" alt="缺"></p>'
        '<p><a href="https://b/1">一</a><a href="https://b/2">二</a></p>',
        pictures={"https://a/1": "media/ab/c.png"},
        links={"https://b/1": "/articles/k"},
    )

    assert (
        '<img src="/media/ab/c.png" alt="图" width="30" loading="lazy" decoding="async">' in found
    )
    assert "https://a/2" not in found
    assert "缺" in found
    assert '<a href="/articles/k">一</a>' in found
    assert '<a href="https://b/2" rel="noopener noreferrer nofollow">二</a>' in found


def test_headings_can_be_gone_to() -> None:
    """Each with words has a place; the page's only h1 is the title."""
    found = shown(
        "<h1>一 <strong>二</strong></h1><p>x</p><h3>三</h3><h2></h2>", pictures={}, links={}
    )

    assert (Heading(2, "h-1", "一 二"), Heading(3, "h-2", "三")) == found.headings
    assert '<h2 id="h-1">' in found.html


def test_formulas_are_set() -> None:
    """TeX becomes MathML, in a line or on one of its own; what cannot be read stays as it is."""
    found = html(
        '<p>因 <code class="math">E=mc^2</code> 故</p><p><code class="math-block">\\frac{a}{b}</code></p>'
        '<p><code class="math">\\frac{</code> <code>x^2</code></p>'
    )

    assert "<msup><mi>c</mi><mn>2</mn></msup></mrow></math> 故" in found
    assert '<math display="block"><mrow><mfrac>' in found
    assert "<code>x^2</code>" in found


@pytest.mark.parametrize(
    "tex",
    [
        r"\text{<img src=x onerror=alert(1)>}",
        r"\text{<script>alert(1)</script>}",
        r"\text{</mtext><style>x</style>}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{background:url(//a.example)}{x}",
        r"\class{x}{y}",
        "x" * 3000,
        r"\frac{" * 500,
    ],
)
def test_a_formula_is_maths_or_stays_text(tex: str) -> None:
    """The converter copies what it is given; nothing but maths comes through."""
    made = mathml(tex, block=False)
    found = html(f'<p><code class="math">{tex.replace("<", "&lt;")}</code></p>')

    assert made is None or not re.search(rb"<(?!/?m)|on\w+=|href|style=|class=", made)
    assert "<img" not in found
    assert "<script" not in found
    assert "href=" not in found


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="data:text/html,x">x</a>',
        '<p style="background:url(//a.example)" onclick="x()">x</p>',
        "<svg><script>alert(1)</script></svg>",
        "<iframe src=//a.example></iframe><object data=x></object><form action=//a.example><input></form>",
        "<math><mtext></p><style><img src=x onerror=alert(1)></style></mtext></math>",
        '<table background="//a.example"><tr><td onmouseover=x>x</td></tr></table>',
        '<p id="main" class="top">x</p>',
    ],
)
def test_a_changed_database_brings_no_script(payload: str) -> None:
    """Only the small vocabulary of clean bodies comes through, whatever stands in the row."""
    found = html(f"<p>a</p>{payload}<p>b</p>")

    assert not re.search(r"<(script|iframe|object|form|input|svg|style|math)\b", found)
    assert not re.search(
        r"\son\w+=|javascript:|data:|style=|background=|a\.example|id=\"main\"", found
    )
    assert "<p>a</p>" in found
