"""What a reader's own client received: the bytes of a picture, sound or video, kept under the
address that articles have it by."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from scraper.recordings import at_address

if TYPE_CHECKING:
    from archive.store import Store


def keep_received(store: Store, url: str, body: bytes, now: datetime) -> str | None:
    """Keep what came from ``url``; its path in the archive. ``None``, and nothing is kept, for what
    is no picture, sound or video by its bytes, and for one that is cut short.

    Sound and video go by the address that stays (``scraper.recordings``), pictures by their own,
    whose other sizes are the same picture. What is held already stays. Raises DiskTrouble.
    """
    from scraper.fetch import Download
    from scraper.fetch.magic import Active, is_cut, sniff

    try:
        found = sniff(body)
    except Active:
        found = None
    if found is None or is_cut(body, found[1]):
        return None
    type_, extension = found
    download = Download(url=url, body=body, type=type_, extension=extension)
    if type_.startswith("image/"):
        return store.media_path(url) or store.add_media(url, download, now)
    recording = at_address(url)
    if recording is None or not type_.startswith(("audio/", "video/")):
        return None
    held = store.recordings.path_of(recording.address)
    return held or store.recordings.add(recording.address, recording.sort, download, now)
