"""``stars.json``, in which the page kept stars before they stood in the database: taken over once."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from archive.db.files import read_regular
from archive.db.names import STARS
from archive.errors import ArchiveError, Corrupt
from archive.store.core import Store
from archive.store.own import Marking
from scraper.messages import mark

_LARGEST = 16 * 2**20


def take_over(store: Store) -> int:
    """Star what the file names, then remove it; how many. What is not held any more is left out.

    Killed in between it begins again, and a star is given once. Raises Corrupt for a file that is
    none of this program's, which stays; DiskTrouble.
    """
    place = store.root / STARS
    try:
        found = json.loads(read_regular(place, _LARGEST))
        stars = {str(key): datetime.fromisoformat(str(since)) for key, since in found.items()}
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, AttributeError) as error:
        raise Corrupt(
            mark("{path} is not what was written: mend it, or move it away", path=place)
        ) from error
    count = 0
    for key, since in stars.items():
        count += _star(store, key, since if since.tzinfo else since.replace(tzinfo=UTC))
    store.files.remove(STARS)
    return count


def _star(store: Store, key: str, since: datetime) -> bool:
    held = store.find(key)
    if held is None or held.starred is not None:
        return False
    try:
        store.edits.mark(held, Marking(starred=True), since)
    except ArchiveError:  # its file cannot be written to: the star stands in its row all the same
        store.edits.mark_row(held, Marking(starred=True), since)
    return True
