"""Any clean HTML, written as Markdown and rendered again, shows the same text, bold and code."""

from __future__ import annotations

import unicodedata
from html import escape

from hypothesis import given
from hypothesis import strategies as st

from archive.document.markdown import render
from scraper.body import clean
from scraper.body.runs import ATOM, BREAK, CODE, DEL, EM, STRONG, SUB, SUP, Run, html, lines
from tests.body.reading import MARKDOWN, seen, shown, squeezed
from tests.body.visible import visible_text

#: What Markdown, GitHub and Obsidian read something into, among Chinese text, marks and emoji.
_SNIPPETS = [
    *"重点后文字ab1 2，。、；：？！“”‘’（）《》【】…—·★＋👍　",
    *"*_~`[]()<>&!#\\|$-+.=:%^\"'{}@/",
    *[
        "**",
        "__",
        "~~",
        "``",
        "```",
        "---",
        "===",
        "***",
        "1. ",
        "2) ",
        "- ",
        "+ ",
        "# ",
        "> ",
        "![",
        "](",
        "[ ]",
    ],
    *[
        "<div>",
        "</p>",
        "<!--",
        "&amp;",
        "&nbsp",
        "&#42;",
        "http://a.b/c_d",
        "a_b_c",
        "5*3*2",
        "| a |",
        "|---|",
    ],
    *["[x]: y", "[^1]", "==", "%%", "\\*", "C:\\", "👨‍👩‍👧", "⚠️", "x²"],
]
texts = st.lists(st.sampled_from(_SNIPPETS), min_size=1, max_size=8).map("".join)
looks = st.sampled_from(
    [
        0,
        0,
        0,
        STRONG,
        STRONG,
        EM,
        DEL,
        STRONG | EM,
        STRONG | DEL,
        CODE,
        STRONG | CODE,
        SUP,
        SUB,
        EM | DEL,
    ]
)
hrefs = st.sampled_from(
    [None, None, None, "https://mp.weixin.qq.com/s?__biz=MzA=&mid=1", "http://a.b/(c)_d*e"]
)
_IMAGE = '<img src="https://mmbiz.qpic.cn/a_b*c/640?wx_fmt=png&amp;from=appmsg" alt="a]*b">'
pieces = st.one_of(
    st.builds(Run, texts, looks, hrefs),
    st.just(BREAK),
    st.just(Run(_IMAGE, ATOM)),
)


@st.composite
def inline(draw: st.DrawFn, breaks: bool = True) -> str:
    """A paragraph's content, as the cleaner writes it."""
    runs = draw(
        st.lists(
            pieces if breaks else pieces.filter(lambda run: run is not BREAK),
            min_size=1,
            max_size=6,
        )
    )
    return "<br>".join(
        html(line)
        for line in lines([r if r is BREAK else Run(r.text, r.flags, r.href) for r in runs])
        if line
    )


_code_lines = st.lists(
    st.one_of(texts, st.just(""), texts.map("    ".__add__)), min_size=1, max_size=4
)
pre = (
    _code_lines.map("\n".join)
    .filter(lambda text: text.strip())
    .map(
        lambda text: f'<pre><code class="language-js">{escape(text.strip(chr(10)))}\n</code></pre>'
    )
)
paragraphs = inline().filter(bool).map("<p>{}</p>".format)
headings = st.builds(
    "<h{0}>{1}</h{0}>".format, st.integers(1, 6), inline(breaks=False).filter(bool)
)
tables = st.lists(st.lists(inline(), min_size=2, max_size=3), min_size=2, max_size=3).map(
    lambda rows: (
        "<table><tbody>"
        + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
        + "</tbody></table>"
    )
)


def _list(tag: str, items: list[str]) -> str:
    return f"<{tag}>" + "".join(f"<li>{item}</li>" for item in items) + f"</{tag.split()[0]}>"


blocks = st.recursive(
    st.one_of(paragraphs, headings, pre, tables, st.just("<hr>")),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(
            lambda found: f"<blockquote>{''.join(found)}</blockquote>"
        ),
        st.builds(
            _list,
            st.sampled_from(["ul", "ol", 'ol start="3"']),
            st.lists(
                st.builds("{}{}".format, inline().filter(bool), st.one_of(st.just(""), inner)),
                min_size=1,
                max_size=3,
            ),
        ),
    ),
    max_leaves=5,
)
bodies = st.lists(blocks, min_size=1, max_size=4).map("".join)


def _letters(text: str) -> str:
    """What must stay bold: emphasis may give up a mark or symbol at its edge, never a letter or a
    digit.
    """
    return "".join(c for c in text if unicodedata.category(c)[0] in "LN")


def _without_code(source: str) -> str:
    return source.replace("<code>", "<code><!--").replace("</code>", "--></code>")


@given(bodies)
def test_markdown_shows_the_text_of_the_html(body: str) -> None:
    """Line for line; nothing of what looks like Markdown in the text is read as such."""
    assert shown(render(body)).lines == seen(body).lines


@given(bodies)
def test_bold_stays_bold_and_nothing_else_becomes_so(body: str) -> None:
    """Letters and digits; a mark at the edge of a bold passage may be moved out of it."""
    expected, actual = seen(_without_code(body)).bold, seen(_without_code(_rendered(body))).bold
    assert _letters(expected) == _letters(actual)


def _rendered(body: str) -> str:
    return str(MARKDOWN.render(render(body)))


@given(bodies)
def test_code_images_and_links_are_kept(body: str) -> None:
    """Every code span and block to the character, every image, every link's address."""
    expected, actual = seen(body), shown(render(body))
    assert expected.blocks == actual.blocks
    assert [" ".join(span.split()) for span in expected.spans] == [
        " ".join(span.split()) for span in actual.spans
    ]
    assert len(expected.images) == len(actual.images)
    assert len(expected.links) == len(actual.links)


@given(bodies)
def test_the_file_is_tidy(body: str) -> None:
    """One line feed at the end, no two empty lines in a row outside code, no trailing blanks but
    for line breaks.
    """
    markdown = render(body)
    assert markdown == "" or (markdown.endswith("\n") and not markdown.endswith("\n\n"))
    if "<pre>" not in body:
        assert "\n\n\n" not in markdown


@given(bodies)
def test_cleaning_clean_html_changes_nothing_a_reader_sees(body: str) -> None:
    """What is clean stays as it is, so an archive can be read again."""
    once = clean(body)
    assert seen(body).lines == seen(once.html).lines
    assert clean(once.html).html == once.html


@given(bodies)
def test_the_text_of_a_body_is_what_its_html_shows(body: str) -> None:
    """``Body.text`` and ``visible_text(Body.html)`` say the same lines."""
    found = clean(body)
    assert squeezed(visible_text(found.html)) == squeezed(found.text)
