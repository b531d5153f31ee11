"""The tables of the crawl, made by a migration: queue, sources, cool-down, runs."""

from __future__ import annotations

DDL: tuple[str, ...] = (
    """CREATE TABLE crawls (              -- one `save`, so that `run` can finish it within its limit
        id INTEGER PRIMARY KEY,
        command TEXT NOT NULL,
        started TEXT NOT NULL,
        article_limit INTEGER,        -- --limit; NULL: none
        visited INTEGER NOT NULL DEFAULT 0,
        images TEXT                   -- --images, where it was given
    )""",
    """CREATE TABLE sources (             -- what is watched
        id INTEGER PRIMARY KEY,
        address TEXT NOT NULL UNIQUE, -- URL or absolute path
        sort TEXT NOT NULL,           -- article, album, list, feed, opml, bookmarks
        title TEXT,
        every REAL NOT NULL,          -- seconds, as asked for
        follow INTEGER NOT NULL,
        scope TEXT NOT NULL,
        due TEXT NOT NULL,
        checked TEXT,                 -- last looked at
        news TEXT,                    -- when it last brought something new
        quiet INTEGER NOT NULL DEFAULT 0,  -- looks in a row that brought nothing
        attempts INTEGER NOT NULL DEFAULT 0,
        etag TEXT, last_modified TEXT,-- of a feed's last answer
        error TEXT, error_class TEXT,
        parent_id INTEGER REFERENCES sources(id) ON DELETE CASCADE,  -- the OPML file that names this feed
        added TEXT NOT NULL
    )""",
    """CREATE TABLE frontier (
        id INTEGER PRIMARY KEY,
        address TEXT NOT NULL UNIQUE, -- canonical
        fetch TEXT NOT NULL,          -- what to GET
        form TEXT NOT NULL,           -- short, long, temporary, show, album
        state TEXT NOT NULL,          -- waiting, fetched, done, skipped, gone, failed, person
        open INTEGER NOT NULL,        -- 1: waiting or fetched
        why TEXT NOT NULL,            -- given, followed, source, recheck
        relation TEXT,                -- how the parent links here
        parent TEXT,                  -- canonical address of the page that led here
        source_id INTEGER REFERENCES sources(id) ON DELETE SET NULL,
        crawl_id INTEGER REFERENCES crawls(id) ON DELETE SET NULL,
        depth INTEGER NOT NULL,
        follow INTEGER NOT NULL,      -- steps that may still be taken from here
        scope TEXT NOT NULL,
        account TEXT,                 -- the only __biz wanted
        referer TEXT,
        refresh INTEGER NOT NULL,     -- 1: fetch although held
        due TEXT NOT NULL,
        again INTEGER NOT NULL DEFAULT 0,  -- 1: the run that failed it waits for `due`
        tries INTEGER NOT NULL DEFAULT 0,  -- in the present run
        attempts INTEGER NOT NULL DEFAULT 0,  -- failures since it was last added
        error TEXT, error_class TEXT, error_code TEXT,
        snapshot_id INTEGER,          -- of the fetched page, while it is `fetched`
        added TEXT NOT NULL,
        updated TEXT NOT NULL
    )""",
    "CREATE INDEX frontier_open ON frontier(depth, id) WHERE open",
    "CREATE INDEX frontier_crawl ON frontier(crawl_id, depth, id) WHERE open",
    "CREATE INDEX frontier_again ON frontier(due) WHERE again",
    "CREATE INDEX frontier_failed ON frontier(error_code) WHERE error_code IS NOT NULL",
    "CREATE INDEX frontier_source ON frontier(source_id) WHERE source_id IS NOT NULL",
    """CREATE TABLE pages (               -- fetched pages without snapshots.db, until their article is kept
        frontier_id INTEGER PRIMARY KEY REFERENCES frontier(id) ON DELETE CASCADE,
        meta TEXT NOT NULL,           -- JSON: url, final_url, status, headers, redirects, fetched
        body BLOB NOT NULL            -- zlib
    )""",
    """CREATE TABLE cooldown (            -- one row at most: WeChat asked for a pause
        id INTEGER PRIMARY KEY CHECK (id = 1),
        level INTEGER NOT NULL,       -- 1: 1 h, 2: 2 h, 3: 4 h … 24 h; 0 with `struck`: none in force
        since TEXT, until TEXT,
        reason TEXT, shown TEXT,
        struck TEXT                   -- the long address that met the last captcha alone
    )""",
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        command TEXT NOT NULL,
        started TEXT NOT NULL,
        ended TEXT,                   -- NULL: still running, or killed
        exit_code INTEGER,
        reason TEXT,                  -- why it ended
        requests INTEGER, saved INTEGER, unchanged INTEGER, followed INTEGER, failed INTEGER, waiting INTEGER,
        summary TEXT                  -- the line that was printed
    )""",
    # what opens it: the canonical address lacks sn
    "ALTER TABLE album_members ADD COLUMN url TEXT",
    # which articles are to be looked at again, without reading through their texts
    "CREATE INDEX articles_checked ON articles(checked, published) WHERE gone IS NULL",
)
