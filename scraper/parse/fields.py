"""What a page says about its article, by the names of ``Article``. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from scraper.models import Account, Album, Edit, Reprint


class Fields(TypedDict):
    """The keyword arguments of ``Article`` that stand around the body."""

    title: str
    account: Account
    author: str | None
    published: datetime | None
    date_only: bool
    modified: datetime | None
    place: str | None
    mid: str | None
    idx: str | None
    sn: str | None
    kind: int
    url: str | None
    digest: str | None
    recommendation: str | None
    cover: str | None
    category: str | None
    original: bool | None
    reprint: Reprint | None
    source_url: str | None
    album: Album | None
    tags: tuple[str, ...]
    claims: tuple[str, ...]
    comment_id: str | None
    paid: bool
    title_modified: bool
    edits: tuple[Edit, ...]
