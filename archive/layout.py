"""The Markdown file of an article: front matter, header lines, cover, digest, body. Pure.

The layout is the one that users know from the sample article::

    ---
    title: "…"
    ---

    # TITLE

    文章作者: …
    发布时间: 2022-10-27 12:18
    发布地: 北京
    原文链接: http://mp.weixin.qq.com/s?__biz=…#rd

    封面图链接: https://…

    > the digest

    the body

A line without a value is left out. The header lines end in two spaces, Markdown's hard break, so that they stay lines
when rendered. Addresses are written bare, as the page gives them: nothing in them can be taken for Markdown, and they
can be copied.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from posixpath import relpath
from typing import Any
from urllib.parse import quote

from archive import frontmatter
from archive.names import CHINA, key_of, path_of
from scraper import urls
from scraper.errors import NotAnAddress
from scraper.models import Account, Album, Article, Edit, Link, Loss, Media, Reprint, Transcoding

__all__ = ["Holding", "is_untouched", "key_of", "path_of", "relative", "sealed", "to_markdown"]

Local = Callable[[str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What only the archive knows about an article: its key, when it was kept, whether it is gone, which images
    failed (address, why), and which held image (its file's name) came from which address."""

    key: str | None = None
    archived: datetime | None = None
    changed: datetime | None = None
    gone: datetime | None = None
    gone_reason: str | None = None
    gone_shown: str | None = None
    version: int | None = None
    missing: tuple[tuple[str, str], ...] = ()
    images: tuple[tuple[str, str], ...] = ()


def to_markdown(
    article: Article, holding: Holding | None = None, *, image: Local | None = None, link: Local | None = None
) -> str:
    """The whole file, ending in one newline. ``image`` and ``link`` map an address to a local path, or to ``None``."""
    # Imported here: markdownify and bs4 are slow to load, and most commands render nothing.
    from archive.markdown import render

    body = render(article.body, image=image, link=link).strip("\n")
    parts = [frontmatter.write(front_matter(article, holding or Holding())).rstrip("\n"), *header(article)]
    if body:
        parts.append(body)
    return "\n\n".join(parts) + "\n"


def header(article: Article) -> list[str]:
    """The blocks between front matter and body."""
    title = " ".join(article.title.split())
    blocks = [f"# {escape(title)}"] if title else []
    lines = [
        f"{label}: {value}"
        for label, value in (
            ("文章作者", escape(_one_line(article.author))),
            ("发布时间", _china_minute(article.published)),
            ("发布地", escape(_one_line(article.place))),
            ("原文链接", _one_line(article.url or _web(article.address))),
        )
        if value
    ]
    if lines:
        blocks.append("  \n".join(lines))
    if article.cover:
        blocks.append(f"封面图链接: {_one_line(article.cover)}")
    digest = [escape_line(line) for line in (article.digest or "").splitlines() if line.strip()]
    if digest:
        blocks.append("  \n".join(f"> {line}" for line in digest))
    return blocks


def _web(address: str | None) -> str | None:
    """A web address; None for a saved page's place on somebody's disk."""
    return address if address and address.startswith(("https://", "http://")) else None


def _other_address(article: Article) -> str | None:
    """The address that was asked for, where it is not just the permanent one with other tokens."""
    asked = _web(article.address)
    if asked is None or article.url is None:
        return asked
    try:
        return asked if urls.canonical(asked) != urls.canonical(article.url) else None
    except NotAnAddress:
        return asked if asked != article.url else None


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _china_minute(time: datetime | None) -> str:
    return time.astimezone(CHINA).strftime("%Y-%m-%d %H:%M") if time else ""


_ALWAYS = re.compile(
    r"""\\(?=[!-/:-@\[-`{-~])      # a backslash that would escape
      | <(?=[A-Za-z/!?])           # tags and comments
      | &(?=\#?\w+;)               # entities
    """,
    re.VERBOSE,
)
#: Signs that are markup in pairs only: one alone shows as itself, and ``$`` is money.
_PAIRS = (
    re.compile(r"\*"),
    re.compile(r"`"),
    re.compile(r"\$"),
    re.compile(r"(?<![^\W_])_|_(?![^\W_])"),  # underscores at the edge of a word
    re.compile(r"~(?=~)|(?<=~)~"),
    re.compile(r"=(?==)|(?<==)="),  # Obsidian's highlight
    re.compile(r"%(?=%)|(?<=%)%"),  # and its comment
)
_LINKS = re.compile(r"\][(\[:]|\[[\[^]")
_LINE_START = re.compile(r"^(\s*)(?:(#{1,6}(?=\s|$)|[-+*>](?=\s|$)|>|[-=_*]{3,}|\|)|(\d{1,9})([.)])(?=\s|$))")


def escape(text: str) -> str:
    """``text`` so that Markdown shows it as it is; only what would be read as markup gets a backslash."""
    text = _ALWAYS.sub(_backslash, text)
    if _LINKS.search(text):
        text = text.replace("[", "\\[")
    for sign in _PAIRS:
        if len(sign.findall(text)) > 1:
            text = sign.sub(_backslash, text)
    return re.sub(r"(?:(?<=\s)|^)#+$", _backslash, text)


def _backslash(sign: re.Match[str]) -> str:
    return "\\" + sign[0]


def escape_line(text: str) -> str:
    """The same at the start of a line, where lists, headings, quotes and rules begin."""
    return _LINE_START.sub(
        lambda sign: f"{sign[1]}\\{sign[2]}" if sign[2] else f"{sign[1]}{sign[3]}\\{sign[4]}", escape(text.strip())
    )


def front_matter(article: Article, holding: Holding) -> dict[str, Any]:
    """What the front matter says, in order; names without a value are left out when it is written."""
    account, album, reprint = article.account, article.album, article.reprint
    return {
        "title": article.title,
        "author": article.author,
        "account": account.name,
        "published": _iso(article.published, china=True),
        "place": article.place,
        "url": article.url,
        "cover": article.cover,
        "digest": article.digest,
        "key": holding.key or key_of(article),
        "kind": article.kind_name,
        "archived": _iso(holding.archived),
        "changed": _iso(holding.changed),
        "gone": _gone(holding),
        "biz": account.biz,
        "mid": article.mid,
        "idx": article.idx,
        "sn": article.sn,
        "user_name": account.user_name,
        "alias": account.alias,
        "signature": account.signature,
        "item_show_type": article.kind or None,
        "modified": _iso(article.modified, china=True),
        "address": _other_address(article),
        "source_url": article.source_url,
        "original": article.original,
        "reprint": _fields(reprint) if reprint else None,
        "album": _fields(album) if album else None,
        "tags": list(article.tags),
        "claims": list(article.claims),
        "category": article.category,
        "language": article.language,
        "comment_id": article.comment_id,
        "paid": article.paid or None,
        "title_modified": article.title_modified or None,
        "edits": [{"at": _iso(edit.at, china=True), "note": edit.note} for edit in article.edits],
        "media": [_media(media) for media in article.media],
        # Links of the text stand in the body.
        "links": [_fields(link) for link in article.links if link.relation != "text"],
        "losses": [_fields(loss) for loss in article.losses],
        "missing_images": [{"url": url, "why": why} for url, why in holding.missing],
        # The body shows local files; where they came from must not be lost with the database.
        "images": dict(holding.images),
    }


def _iso(time: datetime | None, *, china: bool = False) -> str | None:
    return time.astimezone(CHINA if china else UTC).isoformat() if time else None


def _gone(holding: Holding) -> dict[str, Any] | None:
    if holding.gone is None:
        return None
    return {"date": _iso(holding.gone), "reason": holding.gone_reason, "shown": holding.gone_shown}


def _fields(value: Any) -> dict[str, Any]:
    """A small frozen record as names and values."""
    return {name: getattr(value, name) for name in value.__slots__ if getattr(value, name) is not None}


def _media(media: Media) -> dict[str, Any]:
    values = _fields(media)
    values["transcodings"] = [_fields(form) for form in media.transcodings]
    values["extra"] = [list(pair) for pair in media.extra]
    return values


def article_of(values: Mapping[str, Any]) -> Article:
    """The article that ``front_matter`` described, without body, text, images and the links of the text.

    Reads what people edited by hand with the same calm: a value of the wrong type is as good as none.
    """
    kinds = {name: number for number, name in _kind_numbers()}
    kind = values.get("item_show_type")
    return Article(
        title=_text(values, "title") or "",
        author=_text(values, "author"),
        account=Account(
            name=_text(values, "account"),
            biz=_text(values, "biz"),
            user_name=_text(values, "user_name"),
            alias=_text(values, "alias"),
            signature=_text(values, "signature"),
        ),
        published=time_of(values.get("published")),
        modified=time_of(values.get("modified")),
        place=_text(values, "place"),
        mid=_text(values, "mid"),
        idx=_text(values, "idx"),
        sn=_text(values, "sn"),
        kind=kind if isinstance(kind, int) else kinds.get(_text(values, "kind") or "", 0),
        url=_text(values, "url"),
        address=_text(values, "address") or _text(values, "url"),
        digest=_text(values, "digest"),
        cover=_text(values, "cover"),
        language=_text(values, "language"),
        category=_text(values, "category"),
        original=values.get("original") if isinstance(values.get("original"), bool) else None,
        reprint=_record(Reprint, values.get("reprint")),
        source_url=_text(values, "source_url"),
        album=_record(Album, values.get("album")),
        tags=_texts(values.get("tags")),
        claims=_texts(values.get("claims")),
        comment_id=_text(values, "comment_id"),
        paid=values.get("paid") is True,
        title_modified=values.get("title_modified") is True,
        edits=tuple(
            Edit(at=time_of(edit.get("at")), note=_text(edit, "note")) for edit in _mappings(values.get("edits"))
        ),
        media=tuple(_media_of(media) for media in _mappings(values.get("media")) if media.get("sort")),
        links=tuple(
            Link(url=str(link["url"]), relation=str(link["relation"]), text=_text(link, "text"))
            for link in _mappings(values.get("links"))
            if link.get("url") and link.get("relation")
        ),
        losses=tuple(_record(Loss, loss) for loss in _mappings(values.get("losses")) if loss.get("kind")),
    )


def holding_of(values: Mapping[str, Any]) -> Holding:
    """The archive's own facts of a front matter."""
    gone = values.get("gone")
    gone = gone if isinstance(gone, Mapping) else {"date": gone}
    version = values.get("version")
    return Holding(
        key=_text(values, "key"),
        archived=time_of(values.get("archived")),
        changed=time_of(values.get("changed")),
        gone=time_of(gone.get("date")),
        gone_reason=_text(gone, "reason"),
        gone_shown=_text(gone, "shown"),
        version=version if isinstance(version, int) else None,
        missing=tuple(
            (str(image["url"]), _text(image, "why") or "")
            for image in _mappings(values.get("missing_images"))
            if image.get("url")
        ),
        images=tuple((str(name), url) for name, url in _mapping(values.get("images")).items() if isinstance(url, str)),
    )


def _kind_numbers() -> list[tuple[int, str]]:
    from scraper.models import KIND_NAMES

    return list(KIND_NAMES.items())


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    return None if value is None or isinstance(value, dict | list) else str(value)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(part) for part in value) if isinstance(value, list) else ()


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list) else []


def _record(sort: type[Any], value: Any) -> Any:
    """A ``Reprint`` or ``Album`` out of names and values; unknown names are dropped."""
    if not isinstance(value, Mapping):
        return None
    known = {name: value[name] for name in sort.__slots__ if name in value}
    return sort(**known) if sort is not Album or "id" in known else None


def _media_of(values: Mapping[str, Any]) -> Media:
    known = {name: values[name] for name in Media.__slots__ if name in values}
    known["transcodings"] = tuple(_record(Transcoding, form) for form in _mappings(values.get("transcodings")))
    known["extra"] = tuple(
        (str(pair[0]), str(pair[1])) for pair in values.get("extra") or () if isinstance(pair, list) and len(pair) == 2
    )
    return Media(**known)


def time_of(value: Any) -> datetime | None:
    """An aware UTC time out of front matter; one without a zone is China's, as every other tool writes it."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=CHINA)).astimezone(UTC)


# --- the file's own proof ---------------------------------------------------------------------------------------------

_CHECK = re.compile(r'^check: "([0-9a-f]{16})"\n', re.MULTILINE)


def sealed(text: str) -> str:
    """``text`` with a ``check`` over everything else as the last line of its front matter.

    The file itself then tells whether a person changed it, also after a crash between file and database.
    """
    end = text.index("\n---\n", 3) + 1
    return f'{text[:end]}check: "{_digest(text)}"\n{text[end:]}'


def is_untouched(text: str) -> bool:
    """Whether a file is exactly as this program wrote it, whichever version of the article it shows."""
    end = text.find("\n---\n", 3)
    found = _CHECK.search(text, 0, end + 1) if text.startswith("---\n") and end > 0 else None
    return found is not None and found[1] == _digest(text[: found.start()] + text[found.end() :])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


# --- links inside the archive -----------------------------------------------------------------------------------------


def relative(target: str, source: str) -> str:
    """The address of the file ``target`` in a link of the file ``source``; both from the archive's folder, with ``/``.

    Percent-encoded where Obsidian, VS Code or GitHub would stumble (spaces, brackets, ``#``, ``%``, ``&`` …); Chinese
    stays readable, which all three open.
    """
    path = relpath(target, source.rpartition("/")[0] or ".")
    return "".join(char if ord(char) > 127 else quote(char, safe="/.-_~,;=@+") for char in path)
