"""A small archive with one of everything that a page can show."""

from __future__ import annotations

import random
import struct
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from archive.library import Library
from archive.snapshots import Snapshots
from scraper.errors import Gone
from scraper.models import Account, Album, Link, Loss, Page
from tests.store.make import LATER, NOW, Download, article, keep, long_address, opened

ALBUM = Album(
    id="77",
    title="武夷山茶事",
    url="https://mp.weixin.qq.com/mp/appmsgalbum?__biz=MzIyMDA3MjMwNw==&action=getalbum&album_id=77",
    size=4,
)
_PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/picture/640"
_BODY = (
    "<h2>采摘</h2><p>五月的<strong>武夷山</strong>，用 <code>make</code> 也做不出茶。</p>"
    f'<figure><img src="{_PICTURE}" alt="茶园" width="320" height="200"><figcaption>茶园</figcaption></figure>'
    "<h2>做青</h2><blockquote><p>看青做青。</p></blockquote><ul><li>摇青</li><li>晾青</li></ul>"
    "<pre><code>def tea(leaf: str) -> str:\n    return leaf</code></pre>"
    "<h3>温度</h3><table><thead><tr><th>步骤</th><th>度</th></tr></thead><tbody><tr><td>杀青</td><td>240</td></tr></tbody></table>"
    '<p>能量 <code class="math">E=mc^2</code> 。</p><hr>'
    '<p data-card="video">视频: 做青</p>'
    '<p><a href="{two}">另一篇</a>，<a href="{nine}">没存的</a>，<a href="https://a.example/">别处</a></p>'
)


@dataclass(frozen=True)
class Everything:
    """The keys: ``full`` has all parts, ``edited`` two versions, ``gone`` is deleted on WeChat,
    ``raw`` a raw page and a reader's own tag and note; one more is removed.
    """

    root: Path
    full: str
    edited: str
    gone: str
    raw: str

    @property
    def paths(self) -> list[str]:
        """Every kind of page."""
        return [
            "/",
            "/?order=published",
            "/search",
            "/search?q=茶",
            "/search?q=kind:nonsense",
            f"/articles/{self.full}",
            f"/articles/{self.gone}",
            f"/articles/{self.edited}/versions",
            f"/articles/{self.full}/graph",
            f"/articles/{self.full}/similar",
            f"/articles/{self.raw}/raw",
            "/accounts/MzIyMDA3MjMwNw==",
            "/accounts/MzIyMDA3MjMwNw==/timeline",
            "/accounts/MzIyMDA3MjMwNw==/graph",
            "/albums/77",
            "/tags/茶/岩茶",
            "/topics/茶",
            "/removed",
            "/years/2022",
            "/shelves",
            "/stars",
            "/status",
            "/intake",
            "/nowhere",
        ]


def build(root: Path) -> Everything:
    """Make it."""
    with opened(root) as store, Snapshots(root / "snapshots.db") as snapshots:
        store.add_media(_PICTURE, Download(picture()), NOW)
        number = snapshots.put(
            Page(
                url=long_address(2),
                body=f"<html><p>原样{_script()}</p></html>".encode(),
                fetched=NOW,
            ),
            address=long_address(2),
        )
        raw = keep(store, article(2, tags=("茶",), album=ALBUM), snapshot_id=number).key
        body = _BODY.replace("{two}", _escaped(long_address(2))).replace(
            "{nine}", _escaped(long_address(9))
        )
        full = keep(
            store,
            article(
                1,
                title="一杯岩茶的一生：从采摘到冲泡",
                author="茶农",
                digest="茶要看天，看青，看人。",
                place="福建",
                original=True,
                tags=("茶", "武夷山"),
                album=ALBUM,
                body=body,
                text="采摘\n五月的武夷山，用 make 也做不出茶。\n做青\n看青做青。",
                images=(_PICTURE,),
                edges=(
                    *(
                        Link(url=long_address(to), relation="text", text=f"第{to}篇")
                        for to in (2, 9, 10)
                    ),
                    Link(url="https://a.example/", relation="source", text="别处"),
                ),
                losses=(Loss(kind="drawing", where="做青", count=2),),
            ),
        ).key
        edited = keep(store, article(3, links=(1,), text="第一句。\n茶是绿的。\n末句。")).key
        keep(
            store, article(3, links=(1,), text="第一句。\n茶是红的。\n末句。\n又一句。"), now=LATER
        )
        gone = keep(store, article(4, published=datetime(2023, 1, 5, tzinfo=UTC))).key
        store.gone(
            long_address(4), Gone("deleted", reason="deleted", shown="该内容已被发布者删除"), LATER
        )
        other = replace(
            article(5, links=(1,)), account=Account(name="Tea & Co", biz="MzA4MDE0NTcwMg==")
        )
        keep(store, replace(other, url=None), address=long_address(5))
        removed = keep(store, article(6, title="删掉的一篇")).key
    with Library(root) as library:
        library.mark([raw], add=["茶/岩茶"], read=True, note="第一行\n第二行")
        library.remove([removed])
    return Everything(root, full=full, edited=edited, gone=gone, raw=raw)


def picture(width: int = 160, height: int = 100) -> bytes:
    """A PNG of noise, so that it is as large as a picture of an article."""
    rng = random.Random(1)
    rows = b"".join(b"\0" + rng.randbytes(3 * width) for _ in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def _script() -> str:
    return "<script>parent.alert(1)</script><img src=https://evil.example/x.png>"


def _escaped(address: str) -> str:
    return address.replace("&", "&amp;")
