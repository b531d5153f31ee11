"""Archives for the page's tests, and a client that asks as a browser on this machine does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from archive.web.app import make_app
from archive.web.settings import Settings
from tests.store.make import article, keep, opened

TOKEN = "a-token-that-is-long-enough"
HOME = "http://127.0.0.1:8787"


def filled(root: Path, count: int = 3, **fields: Any) -> list[str]:
    """An archive with articles numbered from 1; their keys, the oldest first."""
    with opened(root) as store:
        return [keep(store, article(number, **fields)).key for number in range(1, count + 1)]


@contextmanager
def visiting(
    root: Path, *, base: str = HOME, language: str = "en", **settings: Any
) -> Iterator[TestClient]:
    """A client of the page over the archive in ``root``."""
    app = make_app(root, Settings(**settings))
    headers = {"accept-language": language}
    with TestClient(
        app, base_url=base, headers=headers, raise_server_exceptions=False, follow_redirects=False
    ) as client:
        yield client
