"""The tables of what is kept: articles, their parts, versions, media, accounts, albums."""

from __future__ import annotations

from archive.db.article_columns import ARTICLES

#: One statement each: ``executescript`` would commit the migration's transaction.
DDL: tuple[str, ...] = (
    """CREATE TABLE accounts (
        id INTEGER PRIMARY KEY,
        biz TEXT UNIQUE,              -- __biz, base64 text; NULL where no page said it
        name TEXT,                    -- as the newest page shows it
        user_name TEXT,               -- gh_…
        alias TEXT,                   -- 微信号
        signature TEXT,
        first_seen TEXT NOT NULL
    )""",
    "CREATE INDEX accounts_name ON accounts(name)",
    ARTICLES.create(),
    "CREATE INDEX articles_published ON articles(published)",
    "CREATE INDEX articles_account ON articles(account_id, published)",
    "CREATE INDEX articles_stale ON articles(id) WHERE stale",
    "CREATE INDEX articles_gone ON articles(gone) WHERE gone IS NOT NULL",
    """CREATE TABLE former_keys (        -- keys from before an article's identity was known
        key TEXT PRIMARY KEY,
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE
    )""",
    # of rows that are gone; removed next, also after a kill
    "CREATE TABLE doomed_files (path TEXT PRIMARY KEY)",
    """CREATE TABLE addresses (          -- every address an article was seen under
        address TEXT PRIMARY KEY,     -- canonical
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        form TEXT NOT NULL,           -- short, long, temporary, show, other
        fetch TEXT NOT NULL,          -- the address to ask for
        first_seen TEXT NOT NULL
    )""",
    "CREATE INDEX addresses_article ON addresses(article_id)",
    """CREATE TABLE links (
        id INTEGER PRIMARY KEY,
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        relation TEXT NOT NULL,       -- text, ainfos, album, album_previous, album_next, tag, reprint, source
        url TEXT NOT NULL,
        address TEXT,                 -- canonical, where it is an address of an article or album
        biz TEXT, mid TEXT, idx TEXT,
        target_id INTEGER REFERENCES articles(id) ON DELETE SET NULL,
        text TEXT
    )""",
    "CREATE INDEX links_article ON links(article_id, position)",
    "CREATE INDEX links_address ON links(address)",
    "CREATE INDEX links_identity ON links(biz, mid, idx)",
    "CREATE INDEX links_target ON links(target_id)",
    """CREATE TABLE media (
        sha256 TEXT PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,    -- media/ab/abcdef….ext
        type TEXT NOT NULL,           -- true type, by the bytes
        bytes INTEGER NOT NULL,
        added TEXT NOT NULL
    )""",
    """CREATE TABLE media_addresses (
        url TEXT PRIMARY KEY,
        image_id TEXT,                -- the part of a WeChat image address that names the picture
        sha256 TEXT REFERENCES media(sha256),
        attempts INTEGER NOT NULL DEFAULT 0,
        due TEXT,                     -- not before; NULL: never again (final), or already held
        error TEXT,
        error_class TEXT
    )""",
    "CREATE INDEX media_addresses_image ON media_addresses(image_id)",
    "CREATE INDEX media_addresses_sha256 ON media_addresses(sha256)",
    "CREATE INDEX media_addresses_due ON media_addresses(due) WHERE sha256 IS NULL",
    """CREATE TABLE images (
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        url TEXT NOT NULL,
        role TEXT NOT NULL,           -- body, background, picture, emoji, cover, card
        alt TEXT,
        width INTEGER,                -- CSS pixels
        height INTEGER,
        PRIMARY KEY (article_id, position)
    )""",
    "CREATE INDEX images_url ON images(url)",
    """CREATE TABLE embeds (
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        sort TEXT NOT NULL,           -- video, channels, audio, music, miniprogram, profile, vote, …
        media_id TEXT,
        title TEXT,
        author TEXT,
        url TEXT,
        duration REAL,                -- seconds
        cover TEXT,
        extra TEXT,                   -- JSON
        PRIMARY KEY (article_id, position)
    )""",
    """CREATE TABLE losses (              -- what of a body could not be kept
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        where_text TEXT,
        count INTEGER NOT NULL
    )""",
    "CREATE INDEX losses_article ON losses(article_id)",
    """CREATE TABLE versions (            -- contents that a newer one replaced; the newest is in articles
        id INTEGER PRIMARY KEY,
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        seen TEXT NOT NULL,           -- when this content was first seen
        content_hash TEXT NOT NULL,
        title TEXT NOT NULL,
        record TEXT NOT NULL,
        body TEXT NOT NULL,
        text TEXT NOT NULL,
        parser_version INTEGER NOT NULL,
        snapshot_id INTEGER,
        changes TEXT,                 -- JSON: what differs from the version before
        path TEXT,                    -- of its file, with versions = "files"
        content_check TEXT NOT NULL,
        UNIQUE (article_id, number)
    )""",
    """CREATE TABLE tags (
        article_id INTEGER NOT NULL REFERENCES articles(id) ON DELETE CASCADE,
        tag TEXT NOT NULL,
        PRIMARY KEY (article_id, tag)
    )""",
    "CREATE INDEX tags_tag ON tags(tag)",
    """CREATE TABLE albums (
        id TEXT PRIMARY KEY,          -- WeChat's album_id
        account_id INTEGER REFERENCES accounts(id),
        title TEXT,
        url TEXT,
        size INTEGER,                 -- how many articles WeChat says it has
        checked TEXT
    )""",
    """CREATE TABLE album_members (
        album_id TEXT NOT NULL REFERENCES albums(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        address TEXT NOT NULL,        -- canonical
        article_id INTEGER REFERENCES articles(id) ON DELETE SET NULL,
        title TEXT,
        PRIMARY KEY (album_id, position)
    )""",
    "CREATE INDEX album_members_address ON album_members(address)",
    "CREATE INDEX album_members_article ON album_members(article_id)",
)
