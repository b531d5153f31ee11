"""What the files and folders of an archive are called, from its own folder."""

from __future__ import annotations

import re

ARCHIVE_DB = "archive.db"
SNAPSHOTS_DB = "snapshots.db"
ARTICLES = "articles"
MEDIA = "media"
CONFIG = "config.toml"
STARS = "stars.json"
INTAKE_KEY = "intake.key"
LOCK = ".lock"
#: Held by whoever makes a new search index, beside whoever writes.
INDEX_LOCK = ".lock-index"
#: Where the page is served now.
SERVE = ".serve"
#: What was removed stands here as long as it may be brought back.
TRASH = ".trash"
#: Half-written files stand here until they are renamed into place.
TEMPORARY = ".tmp"

#: What may stand behind the dot of a file from outside.
_EXTENSION = re.compile(r"\.?([a-z0-9]{1,8})")


def media_name(digest: str, extension: str) -> str:
    """``media/ab/abcdef….ext``: by content, so that no address decides where something is
    written.
    """
    found = _EXTENSION.fullmatch(extension.lower())
    return f"{MEDIA}/{digest[:2]}/{digest}.{found[1] if found else 'bin'}"
