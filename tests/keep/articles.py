"""Article pages for these tests: small, in the real structure, linked with each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scraper.models import Page
from tests.weixin.pages import Fields, article_page

FETCHED = datetime(2026, 7, 2, 8, 0, tzinfo=UTC)
PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/PICTURE{}/640?wx_fmt=png"


def fields(number: int, *, links: tuple[int, ...] = (), text: str = "") -> Fields:
    """Article ``number``, with a picture, a list, code, a quote, bold text beside Chinese marks and
    ``links``.
    """
    anchors = "".join(f'<p><a href="{fields(other).long}">文章{other}</a></p>' for other in links)
    body = (
        f"<p>第{number}篇，<strong>重点。</strong>后文 &amp; a &lt; b。{text}</p>"
        f'<p><img data-src="{PICTURE.format(number)}"></p>'
        "<ul><li><p>一</p></li><li><p>二</p></li></ul><blockquote><p>引用 * 不是列表</p></blockquote>"
        '<pre class="code-snippet__js" data-lang="python"><code><span leaf="">if x:\n    y = "$5"</span></code></pre>'
        f"{anchors}"
    )
    return Fields(
        title=f"文章{number}: 岩茶 & <香气>",
        body=body,
        mid=str(2247480000 + number),
        published=datetime(2026, 6, 1, 4, 0, tzinfo=UTC) + timedelta(days=number),
        author="作者",
        place="北京",
        digest=f"摘要{number}",
        cover=f"https://mmbiz.qpic.cn/mmbiz_jpg/COVER{number}/0?wx_fmt=jpeg",
        original=True,
    )


def page(
    number: int, *, links: tuple[int, ...] = (), text: str = "", fetched: datetime | None = FETCHED
) -> Page:
    """The same as fetched."""
    found = fields(number, links=links, text=text)
    return Page(
        url=found.long.removesuffix("#rd"),
        body=article_page(found),
        headers=(("content-type", "text/html; charset=UTF-8"), ("content-encoding", "gzip")),
        fetched=fetched,
        request=(("user-agent", "Mozilla/5.0"), ("accept-language", "zh-CN")) if fetched else (),
    )
