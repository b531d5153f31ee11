"""Nothing goes in silence: whatever a reader saw of a body stands in the article or among its
losses.

An independent look at the DOM: the words that are shown, the pictures that have an address, the
elements that WeChat draws as cards, the links. Of each kind the difference to the article must be
empty, on every page at hand.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import lxml.etree as etree
import pytest

import scraper
from scraper.body import Body, clean
from scraper.parse import kinds, meta
from scraper.parse.encoding import to_utf8
from scraper.parse.parsed_page import ParsedPage
from tests.quality import gate
from tests.weixin.pages import article_page

_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.I)
_NO_WORDS = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "title",
        "head",
        "desc",
        "defs",
        "metadata",
        "svg",
        "math",
    ]
)
_CARDS = re.compile(
    r"(?:mp-common-|mp-(?!style-type|common-style|pay-preview)|mpvoice|qqmusic|mpvideo)"
)
_DRAWN_BY_BROWSERS = re.compile(r"js_audio_frame|qqmusic_area|js_mpvedio|js_tx_video|line-index")
_WRAPPERS = ("js_content", "js_share_content", "js_article", "page-content", "img-content")


def shown(root: etree._Element) -> Iterator[etree._Element]:
    """Every element that a reader may see something of."""
    walk = etree.iterwalk(root, events=("start",))
    for _, element in walk:
        tag, class_ = str(element.tag), element.get("class") or ""
        styled = _UNSEEN.search(element.get("style") or "") is not None
        hidden = styled and element.get("id") not in _WRAPPERS
        drawn = _DRAWN_BY_BROWSERS.search(f"{class_} {element.get('id') or ''}") is not None
        if tag in _NO_WORDS or drawn or hidden:
            walk.skip_subtree()
        elif _CARDS.match(tag):
            yield element
            walk.skip_subtree()
        else:
            yield element


def letters(text: str) -> Counter[str]:
    """How often each letter or digit occurs; marks, signs and spaces are told by the other
    tests.
    """
    plain = unicodedata.normalize("NFKC", text)
    return Counter(character for character in plain if character.isalnum())


def silent(html: bytes | str, body: Body) -> list[str]:
    """What the DOM of ``html`` shows and neither the body nor its losses have."""
    raw = html if isinstance(html, bytes) else html.encode("utf-8", "replace")
    root = etree.fromstring(
        b"<div>" + raw.replace(b"\0", b"") + b"</div>",
        etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True),
    )
    seen = list(shown(root))
    said = "".join(
        (element.text or "") * (not _CARDS.match(str(element.tag)))
        + "".join(child.tail or "" for child in element if not _CARDS.match(str(element.tag)))
        for element in seen
    )
    lost = {loss.kind for loss in body.losses}
    found = []
    missing = letters(said) - letters(body.text)
    if missing and "unseen-text" not in lost:
        found.append(f"words: {''.join(missing.elements())[:60]}")
    cards = [element for element in seen if _CARDS.match(str(element.tag))]
    unread = [element.tag for element in cards if str(element.tag) in lost]
    if len(cards) > len(body.media) + len(unread):
        found.append(f"cards: {[element.tag for element in cards]} against {len(body.media)}")
    pictures = [element for element in seen if element.tag in ("img", "image")]
    addressed = [one for one in pictures if _address(one)]
    if len(addressed) > len(body.images) + sum("image" in kind for kind in lost) * 1_000:
        found.append(f"pictures: {len(addressed)} against {len(body.images)}")
    links = {element.get("href") for element in seen if element.tag == "a"} - {None, ""}
    outside = {link for link in links if str(link).startswith("http")}
    if len(outside) > 0 and not body.links:
        found.append(f"links: {len(outside)} against none")
    return found


def _address(element: etree._Element) -> bool:
    places = (element.get("data-src"), element.get("src"))
    return any((place or "").startswith(("http", "//")) for place in places)


def bodies(page: bytes) -> tuple[bytes | str, Body] | None:
    """The HTML that a page's body is made of, and the body."""
    parsed = ParsedPage(
        scraper.Page(url="https://mp.weixin.qq.com/s/x", body=page), to_utf8(page, None)
    )
    found = kinds.body(parsed, meta.kind(parsed))
    return (found.html, clean(found.html)) if found is not None else None


def test_nothing_of_a_real_page_goes_in_silence(corpus: Path) -> None:
    """Pages, copies that browsers saved, and bodies alone."""
    found = {}
    for path in sorted(corpus.glob("*/*.html")):
        if path.parent.name in ("pages", "browser-saved", "fragments"):
            body = bodies(path.read_bytes())
            if body is not None and (missing := silent(*body)):
                found[path.stem] = missing

    assert {} == found


def test_nothing_of_a_small_page_goes_in_silence() -> None:
    """Our own pages, which are at hand everywhere."""
    found = {}
    for path in sorted((gate.HERE / "pages").glob("*.html")):
        body = bodies(article_page(body=path.read_text("utf-8")))
        if body is not None and (missing := silent(*body)):
            found[path.stem] = missing

    assert {} == found


@pytest.mark.parametrize(
    "html",
    [
        '<pre><code>x</code><img data-src="https://a.example/1"></pre>',
        '<pre>看<mpvoice name="录音"></mpvoice></pre>',
        "<p>前<canvas></canvas>后</p>",
        '<mp-common-novelty data-x="1"></mp-common-novelty>',
        '<table><tr><td><pre>甲<img data-src="https://a.example/1"></pre></td></tr></table>',
        '<h2>题<mpvoice name="录音"></mpvoice></h2>',
        '<ul style="list-style:none"><li>甲<p>乙</p></li></ul>',
        '<blockquote data-source-title="旧文"><pre>甲</pre></blockquote>',
        "<svg><text>图中字</text><path d='M0 0'></path></svg>",
        "<ruby>字<rt>zì</rt></ruby>",
        '<a href="https://a.example"><img data-src="https://a.example/1"></a>',
    ],
)
def test_the_look_finds_what_is_lost_and_only_that(html: str) -> None:
    """Each of these kept or told something once forgotten."""
    body = clean(f"<p>开头</p>{html}")

    assert [] == silent(f"<p>开头</p>{html}", body)


def test_the_look_can_fail() -> None:
    """A body without its picture, card, link or words is noticed."""
    html = (
        '<p>甲乙<img src="https://a.example/1"><mpvoice name="录音"></mpvoice>'
        '<a href="https://a.example">丙</a></p>'
    )

    assert ["words", "cards", "pictures", "links"] == [
        what.split(":")[0] for what in silent(html, Body("", "甲"))
    ]
