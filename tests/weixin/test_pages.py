"""The tests' own pages are read as what they are: every kind, every era, every status page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import scraper
from scraper.errors import Blocked, Gone, NeedsPerson, ScrapeError, Unrecognised
from scraper.models import Page
from tests.weixin.pages import STATUS_PAGES, article_page, status_page

WHEN = datetime(2026, 7, 1, 4, 18, tzinfo=UTC)
URL = "https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA"
PICTURES = [
    "https://mmbiz.qpic.cn/mmbiz_png/a/0?wx_fmt=png&from=appmsg",
    "https://mmbiz.qpic.cn/mmbiz_png/b/0?wx_fmt=png",
]


@pytest.mark.parametrize("era", ["A", "B", "C", "D"])
def test_ordinary_pages_of_every_era(era: str) -> None:
    """Title, author, account, time, identity and body come out as they went in, awkward characters
    too.
    """
    title = "标题 \"引号\" & 'x' <b>"
    body = "<p>第一段 &amp; <strong>粗</strong></p><p>第二段 'q' \\ end</p>"
    page = article_page(
        title=title,
        body=body,
        era=era,
        author="张三",
        account="号",
        published=WHEN,
        mid="2247480042",
        idx="3",
    )
    got = scraper.parse(Page(url=URL, body=page))
    assert (title, "张三", "号", WHEN) == (got.title, got.author, got.account.name, got.published)
    assert ("MzA5MTIzNDU2Nw==", "2247480042", "3") == (got.account.biz, got.mid, got.idx)
    assert "第一段 & 粗\n第二段 'q' \\ end" == got.text


KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "video": ({"kind": 5, "body": "视频的话", "cover": PICTURES[0]}, "video"),
    "music": ({"kind": 6, "body": "音乐的话"}, "music"),
    "audio": ({"kind": 7, "body": "声音的话"}, "audio"),
    "picture": ({"kind": 8, "body": "图片的话", "images": PICTURES}, "picture"),
    "text": ({"kind": 10, "body": "文字的话"}, "text"),
    "shared": ({"kind": 11, "body": "<p>分享的话</p>"}, "article"),
    "short": ({"kind": 17, "body": "短内容的话"}, "short"),
}


@pytest.mark.parametrize("era", ["C", "D"])
@pytest.mark.parametrize(("fields", "name"), KINDS.values(), ids=KINDS)
def test_every_kind_has_its_body(fields: dict[str, Any], name: str, era: str) -> None:
    """Also where nothing stands in the markup."""
    got = scraper.parse(Page(url=URL, body=article_page(era=era, **fields)))
    assert name == got.kind_name
    assert "的话" in got.text
    if name == "picture":
        assert PICTURES == [image.url for image in got.images]
    if name in ("video", "audio"):
        assert got.media


STATUS: dict[str, tuple[type[ScrapeError], str | None]] = {
    "deleted": (Gone, "deleted"),
    "deleted-en": (Gone, "deleted"),
    "deleted-2017": (Gone, "deleted"),
    "violation": (Gone, "violation"),
    "violation-mixed": (Gone, "violation"),
    "complaint": (Gone, "complaint"),
    "complaints": (Gone, "complaint"),
    "send-failed": (Gone, "send-failed"),
    "account-blocked": (Gone, "account-blocked"),
    "account-closed": (Gone, "account-closed"),
    "account-recycled": (Gone, "account-closed"),
    "impersonation": (Gone, "impersonation"),
    "migrated": (Gone, "migrated"),
    "unavailable": (Gone, "unavailable"),
    "private": (Gone, "private"),
    "parameter-error": (NeedsPerson, "parameter-error"),
    "expired": (NeedsPerson, "expired"),
    "captcha": (Blocked, "captcha"),
    "captcha-en": (Blocked, "captcha"),
    "frequency": (Blocked, "frequency"),
    "verify": (Blocked, "verify"),
    "empty": (Unrecognised, None),
    "unknown": (Unrecognised, None),
}


def test_every_status_page_is_listed() -> None:
    """None is left untested."""
    assert set(STATUS_PAGES) == set(STATUS)


@pytest.mark.parametrize(("name", "expected"), STATUS.items(), ids=STATUS)
def test_every_status_page_is_known(
    name: str, expected: tuple[type[ScrapeError], str | None]
) -> None:
    """Class and reason; never an article."""
    with pytest.raises(ScrapeError) as caught:
        scraper.parse(Page(url=URL, body=status_page(name)))
    assert expected == (type(caught.value), getattr(caught.value, "reason", None))
