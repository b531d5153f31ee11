"""What a reader's own client received: the bytes of a picture, sound or video, kept under the
address that articles have it by."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archive.db.files import open_regular
from archive.media.part import RecordingPart
from scraper.recordings import at_address

if TYPE_CHECKING:
    from archive.store import Store

_PIECE = 2**20


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


def keep_file(store: Store, address: str, place: Path, digest: str, now: datetime) -> str | None:
    """Keep the file ``place`` as the recording ``address``, if its SHA-256 is ``digest`` and it is
    sound or video; its path in the archive. ``None`` where it is not, or is held already.

    Copied piece by piece, unless it lies in its place already. Raises DiskTrouble.
    """
    from scraper.errors import ScrapeError
    from scraper.fetch.streaming import whole

    recording = at_address(address)
    if recording is None or store.recordings.path_of(recording.address) is not None:
        return None
    store.recordings.note(recording.address, recording.sort, now)
    with RecordingPart(store, recording.address) as part:
        part.begin("", None, place.stat().st_size)
        try:
            with os.fdopen(open_regular(place), "rb") as file:
                while piece := file.read(_PIECE):
                    part.write(piece)
            found = whole(part, recording.sort)
        except (OSError, ScrapeError):
            part.forget()
            return None
        return part.finish(found, now, digest)
