"""What the files and folders of an archive are called, from its own folder."""

from __future__ import annotations

ARCHIVE_DB = "archive.db"
SNAPSHOTS_DB = "snapshots.db"
ARTICLES = "articles"
MEDIA = "media"
CONFIG = "config.toml"
STARS = "stars.json"
INTAKE_KEY = "intake.key"
LOCK = ".lock"
#: Where the page is served now.
SERVE = ".serve"
#: What was removed stands here as long as it may be brought back.
TRASH = ".trash"
#: Half-written files stand here until they are renamed into place.
TEMPORARY = ".tmp"
