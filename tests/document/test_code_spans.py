"""Code beside code: a reader of the Markdown sees what the page showed, no backtick more."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.document.markdown import render
from tests.body.reading import shown


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        pytest.param(_code("a") + _code("b"), "`ab`", id="code beside code"),
        pytest.param(_code("a") + _code("") + _code("b"), "`ab`", id="nothing between"),
        pytest.param(_code("a") + " " + _code("b"), "`a` `b`", id="a space between"),
        pytest.param(
            f"{_code('重')}<strong>{_code('重')}</strong>重",
            "`重重`重",
            id="bold that cannot close",
        ),
        pytest.param(
            f"{_code('重')}<strong>{_code('重')}</strong> 重",
            "`重`**`重`** 重",
            id="bold that closes",
        ),
        pytest.param(_code("a") + _code("x`y"), "``ax`y``", id="a longer fence beside a shorter"),
        pytest.param(_code("a`") + _code("`b"), "```a``b```", id="backticks that meet"),
        pytest.param(_code("`") + _code("a"), "`` `a ``", id="a backtick first"),
        pytest.param(_code("a") + _code("`"), "`` a` ``", id="a backtick last"),
        pytest.param(_code(" a") + _code("b "), "`  ab  `", id="spaces at the ends"),
        pytest.param(_code(" a ") + _code("b"), "` a b`", id="a span with its own spaces first"),
        pytest.param(_code(" ") + _code("a"), "` a`", id="a space alone"),
        pytest.param(f"`{_code('a')}`", "\\``a`\\`", id="beside a backtick of the text"),
        pytest.param(
            f'<a href="http://a.b/">{_code("a")}{_code("b")}</a>{_code("c")}',
            "[`ab`](http://a.b/)`c`",
            id="in a link and behind it",
        ),
        pytest.param(
            f"<sup>{_code('a')}{_code('b')}</sup>{_code('c')}", "<sup>`ab`</sup>`c`", id="raised"
        ),
        pytest.param(f"{_code('a')}<br>{_code('b')}", "`a`  \n`b`", id="in two lines"),
        pytest.param(
            f"<strong>{_code('★★★★★')}</strong>1", "<strong>`★★★★★`</strong>1", id="a sign"
        ),
    ],
)
def test_code_beside_code(html: str, markdown: str) -> None:
    """Spans that touch are one span; a fence is longer than any run of backticks in it."""
    assert f"{markdown}\n" == render(f"<p>{html}</p>")


def test_in_cells_a_stroke_stays_escaped() -> None:
    """As in one span: the table keeps its columns."""
    table = f"<table><tr><td>{_code('a|')}{_code('|b')}</td><td>c</td></tr></table>"
    assert "| `a\\|\\|b` | c |\n| --- | --- |\n" == render(table)


@pytest.mark.parametrize("code", ["x]: y", "\\[x]: y", "a]:*b*", "$a]:`$<b>"])
def test_a_link_of_code_is_no_definition(code: str) -> None:
    """``[`x]: y`](address)`` would be read as what ``[`x]`` stands for, and nothing be shown."""
    found = shown(render(f'<p><a href="http://a.b/">{_code(code)}</a></p>'))
    assert ((code,), ("http://a.b/",)) == (found.spans, found.links)


_TEXTS = st.text(st.sampled_from("`` a|\\重*$~★"), min_size=1, max_size=5).filter(str.strip)


@given(st.lists(st.tuples(_TEXTS, st.sampled_from(["{}", "<strong>{}</strong>", "<em>{}</em>"]))))
def test_whatever_code_stands_side_by_side(spans: list[tuple[str, str]]) -> None:
    """To the character, spaces apart that HTML does not show either."""
    html = "".join(look.format(_code(text)) for text, look in spans)
    expected = " ".join("".join(text for text, _ in spans).split())

    found = shown(render(f"<p>重{html}重</p>"))

    assert [expected] if spans else [] == [" ".join(span.split()) for span in found.spans]
