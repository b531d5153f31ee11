"""Whether a page says anything new. Pure.

What changes between two fetches of the same article without its author doing anything is no
difference: read counts and tokens (which never reach an ``Article``), the host, size and format of
an image, the order and the tracking of a link's query, the ``sn`` and ``chksm`` of a linked
article.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from archive.record import SPACED
from scraper import urls
from scraper.errors import NotAnAddress
from scraper.models import Article
from scraper.patterns import lazy

Change = Literal["new", "modified", "unchanged", "reparsed"]

_SIZE_SIGNS = ('width="', 'height="', 'srcset="', 'loading="')
_SIZE = lazy(rf"\s(?:{'|'.join(_SIZE_SIGNS)})[^\"]*\"")
_WORD = re.compile(r"\w")
_MEDIA_HOST = re.compile(r"(?:^|\.)(?:qpic\.cn|qlogo\.cn|wx\.qq\.com)$")


def image_id(url: str) -> str:
    """What names the picture: a WeChat image address without scheme, host, size, format and query.

    ``https://mmbiz.qpic.cn/mmbiz_jpg/ID/640?wx_fmt=jpeg`` and
    ``http://mmbiz.qpic.cn/sz_mmbiz_png/ID/0`` are one picture, ``ID``. Any other address names
    itself, without its fragment.
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        return url
    if _MEDIA_HOST.search(host):
        names = [name for name in parts.path.split("/") if name]
        # /FOLDER/ID/SIZE, seen on every page from 2014 to 2026; some emoji and avatars lack the
        # size.
        if len(names) >= 2:
            return names[-2] if re.fullmatch(r"\d+", names[-1]) else names[-1]
    return urlunsplit(
        (
            "https" if parts.scheme in ("http", "") else parts.scheme,
            host,
            parts.path,
            parts.query,
            "",
        )
    )


@lru_cache(maxsize=4096)
def link_id(url: str) -> str:
    """What a link leads to: an article's identity or canonical address; else the address, its query
    sorted.
    """
    try:
        return urls.canonical(url)
    except NotAnAddress:
        pass
    try:
        parts = urlsplit(urls.clean_link(url))
        query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    except ValueError:
        return url
    return urlunsplit(("", parts.netloc.lower(), parts.path, query, parts.fragment))


def content_hash(article: Article) -> str:
    """One hash over what the author wrote: title, author, digest, cover, text and the body's own
    structure.
    """
    return _hash([*_words(article), _plain_body(article.body)])


def words_hash(article: Article) -> str:
    """The same without the body's structure: equal where only a newer parser sees it
    differently.
    """
    return _hash(_words(article))


def is_hollow(article: Article) -> bool:
    """Nothing to keep: no words, no pictures, no media. Such a page is never an article."""
    return not (article.text.strip() or article.images or article.media or "<img" in article.body)


def differences(old: Article, new: Article) -> dict[str, Any]:
    """What differs, for a person and for programs: each changed field as ``[old, new]``, the text
    as lines added and removed, and WeChat's own word on it (``edits``, ``title_modified``)."""
    found = {**_other_facts(old, new), **_other_parts(old, new)}
    if not found and _plain_body(old.body) != _plain_body(new.body):
        found["markup"] = True
    if new.edits != old.edits:
        found["edits"] = [
            {"at": e.at.isoformat() if e.at else None, "note": e.note} for e in new.edits
        ]
    if new.title_modified and not old.title_modified:
        found["title_modified"] = True
    return found


def _other_facts(old: Article, new: Article) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("title", "author", "digest", "place", "kind", "original", "source_url"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            found[name] = [before, after]
    if image_id(old.cover or "") != image_id(new.cover or ""):
        found["cover"] = [old.cover, new.cover]
    return found


def _other_parts(old: Article, new: Article) -> dict[str, Any]:
    """The text, the pictures and the links: how many came and went."""
    found: dict[str, Any] = {}
    lines, new_lines = _lines(old.text), _lines(new.text)
    if lines != new_lines:
        found["text"] = _counted(lines, new_lines)
    for name, part in (("images", _pictures), ("links", _targets)):
        before, after = part(old), part(new)
        if before != after:
            found[name] = {
                "added": len(set(after) - set(before)),
                "removed": len(set(before) - set(after)),
            }
    return found


def _words(article: Article) -> list[str | None]:
    cover = image_id(article.cover) if article.cover else None
    return [
        *(_squeezed(part) for part in (article.title, article.author, article.digest)),
        cover,
        "\n".join(_lines(article.text)),
        json.dumps([*_pictures(article)]),
    ]


def _squeezed(text: str | None) -> str:
    return " ".join(unicodedata.normalize("NFC", text or "").split())


def _lines(text: str) -> list[str]:
    lines = unicodedata.normalize("NFC", text).splitlines()
    return [" ".join(words) for line in lines if (words := line.split())]


def _pictures(article: Article) -> list[str]:
    return [image_id(image.url) for image in article.images if image.role != "cover"]


def _targets(article: Article) -> list[str]:
    return [link_id(link.url) for link in article.links if link.relation == "text"]


def _counted(before: list[str], after: list[str]) -> dict[str, int]:
    was, now = Counter(before), Counter(after)
    return {"added": (now - was).total(), "removed": (was - now).total()}


def _plain_body(body: str) -> str:
    if any(sign in body for sign in _SIZE_SIGNS):  # a pattern that begins anywhere reads it all
        body = _SIZE().sub("", body)
    return _squeezed(_named("href", link_id, _named("src", image_id, body)))


def _named(attribute: str, name: Callable[[str], str], body: str) -> str:
    """The body with each address of this attribute by the name that it goes by. Not by a pattern:
    one that begins at the edge of a word stops at every letter, a tenth of a millisecond a body.
    """
    sign, at, parts = f'{attribute}="', 0, []
    start = body.find(sign)
    while start >= 0:
        begin = start + len(sign)
        end = body.find('"', begin)
        if end >= 0 and not _WORD.match(body[start - 1 : start]):
            parts += [body[at:begin], html.escape(name(html.unescape(body[begin:end])))]
            at = end
        start = body.find(sign, max(at, begin))
    return "".join([*parts, body[at:]])


def _hash(parts: list[str | None]) -> str:
    written = SPACED.encode(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(written).hexdigest()


#: So many pieces of a text are looked for in the other; each is long enough that no other article
#: has it.
_PIECES, _PIECE = 100, 12
#: Exporters lose captions and cards, and write marks of their own; seven of ten pieces is far above
#: any two articles.
_SAME = 0.7


def same_words(one: str, other: str) -> bool:
    """Whether two texts are of one article, as two tools show it. Two empty ones say nothing."""
    short, long = sorted((_bare(one), _bare(other)), key=len)
    if len(short) < _PIECE:
        return bool(short) and short == long
    starts = range(0, len(short) - _PIECE + 1, max(_PIECE, len(short) // _PIECES))
    pieces = [short[start : start + _PIECE] for start in starts]
    return len(short) * 2 > len(long) and sum(piece in long for piece in pieces) >= _SAME * len(
        pieces
    )


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text))
