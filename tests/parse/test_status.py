"""A page that holds no article is told by its structure and the few words it shows; words among many
prove nothing.
"""

from __future__ import annotations

import pytest

import scraper
from scraper.errors import Blocked, Gone, NeedsPerson, ScrapeError, Unrecognised
from scraper.models import Page

URL = "https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA"
CAPTCHA = (Blocked, "captcha", "去验证")
UNNAMED = (Blocked, "captcha", "verification")
UNKNOWN = (Unrecognised, None, None)
TITLE = '<h2 class="weui-msg__title">去验证</h2>'


def refused(body: str, *, head: str = "", url: str = URL) -> ScrapeError:
    """What is said of a page with such a body."""
    html = f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"
    with pytest.raises(ScrapeError) as caught:
        scraper.parse(Page(url=url, body=html.encode()))
    return caught.value


def told(error: ScrapeError) -> tuple[type[ScrapeError], str | None, str | None]:
    """Its class, its reason, and the words of the page that it goes by."""
    return type(error), getattr(error, "reason", None), getattr(error, "shown", None)


@pytest.mark.parametrize(
    "machinery",
    [
        '<script>var PAGE_MID = "mmbizwap:secitptpage/verify.html";</script>',
        '<script>var cgiData = {poc_token: "abc"};</script>',
        '<script>var cgiData = {cap_appid: "123"};</script>',
        '<a id="js_verify"></a>',
        '<div id="tcaptcha_wrapper_transform_dy"></div>',
    ],
)
def test_a_captcha_is_known_by_its_machinery(machinery: str) -> None:
    """Whatever its words; they are shown where it has any."""
    assert CAPTCHA == told(refused(TITLE + machinery))
    assert UNNAMED == told(refused(f"<p>某些话。</p>{machinery}"))


@pytest.mark.parametrize("path", ["wappoc_appmsgcaptcha", "verify", "secitptpage/template"])
def test_a_captcha_is_known_by_where_it_stands(path: str) -> None:
    """An address was answered by a redirect to it."""
    url = f"https://mp.weixin.qq.com/mp/{path}?poc_token=x"

    assert [CAPTCHA, UNNAMED] == [
        told(refused(body, url=url)) for body in (TITLE, "<p>某些话。</p>")
    ]


def test_other_scripts_are_no_captcha() -> None:
    """Nor is a page that names its own part."""
    page = '<p>某些话。</p><script>var PAGE_MID = "mmbizwap:appmsg/newindex.html";</script>'

    assert UNKNOWN == told(refused(page))


LONG = "长" * 700


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("违规" + "长" * 598, Gone),
        ("违规" + "长" * 599, Unrecognised),
        (f"<div class='weui-msg'>违规{'长' * 598}</div><p>{LONG}</p>", Gone),
        (f"<div class='weui-msg'>违规{'长' * 599}</div><p>{LONG}</p>", Unrecognised),
        (f"<div class='weui-msg'></div><p>违规{LONG}</p>", Unrecognised),
    ],
    ids=["page", "long-page", "block", "long-block", "empty-block"],
)
def test_words_count_only_among_few(body: str, expected: type[ScrapeError]) -> None:
    """Up to 600 characters of a message, or of a page that shows nothing else."""
    assert expected is type(refused(body))


@pytest.mark.parametrize(
    ("body", "head", "expected"),
    [
        ("<p>链接已过期</p>", "", (NeedsPerson, "expired", "链接已过期")),
        ("<p>访问过于频繁</p>", "", (Blocked, "frequency", "访问过于频繁")),
        ("", "<title>此内容因违规无法查看</title>", (Gone, "violation", "此内容因违规无法查看")),
        ("<div id='app'></div>", "", (Gone, "private", None)),
        ("<div id='app'></div>", "<title>某页</title>", UNKNOWN),
        ("<div id='app'>某些话。</div>", "", UNKNOWN),
        ("<div id='app'></div><p>某些话。</p>", "", UNKNOWN),
        ("<div id='else'></div>", "", UNKNOWN),
        ("<div class='page-content'><div class='text'>某些话。</div></div>", "", UNKNOWN),
    ],
)
def test_what_stands_in_an_articles_place(
    body: str, head: str, expected: tuple[type[ScrapeError], str | None, str | None]
) -> None:
    """By the words of the page, of its title, or by there being none: a private article is an empty
    application without a title.
    """
    assert expected == told(refused(body, head=head))


def test_what_is_being_reviewed_may_be_there_later() -> None:
    """It is neither gone nor a person's matter, and the error says what the page says."""
    error = refused("<p>内容审核中</p>")

    assert UNKNOWN == told(error)
    assert "审核中" in str(error)


def test_eighty_characters_of_a_page_are_quoted() -> None:
    """An error is one sentence."""
    error = refused(f"<p>违规{'长' * 100}</p>")

    assert f"(违规{'长' * 78})" in str(error)


@pytest.mark.parametrize("body", [b"", b" \r\n\t"])
def test_an_empty_page_is_called_so(body: bytes) -> None:
    """Not a page of an unknown kind, which a person might look into."""
    with pytest.raises(Unrecognised, match="the page is empty"):
        scraper.parse(Page(url=URL, body=body))
