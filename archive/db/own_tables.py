"""The tables of what a person adds to articles, made by a migration: marks, tags, edited files.

Apart from ``tags``, which are WeChat's and made again whenever an article changes. Everything here
goes with its article (``ON DELETE CASCADE``), as ``remove`` expects of every table.
"""

from __future__ import annotations

import sqlite3

from archive.db import article_columns, group_tables, removal_tables

#: What ``backup`` counts as something that a person would miss (see ``archive.db.identity``).
_COUNTED = (
    ("marked", "INSERT ON own_marks"),
    ("marked_again", "UPDATE ON own_marks"),
    ("tagged", "INSERT ON own_tags"),
    ("untagged", "DELETE ON own_tags"),
    ("edited", "INSERT ON own_texts"),
    ("edited_again", "UPDATE ON own_texts"),
)

DDL: tuple[str, ...] = (
    """CREATE TABLE own_marks (
        article_id INTEGER PRIMARY KEY REFERENCES articles(id) ON DELETE CASCADE,
        starred TEXT,                 -- when; NULL: no star
        read TEXT,                    -- when it was marked as read; NULL: unread
        note TEXT
    )""",
    "CREATE INDEX own_marks_starred ON own_marks(starred) WHERE starred IS NOT NULL",
    """CREATE TABLE own_tags (
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        tag TEXT NOT NULL,
        PRIMARY KEY (article_id, tag)
    )""",
    "CREATE INDEX own_tags_tag ON own_tags(tag)",
    """CREATE TABLE own_texts (           -- files that a person changed, as they were last read
        article_id INTEGER PRIMARY KEY REFERENCES articles(id) ON DELETE CASCADE,
        file_hash TEXT NOT NULL,      -- sha256 of the file
        noticed TEXT NOT NULL,        -- when this state of it was noticed
        markdown TEXT NOT NULL,       -- the whole file
        lines TEXT NOT NULL           -- what it says that the article does not, a line each
    )""",
    """CREATE TABLE own_text_versions (   -- earlier states of such files
        id INTEGER PRIMARY KEY,
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        noticed TEXT NOT NULL,
        markdown TEXT NOT NULL
    )""",
    "CREATE INDEX own_text_versions_article ON own_text_versions(article_id)",
    """CREATE TABLE missing_files (       -- files of articles that somebody deleted
        article_id INTEGER PRIMARY KEY REFERENCES articles(id) ON DELETE CASCADE,
        noticed TEXT NOT NULL
    )""",
    """CREATE TABLE search_mine (         -- the reader's own words, as the index knows them
        article_id INTEGER PRIMARY KEY,
        text TEXT NOT NULL
    )""",
    *(
        f"CREATE TRIGGER own_{name} AFTER {event} BEGIN "
        "UPDATE meta SET value = value + 1 WHERE name = 'generation'; END"
        for name, event in _COUNTED
    ),
)


def stand_in(conn: sqlite3.Connection) -> None:
    """Empty tables in the connection's own memory for an archive that is read before a writing
    command brought it up to date."""
    names = {row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    missing = [
        statement.replace("CREATE TABLE ", "CREATE TEMP TABLE ", 1)
        for statement in (*DDL, *removal_tables.DDL, *group_tables.DDL, *article_columns.DAYS_DDL)
        if statement.startswith("CREATE TABLE ") and statement.split(maxsplit=3)[2] not in names
    ]
    if not missing:
        return
    conn.execute("PRAGMA query_only = OFF")
    for statement in missing:
        conn.execute(statement)
    conn.execute("PRAGMA query_only = ON")
