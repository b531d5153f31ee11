"""Formulas and drawings: no hole in a sentence, and nothing in a drawing that could run."""

from __future__ import annotations

import base64

import lxml.etree as etree
import pytest

from archive.document.markdown import render
from archive.media.images import drawn
from scraper.body import clean, tex
from scraper.errors import Hostile
from scraper.fetch.magic import sniff
from scraper.models import DRAWING


def glyph(point: str) -> str:
    """A character as MathJax draws it."""
    return f'<path data-c="{point}" d="M0 0"></path>'


def drawn_node(name: str, inside: str, height: int = 0) -> str:
    """A MathML node as MathJax draws it, ``height`` above the line."""
    return f'<g data-mml-node="{name}" transform="translate(0,{height})">{inside}</g>'


X, TWO, LOW = (
    drawn_node("mi", glyph("1D465")),
    drawn_node("mn", glyph("32"), 363),
    drawn_node("mi", glyph("1D456"), -247),
)
DRAWN = {
    "msup": (drawn_node("msup", X + TWO), "x^{2}"),
    "msubsup, the upper one first": (drawn_node("msubsup", X + TWO + LOW), "x_{i}^{2}"),
    "mfrac": (drawn_node("mfrac", TWO + X + "<rect></rect>"), r"\frac{2}{x}"),
    "msqrt": (
        drawn_node("msqrt", f"<g>{X}</g>" + drawn_node("mo", glyph("221A")) + "<rect></rect>"),
        r"\sqrt{x}",
    ),
    "a set": (
        X + drawn_node("mo", glyph("2208")) + drawn_node("mi", glyph("211D")),
        r"x\in \mathbb{R}",
    ),
    "use": (drawn_node("mi", '<use data-c="3B1" href="#a"></use>'), r"\alpha"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_mathjaxs_drawing_is_tex_again(name: str) -> None:
    """The characters' code points and the structure stand in it."""
    inside, expected = DRAWN[name]
    html = f'<p>令 <svg><g data-mml-node="math">{inside}</g></svg> 为</p>'

    assert f"令 ${expected}$ 为\n" == render(clean(html).html)


@pytest.mark.parametrize(
    ("mathml", "expected"),
    [
        ("<mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>", "E=mc^{2}"),
        ("<mi>sin</mi><mi>θ</mi><mo>≤</mo><mi>ab</mi>", r"\sin \theta \leq \mathrm{ab}"),
        ("<mover><mi>x</mi><mo>→</mo></mover><mo>′</mo>", r"\vec{x}'"),
        (
            "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><mi>i</mi>",
            r"\sum_{i=1}^{n}i",
        ),
        ("<munder><mi>lim</mi><mi>n</mi></munder>", r"\lim_{n}"),
        ("<mfrac><mn>1</mn><msqrt><mi>x</mi></msqrt></mfrac>", r"\frac{1}{\sqrt{x}}"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", r"\sqrt[3]{x}"),
        (
            "<mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr></mtable>",
            r"\begin{matrix}a & b\end{matrix}",
        ),
        ("<mtext>若 50%</mtext>", r"\text{若 50\%}"),
        (
            "<semantics><mi>a</mi><annotation encoding='text/plain'>a</annotation></semantics>",
            "a",
        ),
        ("<menclose><mi>x</mi></menclose>", None),
        ("<mfrac><mi>x</mi></mfrac>", None),
    ],
)
def test_mathml_is_tex_or_nothing(mathml: str, expected: str | None) -> None:
    """What cannot be written right is not written at all."""
    parser = etree.HTMLParser(encoding="utf-8")
    root = etree.fromstring(f"<div><math>{mathml}</math></div>".encode(), parser)

    assert expected == tex.of(root)


def test_a_formula_alone_stands_alone() -> None:
    """``section.block-equation`` of mdnice."""
    drawing = f'<svg><g data-mml-node="math">{X}</g></svg>'
    html = f'<p>前</p><section class="block-equation">{drawing}</section><p>后</p>'

    assert "前\n\n$$\nx\n$$\n\n后\n" == render(clean(html).html)
    assert "前\nx\n后" == clean(html).text


def test_a_formula_is_part_of_the_text() -> None:
    """A search finds the sentence with it."""
    assert (
        "令 x 为实数" == clean(f'<p>令 <svg><g data-mml-node="math">{X}</g></svg> 为实数</p>').text
    )


EVIL = """<svg viewBox="0 0 9 9" onload="alert(1)" style="width:1.2em;background:url(//a.example/x)">
<style>*{fill:url(//a.example)}</style><script>alert(1)</script><defs><linearGradient id="g"></linearGradient></defs>
<path d="M0 0L1 1" fill="url(#g)" onclick="alert(1)"></path><rect fill="url(//a.example/f)" width="1"></rect>
<use href="#g"></use><use href="https://a.example/#x"></use><a href="javascript:alert(1)"><circle r="1"></circle></a>
</svg>"""


def test_a_drawing_is_a_picture_of_shapes_only() -> None:
    """Its place in the sentence is kept; scripts, handlers, styles and addresses from outside are
    not.
    """
    body = clean(f"<p>令 {EVIL} 为</p>")
    drawing = base64.b64decode(body.images[0].url.removeprefix(DRAWING)).decode()

    assert "drawing" == body.images[0].role
    assert f"令 ![]({body.images[0].url}) 为\n" == render(body.html)
    assert ("image/svg+xml", "svg") == sniff(drawing.encode())
    assert not [bad for bad in ("script", "on", "example", "style", "alert") if bad in drawing]
    assert 'viewBox="0 0 9 9" width="1.2em"' in drawing
    assert 'fill="url(#g)"' in drawing
    assert () == body.losses


def test_a_layout_of_svg_is_no_drawing() -> None:
    """Editors build interactive pages of SVG: what is in them is read piece by piece."""
    html = '<svg><rect width="1"></rect><foreignObject><p>话</p></foreignObject></svg>'

    assert ("话", ()) == (clean(html).text, clean(html).images)


def test_a_drawing_too_large_is_told() -> None:
    """It would be carried in every copy of the article."""
    html = f'<p>图</p><svg><path d="{"M0 0" * 200_000}"></path></svg>'

    assert ["drawing"] == [loss.kind for loss in clean(html).losses]


def test_a_drawing_becomes_a_file_by_the_same_door() -> None:
    """``save`` keeps it under ``media/``; one that somebody made by hand and that runs something is
    refused.
    """
    file = drawn(clean(f"<p>{EVIL}</p>").images[0].url)
    evil = DRAWING + base64.b64encode(b"<svg onload='alert(1)'></svg>").decode()

    assert file is not None
    assert ("image/svg+xml", "svg") == (file.type, file.extension)
    assert None is drawn("https://a.example/1.png")
    for bad in (evil, DRAWING + "!!", DRAWING + base64.b64encode(b"GIF89a").decode()):
        with pytest.raises(Hostile):
            drawn(bad)
