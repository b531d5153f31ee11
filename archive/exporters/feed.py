"""Feeds as files, for a server that only hands files out: of all that was chosen, and of each
account.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from archive.document.paths import folder_name
from archive.exporters.export import Export
from archive.exporters.feeds import FORMATS, opml
from archive.exporters.feeds.entries import entry, when
from archive.exporters.feeds.model import Entry, Feed
from archive.exporters.pictures import held
from archive.store import Stored

#: Articles a feed: what `serve` gives at most.
MOST = 200
#: Where addresses lead that have no other place: what feeds need is absolute.
NOWHERE = "https://mp.weixin.qq.com/"


def write(export: Export) -> None:
    """``feeds/all.EXT``, ``feeds/NAME.EXT`` an account, ``feeds.opml``, and the pictures they show
    in ``media/``.
    """
    base = (export.base_url or "").rstrip("/")
    newest = sorted(export.articles, key=when, reverse=True)
    by_account: dict[str, list[Stored]] = defaultdict(list)
    for stored in newest:
        by_account[stored.account or stored.author or "?"].append(stored)
    made: dict[str, Entry | None] = {}
    with export.folder as folder:
        outlines: list[opml.Outline] = []

        def one(name: str, title: str, articles: Sequence[Stored]) -> None:
            outlines.append(_feed(export, base, name, title, articles, made))

        export.one("the feed of all", partial(one, "all", "wechat-archive", newest))
        for name, articles in by_account.items():
            export.one(f"the feed of {name}", partial(one, folder_name(name), name, articles))
        folder.put("feeds.opml", opml.write("wechat-archive", {"": outlines}))
    export.report.articles = sum(one is not None for one in made.values())


def _feed(
    export: Export,
    base: str,
    name: str,
    title: str,
    articles: Sequence[Stored],
    made: dict[str, Entry | None],
) -> opml.Outline:
    entries = []
    for stored in articles[:MOST]:
        if stored.key not in made:
            made[stored.key] = None
            export.one(stored.key, partial(_make, made, export, base, stored))
            export.progress(len(made), len(export.articles))
        if found := made[stored.key]:
            entries.append(found)
    for extension, form in FORMATS.items():
        feed = Feed(
            id=f"tag:wechat-archive,2026:feed:{name}",
            title=title,
            url=f"{base}/feeds/{name}.{extension}" if base else NOWHERE,
            home=base or NOWHERE,
            entries=tuple(entries),
        )
        export.folder.put(f"feeds/{name}.{extension}", form.write(feed))
    return opml.Outline(title, f"{base}/feeds/{name}.atom", base or NOWHERE)


def _make(made: dict[str, Entry | None], export: Export, base: str, stored: Stored) -> None:
    made[stored.key] = _entry(export, base, stored)


def _entry(export: Export, base: str, stored: Stored) -> Entry:
    article = export.store.shown(stored.article_id)

    def picture(url: str) -> str | None:
        return _picture(export, base, url)

    return entry(stored, article, url=stored.url or base or NOWHERE, picture=picture)


def _picture(export: Export, base: str, url: str) -> str | None:
    """The copy beside the feed where there is an address for it, else WeChat's own."""
    image = held(export.store, url)
    if image is None or not base:
        export.report.missing_images += image is None
        return url
    export.report.images += export.folder.link(image.path, image.place)
    return f"{base}/{image.path}"
