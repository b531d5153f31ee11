"""Assignments of a page's scripts: what pages before 2022 say, and nobody else's words."""

from __future__ import annotations

import pytest

from scraper.parse.scripts import Scripts, written


def scripts(code: str, around: str = "{}") -> Scripts:
    """The assignments of one inline script."""
    return Scripts(around.format(f"<script nonce='1'>{code}</script>").encode())


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ('var msg_title = "a&nbsp;b";', "a&nbsp;b"),
        ("var msg_title = 'a &amp; b'.html(false);", "a & b"),
        ('var msg_title = htmlDecode("a &amp; b");', "a & b"),
        ('var msg_title = "" || "" || "third";', "third"),
        ("window.msg_title = window.title = 'chained' || '';", "chained"),
        (
            "var d = _g.cgiData; d.msg_title = xml ? getXmlValue('title.DATA') : 'outside';",
            "outside",
        ),
        ("var msg_title = window.a_value_which_never_exists || 'known';", "known"),
        ("var msg_title = opt.title || '模板';var msg_title = 'real';", "real"),
        ("var msg_title = opt.title;", None),
        ('var msg_title = "one\\x26two";', "one&two"),
        ("cgiData.msg_title='x'", "x"),
        ('var my_msg_title = "x"; a.msg_title = "y"; msg_title == "z";', None),
        ('var msg_title = "never ends', None),
        ("var msg_title = '' || \"\" || 'a|b' || 'c' ;", "a|b"),
        ('var msg_title = "a;b" /* or */ ;', "a;b"),
        ('var msg_title = "a" || opt.title;', None),
        ('var msg_title = "" || "12" * 1;', 12),
        ('var msg_title = "a" || "12" * 1;', "a"),
        ('var msg_title = "no number" * 1; var msg_title = "b";', "b"),
        ("var msg_title = '\\x26|' || 'b';", "&|"),
        ("var msg_title = '\\\n' || 'a line continued is empty';", "a line continued is empty"),
    ],
)
def test_an_assignment_gives_its_literal(code: str, value: str | int | None) -> None:
    """Every form of right side seen on pages of 2014–2026, and none that only a running page could
    know.
    """
    assert scripts(code).get("msg_title") == value


@pytest.mark.parametrize(
    ("forms", "value"),
    [("var", "v"), ("window", "w"), ("data", "d"), ("var window data", "v"), ("data window", "w")],
)
def test_a_form_is_asked_for_by_its_name(forms: str, value: str) -> None:
    """Of several forms the first in the page's order: ``var``, then ``window`` with its data, then
    ``d.``.
    """
    code = "cgiData; d.biz = 'd'; window.biz = 'w'; window.cgiData.biz = 'x'; var biz = 'v';"
    if forms == "data":
        code = code.replace("window.cgiData.biz = 'x';", "")

    assert value == scripts(code).get("biz", forms)


def test_an_article_that_shows_code_is_not_believed() -> None:
    """``var biz = …`` in the text of an article about WeChat is text."""
    assert Scripts(b'<p>var biz = "MzI5OTk5OTk5OQ==";</p><script></script>').get("biz") is None


def test_members_and_calls() -> None:
    """Objects are read whole, also where a method of display follows them."""
    found = scripts(
        "window.cgiData = {}; window.cgiData = { vid : 'v1', tag : ''*1||0, link : ''||'' };"
    )
    assert found.member("cgiData", "vid") == "v1"
    pictures = scripts(
        "window.picture_page_info_list = [{cdn_url: 'a', width: '1' * 1,}, ].slice(0, 20);"
    )
    assert pictures.get("picture_page_info_list") == [{"cdn_url": "a", "width": 1}]
    described = scripts('window.desc = "a\\x0ab".replace(/\\r/g, "").replace(/\\s/g, "&nbsp;");')
    assert described.get("desc") == "a\nb"


def test_text_that_a_script_writes() -> None:
    """The words of shared pictures (2018) and texts (2020) stand in a script inside the body."""
    assert written('document.write("a\\x0ab".replace(/x/g,""))') == "a\nb"
    assert written('var content = "c";') == "c"
    assert written("alert(1)") is None
