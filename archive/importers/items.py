"""What importing speaks of: a format of files, and one thing found in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from archive.document.facts import Holding
from archive.document.own import Own
from scraper.models import Account, Article, Page
from scraper.traffic.exchange import Exchange
from scraper.traffic.models import Counts, Listed


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWork:
    """What a person did to an article in another archive: ``own`` says what, ``starred`` and ``read``
    since when (aware); ``markdown`` the whole file where they changed it; ``key`` the article's
    there."""

    own: Own
    starred: datetime | None = None
    read: datetime | None = None
    markdown: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportItem:
    """One thing found in a file. Exactly one of ``page`` (to be parsed), ``markdown`` (a file's
    text), ``article`` (complete), ``address`` alone (nothing but where it is), ``image`` (bytes for
    an address), ``exchange`` (counts or comments of an article), ``follows`` (an account) and
    ``error`` is there.

    ``source`` is the file and, in a collection, the place in it. ``address`` beside a page is the
    canonical one that it was kept for; ``parts`` are the pictures that stand in the page's own
    file, by address or name.
    """

    source: str
    path: Path
    page: Page | None = None
    parts: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    markdown: str | None = None
    article: Article | None = None
    address: str | None = None
    image: tuple[str, bytes] | None = None
    #: An address out of somebody's list: it waits to be fetched only where that was asked for.
    listed: bool = False
    #: The name of the account that such a list tells.
    account: str | None = None
    #: An account that another program followed, and nothing else.
    follows: Account | None = None
    #: What a list says of the article at ``address``.
    entry: Listed | None = None
    exchange: Exchange | None = field(default=None, repr=False)
    #: Counts that stand beside an article.
    counts: Counts = field(default=Counts(), repr=False)
    #: A person's work on the article.
    own: OwnWork | None = field(default=None, repr=False)
    #: What another archive knew of the article: when it came, was changed, was gone.
    holding: Holding | None = None
    #: When ``entry``, ``exchange`` or ``counts`` were true (aware, UTC).
    seen: datetime | None = None
    error: str | None = None


def _never(head: bytes) -> bool:
    return False


def _always(path: Path) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFormat:
    """A format that ``import`` reads: one module, and one line in ``archive.importers.formats``.

    ``read`` gives what stands in a file one by one; it may raise BadInput, ValueError and OSError,
    which end that file alone. ``begins`` tells by the first bytes where a name says nothing, or
    says ``.json`` or ``.db`` like many others.
    """

    name: str
    #: In the help of ``import`` and the manuals; ``chinese``: the same for Chinese readers, from
    #: which catalogue and manual take it.
    label: str
    chinese: str
    endings: tuple[str, ...]
    read: Callable[[Path], Iterator[ImportItem]]
    begins: Callable[[bytes], bool] = _never
    #: Whether a file of such a name that lies in a folder is one; a file given by name always is.
    is_wanted: Callable[[Path], bool] = _always
    #: Its work grows with the file alone, which may be of any size: only what is found in it is
    #: bounded in computing.
    streams: bool = False
