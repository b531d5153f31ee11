"""What long commands over the whole archive note about themselves, so that a killed one goes on
where it was.
"""

from __future__ import annotations

DDL: tuple[str, ...] = (
    """CREATE TABLE reparses (            -- one row a `reparse` over many articles
        id INTEGER PRIMARY KEY,
        scope TEXT NOT NULL,          -- all, changed
        parser_version INTEGER NOT NULL,
        started TEXT NOT NULL,
        position INTEGER NOT NULL DEFAULT 0,  -- every snapshot up to this id is done
        finished TEXT                 -- NULL: killed or stopped; the next one goes on from position
    )""",
)
