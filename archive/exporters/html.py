"""One self-contained web page an article: its images inside, no script, nothing fetched when it is
opened.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping

from archive.document.layout import relative
from archive.exporters import discussion, html_index
from archive.exporters.export import Export
from archive.exporters.links import links_within
from archive.exporters.pictures import content, held, recordings_of
from archive.exporters.report import ExportReport
from archive.exporters.target import Target
from archive.exporters.tree import LeftOut, Player, address, text, xhtml
from archive.store import Store, Stored
from scraper.models import Article
from scraper.zone import day_in_china, minute_in_china

STYLE = """
:root{color-scheme:light dark}body{margin:2rem auto;padding:0 1rem;max-width:42rem;line-height:1.75;
font-family:system-ui,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif;overflow-wrap:anywhere}
img,video{max-width:100%;height:auto}audio,video{display:block;width:100%}h1{line-height:1.3}.facts{color:GrayText;font-size:.9rem}.digest,blockquote{
border-left:.25rem solid GrayText;margin-left:0;padding-left:1rem}pre{overflow:auto;padding:1rem;background:#8881}
table{border-collapse:collapse}td,th{border:1px solid GrayText;padding:.25rem .5rem}
.gone{border:1px solid;padding:.5rem}.card{border:1px solid GrayText;border-radius:.5rem;padding:.5rem 1rem}
.comments{margin-top:3rem;border-top:1px solid GrayText;font-size:.95rem}.comments ol{list-style:none;padding-left:0}
.comments ol ol{border-left:.15rem solid GrayText;padding-left:1rem}.comments p{margin:.3rem 0}
.gone-comment{color:GrayText}
""".strip()
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
#: Nothing but images that are inside the file, sound and video inside or beside it, and this very
#: style.
POLICY = (
    "default-src 'none'; img-src data:; media-src data: 'self' file:; "
    f"style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'"
)
#: A recording that is no larger stands in the page itself, where there is no folder for it.
LARGEST_INSIDE = 8_000_000


def write(export: Export) -> None:
    """One page an article; links lead from one to the other, and from the contents to each."""
    names = {
        stored.article_id: f"{stored.path.removesuffix('.md')}.html" for stored in export.articles
    }
    entries: list[html_index.Entry] = []

    def one(stored: Stored) -> None:
        name = names[stored.article_id]
        folder.put(name, page(export.store, stored, name, names, export.report, folder))
        entries.append(html_index.Entry(name, stored.title, stored.account, stored.published))

    with export.folder as folder:
        export.each(one)
        folder.put(html_index.NAME, html_index.page(entries))


def page(
    store: Store,
    stored: Stored,
    name: str,
    others: Mapping[int, str],
    report: ExportReport,
    folder: Target | None = None,
) -> bytes:
    """The page of one article in the file ``name``; ``others``: the names of the other articles'
    files by their id. Sound and video go into ``folder``; without one only small ones come along,
    and of the others it is said where they play.
    """
    article = store.shown(stored.article_id)
    targets = links_within(store, stored, others)

    def image(url: str) -> str | None:
        return _inline(store, url, report)

    def link(url: str) -> str | None:
        return relative(targets[url], name) if url in targets else None

    players = _players(store, stored, article, name, report, folder)
    body = xhtml(article.body, image=image, link=link, play=players.get)
    talk = discussion.xhtml(store.discussions.of(stored.article_id), image=image)
    report.articles += 1
    return (
        "<!DOCTYPE html>\n"
        f'<html lang="{text(article.language or "zh-CN")}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{text(article.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<article>\n"
        f"{head(article, stored)}\n{_for_html(body)}\n</article>\n{talk}\n</body>\n</html>\n"
    ).encode("utf-8", "replace")


def head(article: Article, stored: Stored) -> str:
    """Title, who, when, where, and what became of it."""
    parts = [f"<h1>{text(article.title)}</h1>", _facts(article)]
    if (url := article.url or article.address) and (found := address(url)):
        parts.append(f'<p class="facts"><a href="{text(found)}">原文链接</a></p>')
    if stored.gone:
        said = stored.gone_shown or stored.gone_reason or ""
        parts.append(f'<p class="gone">{text(day_in_china(stored.gone))}: {text(said)}</p>')
    if article.digest:
        parts.append(f'<p class="digest">{text(article.digest)}</p>')
    return "\n".join(parts)


def _facts(article: Article) -> str:
    """Who wrote it, when and where, on one line."""
    account, published = article.account.name, article.published
    facts = (
        account,
        article.author if article.author != account else None,
        minute_in_china(published, date_only=article.date_only) if published else None,
        article.place,
    )
    return f'<p class="facts">{text(" · ".join(filter(None, facts)))}</p>'


def _players(
    store: Store,
    stored: Stored,
    article: Article,
    name: str,
    report: ExportReport,
    folder: Target | None,
) -> dict[str, Player | LeftOut]:
    found: dict[str, Player | LeftOut] = {}
    for one in recordings_of(store, stored.article_id):
        if folder is not None:
            folder.link(one.path, one.place)
            found[one.address] = Player(relative(one.path, name), one.type)
        elif one.bytes <= LARGEST_INSIDE:
            inside = base64.b64encode(one.place.read_bytes()).decode()
            found[one.address] = Player(f"data:{one.type};base64,{inside}", one.type)
        else:
            found[one.address] = LeftOut(one.bytes, article.url or article.address)
    report.media += sum(isinstance(one, Player) for one in found.values())
    return found


def _inline(store: Store, url: str, report: ExportReport) -> str | None:
    image = held(store, url)
    if image is None:
        report.missing_images += 1
        return None
    report.images += 1
    return f"data:{image.type};base64,{base64.b64encode(content(image)).decode()}"


def _for_html(xml: str) -> str:
    """XML's ``<td/>`` is an open element to an HTML parser."""
    return re.sub(r"<((?!br|hr|img)[a-z0-9]+)((?:\s[^<>]*?)?)/>", r"<\1\2></\1>", xml)
