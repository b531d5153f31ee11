"""Pure. The head of other tools' Markdown files: front matter of clippers, header lines of
exporters, or a title alone.

Seen: html2text (wechatDownload), wechatmp2markdown, MarkDownload (2 templates), Obsidian Web
Clipper, exporters with ``> 公众号: …`` lines, notes made by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from typing import Any

from archive.document import bounds
from archive.document.facts import is_date_only, time_of
from archive.document.reading_html import to_html
from archive.errors import BadInput
from scraper import urls
from scraper.errors import NotAnAddress
from scraper.messages import mark
from scraper.models import Account, Article
from scraper.zone import CHINA

#: Header lines, as the sample article and other tools write them → the fact.
_LABELS: Mapping[str, str] = {
    "文章作者": "author",
    "作者": "author",
    "公众号": "account",
    "公众号名称": "account",
    "账号": "account",
    "来源": "account",
    "转载自": "reprint",
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
#: Names in front matter by fact, the best first: ``created`` is when a clipper made the note.
_NAMES: Mapping[str, Sequence[str]] = {
    "title": ("title", "标题"),
    "author": ("author", "authors", "byline", "作者", "文章作者"),
    "account": ("account", "account_name", "nickname", "公众号", "公众号名称", "账号"),
    "published": ("published", "publish_time", "发布时间", "发布日期", "date", "日期", "created"),
    "place": ("place", "发布地", "发布地点"),
    "url": ("url", "source", "link", "source_url", "original_url", "原文链接", "原文地址", "链接", "原文"),
    "cover": ("cover", "image", "banner", "封面图链接", "封面图", "封面"),
    "digest": ("digest", "description", "summary", "excerpt", "摘要"),
    "tags": ("tags",),
}  # fmt: skip
_LINE = re.compile(r"^\s*(?:[-*>]\s+)?\**([\u4e00-\u9fff]{2,5})\**\s*[:：]\**\s*(.*?)\s*$")
_TITLE = re.compile(r"^#\s+(.+?)\s*#*\s*$")
_TIME = re.compile(
    r"(\d{4})\s*[-/年.]\s*(\d{1,2})\s*[-/月.]\s*(\d{1,2})日?(?:[T\s]+(\d{1,2})[:：时](\d{2})(?:[:：分](\d{2}))?)?"
)
_LINKED = re.compile(r"^\[[^\]]*\]\(\s*<?([^)>\s]+)>?[^)]*\)$|^<([^>\s]+)>$")
#: Obsidian's ``[[note]]``, ``[[note|shown]]``, and ``![[picture.png|300]]``.
_WIKI = re.compile(r"(!?)\[\[([^\[\]|#\n]+)(?:#[^\[\]|\n]*)?(?:\|([^\[\]\n]*))?\]\]")
_RULE = re.compile(r"^\s*(?:-{3,}|\*{3,}|_{3,})\s*$")
_EXCERPT = re.compile(r"^>\s*#+\s*Excerpt\s*$", re.IGNORECASE)
#: html2text's: the cover, then ``原创 author [ account ](javascript:void\(0\);)`` and what is left
#: of a hidden line.
_COVER = re.compile(r"^!\[cover_image\]\((\S+?)\)\s*$")
_BYLINE = re.compile(r"^(?:原创\s+)?(.*?)\s*\[\s*([^\]]+?)\s*\]\(javascript:[^)]*\\?\)?[^)]*\)\s*$")
#: wechat-article-exporter's (Turndown), whose line goes on: ``… _2024年05月06日 08:25_ _上海_``.
_SHOWN_BEHIND = re.compile(r"\s+_(20\d\d年[^_]+)_\s*(?:_\s*([^_]*?)\s*_)?\s*$")
#: Buttons of the page, its empty emphases and the author's portrait above the title (wechatDownload
#: of 2025).
_BUTTON = re.compile(
    r"^\[[^\]]*\]\(javascript:[^)]*\)\s*$|^!\[作者头像\]\([^)]*\)\s*$|^[*_]{2,}\s*$"
)
_UNDERLINE = re.compile(r"^=+\s*$")
_HIDDEN = re.compile(r"^[_ ]+$")
_FENCE = re.compile(r"^\s{0,3}(```|~~~)")


@dataclass(slots=True)
class _Header:
    """What stands above the text: facts, and the line at which the text begins."""

    lines: list[str]
    found: dict[str, Any]
    at: int = 0
    has_title_line: bool = False
    labels: int = field(default=0)


def foreign(values: Mapping[str, Any], rest: str) -> tuple[dict[str, Any], str]:
    """Facts from front matter and header lines, and what stands below them."""
    lines = rest.split("\n")
    header = _Header(lines, _facts(values))
    while header.at < len(lines) and any(take(header, lines[header.at]) for take in _TAKE):
        header.at += 1
    if header.labels and header.at < len(lines) and _RULE.match(lines[header.at]):
        header.at += 1  # the line that a tool draws under its header
    return header.found, "\n".join(_without_wiki(lines[header.at :]))


def article_of_foreign(
    values: Mapping[str, Any], *, name: str | None = None, without_address: bool = False
) -> Article:
    """The article that these facts describe; ``name`` is the file's, for a title that is nowhere
    else.

    Raises BadInput where they name no address of a WeChat article, unless ``without_address``.
    """
    title, url = _text(values.get("title")), _text(values.get("url"))
    address = _address(url)
    author, account = _text(values.get("author")), _text(values.get("account"))
    published = _time(values.get("published"))
    if without_address:
        title = title or name
    elif address is None and not (title and (account or author) and published):
        raise BadInput(
            mark(
                "it names no address of a WeChat article (原文链接:, or url in its front "
                "matter); --without-address takes it all the same"
            )
        )
    if not title:
        raise BadInput(mark("it has no title (# …)"))
    identity = address.identity if address else None
    query = re.search(r"[?&]sn=([0-9a-f]+)", url or "")
    tags = values.get("tags")
    return Article(
        title=title,
        author=author,
        # Nothing else in such a file says who published it.
        account=Account(name=account or author, biz=identity.biz if identity else None),
        published=published,
        date_only=_is_date_only(values.get("published")),
        place=_text(values.get("place")),
        mid=identity.mid if identity else None,
        idx=identity.idx if identity else None,
        sn=query[1] if query else None,
        url=urls.permanent(url) if address and url else url,
        address=url,
        digest=_text(values.get("digest")),
        cover=_text(values.get("cover")),
        tags=tuple(filter(None, map(_text, tags))) if isinstance(tags, list) else (),
    )


# --- front matter


def _facts(values: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that front matter gives, by our names."""
    given = {name.lower(): value for name, value in values.items() if value is not None}
    found = {}
    for fact, names in _NAMES.items():
        offered = [given[name] for name in names if name in given]
        best = next(filter(_IS_GOOD.get(fact, bool), offered), None)
        if best is None:
            best = next(filter(None, offered), None)
        if best is not None:
            found[fact] = best
    return found


def _is_time(value: Any) -> bool:
    return _time(value) is not None


def _is_address(value: Any) -> bool:
    return _address(_text(value)) is not None


#: Of several values the first that is one.
_IS_GOOD: Mapping[str, Callable[[Any], bool]] = {"published": _is_time, "url": _is_address}


# --- lines above the text; each says whether it took the line


def _take_blank(header: _Header, line: str) -> bool:
    return not line.strip()


def _take_title(header: _Header, line: str) -> bool:
    title = _TITLE.match(line)
    if title is None or header.has_title_line or header.labels:
        return False
    shown = _plain(title[1])
    if header.found.setdefault("title", shown) != shown:
        return False  # the first heading of the text
    header.has_title_line = True
    return True


def _take_underlined(header: _Header, line: str) -> bool:
    """A title with a line below it, as Turndown writes it."""
    below = header.lines[header.at + 1] if header.at + 1 < len(header.lines) else ""
    if not line.strip() or not _UNDERLINE.match(below):
        return False
    if not _take_title(header, f"# {line.strip()}"):
        return False
    header.at += 1
    return True


def _take_button(header: _Header, line: str) -> bool:
    is_above = not (header.has_title_line or header.labels)
    return is_above and _BUTTON.match(line) is not None


def _take_label(header: _Header, line: str) -> bool:
    labelled = _LINE.match(line)
    if labelled is None or labelled[1] not in _LABELS:
        return False
    header.found.setdefault(_LABELS[labelled[1]], _value(labelled[2]))
    header.labels += 1
    return True


def _take_html2text(header: _Header, line: str) -> bool:
    shown = _SHOWN_BEHIND.search(line)
    cover, byline = _COVER.match(line), _BYLINE.match(line[: shown.start()] if shown else line)
    if cover and not header.has_title_line:
        header.found.setdefault("cover", cover[1])
    elif byline and header.has_title_line:
        header.found.setdefault("author", _plain(byline[1]) if byline[1] else byline[2])
        header.found.setdefault("account", byline[2])
        _take_shown(header, shown)
    else:
        return bool(_HIDDEN.match(line)) and "account" in header.found
    return True


def _take_shown(header: _Header, shown: re.Match[str] | None) -> None:
    if shown:
        header.found.setdefault("published", shown[1])
        header.found.setdefault("place", shown[2])


def _take_digest(header: _Header, line: str) -> bool:
    """A quote under the header lines."""
    found = header.found
    is_excerpt = bool(_EXCERPT.match(line))
    if not line.startswith(">") or "digest" in found or not (header.labels or is_excerpt):
        return False
    end = header.at
    while end < len(header.lines) and header.lines[end].startswith(">"):
        end += 1
    quote = header.lines[header.at : end]
    found["digest"] = _joined(quote[1:] if is_excerpt else quote)
    header.labels += is_excerpt  # MarkDownload draws a line under it
    header.at = end - 1
    return True


_TAKE = (
    _take_blank,
    _take_button,
    _take_label,
    _take_title,
    _take_underlined,
    _take_html2text,
    _take_digest,
)


def _without_wiki(lines: Iterable[str]) -> Iterable[str]:
    """Obsidian's links as the words that they show, its pictures as Markdown's; not inside code."""
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        yield line if fence or "[[" not in line else _WIKI.sub(_unlinked, line)


def _unlinked(found: re.Match[str]) -> str:
    target = found[2].strip()
    return f"![](<{target}>)" if found[1] else (found[3] or target).strip()


# --- values


def _joined(lines: Sequence[str]) -> str:
    """The text of a quote, its lines joined as they were before wrapping."""
    html = to_html("\n".join(line.removeprefix(">").strip() for line in lines), ours=False)
    return visible(html).strip()


def _plain(markdown: str) -> str:
    html = to_html(markdown, ours=False)
    return visible(html).strip() or markdown


def visible(html: str) -> str:
    """The text of some clean HTML."""
    return unescape(re.sub(r"<[^>]+>", "", html))


def _value(text: str) -> str:
    linked = _LINKED.match(text)
    return (linked[1] or linked[2]) if linked else re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def _address(text: str | None) -> urls.Address | None:
    try:
        found = urls.parse(text) if text else None
    except NotAnAddress:
        return None
    return found if found and found.form != "album" else None


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        value = "、".join(filter(None, map(_text, value)))
    found = bounds.text(value)
    return _WIKI.sub(_unlinked, found).strip() or None if found else None


def _time(value: Any) -> datetime | None:
    """A time as people write it: China's, where no zone is said."""
    found = time_of(value)
    if found is not None or not isinstance(value, str):
        return found
    parts = _TIME.search(value)
    if parts is None:
        return None
    try:
        when = datetime(*(int(part or 0) for part in parts.groups()), tzinfo=CHINA)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    return bounds.moment(when.astimezone(UTC))


def _is_date_only(value: Any) -> bool:
    """Whether what ``_time`` reads is a day without a time."""
    if is_date_only(value):
        return True
    parts = _TIME.search(value) if isinstance(value, str) and time_of(value) is None else None
    return parts is not None and parts[4] is None
