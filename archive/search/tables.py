"""The tables that search needs, executed by a migration of ``archive/schema.py``.

``search_terms``      one contentless FTS5 table: which articles hold which token (`terms.tokens`), no positions.
``search_documents``  one short row an article: where it stands in ``search_terms``, when it was published, its filters.
``search_values``     the distinct authors and places, so that ``author:`` and ``place:`` are exact and fast.
``search_before``     the old words of an article whose row changed, until the index has forgotten them.
``search_meta``       version of the tokenizer, and the time spans that order ``search_terms``.
``search``            a view for plain SQL and Datasette.

The triggers keep what a contentless index cannot do without: to forget an article it must be told the very tokens it
was given, and by the time it is told the row may have changed or gone, by whatever program.
"""

from __future__ import annotations

from archive.search.terms import TOKENIZER

#: What an index must have been built with to be searched and added to; anything else is rebuilt (`rebuild`).
VERSION = f"{TOKENIZER}.2"

#: The newest stand at a list's end, and SQLite reads a whole page of it backwards before the first is known: 40 µs of
#: a search's 200 with pages of 4,050 bytes.
PAGES = "INSERT INTO search_terms(search_terms, rank) VALUES ('pgsz', 1000)"

SEARCH_DDL: tuple[str, ...] = (
    """CREATE VIRTUAL TABLE search_terms USING fts5(
        terms, content='', detail='none', columnsize=0, tokenize="ascii"
    )""",
    PAGES,
    "CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab(search_terms, 'row')",
    """CREATE TABLE search_documents (
        id INTEGER PRIMARY KEY,       -- rowid in search_terms: the later published, the larger; undated below 0
        article_id INTEGER NOT NULL UNIQUE,
        published INTEGER,            -- seconds since 1970, UTC; NULL where no page says it
        tags TEXT NOT NULL,           -- filter tokens between blanks: a account, u author, p place, k kind, h has
        nature INTEGER NOT NULL,      -- how its text can be compared (archive/search/terms.py)
        fingerprint INTEGER NOT NULL  -- of what it was indexed from
    )""",
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
    # Articles from before this migration are indexed by the first rebuild; without any there is nothing to build.
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
    # `SELECT title, path FROM search WHERE words MATCH '融资 AND 美金' ORDER BY id DESC LIMIT 20`
    """CREATE VIEW search AS
        SELECT search_terms.rowid AS id, search_terms.search_terms AS words, articles.id AS article_id, articles.key,
               articles.title, accounts.name AS account, articles.author, articles.published, articles.place,
               articles.kind_name AS kind, articles.path, articles.url, articles.digest, articles.text
        FROM search_terms
        JOIN search_documents ON search_documents.id = search_terms.rowid
        JOIN articles ON articles.id = search_documents.article_id
        LEFT JOIN accounts ON accounts.id = articles.account_id""",
)

#: Every table whose bytes the benchmark counts as the index.
INDEX_TABLES = ("search_terms", "search_documents", "search_values", "search_before", "search_meta")
