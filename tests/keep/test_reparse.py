"""What is promised of ``reparse``: what a fresh save would give, from the raw pages alone, whatever
happens.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from archive.errors import ArchiveError, NotHeld
from archive.importers import import_files
from archive.library import Library
from archive.reparse import ReparseReport, reparse
from archive.reparse import job as reparse_job
from scraper.models import Article, Page
from scraper.parse import article, parse
from tests.command import wechat_archive
from tests.keep.archives import contents, fill, opened, rows
from tests.keep.articles import page
from tests.keep.pages import FETCHED
from tests.weixin.pages import article_page

LATER = FETCHED + timedelta(days=30)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three articles; 1 and 2 link to each other."""
    fill(tmp_path / "a", [page(1, links=(2,)), page(2, links=(1, 3)), page(3)])
    return tmp_path / "a"


@pytest.fixture
def learnt(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After ``root`` was kept, the parser becomes a newer one, which sees the author in another
    way.
    """
    read = article.read

    def better(page: Page) -> Article:
        return replace(read(page), author="新作者")

    monkeypatch.setattr(article, "read", better)
    monkeypatch.setattr("archive.reparse.job.PARSER_VERSION", 99)
    monkeypatch.setattr("archive.store.keeping.current_parser", lambda: 99)


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_same_parser_changes_nothing(
    root: Path, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a byte of a file, not a field of a row, in one process or two."""
    monkeypatch.setattr("archive.reparse.job.PAGES_A_PROCESS", 1)
    before = contents(root), rows(root)

    report = reparse(root, scope="all", jobs=jobs)

    assert (3, 3, 0, 0) == (report.pages, report.unchanged, report.changed, report.exit_code)
    assert before == (contents(root), rows(root))


@pytest.mark.usefixtures("learnt")
def test_a_newer_parser_reaches_every_article(root: Path, tmp_path: Path) -> None:
    """``reparse`` gives the rows and files that a fresh save of the same pages gives, without a new
    version.
    """
    report = reparse(root, jobs=1)
    fill(tmp_path / "fresh", [page(1, links=(2,)), page(2, links=(1, 3)), page(3)])

    assert (3, {"author": 3}) == (report.changed, dict(report.fields))
    assert contents(tmp_path / "fresh") == contents(root)
    assert rows(tmp_path / "fresh") == rows(root)
    assert 0 == reparse(root, jobs=1).pages


@pytest.mark.parametrize("options", [("--dry-run",), ()])
def test_pictures_that_are_not_wanted_stay_away(tmp_path: Path, options: tuple[str, ...]) -> None:
    """With ``images = "none"`` in config.toml an article is made again without them, as `save` keeps
    it; one that has pictures keeps them."""
    root, saved = tmp_path / "a", tmp_path / "page.html"
    picture = '<p>文</p><img data-src="https://mmbiz.qpic.cn/mmbiz_png/A/640">'
    saved.write_bytes(article_page(title="无图", body=picture))
    wechat_archive("save", "--images", "none", str(saved), "--archive", str(root))
    saved.write_bytes(article_page(title="有图", body=picture, mid="8"))
    wechat_archive("save", "--images", "remote", str(saved), "--archive", str(root))
    (root / "config.toml").write_text('images = "none"\n', encoding="utf-8")
    before = contents(root)

    result = wechat_archive("reparse", "--all", *options, "--archive", str(root))

    assert "2 unchanged" in result.stdout + result.stderr
    assert before == contents(root)
    assert ["有图"] == [
        path.name[11:13] for path in root.rglob("*.md") if "mmbiz_png/A" in path.read_text("utf-8")
    ]


@pytest.mark.usefixtures("learnt")
def test_a_dry_run_shows_the_diff_and_writes_nothing(root: Path) -> None:
    """``--dry-run`` tells what would change as a unified diff of the Markdown; nothing on the disk
    moves.
    """
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*") if p.suffix in (".md", ".db")}

    result = wechat_archive("reparse", "--dry-run", "--jobs", "1", "--archive", str(root))

    assert 0 == result.code
    assert result.stdout.count("+文章作者: 新作者") == 3
    assert "3 would be changed (author 3)" in result.stderr
    assert before == {p: p.stat().st_mtime_ns for p in before}


@pytest.mark.usefixtures("learnt")
def test_an_interrupted_one_goes_on_where_it_was(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a stop in the middle, the same call repeats at most what was not yet noted."""
    monkeypatch.setattr(reparse_job, "NOTE_EVERY", 1)

    def stop(change: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reparse(root, scope="all", jobs=1, tell=stop)
    with pytest.raises(KeyboardInterrupt):
        reparse(root, scope="all", jobs=1, tell=stop)
    calls: list[object] = []
    report = reparse(root, scope="all", jobs=1, tell=calls.append)

    assert 0 == report.exit_code
    assert {"新作者"} == {row["author"] for row in rows(root)["articles"]}  # type: ignore[index]
    again = reparse(root, scope="all", jobs=1)
    assert (3, 3, None) == (again.pages, again.unchanged, again.resumed_at)


def test_a_page_nobody_understood_becomes_an_article(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A raw page kept as evidence is tried again: a newer parser keeps it as an article, a status
    page stays none.
    """
    strange = Page(
        url="https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA",
        body=b"<html>new template",
        fetched=FETCHED,
    )
    with opened(root) as (_, snapshots):
        snapshots.put(strange, address=strange.url)

    assert (4, 4, 0) == _counts(reparse(root, scope="all", jobs=1))
    read = article.read

    def better(page: Page) -> Article:
        return (
            Article(title="读懂了", text="文", body="<p>文</p>")
            if b"new template" in page.body
            else read(page)
        )

    monkeypatch.setattr(article, "read", better)
    report = reparse(root, scope="all", jobs=1)

    assert (4, 3, 1) == _counts(report)
    assert 0 == report.exit_code
    with opened(root) as (store, _):
        assert "读懂了" == store.get(strange.url).title


def test_what_was_removed_stays_removed(root: Path) -> None:
    """Its raw page is there still; reading it again neither brings it back nor fails."""
    with Library(root) as library:
        key = next(library.articles()).key
        library.remove([key])

    dry = reparse(root, scope="all", jobs=1, dry_run=True)
    done = reparse(root, scope="all", jobs=1)

    assert [(0, 0), (0, 0)] == [(report.new, report.exit_code) for report in (dry, done)]
    with Library(root) as library:
        assert key not in [held.key for held in library.articles()]


def _counts(report: ReparseReport) -> tuple[int, int, int]:
    return report.pages, report.unchanged, report.new


def test_a_page_that_gives_no_article_any_more_takes_nothing_away(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a parser says of a kept page, the kept article stays; it is named and the exit code
    is 1.
    """
    before = contents(root)
    monkeypatch.setattr(article, "read", lambda page: Article(title="空"))

    report = reparse(root, scope="all", jobs=1)

    assert (3, 1) == (report.failed, report.exit_code)
    assert before == contents(root)


def test_earlier_versions_are_made_again_too(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each version comes from its own raw page; the newer parser reads that one as well."""
    fill(root, [page(1, text="später", fetched=LATER)], now=LATER)
    read = article.read
    monkeypatch.setattr(article, "read", lambda page: replace(read(page), author="新作者"))
    monkeypatch.setattr("archive.reparse.job.PARSER_VERSION", 99)
    monkeypatch.setattr("archive.store.keeping.current_parser", lambda: 99)

    report = reparse(root, jobs=1)

    assert (4, 4) == (report.pages, report.changed)
    with opened(root) as (store, _):
        first = next(stored for stored in store.articles() if stored.version == 2)
        old, new = store.version(first.article_id, 1), store.version(first.article_id, 2)
        assert ("新作者", "新作者") == (old.author, new.author)
        assert ("später" in old.text, "später" in new.text) == (False, True)
        assert [99, 99] == [version.parser_version for version in store.versions(first.article_id)]


def test_a_lost_raw_page_is_told_and_the_others_are_read(root: Path) -> None:
    """A new snapshots.db finds nothing under the numbers of a lost one."""
    (root / "snapshots.db").unlink()
    fill(root, [page(number) for number in range(5, 9)])
    before = contents(root)

    report = reparse(root, scope="all", jobs=1)

    assert (3, 4, 1) == (report.failed, report.unchanged, report.exit_code)
    assert all("is lost" in str(change.error) for change in report.failures)
    assert before == contents(root)


def test_in_another_snapshots_db_no_version_becomes_another_article(root: Path) -> None:
    """One of another archive, or one that was begun before its numbers were told apart, has other
    pages under the same numbers: each such article and version stays, and is told.
    """
    fill(root, [page(1, text="später", fetched=LATER)], now=LATER)
    fill(root.parent / "b", [page(number) for number in range(5, 9)])
    shutil.copy(root.parent / "b" / "snapshots.db", root / "snapshots.db")
    before = contents(root)

    report = reparse(root, scope="all", jobs=1)

    assert (4, 1) == (report.failed, report.exit_code)
    assert before == contents(root)
    with opened(root) as (store, _):
        first = next(stored for stored in store.articles() if stored.version == 2)
        now, before_that = (store.version(first.article_id, number) for number in (2, 1))
        assert now.identity == before_that.identity


def test_after_a_lost_database_articles_find_their_raw_pages(root: Path) -> None:
    """By address and words: one whose newest text was kept without its page stays as it is, and is
    told to have none."""
    with opened(root) as (store, _):
        newer = store.find("https://mp.weixin.qq.com/s?__biz=MzA5MTIzNDU2Nw==&mid=2247480003&idx=1")
        assert newer is not None
        held = store.article(newer.article_id)
        later = replace(held, text="作者改过的话", body="<p>作者改过的话</p>")
        assert store.keep(later, address=held.address or "", now=LATER).change == "modified"
    for path in root.glob("archive.db*"):
        path.unlink()
    import_files(root, [root / "articles"])

    for _ in range(2):
        report = reparse(root, scope="all", jobs=1)
        assert (1, 0) == (report.missing, report.failed)
    with opened(root) as (store, snapshots):
        for stored in store.articles():
            mine = store.article(stored.article_id)
            if stored.key == newer.key:
                assert (None, "作者改过的话") == (stored.snapshot_id, mine.text)
            else:
                assert stored.snapshot_id is not None
                assert parse(snapshots.get(stored.snapshot_id)).mid == mine.mid


def test_articles_are_chosen_by_key_address_or_path(root: Path) -> None:
    """Only the articles that were named are read; one that is not there is an error."""
    with opened(root) as (store, _):
        first = next(iter(store.articles()))

    assert 1 == reparse(root, keys=[first.key], jobs=1).pages
    assert 1 == reparse(root, keys=[first.url or ""], jobs=1).pages
    assert 1 == reparse(root, keys=[first.path], jobs=1).pages
    with pytest.raises(NotHeld, match="zzzzzzzzzz"):
        reparse(root, keys=["zzzzzzzzzz"])


def test_without_raw_pages_it_says_what_to_do(root: Path) -> None:
    """An archive without snapshots.db cannot be made again, and the message says how to get
    there.
    """
    (root / "snapshots.db").unlink()

    with pytest.raises(ArchiveError, match="save --refresh"):
        reparse(root)


def test_the_summary_is_for_people_and_programs(root: Path) -> None:
    """A line with counts, or one JSON object."""
    line = wechat_archive("reparse", "--all", "--jobs", "1", "--archive", str(root))
    found = wechat_archive("reparse", "--all", "--jobs", "1", "--json", "--archive", str(root))

    assert line.stdout.startswith("reparse: 3 raw pages read again, 0 changed, 3 unchanged")
    assert (3, 3, 0) == tuple(
        json.loads(found.stdout)[name] for name in ("pages", "unchanged", "exit_code")
    )


@pytest.mark.long
def test_real_pages_made_again_are_as_freshly_saved(corpus: Path, tmp_path: Path) -> None:
    """All pages of the corpus, in two processes: every row and file as a fresh save gives them."""
    pages = [
        Page(url=p.as_uri(), body=p.read_bytes()) for p in sorted((corpus / "pages").glob("*.html"))
    ]
    fill(tmp_path / "a", pages)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    report = reparse(tmp_path / "a", scope="all", jobs=2)

    assert (len(pages), 0, 0) == (report.pages, report.changed, report.failed)
    assert contents(tmp_path / "b") == contents(tmp_path / "a")
