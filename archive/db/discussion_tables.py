"""The tables of what stands around a text: counts, comments, and lists that a reader's client saw.

Everything about an article goes with it (``ON DELETE CASCADE``).
"""

from __future__ import annotations

import sqlite3

from archive.db.columns import has_table

#: What ``backup`` counts as something that a person would miss (see ``archive.db.identity``).
_COUNTED = (("counted", "counts"), ("commented", "comments"), ("listed", "listed_articles"))

DDL: tuple[str, ...] = (
    """CREATE TABLE counts (              -- one row a look; 100001: more than 100,000
        id INTEGER PRIMARY KEY,
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        seen TEXT NOT NULL,           -- when the answer came
        origin TEXT NOT NULL,         -- page, traffic, discuss, import
        read_count INTEGER,           -- 阅读
        like_count INTEGER,           -- 点赞
        looking_count INTEGER,        -- 在看
        share_count INTEGER,          -- 分享
        comment_count INTEGER,        -- 留言
        collect_count INTEGER,        -- 收藏
        UNIQUE (article_id, seen, origin)
    )""",
    """CREATE TABLE discussions (         -- what is known of an article's comments as a whole
        article_id INTEGER PRIMARY KEY REFERENCES articles(id) ON DELETE CASCADE,
        total INTEGER,                -- how many elected comments WeChat says there are
        seen TEXT NOT NULL,           -- last look at any of them
        complete TEXT                 -- last look at all of them; NULL: there was none
    )""",
    """CREATE TABLE comments (            -- elected comments and the replies to them
        id INTEGER PRIMARY KEY,
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        parent_id INTEGER REFERENCES comments(id) ON DELETE CASCADE,  -- of a reply
        comment_id TEXT NOT NULL,     -- WeChat's content_id; of a reply content_id/reply_id
        position INTEGER NOT NULL,    -- as WeChat orders them, from 1
        author TEXT,                  -- the name that everybody sees
        text TEXT NOT NULL,
        written TEXT,
        likes INTEGER NOT NULL,
        place TEXT,
        by_author INTEGER NOT NULL,   -- 1: the account's own
        liked_by_author INTEGER NOT NULL,
        pinned INTEGER NOT NULL,
        reply_to TEXT,                -- the name that a reply answers
        reply_count INTEGER NOT NULL, -- how many replies WeChat says it has
        first_seen TEXT NOT NULL,
        last_seen TEXT NOT NULL,
        gone TEXT,                    -- when a look at all of them did not show it any more
        row_check TEXT NOT NULL,      -- over what it says (see archive/db/checksums.py)
        UNIQUE (article_id, comment_id)
    )""",
    "CREATE INDEX comments_parent ON comments(parent_id)",
    """CREATE TABLE comment_pictures (
        comment_id INTEGER NOT NULL REFERENCES comments(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        url TEXT NOT NULL,
        width INTEGER,
        height INTEGER,
        PRIMARY KEY (comment_id, position)
    )""",
    "CREATE INDEX comment_pictures_url ON comment_pictures(url)",
    """CREATE TABLE listed_articles (     -- out of lists that a reader's client was given
        address TEXT PRIMARY KEY,     -- canonical
        fetch TEXT NOT NULL,          -- the address to ask for
        biz TEXT,
        title TEXT,
        digest TEXT,
        author TEXT,
        published TEXT,
        first_seen TEXT NOT NULL,
        last_seen TEXT NOT NULL
    )""",
    "CREATE INDEX listed_articles_account ON listed_articles(biz, published)",
    *(
        f"CREATE TRIGGER {name}_generation AFTER INSERT ON {table} BEGIN "
        "UPDATE meta SET value = value + 1 WHERE name = 'generation'; END"
        for name, table in _COUNTED
    ),
)

#: Which comment holds which word; made by a later migration than the comments. Its rows keep what
#: they were made of, so that a comment can be taken out whatever its text says by then.
INDEX_DDL: tuple[str, ...] = (
    """CREATE VIRTUAL TABLE comment_terms USING fts5(   -- rowid: comments.id
        terms, detail='none', columnsize=0, tokenize="ascii"
    )""",
    """CREATE TABLE comments_unindexed (  -- until the next command that writes has come to its end
        comment_id INTEGER PRIMARY KEY
    )""",
    "INSERT INTO comments_unindexed SELECT id FROM comments",
    """CREATE TRIGGER comments_index_insert AFTER INSERT ON comments BEGIN
        INSERT OR IGNORE INTO comments_unindexed VALUES (NEW.id);
    END""",
    """CREATE TRIGGER comments_index_update AFTER UPDATE OF text ON comments
    WHEN OLD.text IS NOT NEW.text BEGIN
        INSERT OR IGNORE INTO comments_unindexed VALUES (NEW.id);
    END""",
    """CREATE TRIGGER comments_index_delete AFTER DELETE ON comments BEGIN
        DELETE FROM comments_unindexed WHERE comment_id = OLD.id;
        DELETE FROM comment_terms WHERE rowid = OLD.id;
    END""",
)


def exist(conn: sqlite3.Connection) -> bool:
    """False in an archive of before there were such tables, opened for reading."""
    return has_table(conn, "comments")


def are_indexed(conn: sqlite3.Connection) -> bool:
    """False in an archive of before comments had an index, opened for reading."""
    return has_table(conn, "comments_unindexed")
