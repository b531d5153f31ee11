"""Errors carry the address that they are about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scraper.errors import ScrapeError


@contextmanager
def about(url: str, hops: list[str]) -> Iterator[None]:
    """Errors inside carry the address they are about; behind a redirect (``hops`` not empty) they
    say where to.

    Their words do not repeat the address itself: who shows an error shows the address before it.
    """
    try:
        yield
    except ScrapeError as error:
        error.place(url, hops[-1] if hops else None)
        raise
