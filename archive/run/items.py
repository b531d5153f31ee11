"""One item fails alone: what is about the whole archive and ends a command, and what is about one
item.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from archive.db.errors import DISK, as_archive_error, is_fatal
from archive.db.names import ARCHIVE_DB
from archive.errors import ArchiveError, BadInput, Corrupt, DiskTrouble
from scraper.errors import ScrapeError, Unexpected
from scraper.messages import mark, message_of

_LOG = logging.getLogger(__name__)


def disk_trouble(error: Exception) -> str:
    """What to say about a disk that fails; any other trouble is raised on."""
    if isinstance(error, sqlite3.Error):
        error = as_archive_error(error, ARCHIVE_DB)
    on_disk = isinstance(error, DiskTrouble) or (isinstance(error, OSError) and error.errno in DISK)
    if not on_disk:
        raise error
    return mark(
        "the disk refuses: {error}. What is kept is safe; make room and run it again", error=error
    )


class ItemError(ScrapeError):
    """An ArchiveError about one item, as the report has it: ``code`` is ``bad-input``, ``corrupt``
    or ``archive``.
    """

    def __init__(self, error: ArchiveError, *, url: str) -> None:
        super().__init__(message_of(error), url=url)
        self.code = next((code for kind, code in _CODES if isinstance(error, kind)), "archive")


_CODES = ((BadInput, "bad-input"), (Corrupt, "corrupt"))


@contextmanager
def one_item(address: str, failed: Callable[[ScrapeError], None]) -> Iterator[None]:
    """Whatever goes wrong inside is about ``address`` alone: ``failed`` is told, and the loop goes
    on.

    ScrapeErrors and ArchiveErrors are handed over as they are; what nobody foresaw becomes
    Unexpected, with its place, and its traceback goes to the log. What is about the archive as a
    whole goes through.
    """
    try:
        yield
    except ScrapeError as error:
        if is_fatal(error):
            raise
        failed(error)
    except ArchiveError as error:
        if is_fatal(error):
            raise
        failed(ItemError(error, url=address))
    except Exception as error:
        if is_fatal(error):
            raise
        found = Unexpected.of(error, url=address)
        _LOG.warning("%s: %s", found.url, found, exc_info=error)
        failed(found)
