"""Pure. A Markdown file, as this program writes it or as others do, as an ``Article``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

from archive.document import frontmatter, related
from archive.document.facts import Holding, article_of, holding_of, time_of
from archive.document.layout import header
from archive.document.reading_html import SIGN, to_html
from archive.errors import BadInput
from scraper import urls
from scraper.body import cards, clean
from scraper.errors import NotAnAddress
from scraper.models import Account, Article, Media
from scraper.zone import CHINA

Local = Callable[[str], "str | None"]

#: The header lines of the sample article, and what other tools call them.
_LABELS: Mapping[str, str] = {
    "文章作者": "author",
    "作者": "author",
    "公众号": "account",
    "公众号名称": "account",
    "账号": "account",
    "来源": "account",
    "发布时间": "published",
    "发布日期": "published",
    "日期": "published",
    "发布地": "place",
    "发布地点": "place",
    "原文链接": "url",
    "原文地址": "url",
    "链接": "url",
    "原文": "url",
    "封面图链接": "cover",
    "封面图": "cover",
    "封面": "cover",
    "摘要": "digest",
}
#: Names that other tools give in front matter.
_ALIASES: Mapping[str, str] = {
    "date": "published",
    "publish_time": "published",
    "created": "published",
    "link": "url",
    "source": "url",
    "source_url": "url",
    "original_url": "url",
    "description": "digest",
    "summary": "digest",
    "image": "cover",
    "nickname": "account",
    "account_name": "account",
    **{label: name for label, name in _LABELS.items() if label != "来源"},
    "标题": "title",
}
_LINE = re.compile(r"^\s*(?:[-*>]\s+)?\**([\u4e00-\u9fff]{2,5})\**\s*[:：]\**\s*(.*?)\s*$")
_TITLE = re.compile(r"^#\s+(.+?)\s*#*\s*$")
_TIME = re.compile(
    r"(\d{4})\s*[-/年.]\s*(\d{1,2})\s*[-/月.]\s*(\d{1,2})日?(?:[T\s]+(\d{1,2})[:：时](\d{2})(?:[:：分](\d{2}))?)?"
)
_LINKED = re.compile(r"^\[[^\]]*\]\(\s*<?([^)>\s]+)>?[^)]*\)$|^<([^>\s]+)>$")
_SEALED = re.compile(r"^check: ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Head:
    """What a file says about itself before its body; ``ours``: this program wrote it."""

    article: Article
    holding: Holding
    body: str
    ours: bool


def read_head(text: str) -> Head:
    """The facts of a file and the Markdown of its body, which costs little.

    Raises BadInput for a file that is not about a WeChat article.
    """
    values, rest = frontmatter.read(text.replace("\r\n", "\n").replace("\r", "\n"))
    if _is_ours(values):
        article = article_of(values)
        return Head(article, holding_of(values), _without_header(article, rest), ours=True)
    values, body = _foreign(values, rest)
    return Head(_article(values), Holding(), body, ours=False)


def read_body(head: Head, *, image: Local | None = None, link: Local | None = None) -> Article:
    """The whole article. ``image`` and ``link`` tell the address of what the file shows as a local path."""
    article = head.article
    body = clean(to_html(head.body, ours=head.ours, image=image, link=link))
    html, text, in_cards, images = body.html, body.text, set[str](), body.images
    if head.ours:
        html = html.replace(f' width="{SIGN}"', "")
        images = tuple(replace(found, width=None) for found in images)
        html, text, in_cards = _with_cards(html, text, article.media)
    if article.kind == 8:  # picture pages name theirs so
        images = tuple(replace(found, role="picture") for found in images)
    in_text = dict.fromkeys(link for link in body.links if link.url not in in_cards)
    return replace(
        article,
        body=html,
        text=text,
        images=images,
        media=article.media or body.media,
        links=(
            *in_text,
            *related.resolved(
                (found for found in article.links if found.relation != "text"), in_text
            ),
        ),
    )


def _is_ours(values: Mapping[str, Any]) -> bool:
    return all(isinstance(values.get(name), str) for name in ("title", "key", "kind"))


def _without_header(article: Article, rest: str) -> str:
    """The body: everything behind the header that this program wrote; of an edited file, behind what looks like it."""
    rest = rest.lstrip("\n")
    # Where the body says what the digest does, the file does not say it twice.
    for headed in (article, replace(article, digest=None)):
        expected = "\n\n".join(header(headed))
        if rest.startswith(expected):
            return rest[len(expected) :].lstrip("\n")
    return _foreign({}, rest)[1]


# --- other people's files


def _foreign(values: Mapping[str, Any], rest: str) -> tuple[dict[str, Any], str]:
    """Names and values from front matter and header lines, and what stands below them."""
    found: dict[str, Any] = {
        _ALIASES.get(name, name): value for name, value in values.items() if value is not None
    }
    lines = rest.split("\n")
    at, begun = 0, False
    while at < len(lines):
        line = lines[at]
        title = _TITLE.match(line)
        labelled = _LINE.match(line)
        if not line.strip():
            at += 1
        elif (
            title
            and not begun
            and not any(name in found for name in ("author", "url")) | ("title" in found and begun)
        ):
            found.setdefault("title", _plain(title[1]))
            at, begun = at + 1, True
        elif labelled and labelled[1] in _LABELS:
            found.setdefault(_LABELS[labelled[1]], _value(labelled[2]))
            at += 1
        elif (
            line.startswith(">") and "digest" not in found and ("url" in found or "author" in found)
        ):
            end = at
            while end < len(lines) and lines[end].startswith(">"):
                end += 1
            found["digest"] = _joined(lines[at:end])
            at = end
            break
        else:
            break
    return found, "\n".join(lines[at:])


def _joined(lines: list[str]) -> str:
    """The text of a quote, its lines joined as they were before wrapping."""
    html = to_html("\n".join(line.removeprefix(">").strip() for line in lines), ours=False)
    return _visible(html).strip()


def _plain(markdown: str) -> str:
    html = to_html(markdown, ours=False)
    return _visible(html).strip() or markdown


def _value(text: str) -> str:
    linked = _LINKED.match(text)
    return (linked[1] or linked[2]) if linked else re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def _article(values: Mapping[str, Any]) -> Article:
    """The article that front matter or header lines describe. Raises BadInput where it is none of WeChat's."""
    title, url = _text(values.get("title")), _text(values.get("url"))
    address = _address(url)
    author, account = _text(values.get("author")), _text(values.get("account"))
    if address is None and not (title and (account or author) and values.get("published")):
        raise BadInput(
            "it names no address of a WeChat article (原文链接:, or url in its front matter)"
        )
    if not title:
        raise BadInput("it has no title (# …)")
    identity = address.identity if address else None
    query = re.search(r"[?&]sn=([0-9a-f]+)", url or "")
    tags = values.get("tags")
    return Article(
        title=title,
        author=author,
        # Nothing else in such a file says who published it.
        account=Account(name=account or author, biz=identity.biz if identity else None),
        published=_time(values.get("published")),
        place=_text(values.get("place")),
        mid=identity.mid if identity else None,
        idx=identity.idx if identity else None,
        sn=query[1] if query else None,
        url=urls.permanent(url) if address and url else url,
        address=url,
        digest=_text(values.get("digest")),
        cover=_text(values.get("cover")),
        tags=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
    )


def _address(text: str | None) -> urls.Address | None:
    try:
        found = urls.parse(text) if text else None
    except NotAnAddress:
        return None
    return found if found and found.form != "album" else None


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        value = "、".join(str(part) for part in value)
    return str(value).strip() or None if value is not None and not isinstance(value, dict) else None


def _time(value: Any) -> datetime | None:
    """A time as people write it: China's, where no zone is said."""
    found = time_of(value)
    if found is not None or not isinstance(value, str):
        return found
    parts = _TIME.search(value)
    if parts is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in parts.groups()), tzinfo=CHINA).astimezone(UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


# --- cards


def _with_cards(html: str, text: str, media: tuple[Media, ...]) -> tuple[str, str, set[str]]:
    """Body and text with the card lines of our own files (``视频: …``) as cards again, each matched with the front
    matter's ``media`` in order; and the addresses that stand in cards, which are no links of the text."""
    at, lines, addresses = 0, text.split("\n"), set[str]()
    for one in media:
        start = html.find(f"<p>{cards.label(one)}: ", at)
        end = html.find("</p>", start)
        if start < 0:
            continue
        shown = html[start : end + 4]
        card = cards.line(one)
        if _visible(shown) != _visible(card):
            continue  # edited by hand: the words stay
        html = html[:start] + card + html[end + 4 :]
        at = start + len(card)
        addresses.update(unescape(found) for found in _HREF.findall(shown))
        bare = _visible(shown).strip()
        if bare in lines:
            lines[lines.index(bare)] = cards.text(one)
    return html, "\n".join(lines), addresses


_HREF = re.compile(r'href="([^"]*)"')


def _visible(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))
