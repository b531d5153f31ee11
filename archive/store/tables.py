"""The parts of the store, one for each group of tables, put together."""

from __future__ import annotations

from pathlib import Path

from archive.db.files import Files
from archive.db.opening import ArchiveDatabase
from archive.store.accounts import Accounts
from archive.store.addresses import Addresses
from archive.store.articles import Articles
from archive.store.counts import CountTable
from archive.store.discussions import Discussions
from archive.store.finding import Finder
from archive.store.links import Links
from archive.store.listed import ListedArticles
from archive.store.markdown_files import MarkdownFiles
from archive.store.media import Media
from archive.store.own import OwnMarks
from archive.store.recordings import Recordings
from archive.store.sql import Sql
from archive.store.versions import Versions
from scraper.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """One open archive: its statements, its files, and who knows which table."""

    sql: Sql
    files: Files
    articles: Articles
    links: Links
    addresses: Addresses
    finder: Finder
    media: Media
    recordings: Recordings
    accounts: Accounts
    markdown: MarkdownFiles
    versions: Versions
    counts: CountTable
    discussions: Discussions
    listed: ListedArticles
    marks: OwnMarks


def tables_of(db: ArchiveDatabase, root: Path, files: Files, *, versions_as_files: bool) -> Tables:
    """The parts over an open database and the files under ``root``."""
    sql = Sql(db)
    articles = Articles(sql)
    links = Links(sql, articles)
    addresses = Addresses(sql, articles, links)
    recordings = Recordings(sql, files, articles)
    media = Media(sql, files, articles, recordings)
    marks = OwnMarks(sql)
    markdown = MarkdownFiles(sql, files, articles, media, recordings, marks)
    return Tables(
        sql=sql,
        files=files,
        articles=articles,
        links=links,
        addresses=addresses,
        finder=Finder(sql, root, articles, addresses),
        media=media,
        recordings=recordings,
        accounts=Accounts(sql),
        markdown=markdown,
        versions=Versions(sql, files, articles, markdown, as_files=versions_as_files),
        counts=CountTable(sql),
        discussions=Discussions(sql, articles),
        listed=ListedArticles(sql),
        marks=marks,
    )
