"""The tables of alerts: saved searches, what was told already, what is still to be delivered."""

from __future__ import annotations

DDL: tuple[str, ...] = (
    """CREATE TABLE alerts (              -- saved searches
        name TEXT PRIMARY KEY,
        query TEXT NOT NULL,
        added TEXT NOT NULL,
        seen INTEGER NOT NULL,        -- the last row of article_changes that was looked at
        matched INTEGER NOT NULL DEFAULT 0,  -- articles told of
        last TEXT,                    -- when one matched last
        error TEXT                    -- why it could not be looked for the last time
    )""",
    # While there are alerts, what is kept or changed is noted here, in the transaction that keeps it:
    # whatever is killed, a run that comes later looks at it.
    """CREATE TABLE article_changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        change TEXT NOT NULL          -- new, modified
    )""",
    "CREATE INDEX article_changes_article ON article_changes(article_id)",
    """CREATE TABLE alert_conditions (    -- what is so since it was told: a block, a failing source …
        kind TEXT NOT NULL,           -- blocked, login, source, drift, disk
        subject TEXT NOT NULL,        -- which exit, source, field
        since TEXT NOT NULL,
        PRIMARY KEY (kind, subject)
    )""",
    """CREATE TABLE alert_starred (       -- starred articles as they were when last told of
        key TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        gone TEXT
    )""",
    """CREATE TABLE alert_messages (      -- one digest a run, until every way has it
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,      -- for receivers: the same at every try
        made TEXT NOT NULL,
        content TEXT NOT NULL         -- JSON: matches, starred, problems
    )""",
    """CREATE TABLE alert_deliveries (    -- a message that a way does not have yet
        number INTEGER NOT NULL REFERENCES alert_messages(number) ON DELETE CASCADE,
        way TEXT NOT NULL,            -- its name in config.toml
        attempts INTEGER NOT NULL DEFAULT 0,
        due TEXT NOT NULL,
        PRIMARY KEY (number, way)
    )""",
    """CREATE TABLE alert_ways (          -- how a way did the last time
        name TEXT PRIMARY KEY,
        delivered TEXT,               -- when it took a message last
        failures INTEGER NOT NULL DEFAULT 0,  -- in a row, since then
        error TEXT
    )""",
)
