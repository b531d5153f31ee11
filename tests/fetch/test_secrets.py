"""Cookies go to their own hosts only; no secret stands in a message, a log line or a page kept.

Row 23 of docs/reliability.md.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.errors import BadSettings, ScrapeError
from scraper.fetch import Fetcher, FetchSettings, cookies
from scraper.fetch.logs import RedactFilter
from scraper.redact import HIDDEN, redact, scrub
from tests.fetch.helper import IMAGE, URL, media, page, using
from tests.weixin import Answer, Internet
from tests.weixin.pages import article_page, png

CANARY = "c4n4ry-8f3e2d1c0b9a"
FILE = f"""# Netscape HTTP Cookie File
# https://curl.se/docs/http-cookies.html

.weixin.qq.com\tTRUE\t/\tTRUE\t4102444800\twap_sid2\t{CANARY}
#HttpOnly_mp.weixin.qq.com\tFALSE\t/\tTRUE\t0\tslave_sid\tsecond-{CANARY}
mp.weixin.qq.com\tFALSE\t/cgi-bin\tTRUE\t4102444800\tpathed\tthird
.weixin.qq.com\tTRUE\t/\tFALSE\t1\texpired\tfourth
example.com\tFALSE\t/\tFALSE\t4102444800\tother\tfifth
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A cookies file as a browser's extension writes it."""
    path = tmp_path / "cookies.txt"
    path.write_text("\ufeff" + FILE.replace("\n", "\r\n"), encoding="utf-8")
    return path


def test_cookies_go_to_their_own_hosts_only(internet: Internet, file: Path) -> None:
    """By domain, path and expiry as in a browser; not to image hosts, not over http where they are
    secure.
    """
    internet.site.on(URL, Answer(body=article_page()))
    internet.site.image(IMAGE, png(1))
    page(internet, cookies_file=file)
    media(internet, cookies_file=file)
    first, second = internet.log.requests()
    assert f"wap_sid2={CANARY}; slave_sid=second-{CANARY}" == first.headers["cookie"]
    assert "cookie" not in second.headers
    jar = cookies.load(file)
    assert jar.header(URL.replace("https", "http")) is None
    assert jar.header("https://sub.example.com/") is None
    assert jar.header("https://example.com/") == "other=fifth"
    assert "third" in str(jar.header("https://mp.weixin.qq.com/cgi-bin/x"))


def test_cookies_are_not_taken_along_by_a_redirect(internet: Internet, tmp_path: Path) -> None:
    """Each hop gets the cookies of its own host."""
    path = tmp_path / "c.txt"
    path.write_text("mmbiz.qpic.cn\tFALSE\t/\tFALSE\t4102444800\ta\tb\n")
    other = IMAGE.replace("mmbiz.", "mmecoa.")
    internet.site.redirect(IMAGE, other)
    internet.site.image(other, png(1))
    media(internet, cookies_file=path)
    assert ["a=b", None] == [request.headers.get("cookie") for request in internet.log.requests()]


@pytest.mark.parametrize(
    "text", [f"wap_sid2={CANARY}", f".x\tTRUE\t/\tTRUE\tsoon\tn\t{CANARY}", f"a b c {CANARY}"]
)
def test_a_bad_cookies_file_is_named_and_not_quoted(tmp_path: Path, text: str) -> None:
    """Line and form, without the line itself; exit code 78."""
    path = tmp_path / "cookies.txt"
    path.write_text(f"# comment\n{text}\n")
    with pytest.raises(BadSettings, match="line 2") as caught:
        Fetcher(FetchSettings(cookies_file=path))
    assert CANARY not in str(caught.value)
    assert caught.value.exit_code == 78
    with pytest.raises(BadSettings, match="cannot be read"):
        cookies.load(tmp_path / "none.txt")


def test_a_page_fetched_with_cookies_does_not_tell_whose(internet: Internet, file: Path) -> None:
    """What WeChat writes of the reader into the page is blanked before anything is kept; the
    article stays.
    """
    words = "<p>正文里的 key = 'ordinary' 和 uin 不动。</p>"
    told = (
        f'<script>var uin = "{CANARY}"; window.key = \'{CANARY}\'; var pass_ticket = "{CANARY}";'
        f"window.appmsg_token = '{CANARY}'; var user_uin = \"{CANARY}\"; x('{CANARY}')</script>"
    )
    body = article_page(body=words).replace(b"</body>", told.encode() + b"</body>")
    internet.site.on(URL, Answer(body=body, headers={"X-Set": f"pass_ticket={CANARY}"}))
    got = page(internet, cookies_file=file)
    assert CANARY.encode() not in got.body
    assert CANARY not in repr(got.headers)
    assert words.encode() in got.body
    assert scrub(article_page()) == article_page()


PLACES = [
    f"https://mp.weixin.qq.com/s?__biz=Mz==&key={CANARY}&mid=1",
    f"https://mp.weixin.qq.com/s?uin={CANARY}#rd",
    f"https://mp.weixin.qq.com/s?a=1&amp;pass_ticket={CANARY}&amp;b=2",
    f"a\\x26amp;pass_ticket={CANARY}\\x26amp;b",
    f"https://mp.weixin.qq.com/mp/x?target_url=https%3A%2F%2Fmp.weixin.qq.com%2Fs%3Fkey%3D{CANARY}%26mid%3D1",
    f"x?u=https%253A%252F%252Fa%253Fexportkey%253D{CANARY}%2526b",
    f"http://user:{CANARY}@proxy.example:8080",
    f"socks5://{CANARY}@127.0.0.1:1",
    f"http:\\/\\/user:{CANARY}@proxy",
    f"Cookie: a={CANARY}; b={CANARY}",
    f"set-cookie: wap_sid2={CANARY}; Path=/",
    f"[('cookie', 'a={CANARY}')]",
    f"{{'Cookie': 'a={CANARY}; c={CANARY}'}}",
    f"Authorization: Bearer {CANARY}",
    f"Proxy-Authorization: Basic {CANARY}",
    f'{{"appmsg_token": "{CANARY}"}}',
    f'{{\\"pass_ticket\\": \\"{CANARY}\\"}}',
    f"var pass_ticket = '{CANARY}';",
    f"wxtoken={CANARY}",
    f"s?a=1\\x26key={CANARY}\\x26b",
    f"s?a=1\\u0026uin={CANARY}",
    f"slave_sid={CANARY};",
    f"poc_token={CANARY})",
    f"参数key={CANARY}，后面",
    f"password={CANARY}",
    f"token: '{CANARY}'",
    f"PASSWORD={CANARY}",
    f"TO\u212aEN={CANARY}",  # the sign of the kelvin is a k in another case
]


@pytest.mark.parametrize("text", PLACES)
def test_a_secret_is_hidden_wherever_it_stands(text: str) -> None:
    """And what is around it stays readable; twice is the same as once."""
    once = redact(text)
    assert CANARY not in once
    assert HIDDEN in once
    assert once == redact(once)


@pytest.mark.parametrize(
    "text",
    [
        "https://mp.weixin.qq.com/s?__biz=MzI0ODE5NDU5Mw==&mid=2649548786&idx=1&sn=538a41a6&chksm=f038#rd",
        "https://mp.weixin.qq.com/s/bRt0seqxnIuoQnASJTU-8w",
        "monkey=1&turkey=2 hotkey: 'x'",
        "一切正常，没有秘密。",
        "articles/ACCOUNT/2026/2026-07-01 标题 [key].md",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """An article's address has none."""
    assert text == redact(text)


@given(st.text(max_size=200))
def test_any_text_can_be_redacted(text: str) -> None:
    """Nothing raises; nothing grows a secret; twice is once."""
    once = redact(text)
    assert once == redact(once)


def test_log_lines_are_redacted() -> None:
    """Message, arguments and traceback."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactFilter())
    logger = logging.Logger("canary")
    logger.addHandler(handler)
    logger.warning("fetching %s with %r", f"https://x.example/?key={CANARY}", {"Cookie": CANARY})
    try:
        raise ValueError(f"pass_ticket={CANARY}")
    except ValueError:
        logger.exception("failed")
    assert CANARY not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


SECRET_URL = f"https://mp.weixin.qq.com/s?__biz=Mz&key={CANARY}&uin={CANARY}&pass_ticket={CANARY}"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=404),
        Answer(status=500),
        Answer(status=429, headers={"Retry-After": "1"}),
        Answer(body=""),
        Answer(body="<html>", unsized=True),
        Answer(body="<html></html>", cut=3),
        Answer(reset="before"),
        Answer(status=302, headers={"Location": SECRET_URL}),
        Answer(
            status=302,
            headers={
                "Location": f"https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?poc_token={CANARY}"
            },
        ),
        Answer(status=302, headers={"Location": f"http://user:{CANARY}@example.com/?key={CANARY}"}),
        Answer(status=302, headers={"Location": f"https://10.0.0.1/?key={CANARY}"}),
    ],
)
def test_no_error_tells_a_secret(
    internet: Internet, file: Path, caplog: pytest.LogCaptureFixture, answer: Answer
) -> None:
    """Neither its text, nor its url, nor what httpcore logs at debug level through our filter."""
    internet.site.on(SECRET_URL, answer)
    caplog.handler.addFilter(RedactFilter())
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ScrapeError) as caught:
        page(internet, SECRET_URL, cookies_file=file)
    assert CANARY not in f"{caught.value} {caught.value.url} {caught.value!r}"
    assert CANARY not in caplog.text


def test_a_proxys_password_is_never_told(internet: Internet) -> None:
    """Sent to the proxy, shown to nobody: not where the proxy fails, nor in the settings' own
    words.
    """
    internet.site.on(URL, Answer(body=article_page()))
    proxy = internet.proxy.replace("http://", f"http://user:{CANARY}@")
    assert page(internet, proxy=proxy).body
    with pytest.raises(ScrapeError) as caught:
        page(internet, proxy=f"http://user:{CANARY}@127.0.0.1:9")
    assert CANARY not in str(caught.value) + str(caught.value.url)
    assert CANARY not in repr(FetchSettings(proxy=proxy))


def test_nothing_of_the_environment_is_sent(internet: Internet) -> None:
    """No header but the ones that are meant."""
    internet.site.on(URL, Answer(body=article_page()))

    async def work(fetcher: Fetcher) -> None:
        await asyncio.gather(fetcher.page(URL))

    using(internet, work)
    meant = {"host", "user-agent", "accept", "accept-language", "accept-encoding"}
    assert meant == set(internet.log.requests()[0].headers)
    assert os.environ.get("HOME", "/root") not in str(internet.log.requests()[0].headers)
