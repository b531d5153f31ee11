"""From ``Article``s to files and rows, and back by search. Never touches the network, except
through ``run``.

The doors::

    text = archive.to_markdown(article)            # the whole file, front matter included
    text = archive.body_markdown(article)          # the body alone
    with archive.open("my-archive") as library:    # creates or migrates
        report = library.save(["https://mp.weixin.qq.com/s/…"])
        hits = library.search("融资 Stability", limit=20)

Nothing heavy is imported before it is needed: starting the program must not cost more than a
search.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import (
    ArchiveError,
    BadConfig,
    BadInput,
    BadQuery,
    CannotCreate,
    CoolingDown,
    Corrupt,
    DiskTrouble,
    Locked,
    NewerArchive,
    NoArchive,
    NoSuchInput,
    NotHeld,
    NotIndexed,
    NoWorkers,
    OlderArchive,
    QueueTrouble,
)

if TYPE_CHECKING:
    __version__: str

    from archive.library import Library
    from scraper.models import Article

#: Not ``open``: ``from archive import *`` must not hide Python's own.
__all__ = [
    "ArchiveError",
    "BadConfig",
    "BadInput",
    "BadQuery",
    "CannotCreate",
    "CoolingDown",
    "Corrupt",
    "DiskTrouble",
    "Locked",
    "NewerArchive",
    "NoArchive",
    "NoSuchInput",
    "NoWorkers",
    "NotHeld",
    "NotIndexed",
    "OlderArchive",
    "QueueTrouble",
    "__version__",
    "body_markdown",
    "to_markdown",
]


def to_markdown(article: Article) -> str:
    """The article's whole Markdown file as the archive writes it, ending in one newline.

    Front matter, title, author, time (China's), place, address, cover, digest, body; images and
    links keep their far addresses. Raises nothing for an article that ``scraper.parse`` made.
    """
    from archive.document.layout import to_markdown

    return to_markdown(article)


def body_markdown(article: Article) -> str:
    """The article's body alone as Markdown, ending in one newline; empty for an empty body."""
    from archive.document.markdown import render

    return render(article.body)


def open(path: str | Path) -> Library:
    """The archive in the folder ``path``, made or brought up to date where needed.

    A context manager; see ``Library``. Raises CannotCreate, Corrupt, DiskTrouble, NewerArchive, and
    Locked where the archive has to be made while another command holds the folder.
    """
    from archive.library import Library

    return Library(Path(path))


def __getattr__(name: str) -> str:
    # Asked for rarely; finding the metadata takes longer than all that is imported here.
    if name == "__version__":
        from importlib.metadata import version

        return version("wechat-archive")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
