"""Articles as rows → what is indexed of them. One reading for saving, rebuilding and checking
alike."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sized
from dataclasses import field, replace
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from archive.search.terms import (
    ALL,
    SALIENT,
    TITLE,
    VALUE,
    fold,
    fold_with_flags,
    tokens,
    tokens_and_salient,
)
from scraper.models import MEDIA_TYPES
from scraper.records import dataclass

if TYPE_CHECKING:
    import sqlite3

SALIENT_MIN_COUNT = (
    4  #: a word or pair that stands so many times in a text is one the article is about
)


#: What a search shows of an article, besides its text.
SHOWN = """a.key, a.title, a.author, a.digest,
           (SELECT group_concat(alt, char(10)) FROM images
            WHERE article_id = a.id AND alt <> '' AND NOT instr(a.text, alt)),
           a.path, a.url, a.account_id, a.account, a.published,
           (SELECT note FROM own_marks WHERE article_id = a.id),
           (SELECT lines FROM own_texts WHERE article_id = a.id)"""
_ROWS = f"""
    SELECT a.id, {SHOWN}, a.text, a.kind_name, a.place, a.gone IS NOT NULL, instr(a.body, '<pre'),
           EXISTS (SELECT 1 FROM images
                   WHERE article_id = a.id AND role NOT IN ('cover', 'card')),
           (SELECT group_concat(sort, ' ') FROM embeds WHERE article_id = a.id),
           EXISTS (SELECT 1 FROM article_days WHERE article_id = a.id)
    FROM articles a WHERE a.id = ?"""


@dataclass(frozen=True, slots=True)
class Document:
    """What the index knows of an article. ``published`` is aware, with ``date_only`` 00:00 of a day
    in China; ``has``: words of ``query.HAS``."""

    article_id: int
    key: str
    account_id: int | None
    title: str
    text: str
    published: datetime | None
    author: str | None
    digest: str | None
    kind_name: str
    place: str | None
    path: str
    url: str | None
    captions: str | None = None
    account: str | None = None  #: its name as the page shows it
    gone: bool = False
    date_only: bool = False
    has: frozenset[str] = field(default=frozenset())
    mine: str | None = None  #: a person's note, and what they wrote into its file

    @property
    def second(self) -> int | None:
        """When it was published, seconds since 1970."""
        return None if self.published is None else second(self.published)

    @property
    def fields(self) -> tuple[str, str, *tuple[str | None, ...]]:
        """All that is searched, the title and the text first."""
        # A person's words count only where there are any: what every article was indexed with is
        # the same with and without them.
        mine = (self.mine,) if self.mine else ()
        return self.title, self.text, self.author, self.digest, self.captions, *mine

    def without_text(self) -> Document:
        """The same without what is long: what a process sends back."""
        return replace(self, text="")

    def row_checksum(self, tags: str, text_crc: int) -> int:
        """See `row_checksum`; ``text_crc`` is the text's (`Analysis`)."""
        return row_checksum(
            self.key,
            self.title,
            self.author,
            self.digest,
            self.captions,
            self.path,
            self.url,
            self.account_id,
            self.account,
            self.second,
            tags,
            text_crc,
            self.mine,
        )


@dataclass(frozen=True, slots=True)
class Analysis:
    """What reading an article's texts gives: the costly part of indexing it.

    ``terms``: its tokens between blanks, those of its filters left out. ``text_crc``: CRC-32 of its
    text in UTF-8. ``fold_flags``: `terms.fold_flags` of all its texts together.
    """

    terms: str
    fold_flags: int
    source_checksum: int
    text_crc: int


def analyse(doc: Document, frequent_bigrams: frozenset[str]) -> Analysis:
    """Pure; may run in any process."""
    texts, flags = zip(*[fold_with_flags(field or "") for field in doc.fields], strict=True)
    words = _tokens_of_folded(*texts, frequent_bigrams=frequent_bigrams)
    return Analysis(
        terms=" ".join(words),
        fold_flags=reduce(or_, flags),
        source_checksum=source_checksum(words, *doc.fields),
        text_crc=zlib.crc32(doc.text.encode()),
    )


def documents(conn: sqlite3.Connection, article_ids: Iterable[int]) -> Iterator[Document]:
    """What each article's rows say now; ids without a row are passed over."""
    for article_id in article_ids:
        row = conn.execute(_ROWS, (article_id,)).fetchone()
        if row is not None:
            yield _document(*row)


def _document(
    article_id: int,
    key: str,
    title: str,
    author: str | None,
    digest: str | None,
    captions: str | None,
    path: str,
    url: str | None,
    account_id: int | None,
    account: str | None,
    published: str | None,
    note: str | None,
    lines: str | None,
    text: str,
    kind_name: str,
    place: str | None,
    gone: int,
    code: int,
    image: int,
    sorts: str | None,
    date_only: int,
) -> Document:
    embedded = set((sorts or "").split())
    has = {MEDIA_TYPES[name].has for name in embedded & MEDIA_TYPES.keys()}
    has |= {word for word, there in (("code", code), ("image", image)) if there}
    return Document(
        article_id=article_id,
        key=key,
        account_id=account_id,
        account=account,
        title=title,
        text=text,
        published=None if published is None else datetime.fromisoformat(published),
        author=author,
        digest=digest,
        kind_name=kind_name,
        place=place,
        path=path,
        url=url,
        captions=captions,
        gone=bool(gone),
        date_only=bool(date_only),
        has=frozenset(has),
        mine=_mine(note, lines),
    )


def _mine(note: str | None, lines: str | None) -> str | None:
    return "\n".join(part for part in (note, lines) if part) or None


def shown_checksum(shown: Iterable[Any], tags: str, text_crc: int) -> int:
    """`row_checksum` of the columns `SHOWN`."""
    *same, published, note, lines = shown
    moment = None if published is None else second(datetime.fromisoformat(published))
    return row_checksum(*[*same, moment, tags, text_crc, _mine(note, lines)])


def document_tokens(
    title: str, text: str, *others: str | None, frequent_bigrams: frozenset[str]
) -> list[str]:
    """Every token of an article but its filters, each once. A term must stand in one field: fields
    are never joined."""
    texts = [fold(field or "") for field in (title, text, *others)]
    return _tokens_of_folded(*texts, frequent_bigrams=frequent_bigrams)


def _tokens_of_folded(
    title: str, text: str, *others: str, frequent_bigrams: frozenset[str]
) -> list[str]:
    # A blank keeps apart what it stands between, here the texts.
    besides = " ".join(filter(None, (title, *others)))
    found, salient = tokens_and_salient(text, frequent_bigrams, SALIENT_MIN_COUNT, besides)
    in_title = tokens(title, frequent_bigrams)
    found += [TITLE + token for token in in_title]
    found += [SALIENT + token for token in dict.fromkeys(salient) if token not in in_title]
    return found


def second(moment: datetime) -> int:
    """An aware time as the index keeps it: whole seconds since 1970."""
    return int(moment.timestamp())


def filter_tokens(tags: str) -> list[str]:
    """``" a12 karticle "`` → the tokens in the index."""
    return [ALL, *(VALUE + tag for tag in tags.split())]


def source_checksum(words: Sized, *fields: str | None) -> int:
    """Of what an article was indexed from. The number of its tokens tells when another Unicode
    version cuts it anew."""
    return zlib.crc32(
        "\0".join(field or "" for field in fields).encode("utf-8", "surrogatepass"), len(words)
    )


def row_checksum(
    key: str,
    title: str,
    author: str | None,
    digest: str | None,
    captions: str | None,
    path: str,
    url: str | None,
    account_id: int | None,
    account: str | None,
    published: int | None,
    tags: str,
    text_crc: int,
    mine: str | None = None,
) -> int:
    """Over all that a search shows of an article, so that it can tell of a hit at 1 µs that no bit
    of it flipped. ``text_crc``: CRC-32 of the text in UTF-8."""
    head = (
        f"{key}\n{title}\n{author}\n{digest}\n{captions}\n"
        f"{path}\n{url}\n{account_id}\n{account}\n{published}\n{tags}"
    )
    if mine:
        head += f"\n{mine}"
    return zlib.crc32(head.encode(), text_crc)
