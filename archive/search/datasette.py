"""Searching from plain SQL: the statement that does it, and the metadata that makes Datasette show
an archive well.

``MATCH`` knows the index's tokens: single Chinese characters, pairs of them, Latin words, all
simplified and lower case. ``MATCH '融资'`` works as it stands, ``MATCH '机器学习'`` finds nothing
without an error, because four characters are three pairs. `SQL_FORM` splits one word into its pairs
by itself and then looks at the text.
"""

from __future__ import annotations

from typing import Any

#: One word or phrase ``:q``, Chinese or Latin, simplified; the newest first.
SQL_FORM = """\
WITH RECURSIVE
  asked(q) AS (SELECT lower(trim(:q))),
  piece(n, token) AS (
    SELECT 1, CASE WHEN q GLOB '*[^ -~]*' THEN substr(q, 1, 2) ELSE q END FROM asked
    UNION ALL
    SELECT n + 1, substr(q, n + 1, 2) FROM piece, asked
    WHERE q GLOB '*[^ -~]*' AND n + 1 < length(q)
  )
SELECT key, title, account, published, path
FROM search
WHERE words MATCH (SELECT group_concat('"' || replace(token, '"', '') || '"', ' AND ') FROM piece)
  AND (text LIKE '%' || trim(:q) || '%' OR title LIKE '%' || trim(:q) || '%'
       OR digest LIKE '%' || trim(:q) || '%' OR author LIKE '%' || trim(:q) || '%')
ORDER BY id
LIMIT 50"""

#: What only the program itself can make sense of.
_HIDDEN = (
    *(
        "search_documents",
        "search_values",
        "search_before",
        "search_meta",
        "search_spans",
        "search_vocabulary",
    ),
    *(
        "search_terms",
        "_sqlite_migrations",
        "addresses",
        "cooldown",
        "crawls",
        "doomed_files",
        "former_keys",
        "frontier",
    ),
    *("pages", "reparses"),
)
_TABLES: dict[str, dict[str, Any]] = {
    "articles": {
        "description": "One row an article; text is what a reader sees, record all else.",
        "sort_desc": "published",
        "label_column": "title",
        "facets": ["kind_name", "place"],
    },
    "accounts": {
        "description": "Official Accounts whose articles are held.",
        "label_column": "name",
    },
    "links": {"description": "What each article links to; target_id where that is held too."},
    "versions": {"description": "Contents that a newer one replaced.", "label_column": "title"},
    "images": {"description": "Pictures of each article, in reading order."},
    "media": {"description": "Files held, by the hash of their bytes."},
}


def metadata(database: str = "archive") -> dict[str, Any]:
    """For ``datasette archive.db --metadata metadata.json``; ``database`` is the file's name
    without ``.db``."""
    tables = {name: dict(facts) for name, facts in _TABLES.items()}
    tables.update({name: {"hidden": True} for name in _HIDDEN})
    # The view answers only with MATCH, as the queries below ask it; opened as a page it is an error
    # of FTS5's.
    tables["search"] = {"allow": False}
    return {
        "title": "WeChat articles",
        "databases": {
            database: {
                "tables": tables,
                "queries": {
                    "find": {
                        "title": "Find a word",
                        "description": "A word or phrase in simplified Chinese or Latin letters.",
                        "sql": SQL_FORM,
                        "params": ["q"],
                    },
                    "match": {
                        "title": "Find by tokens",
                        "description": 'Tokens with AND, OR, NOT, such as: 融资 AND 美金 NOT "ai"',
                        "sql": "SELECT key, title, account, published, path FROM search"
                        " WHERE words MATCH :words ORDER BY id LIMIT 50",
                        "params": ["words"],
                    },
                },
            }
        },
    }
