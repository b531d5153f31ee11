"""A template that changes tomorrow loses no text: its data is read in whatever writing, what is
gone is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import scraper
from scraper.parse import cgidata, template
from tests.weixin.pages import article_page

URL = "https://mp.weixin.qq.com/s/driftdriftdriftdriftdr"
_OBJECT = re.compile(rb"window\.cgiDataNew\s*=\s*(\{.*?\n\s*\})(?=\s*;?\s*\n)", re.S)
_STRING = re.compile(rb"'((?:[^'\\]|\\.)*)'", re.S)
Mutation = Callable[[bytes], bytes]


def literal(page: bytes) -> bytes:
    """The object as the page writes it."""
    found = _OBJECT.search(page)
    assert found is not None
    return found[1]


def data(page: bytes) -> dict[str, object]:
    """The object as its values."""
    found = cgidata.usual(page)
    assert found is not None
    return {key: found.get(key) for key in found.keys()}  # noqa: SIM118  # it is no mapping


def assigned(change: Callable[[bytes], bytes]) -> Mutation:
    """The whole assignment (``window.cgiDataNew = {…}``) made anew from its object."""
    return lambda page: page.replace(_OBJECT.search(page)[0], change(page))  # type: ignore[index]


def inside(change: Callable[[bytes], bytes]) -> Mutation:
    """The object changed where it stands."""
    return lambda page: page.replace(literal(page), change(literal(page)))


def quoted(quote: bytes) -> Callable[[bytes], bytes]:
    """Every string in other quotes."""
    escaped = b"\\x%02x" % quote[0]
    return lambda code: _STRING.sub(
        lambda match: quote + match[1].replace(quote, escaped).replace(b"${", b"$\\{") + quote, code
    )


def first(member: bytes) -> Mutation:
    """One more member in front of the others."""
    return inside(lambda code: code.replace(b"{", b"{ " + member + b",", 1))


def js_text(value: object) -> bytes:
    """JSON as a JavaScript string in single quotes."""
    shown = json.dumps(value, ensure_ascii=False).replace("\\", "\\\\").replace("'", "\\x27")
    return b"'" + shown.replace("<", "\\x3c").encode() + b"'"


def as_json(page: bytes) -> bytes:
    """JSON that may stand in a script."""
    return json.dumps(data(page), ensure_ascii=False).replace("<", "\\u003c").encode()


def renamed(name: bytes) -> Mutation:
    """The assignment under another name, without the old one anywhere."""
    return assigned(lambda page: name + b" = " + literal(page))


def reordered(page: bytes) -> bytes:
    """The members in the opposite order."""
    values = dict(reversed(data(page).items()))
    return b"window.cgiDataNew = " + json.dumps(values).replace("<", "\\u003c").encode()


MUTATIONS: dict[str, Mutation] = {
    "double quotes": inside(quoted(b'"')),
    "back quotes": inside(quoted(b"`")),
    "one value in double quotes": first(b'newkey: "v"'),
    "a script goes on behind": assigned(
        lambda page: b"window.cgiDataNew = " + literal(page) + b';\nvar tail = "x\'";'
    ),
    "var": renamed(b"var cgiDataNew"),
    "a comment before it": assigned(
        lambda page: b"window.cgiDataNew = /* v2: {} */ // now\n " + literal(page)
    ),
    "let": renamed(b"let cgiDataNew"),
    "const": renamed(b"const cgiDataNew"),
    "in brackets": renamed(b'window["cgiDataNew"]'),
    "another name": renamed(b"window.__PAGE__"),
    "a member of another object": assigned(
        lambda page: b"window.__STATE__ = { user: { id: 1 }, page: " + literal(page) + b"}"
    ),
    "chained": renamed(b"const d = window.cgiDataNew"),
    "JSON.parse": assigned(
        lambda page: b"window.cgiDataNew = JSON.parse(" + js_text(data(page)) + b")"
    ),
    "JSON.parse, another name": assigned(
        lambda page: b"var state = JSON.parse(" + js_text(data(page)) + b")"
    ),
    "JSON": assigned(lambda page: b"window.cgiDataNew = " + as_json(page)),
    "another order": assigned(reordered),
    "frozen": assigned(lambda page: b"window.cgiDataNew = Object.freeze(" + literal(page) + b")"),
    "a call as a value": first(b"newkey: decodeURIComponent('a%20b')"),
    "an unknown call as a value": first(b"newkey: window.get('a', 1)"),
    "a template literal": first(b"newkey: `a${location.href}`"),
    "a function as a member": first(b"newkey: function () { return '}'; }"),
    "a spread member": first(b"...window.defaults"),
    "another decoder": lambda page: page.replace(b"JsDecode(", b"Dec("),
    "quoted keys": inside(lambda code: re.sub(rb"(?m)^(\s*)([a-z_]\w*):", rb'\1"\2":', code)),
    "comments": inside(lambda code: code.replace(b"{", b"{ // it's new\n /* \" */ ", 1)),
    "no mark on the script": lambda page: page.replace(b"<script h5only", b"<script"),
    "tags in capitals": lambda page: page.replace(b"<script", b"<SCRIPT").replace(
        b"</script", b"</SCRIPT"
    ),
    "in one line": inside(lambda code: re.sub(rb"\n\s*", b"", code)),
    "an empty body beside it": lambda page: re.sub(
        rb'(id="js_content"[^>]*>).*?</div>', rb"\1</div>", page, flags=re.S
    ),
    "put together": inside(lambda code: code.replace(b"title: '", b"title: '' + '", 1)),
}
FIELDS = ("title", "author", "published", "place", "mid", "digest", "cover", "album", "text")
PAGES: dict[str, dict[str, object]] = {
    "2024": {"era": "C"},
    "2026": {"era": "D"},
    "pictures": {"kind": 8, "images": ("https://mmbiz.qpic.cn/a/1/0",), "body": "图下的字"},
    "text": {"kind": 10, "body": "一段话，没有题目。"},
}


def small_page(name: str) -> bytes:
    """A page that says everything."""
    given: dict[str, object] = {
        "title": "“一篇”文章 'a'",
        "body": "<p>正文 \"引\" 与 '号'。</p><p>第二段 {a: 1}</p>",
        "author": "某人",
        "place": "上海",
        "digest": "一句摘要",
        "cover": "https://mmbiz.qpic.cn/c/0",
        "album": {"id": "3001", "title": "合集", "size": 3},
        # As many names as a real page has.
        "extra": {"ainfos": [], **{f"is_something_{number}": "0" for number in range(60)}},
    }
    return article_page(**{**given, **PAGES[name]})


def parsed(page: bytes) -> scraper.Article:
    return scraper.parse(scraper.Page(url=URL, body=page))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_page_written_otherwise_says_the_same(name: str, mutation: str) -> None:
    """Every field and the whole text, without a loss: the data was read."""
    page = small_page(name)
    changed = MUTATIONS[mutation](page)
    before, after = parsed(page), parsed(changed)

    assert [getattr(before, field) for field in FIELDS] == [
        getattr(after, field) for field in FIELDS
    ]
    assert () == before.losses == after.losses


def test_real_pages_written_otherwise_say_the_same(corpus: Path) -> None:
    """The same over every real page with its own data, where they are at hand."""
    wrong = []
    for path in sorted((corpus / "pages").glob("202[3-6]*.html")):
        page = path.read_bytes()
        if _OBJECT.search(page) is None:
            continue
        before = parsed(page)
        for name in (
            "double quotes",
            "another name",
            "JSON.parse, another name",
            "a spread member",
        ):
            after = parsed(MUTATIONS[name](page))
            wrong += [
                (path.stem, name, field)
                for field in FIELDS
                if getattr(before, field) != getattr(after, field)
            ]

    assert [] == wrong


def without(*names: str) -> Mutation:
    """The page without these members of its data."""
    pattern = "|".join(names).encode()
    return lambda page: re.sub(rb"(?m)^(\s*)(%s):" % pattern, rb"\1gone_\2:", page)


@pytest.mark.parametrize(
    ("mutation", "kinds"),
    [
        (without("author"), ["template:author"]),
        (without("nick_name"), ["template:account"]),
        (without("appmsgalbuminfo"), ["template:album"]),
        (without("content_noencode"), ["template:body"]),
        (without("ori_create_time", "create_timestamp", "ori_send_time", "create_time"), ["template:published"]),
        (lambda page: page.replace(literal(page), b"unpack(42)"), ["template:data", "template:body", "template:album"]),
    ],
)  # fmt: skip
def test_what_a_template_no_longer_gives_is_told(mutation: Mutation, kinds: list[str]) -> None:
    """Each missing field by its name; what stands elsewhere on the page is taken from there."""
    link = "https://mp.weixin.qq.com/mp/appmsgalbum?__biz=MzA5&action=getalbum&album_id=3001"
    page = small_page("2026").replace(b"</body>", f"<i data-url='{link}'></i></body>".encode())
    article = parsed(mutation(page))

    assert kinds == [loss.kind for loss in article.losses]
    assert all(loss.kind.startswith(template.PREFIX) for loss in article.losses)
    assert parsed(page).text == article.text
    assert "“一篇”文章 'a'" == article.title
    assert "测试号" == article.account.name


def test_a_body_under_another_name_is_read_and_told() -> None:
    """The longest HTML that is called some content, where the page shows none either."""
    page = article_page(kind=11, body="<p>正文在这里。</p>", extra={"ainfos": []})
    changed = page.replace(b"content_noencode", b"content_html")

    assert "正文在这里。" == parsed(changed).text
    assert "template:body" in [loss.kind for loss in parsed(changed).losses]


def test_a_title_under_another_name_costs_nothing_else() -> None:
    """The data stays the page's data; its title stands elsewhere too."""
    page = small_page("2024")
    changed = re.sub(rb"(?m)^(\s*)title:", rb"\1headline:", page, count=1)

    assert parsed(page).album == parsed(changed).album
    assert parsed(page).text == parsed(changed).text
    assert parsed(page).title == parsed(changed).title


def test_an_old_page_is_no_drift() -> None:
    """Pages of before the template with its own data lack nothing."""
    assert () == parsed(article_page(era="B", body="<p>正文</p>")).losses


def test_another_objects_shape_is_no_article() -> None:
    """A list of related reads with titles and accounts is not taken for the page's data."""
    script = b"<script>var list = {title: 'x', nick_name: 'y', content_noencode: 'z', link: 'l'};</script>"
    assert cgidata.find(script) is None


def test_what_would_cost_too_much_is_left() -> None:
    """A script of objects without an end takes no longer than a script of its size may."""
    page = b"<script>nick_name content_noencode" + b"={a:{" * 200_000 + b"</script>"
    assert cgidata.find(page) is None


def test_an_old_article_about_the_mark_is_no_page_of_today() -> None:
    """What its text says is no sign of the template; an attribute of a script is."""
    page = (
        "<html><body><h1 id='activity-name'>题目</h1><div id='js_content'><p>标签 h5only 的用法</p></div>"
        "<script{}>var biz = 'MzA4ODAwMTAwMA==', msg_title = '题目';</script></body></html>"
    )

    assert () == parsed(page.format("").encode()).losses
    marked = parsed(page.format(" h5only").encode()).losses
    assert "template:data" in [loss.kind for loss in marked]
