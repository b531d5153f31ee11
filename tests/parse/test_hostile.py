"""No page makes the parser crash, hang or eat the memory: an article, or one of the errors that say
why not.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scraper
from scraper.parse import article
from tests.memory import peak_mb

HEAD = b'<html><body><div id="js_article"><div id="js_content">'
TAIL = b"</div></div></body></html>"
CASES = Path(__file__).parent.parent / "cases"


def outcome(body: bytes) -> str:
    """What became of a page within five seconds of CPU."""
    began = time.process_time()
    try:
        article.read(
            scraper.Page(url="https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA", body=body)
        )
        found = "article"
    except scraper.ScrapeError as error:
        found = error.code
    assert time.process_time() - began < 5
    return found


def data(content: bytes) -> bytes:
    """A page whose data holds this body."""
    escaped = content.replace(b"<", b"\\x3c").replace(b'"', b"\\x22").replace(b"'", b"\\x27")
    return (
        b"<script h5only>window.cgiDataNew = {title: 't', content_noencode: '"
        + escaped
        + b"'};</script>"
    )


HUGE = {
    "100,000 nested sections": (HEAD + b"<section>" * 100_000 + b"x" + TAIL, "article"),
    "100,000 nested sections in the data": (data(b"<section>" * 100_000 + b"x"), "article"),
    "100,000 nested lists": (HEAD + b"<ul><li>" * 100_000 + b"x" + TAIL, "article"),
    "30,000 nested tables": (HEAD + b"<table><tr><td>" * 30_000 + b"x" + TAIL, "article"),
    "a million siblings": (HEAD + b"<p>x</p>" * 1_000_000 + TAIL, "hostile"),
    "a million siblings in the data": (data(b"<p>x</p>" * 1_000_000), "hostile"),
    "a million siblings without an article": (b"<p>x</p>" * 1_000_000, "hostile"),
    "an attribute of 1 MB": (
        HEAD + b'<p style="' + b"color:red;" * 100_000 + b'">x</p>' + TAIL,
        "article",
    ),
    "an address of 1 MB": (
        HEAD + b'<a href="https://mp.weixin.qq.com/s?' + b"a=b&" * 250_000 + b'">x</a>' + TAIL,
        "article",
    ),
    "100,000 attributes": (
        HEAD + b"<p " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">x</p>" + TAIL,
        "hostile",
    ),
    "100,000 quoted attributes": (
        HEAD + b"<p " + b" ".join(b'a%d="<>"' % n for n in range(100_000)) + b">x" + TAIL,
        "hostile",
    ),
    "100,000 bare attributes": (
        data(b"<p " + b" ".join(b"a%d" % n for n in range(100_000)) + b">x</p>"),
        "hostile",
    ),
    "bare attributes between far signs": (
        data(
            b"<p "
            + b"".join(
                b"".join(b"a%d " % (300 * part + n) for n in range(300))
                + b'b%d="%b<" ' % (part, b"x" * 81)
                for part in range(60)
            )
            + b">x</p>"
        ),
        "hostile",
    ),
    **{
        f"bare attributes between values like {sign}": (
            data(
                b"<p "
                + b"".join(
                    b"".join(b"a%d " % (30 * part + n) for n in range(30))
                    + b"b%d=%b " % (part, sign.encode())
                    for part in range(2000)
                )
                + b">x</p>"
            ),
            "hostile",
        )
        for sign in ('"><"', '"\'<"', "'>=<'")
    },
    "a million opened comments": (HEAD + b"<!--" * 1_000_000 + TAIL, ""),
    "a million opened scripts": (b"<script>" * 1_000_000, "unrecognised"),
    "nothing but NUL": (b"\0" * 3_000_000, "unrecognised"),
    "nothing but 0xFF": (b"\xff" * 3_000_000, "unrecognised"),
    "noise": (random.Random(4).randbytes(2_000_000), "unrecognised"),
    "a title of a million entities": (
        b'<script>var msg_title = "' + b"&amp;" * 1_000_000 + b'";</script>' + HEAD + b"x" + TAIL,
        "article",
    ),
    "20,000 assignments that never end": (
        b"<script>" + b'var msg_title = "' * 20_000 + b"</script>" + HEAD + b"x" + TAIL,
        "article",
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_huge_pages_end_soon(name: str) -> None:
    """Depth is read, sheer mass is refused by name, nothing takes more than five seconds of CPU."""
    body, expected = HUGE[name]
    assert outcome(body) == expected or not expected


def _peak(names: list[str]) -> float:
    """The most memory, in MB, that reading these pages takes in a process of its own."""
    for name in names:
        outcome(HUGE[name][0])
    return peak_mb()


@pytest.mark.long
def test_huge_pages_fit_into_500_mb() -> None:
    """One after the other in one process, which holds all of them (50 MB) the whole time."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_peak, (list(HUGE),)) < 500


def small_pages() -> list[bytes]:
    """The small pages of tests/cases."""
    return [path.read_bytes() for path in sorted(CASES.glob("*/*/page.html"))]


@given(st.sampled_from(small_pages()), st.floats(0, 1), st.binary(max_size=8), st.floats(0, 1))
@settings(max_examples=300)
def test_cut_and_damaged_pages_are_read_or_refused(
    page: bytes, at: float, noise: bytes, end: float
) -> None:
    """Cut anywhere, with any bytes written anywhere: never anything but an article or a
    ScrapeError.
    """
    place = int(len(page) * at)
    damaged = page[:place] + noise + page[place + len(noise) :]
    outcome(damaged[: int(len(page) * end)])
    outcome(damaged)


def test_no_page_without_a_body_becomes_an_article() -> None:
    """Every small article, its body taken out, is refused."""
    for path in sorted(CASES.glob("article/*/page.html")):
        page = path.read_bytes()
        for name in (b"content_noencode: JsDecode('", b"content_noencode: '"):
            start = page.find(name)
            if start >= 0:
                page = page[: start + len(name)] + page[page.index(b"'", start + len(name)) :]
        start = page.find(b">", page.find(b'id="js_content"')) + 1
        stop = page.find(b"</div>", start)
        assert outcome(page[:start] + page[stop:]) != "article", path


@pytest.mark.long
def test_real_pages_cut_and_damaged(corpus: Path) -> None:
    """The same on real pages of every year: cut at every offset class, bytes flipped, tags
    dropped.
    """
    rng = random.Random(2026)
    for path in sorted((corpus / "pages").glob("*.html")):
        page = path.read_bytes()
        for _ in range(6):
            outcome(page[: rng.randrange(len(page))])
            damaged = bytearray(page)
            for _ in range(200):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            outcome(bytes(damaged))
        outcome(page.replace(b"</div>", b"", 40).replace(b"'", b"", 3))
