"""Readers' tokens in saved and fetched pages: by name, by structure, in every wrapping; and where
they do not go.
"""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from archive.snapshots import Snapshots
from scraper.errors import ScrapeError
from scraper.models import Page
from scraper.parse import parse
from scraper.redact import redact, scrub
from tests.command import wechat_archive
from tests.keep.archives import contents
from tests.keep.articles import page

CANARY = "c4n4ry8f3e2d1c0b9a7766554433221100ff"
#: What tells who read a page, by the names of cookies, parameters and variables.
NAMES = (
    "pass_ticket", "uin", "key", "appmsg_token", "wap_sid2", "ua_id", "slave_sid", "xid", "exportkey", "wxtoken",
    "slave_user", "data_ticket", "bizuin_ticket", "poc_token", "user_uin", "wxuin",
)  # fmt: skip
ADDRESS = "https://mp.weixin.qq.com/s?__biz=MzI0ODE5NDU5Mw==&mid=2649548786&idx=1&sn=538a41a6"


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;")


#: How a page writes a name and its value; ``{n}`` and ``{v}``.
FORMS: dict[str, Callable[[str, str], str]] = {
    "variable": lambda n, v: f'<script>var {n} = "{v}";</script>',
    "of window": lambda n, v: f"<script>window.{n} = '{v}' || '';</script>",
    "after nothing": lambda n, v: f'<script>window.{n} = "" || "{v}";</script>',
    "in a number": lambda n, v: f"<script>window.{n} = ('{v}' || '') * 1;</script>",
    "decoded": lambda n, v: f"<script>d.{n} = JsDecode('{v}')</script>",
    "member": lambda n, v: f"<script>x({{{n}: '{v}'}})</script>",
    "JSON": lambda n, v: f"<script>x = {json.dumps({n: v})}</script>",
    "JSON in a string": lambda n, v: f"<script>x = {json.dumps(json.dumps({n: v}))}</script>",
    "JSON twice": lambda n, v: f"<script>x = {json.dumps(json.dumps(json.dumps({n: v})))}</script>",
    "JSON in an attribute": lambda n, v: f'<p data-x="{_attribute(json.dumps({n: v}))}">',
    "JSON in hex escapes": lambda n, v: (
        f"<script>x='\\x7b\\x22{n}\\x22:\\x22{v}\\x22\\x7d'</script>"
    ),
    "JSON in an address": lambda n, v: f'<a href="?x={quote(json.dumps({n: v}))}">',
    "address": lambda n, v: f'<a href="{ADDRESS}&{n}={v}#rd">',
    "first in an address": lambda n, v: f'<a href="https://mp.weixin.qq.com/s?{n}={v}&mid=1">',
    "escaped address": lambda n, v: f'<a href="{_attribute(f"{ADDRESS}&{n}={v}&a=1")}">',
    "address in a script": lambda n, v: f"<script>u='{ADDRESS}&{n}={v}'.replace('&','')</script>",
    "hex address": lambda n, v: f"<script>u='{ADDRESS}\\x26amp;{n}={v}\\x26a=1'</script>",
    "unicode address": lambda n, v: f'<script>u="{ADDRESS}\\u0026{n}={v}\\u0026a"</script>',
    "address in JSON": lambda n, v: (
        f'<script>u="{ADDRESS.replace("/", chr(92) + "/")}&{n}={v}"</script>'
    ),
    "address in an address": lambda n, v: f'<a href="/x?u={quote(f"{ADDRESS}&{n}={v}", safe="")}">',
    "address in it twice": lambda n, v: (
        f'<a href="/x?u={quote(quote(f"{ADDRESS}&{n}={v}", safe=""), safe="")}">'
    ),
    "SingleFile": lambda n, v: f"<!--\n Page saved with SingleFile \n url: {ADDRESS}&{n}={v}\n-->",
    "saved from": lambda n, v: f"<!-- saved from url=(0099){ADDRESS}&{n}={v} -->",
    "cookie": lambda n, v: f'<script>document.cookie = "a=1; {n}={v}; path=/"</script>',
}


#: `key` is an ordinary word, and no cookie of WeChat's has that name.
PAIRS = [(name, form) for name in NAMES for form in FORMS if (name, form) != ("key", "cookie")]


@pytest.mark.parametrize(("name", "form"), PAIRS)
def test_a_token_in_a_page_is_emptied(name: str, form: str) -> None:
    """Whatever wraps it; what stands around it stays, and a page without it stays byte for byte."""
    with_it = f"<p>前</p>{FORMS[form](name, CANARY)}<p>后</p>".encode()
    without = f"<p>前</p>{FORMS[form](name, '')}<p>后</p>".encode()

    assert without == scrub(with_it)
    assert without == scrub(without)


def test_cookies_as_a_browser_exports_them_are_emptied() -> None:
    """Name and value apart."""
    for text in (
        f'{{"name": "wap_sid2", "value": "{CANARY}"}}',
        f'["pass_ticket","{CANARY}"]',
        f'<input type="hidden" name="pass_ticket" value="{CANARY}">',
        "<script>window.user_uin = 2384998790;</script>",
    ):
        found = scrub(text.encode())
        assert CANARY.encode() not in found
        assert b"2384998790" not in found


@pytest.mark.parametrize(
    "text",
    [
        "<code>key = 'ordinary-word-1234'; token: 'x'</code>",
        '<script>var key = "stream_last_read_pos";x({key: "mpEndHalfPageResultTab"})</script>',
        "<script>obj.pass_ticket=window.pass_ticket;e.exportkey=this.exportkey&&1</script>",
        '<script>window.uin = params["uin"] || ""; var user_uin = "0"*1; wxtoken: "777"</script>',
        '<img src="https://apis.map.qq.com/ws/staticmap/v2/?key=OB4BZ-D4W3U-B7VVO-4PJWW-6TKDJ">',
        '<a href="https://example.com/?token=0123456789abcdef&key=0123456789abcdef">',
        f'<a href="{ADDRESS}&chksm=f038&scene=21#wechat_redirect">monkey=12345678 hotkey</a>',
    ],
)
def test_what_is_nobodys_token_stays(text: str) -> None:
    """An author's own words, WeChat's programs, other sites' parameters."""
    assert text.encode() == scrub(text.encode())


def test_the_real_pages_stay_as_they_are_read(corpus: Path) -> None:
    """Of 20 real pages nothing that the parser reads is touched."""

    def read(body: bytes) -> object:
        try:
            return parse(Page(url="https://mp.weixin.qq.com/s/x", body=body))
        except ScrapeError as error:  # five old pages are none that can be read
            return type(error)

    for path in sorted((corpus / "pages").glob("*.html"))[::4]:
        body = path.read_bytes()
        assert read(body) == read(scrub(body)), path.name


#: Pieces that come close to a secret again and again.
NEAR_MISSES = (
    "key", "\\", "a:", "key = ", "%25", "cookie", "://", "'key':", "a://", '"key', "?key=a", "?key=abcd&uin",
    "uin=a(", 'xid"""', "pass_ticket=((((", '""||', "uin:&quot;", "mp.weixin?key=a ", "pass_ticket=%25%25",
)  # fmt: skip


@pytest.mark.parametrize("piece", NEAR_MISSES)
@pytest.mark.parametrize("work", [redact, lambda text: scrub(text.encode())])
def test_the_time_is_linear(piece: str, work: Callable[[str], object]) -> None:
    """Ten times the text takes some ten times the processor's time, not a hundred: compared with
    each other, so that a slow or busy machine says the same."""

    def cost(size: int) -> float:
        text = piece * (size // len(piece))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            work(text)
            best = min(best, time.process_time() - start)
        return best

    assert cost(200_000) < 30 * max(cost(20_000), 0.0005)


def test_no_token_leaves_with_an_export(tmp_path: Path) -> None:
    """A page as a browser saved it, with every token in every wrapping: kept as received, exported
    without; with ``--scrub`` not even kept."""
    marks = "".join(FORMS[form](name, CANARY) for name, form in PAIRS)
    body = page(1).body.replace(b"</body>", marks.encode() + b"</body>")
    (tmp_path / "saved.html").write_bytes(body)
    archive = tmp_path / "archive"
    done = wechat_archive("import", str(tmp_path / "saved.html"), "--archive", str(archive))
    said = done.stdout + done.stderr
    with Snapshots(archive / "snapshots.db", readonly=True) as snapshots:
        assert body == snapshots.get(1).body
    for target in ("x.warc", "x.warc.gz", "x.jsonl", "x.csv", "x.epub", "html", "markdown"):
        form = target.split(".")[1] if "." in target else target
        done = wechat_archive(
            "export", form, str(tmp_path / "out" / target), "--archive", str(archive)
        )
        assert 0 == done.code, done.stderr
        said += done.stdout + done.stderr

    leaked = []
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            data = gzip.decompress(data) if path.suffix == ".gz" else data
            if CANARY.encode() in data:
                leaked.append(path.name)
    assert [] == leaked
    assert CANARY not in said


def test_import_with_scrub_keeps_no_token(tmp_path: Path) -> None:
    """Not even in the raw page; the article is the same."""
    marks = "".join(FORMS[form](name, CANARY) for name, form in PAIRS)
    body = page(1).body.replace(b"</body>", marks.encode() + b"</body>")
    (tmp_path / "saved.html").write_bytes(body)
    for name, option in (("plain", ()), ("scrubbed", ("--scrub",))):
        archive = str(tmp_path / name)
        done = wechat_archive("import", str(tmp_path / "saved.html"), *option, "--archive", archive)
        assert 0 == done.code

    with Snapshots(tmp_path / "scrubbed" / "snapshots.db", readonly=True) as snapshots:
        assert scrub(body) == snapshots.get(1).body
    assert _but_for_when(tmp_path / "plain") == _but_for_when(tmp_path / "scrubbed")


def _but_for_when(archive: Path) -> dict[str, bytes]:
    """Its files without the moment they were made and the sum over it: two imports may stand on
    both sides of a full second.
    """
    return {
        name: re.sub(rb'(?m)^(archived|check): ".*"\n', b"", body)
        for name, body in contents(archive).items()
    }
