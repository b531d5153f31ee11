"""Raw pages for ever: ``Snapshots`` keeps what the server sent, at 10–40 KB a page instead of 3
MB.
"""

from __future__ import annotations

from archive.snapshots.check import Damage
from archive.snapshots.facts import Snapshot
from archive.snapshots.keeper import Snapshots

__all__ = ["Damage", "Snapshot", "Snapshots"]
