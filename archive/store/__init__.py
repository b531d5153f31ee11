"""The only room that writes article rows: what came in, what it replaced, what links where, what is
missing.
"""

from archive.db.article_columns import Stored
from archive.store.core import Store
from archive.store.types import Backlink, Edge, Kept, MissingImage, Version

__all__ = ["Backlink", "Edge", "Kept", "MissingImage", "Store", "Stored", "Version"]
