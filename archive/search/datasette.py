"""Searching from plain SQL: the statement that does it, and the metadata that makes Datasette show
an archive well.

``MATCH`` knows the index's tokens: single Chinese characters, pairs of them, Latin words, all
simplified and lower case. ``MATCH '融资'`` works as it stands, ``MATCH '机器学习'`` finds nothing
without an error, because four characters are three pairs. `SQL_FORM` cuts one word or phrase of any
scripts into its tokens by itself and then looks at the text.
"""

from __future__ import annotations

from typing import Any

#: One word or phrase ``:q`` as it is written, simplified; the newest first. ``letters`` are its
#: characters by script, ``tokens`` what the index has of it: pairs of Chinese characters, those
#: that stand alone, Latin words and numbers (cut like the index's, `terms.LONGEST_WORD`). They name
#: the candidates; ``GLOB`` says which of these hold it, ASCII letters and digits on the edges of
#: words.
SQL_FORM = """\
WITH RECURSIVE
  asked(q) AS (SELECT lower(trim(:q))),
  letters(n, c, script) AS (
    SELECT n, c, CASE WHEN c GLOB '[a-z0-9]' THEN 'latin' WHEN c < char(128) THEN 'mark'
      WHEN c BETWEEN '㐀' AND '鿿' OR c BETWEEN 'ぁ' AND 'ヺ' OR c BETWEEN '가' AND '힣'
      THEN 'cjk' ELSE 'other' END
    FROM (WITH RECURSIVE split(n, c) AS (
      SELECT 1, substr(q, 1, 1) FROM asked
      UNION ALL SELECT n + 1, substr(q, n + 1, 1) FROM split, asked WHERE n < length(q)
    ) SELECT n, c FROM split WHERE c <> '')
  ),
  words(first, last, word) AS (
    SELECT n, n, c FROM letters WHERE script = 'latin'
      AND NOT EXISTS (SELECT 1 FROM letters l
        WHERE l.n = letters.n - 1 AND l.script IN ('latin', 'other'))
    UNION ALL
    SELECT first, n, word || c FROM words JOIN letters ON n = last + 1 AND script = 'latin'
  ),
  tokens(token) AS (
    SELECT a.c || b.c FROM letters a JOIN letters b ON b.n = a.n + 1
    WHERE a.script = 'cjk' AND b.script = 'cjk'
    UNION
    SELECT c FROM letters WHERE script = 'cjk'
      AND NOT EXISTS (SELECT 1 FROM letters l
        WHERE abs(l.n - letters.n) = 1 AND l.script = 'cjk')
    UNION
    SELECT substr(word, 1, 64) FROM words
    WHERE NOT EXISTS (SELECT 1 FROM letters l
      WHERE l.n = last + 1 AND l.script IN ('latin', 'other'))
  ),
  pattern(p, chinese) AS (
    SELECT '*' || CASE WHEN q GLOB '[a-z0-9]*' THEN '[^a-z0-9]' ELSE '' END
      || replace(replace(replace(q, '[', '[[]'), '*', '[*]'), '?', '[?]')
      || CASE WHEN q GLOB '*[a-z0-9]' THEN '[^a-z0-9]' ELSE '' END || '*',
      NOT EXISTS (SELECT 1 FROM letters WHERE script <> 'cjk')
    FROM asked WHERE q <> ''
  ),
  candidates AS (
    SELECT *, char(1) || lower(text || char(1) || title || char(1) || coalesce(digest, '')
      || char(1) || coalesce(author, '')) || char(1) AS fields
    FROM search
    WHERE words MATCH
      (SELECT coalesce(group_concat('"' || token || '"', ' AND '), '"：all"') FROM tokens)
  )
SELECT key, title, account, published, path
FROM candidates JOIN pattern
WHERE CASE chinese WHEN 1 THEN replace(replace(fields, ' ', ''), char(10), '') ELSE fields END
  GLOB p
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
        "exits",
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
    "recordings": {"description": "Sound and video: which are held, what is missing and why."},
    "article_days": {"description": "Articles whose page tells a day and no time."},
    "article_recordings": {"description": "The sound and video that each article plays."},
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
