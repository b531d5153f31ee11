"""The pictures of the page in the manual: ``python -m tests.web.screens`` draws them anew.

Of an archive of invented articles: other people's texts do not go into this repository.
"""

from __future__ import annotations

import math
import struct
import sys
import tempfile
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page

from scraper.models import Account, Image
from tests.store.make import Download, article, keep, long_address, opened
from tests.web.chromium import Chromium, executable, served

IMAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "images"
_BEGIN = datetime(2026, 11, 26, 1, 30, tzinfo=UTC)
#: Account, title, digest, hue of its picture.
_ARTICLES = (
    (
        "山中茶事",
        "一杯岩茶的一生：从采摘到冲泡",
        "五月采，六月焙，冬天才喝得到。做茶的人说，急不得。",
        150,
    ),
    (
        "山中茶事",
        "老丛水仙为什么有苔味",
        "树老了，根扎得深，树干上长满青苔。味道从哪里来，说法有三种。",
        120,
    ),
    ("夜航船", "城墙根下的修表匠", "他修了四十年表，自己从来不戴。问他几点了，他抬头看看天。", 25),
    (
        "代码与柴米",
        "把十年的文章存成一个文件夹",
        "链接会失效，账号会注销，平台会改版。文件不会。",
        210,
    ),
    (
        "代码与柴米",
        "全文检索为什么要管繁体和全角",
        "搜「资料」搜不到「資料」，读者不会怪自己，只会怪搜索框。",
        230,
    ),
    ("夜航船", "一条河怎样改了道", "地方志里只有八个字，村里的老人讲了一个下午。", 195),
    (
        "海边观测站",
        "台风过境前后的四十八小时",
        "气压计的指针先知道。然后是燕子，然后才是我们。",
        200,
    ),
    ("海边观测站", "潮汐表怎么读", "大潮、小潮、平潮，一张表里藏着月亮。", 215),
    ("山中茶事", "存茶记：湿度、光和耐心", "放在柜子里的不是茶，是时间。", 90),
    ("夜航船", "最后一家租书店", "老板把借书卡留了下来，三千多张，按姓名的第一个字母排好。", 340),
)
_BODY = (
    "<p>{digest}</p><h2>开头</h2><p>清晨六点，雾还没有散。沿着石阶往上走，两边都是<strong>矮矮的茶树</strong>，"
    "叶子上挂着水。向导说，雨后三天不采，露水没干不采，这是规矩，也是经验。</p>"
    '<figure><img src="{picture}" alt="{title}" width="640" height="360"><figcaption>雾散以前</figcaption></figure>'
    "<h2>经过</h2><blockquote><p>急不得。每一步都有它自己的时候。</p></blockquote>"
    "<p>采下来的叶子要在当天做完。萎凋、做青、杀青、揉捻、焙火，五道工序，夜里要起来三四次。"
    "温度高一度，香气就往前走一步；低一度，又退回来。做了三十年的师傅，仍然每次都要用手去试。</p>"
    "<h2>尾声</h2><p>下山的时候太阳出来了。他递过来一小包茶，说：<em>明年再来。</em></p>"
)


def build(root: Path) -> str:
    """The archive; the key of its first article."""
    with opened(root) as store:
        keys = []
        for number, (account, title, digest, hue) in enumerate(reversed(_ARTICLES), start=1):
            url = f"https://mmbiz.qpic.cn/mmbiz_png/{number}/640"
            when = _BEGIN + timedelta(hours=7 * number)
            store.add_media(url, Download(landscape(hue)), when)
            body = _BODY.format(digest=digest, picture=url, title=title)
            made = article(
                number,
                title=title,
                digest=digest,
                body=body,
                published=when - timedelta(days=170 * (len(_ARTICLES) - number), hours=2),
            )
            made = replace(
                made,
                account=Account(name=account, biz=f"biz{sum(map(ord, account))}"),
                text=f"{digest}\n{title}\n雾还没有散。温度高一度，{'茶' if number % 2 else ''}香气就往前走一步。",
                images=(Image(url=url),),
                place="福建",
                tags=("手艺",) if number % 3 else ("手艺", "四季"),
            )
            keys.append(keep(store, made, address=long_address(number), now=when).key)
    return keys[-1]


def landscape(hue: float, width: int = 640, height: int = 360) -> bytes:
    """Hills in a mist, as a PNG of few colours."""
    shades = [
        _rgb(hue, 0.10, 0.93),
        _rgb(hue, 0.20, 0.80),
        _rgb(hue, 0.30, 0.62),
        _rgb(hue, 0.38, 0.44),
        _rgb(hue, 0.45, 0.28),
    ]
    rows = []
    for y in range(height):
        row = bytearray(b"\0")
        for x in range(width):
            level = 0
            for hill in range(1, 5):
                crest = (
                    0.25
                    + 0.16 * hill
                    + 0.06 * math.sin(x / (150 - 22 * hill) + hill * hue)
                    + 0.02 * math.sin(x / 23 + hill)
                )
                if y > crest * height:
                    level = hill
            row.append(level)
        rows.append(bytes(row))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [
        chunk(b"IHDR", head),
        chunk(b"PLTE", b"".join(shades)),
        chunk(b"IDAT", zlib.compress(b"".join(rows), 9)),
    ]
    return (
        b"\x89PNG\r\n\x1a\n"
        + b"".join(parts)
        + chunk(b"tEXt", b"Comment\0" + b" " * 6000)
        + chunk(b"IEND", b"")
    )


def _rgb(hue: float, saturation: float, light: float) -> bytes:
    from colorsys import hls_to_rgb

    return bytes(round(255 * part) for part in hls_to_rgb(hue / 360, light, saturation))


def draw(target: Path) -> None:
    """Write the pictures into a folder."""
    program = executable()
    if program is None:
        sys.exit("there is no chromium on this machine")
    target.mkdir(exist_ok=True)
    chromium = Chromium(program)
    with tempfile.TemporaryDirectory() as folder:
        key = build(Path(folder))
        with served(Path(folder)) as address:
            for name, path, given in (
                ("page-home.png", "/", {"language": "zh-CN"}),
                ("page-article.png", f"/articles/{key}", {"language": "zh-CN", "dark": True}),
                ("page-search.png", "/search?q=茶", {"language": "en"}),
            ):
                url, place = address + path, target / name

                def shoot(page: Page, url: str = url, place: Path = place) -> None:
                    page.goto(url, wait_until="networkidle")
                    page.screenshot(path=str(place))

                chromium.visit(shoot, **given)
    chromium.close()


if __name__ == "__main__":
    draw(IMAGES)
