"""What a watched source brings and how that is tagged; groups of sources and accounts. Made by a
migration."""

from __future__ import annotations

DDL: tuple[str, ...] = (
    "ALTER TABLE sources ADD COLUMN include TEXT",  # a query: only what it means is kept
    "ALTER TABLE sources ADD COLUMN exclude TEXT",  # a query: what it means is not
    "ALTER TABLE sources ADD COLUMN tags TEXT",  # given to what it brings, a line each
    "ALTER TABLE sources ADD COLUMN group_name TEXT",
    """CREATE TABLE group_accounts (      -- the reader's own lists of accounts
        name TEXT NOT NULL,
        account TEXT NOT NULL,        -- a name, __biz, gh_… or 微信号
        PRIMARY KEY (name, account)
    )""",
)
