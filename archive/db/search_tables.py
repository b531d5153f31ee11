"""The tables that search needs, made by a migration.

``search_terms``      one contentless FTS5 table: which articles hold which token (`terms.tokens`), no positions.
``search_documents``  one short row an article: where it stands in ``search_terms``, when it was published, its filters.
``search_values``     the distinct authors and places, so that ``author:`` and ``place:`` are exact and fast.
``search_before``     the old words of an article whose row changed, until the index has forgotten them.
``search_spans``      the stretches of time by which ``search_terms`` is ordered (`order`).
``search_meta``       version of the tokenizer, and what the index was made with.
``search``            a view for plain SQL and Datasette.

The triggers keep what a contentless index cannot do without: to forget an article it must be told
the very tokens it was given, and by the time it is told the row may have changed or gone, by
whatever program.
"""

from __future__ import annotations

#: Raise when `archive/search/terms.py` gives another token for any text: every index built before
#: is then rebuilt.
TOKENIZER = 2

#: What an index must have been built with to be searched and added to; anything else is rebuilt
#: (`rebuild`).
VERSION = f"{TOKENIZER}.6"

#: Spans of an archive that was never rebuilt: all before 2012-08-13 in China, then each week, since
#: Official Accounts began in that month. Later ones begin as articles come.
WEEKLY_SPANS = """INSERT INTO search_spans(published, article_id, number)
    WITH RECURSIVE weeks(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM weeks WHERE n < 750)
    SELECT CASE n WHEN 0 THEN -(1 << 62) ELSE 1344182400 + 604800 * n END, 0, n FROM weeks"""

#: Each commit leaves FTS5 a small segment, and each segment costs every search. Eight of a size are
#: made one at once: after 600 articles one by one 6 segments were left and an article had cost 1.8
#: ms on average; with FTS5's own ``automerge`` of 4 it was 19 segments, 1.9 ms, and a search took
#: twice as long.
CRISISMERGE = 8


def fts5_settings(**settings: int) -> tuple[str, ...]:
    """Statements that tell FTS5 how to join its segments; it keeps the settings."""
    return tuple(
        f"INSERT INTO search_terms(search_terms, rank) VALUES ('{k}', {v})"
        for k, v in settings.items()
    )


SEARCH_DDL: tuple[str, ...] = (
    """CREATE VIRTUAL TABLE search_terms USING fts5(
        terms, content='', detail='none', columnsize=0, tokenize="ascii"
    )""",
    *fts5_settings(automerge=0, crisismerge=CRISISMERGE),
    "CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab(search_terms, 'row')",
    """CREATE TABLE search_documents (
        id INTEGER PRIMARY KEY,       -- rowid in search_terms: the later published, the smaller; undated last
        article_id INTEGER NOT NULL UNIQUE,
        published INTEGER,            -- seconds since 1970, UTC; NULL where no page says it
        tags TEXT NOT NULL,           -- filter tokens between blanks: a account, u author, p place, k kind, h has
        captions TEXT,                -- what its pictures' captions say, a line each, where the text does not say it
        nature INTEGER NOT NULL,      -- how its text can be compared (archive/search/terms.py)
        fingerprint INTEGER NOT NULL, -- of what it was indexed from
        seal INTEGER NOT NULL         -- crc32 over all that a search shows of it
    )""",
    """CREATE TABLE search_spans (
        published INTEGER NOT NULL,   -- with article_id: the first that belongs into it, seconds since 1970
        article_id INTEGER NOT NULL,
        number INTEGER NOT NULL,      -- 0: the oldest
        mixed INTEGER NOT NULL DEFAULT 0,  -- 1: inside it rowids do not go by time
        PRIMARY KEY (published, article_id)
    ) WITHOUT ROWID""",
    WEEKLY_SPANS,
    """CREATE TABLE search_values (
        id INTEGER PRIMARY KEY,
        field TEXT NOT NULL,          -- author, place
        value TEXT NOT NULL,
        used INTEGER NOT NULL,        -- by how many articles
        UNIQUE (field, value)
    )""",
    """CREATE TABLE search_before (
        article_id INTEGER PRIMARY KEY,
        title TEXT, author TEXT, digest TEXT, text TEXT
    )""",
    "CREATE TABLE search_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    # Articles from before this migration are indexed by the first rebuild; without any there is
    # nothing to build.
    f"INSERT INTO search_meta SELECT 'version', '{VERSION}' WHERE NOT EXISTS (SELECT 1 FROM articles)",
    """CREATE TRIGGER search_update BEFORE UPDATE OF title, author, digest, text ON articles
        WHEN (OLD.title, OLD.author, OLD.digest, OLD.text) IS NOT (NEW.title, NEW.author, NEW.digest, NEW.text)
             AND EXISTS (SELECT 1 FROM search_documents WHERE article_id = OLD.id)
        BEGIN
            INSERT OR IGNORE INTO search_before VALUES (OLD.id, OLD.title, OLD.author, OLD.digest, OLD.text);
        END""",
    """CREATE TRIGGER search_delete BEFORE DELETE ON articles
        WHEN EXISTS (SELECT 1 FROM search_documents WHERE article_id = OLD.id)
        BEGIN
            INSERT OR IGNORE INTO search_before VALUES (OLD.id, OLD.title, OLD.author, OLD.digest, OLD.text);
        END""",
    # `SELECT title, path FROM search WHERE words MATCH '融资 AND 美金' ORDER BY id LIMIT 20`
    """CREATE VIEW search AS
        SELECT search_terms.rowid AS id, search_terms.search_terms AS words, articles.id AS article_id, articles.key,
               articles.title, accounts.name AS account, articles.author, articles.published, articles.place,
               articles.kind_name AS kind, articles.path, articles.url, articles.digest, articles.text
        FROM search_terms
        JOIN search_documents ON search_documents.id = search_terms.rowid
        JOIN articles ON articles.id = search_documents.article_id
        LEFT JOIN accounts ON accounts.id = articles.account_id""",
)

#: Takes all of it away again; what is searched is in ``articles``.
SEARCH_DROP: tuple[str, ...] = (
    "DROP VIEW search",
    "DROP TRIGGER search_update",
    "DROP TRIGGER search_delete",
    *(
        f"DROP TABLE search_{name}"
        for name in ("vocabulary", "terms", "documents", "values", "before", "meta")
    ),
)

#: Every table whose bytes the benchmark counts as the index.
INDEX_TABLES = tuple(
    f"search_{name}" for name in ("terms", "documents", "values", "before", "spans", "meta")
)
