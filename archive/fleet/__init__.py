"""The same crawl, fetched by many machines: what waits for them and what they bring lies in
PostgreSQL.

One loop and one writer stay. Behind the crawl's ``Fetcher`` stands, instead of a proxy of this
machine, a queue: the archive hands out requests (``network``), workers anywhere take and answer
them (``worker``), and an *exit* is a row that says when the next request through it may go out.
Jobs are procrastinate's; what is ours besides them is declared in ``schema``.
"""

from __future__ import annotations
