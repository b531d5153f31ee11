"""What is promised of the queue on disk: what was found waits, each once, with the widest of all
wishes; how a try ended is noted whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.crawl.frontier import SqliteFrontier, stamp
from archive.crawl.sources import Sources
from archive.db.opening import open_database
from scraper import urls
from scraper.crawl.protocols import Candidate, Task
from scraper.errors import Gone, Later, NeedsPerson, RateLimited, ScrapeError
from tests.crawl.fakes import START, at, long, short
from tests.store.make import written_at_once

HOUR = timedelta(hours=1)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[SqliteFrontier]:
    with open_database(tmp_path / "archive.db") as db:
        yield SqliteFrontier(db.conn)


def found(text: str, **wishes: Any) -> Candidate:
    """An address on the way."""
    return Candidate(address=urls.parse(text), **wishes)


def taken(queue: SqliteFrontier, **how: Any) -> Task:
    """The next task, which there must be."""
    task = queue.take(START, **how)
    assert task is not None
    return task


def addresses(queue: SqliteFrontier) -> list[str]:
    """What is open."""
    rows = queue.conn.execute("SELECT address FROM frontier WHERE open ORDER BY id")
    return [row[0] for row in rows]


def failed(queue: SqliteFrontier, text: str, error: ScrapeError) -> None:
    """An address that has ended so."""
    queue.enqueue(found(text), START)
    queue.close(taken(queue), error, START)


def test_each_waits_once_with_the_widest_of_all_wishes(queue: SqliteFrontier) -> None:
    """The shortest way to it, the most steps from it, any account where anybody wants any."""
    queue.enqueue(found(short(1), depth=2, follow=1, account="A"), START)
    queue.enqueue(found(short(1), depth=3, follow=4, account="A"), START)
    narrow = taken(queue)
    queue.enqueue(found(short(1), depth=1, refresh=True), START)
    queue.enqueue(found(short(1), depth=1, account="B"), START)
    wide = taken(queue)

    assert (2, 4, "A", False) == (narrow.depth, narrow.follow, narrow.account, narrow.refresh)
    assert (1, 4, None, True) == (wide.depth, wide.follow, wide.account, wide.refresh)
    assert [at(short(1))] == addresses(queue)


@pytest.mark.parametrize(
    ("error", "due"), [(Later("503"), START), (RateLimited("429", retry_after=9.0), START + HOUR)]
)
def test_who_asks_by_hand_waits_for_a_server_and_for_nothing_else(
    queue: SqliteFrontier, error: ScrapeError, due: Any
) -> None:
    """A Retry-After binds whoever asks; any other wait ends when the address is given again."""
    queue.enqueue(found(short(1)), START)
    queue.reschedule(taken(queue), error, START, START + HOUR, again=True)
    queue.enqueue(found(short(1)), START)

    assert due == queue.next_due()


def test_a_link_to_what_waits_shortens_no_wait(queue: SqliteFrontier) -> None:
    """Only a person or a source that names it does."""
    queue.enqueue(found(short(1)), START)
    queue.reschedule(taken(queue), Later("503"), START, START + HOUR, again=True)
    queue.enqueue(found(short(2)), START)
    queue.done(taken(queue), [found(short(1), depth=1)], START, visited=True)

    assert START + HOUR == queue.next_due()


def test_a_try_that_failed_is_counted_and_its_page_dropped_unless_kept(
    queue: SqliteFrontier,
) -> None:
    """Tries of this run, attempts of all runs; a new run begins to count anew."""
    queue.enqueue(found(short(1)), START)
    task = taken(queue)
    for number in (1, 2):
        queue.keep_page(task, {"题": "目"}, b"page", START)
        queue.reschedule(task, Later("503"), START, START, again=True, keep_page=number == 1)
        assert (({"题": "目"}, b"page") if number == 1 else None) == queue.page(task)
        task = taken(queue)
        assert (number, number) == (task.tries, task.attempts)
    queue.begin_run()
    task = taken(queue)
    queue.close(task, Later("503"), START)

    assert (0, 2) == (task.tries, task.attempts)
    assert [3] == [row[0] for row in queue.conn.execute("SELECT attempts FROM frontier")]


def test_a_page_that_is_safe_is_noted_where_its_task_waits(queue: SqliteFrontier) -> None:
    """Before that, and where the task fails so that another page is wanted, nothing is written."""
    queue.enqueue(found(short(1)), START)
    task = taken(queue)

    queue.received(task, 7)
    assert taken(queue).snapshot_id is None
    queue.note_received(task, START)
    assert taken(queue).snapshot_id == 7
    queue.received(task, 8)
    put_off(queue, task, keep_page=False)
    queue.note_received(task, START)
    assert taken(queue).snapshot_id is None
    for page in (9, None):  # the second time it comes from where it was kept
        if page is not None:
            queue.received(task, page)
        put_off(queue, task, keep_page=True)
        assert taken(queue).snapshot_id == 9


def test_whoever_names_it_again_leaves_since_when_it_waits(queue: SqliteFrontier) -> None:
    """By that a page that was kept right before a kill is known as the task's own, and is not asked
    for once more."""
    queue.enqueue(found(short(1)), START)
    put_off(queue, taken(queue), keep_page=False)
    waiting = taken(queue)
    queue.enqueue(found(short(1)), START + HOUR)

    assert waiting.since == taken(queue).since


def received(queue: SqliteFrontier, task: Task) -> None:
    """Its page is safe, and it waits."""
    queue.received(task, 7)
    queue.note_received(task, START)


def put_off(queue: SqliteFrontier, task: Task, *, keep_page: bool) -> None:
    """It failed, and is due again."""
    queue.reschedule(task, Later("503"), START, START, again=True, keep_page=keep_page)


def test_a_task_that_is_tied_goes_to_its_exit_alone(queue: SqliteFrontier) -> None:
    """At once and fetched anew there; where that exit is no more, to anybody."""
    queue.enqueue(found(short(1)), START)
    task = taken(queue)
    queue.fetched(task, 7, START)
    queue.tie(task, "b", START)

    assert queue.take(START) is None
    assert None is taken(queue, exit="b").snapshot_id
    assert (False, True) == tuple(
        queue.has_due(START, exit, probing=False) for exit in ("direct", "b")
    )
    queue.begin_run(["direct"])
    assert at(short(1)) == taken(queue).address


def test_a_probe_takes_a_short_address_and_others_their_turn(queue: SqliteFrontier) -> None:
    """A captcha on a short address proves something."""
    queue.enqueue(found(long(1)), START)
    queue.enqueue(found(short(2)), START)

    assert at(long(1)) == taken(queue).address == taken(queue, probing=False).address
    assert at(short(2)) == taken(queue, probing=True).address


def test_what_stands_in_the_place_of_a_failure_is_taken_in_with_it(queue: SqliteFrontier) -> None:
    """Together or not at all: a failure whose replacement cannot be noted is open still."""
    queue.enqueue(found(short(1)), START)
    task = taken(queue)
    impossible = found(short(3), follow=2**70)
    with pytest.raises(OverflowError):
        queue.close(task, Gone("moved", reason="migrated"), START, [found(short(2)), impossible])
    assert [at(short(1))] == addresses(queue)
    with pytest.raises(OverflowError):
        queue.enqueue_replacements(task, [found(short(2)), impossible], START)
    assert [at(short(1))] == addresses(queue)

    queue.close(task, Gone("moved", reason="migrated"), START, [found(short(2))])
    assert [at(short(2))] == addresses(queue)


def test_a_crawl_takes_its_own_and_ends_at_its_limit(queue: SqliteFrontier) -> None:
    """What others wait for stays; of its own, what has not failed is not wanted any more."""
    queue.enqueue(found(short(9)), START)
    number = queue.new_crawl("save", START, limit=2, images=None)
    for one in (1, 2, 3, 4):
        queue.enqueue(found(short(one)), START, crawl_id=number)
    mine = SqliteFrontier(queue.conn, crawl_id=number)
    mine.reschedule(taken(mine), Later("503"), START, START + HOUR, again=True)
    left = []
    for _ in range(2):
        left.append((mine.untried(), mine.waiting()))
        mine.done(taken(mine), [], START, visited=True)

    assert [(3, 5), (2, 4)] == left
    assert [at(short(9)), at(short(1))] == addresses(queue)
    assert (0, 2) == (mine.untried(), mine.waiting())


@pytest.mark.parametrize(
    ("ended", "again", "opens"),
    [
        pytest.param(Gone("x", reason="deleted"), {}, False, id="gone"),
        pytest.param(Gone("x", reason="deleted"), {"refresh": True}, False, id="gone, by a run"),
        pytest.param(Later("x"), {}, False, id="failed"),
        pytest.param(NeedsPerson("x", reason="expired"), {}, False, id="a person is needed"),
        pytest.param(None, {}, True, id="done"),
        pytest.param("skipped", {}, True, id="left out, and named by a person"),
    ],
)
def test_what_has_ended_is_opened_again_for_a_reason(
    queue: SqliteFrontier, ended: ScrapeError | str | None, again: dict[str, Any], opens: bool
) -> None:
    """And told where there is none, with how it ended; ``force`` opens everything."""
    queue.enqueue(found(short(1)), START)
    task = taken(queue)
    if isinstance(ended, ScrapeError):
        queue.close(task, ended, START)
    else:
        queue.done(task, [], START, visited=ended is None)
    failure = queue.enqueue(found(short(1), **again), START)

    assert opens == bool(addresses(queue))
    assert queue.next_due() is None  # it is taken now, not waited for
    assert (isinstance(ended, ScrapeError) and not opens) == (failure is not None)
    queue.enqueue(found(short(1)), START, force=True)
    assert [at(short(1))] == addresses(queue)
    assert 0 == taken(queue).tries  # it has all of them again


@pytest.mark.parametrize(
    ("again", "opens"),
    [
        pytest.param({}, False, id="of another account"),
        pytest.param({"account": "A"}, True, id="of an account wanted now"),
        pytest.param({"refresh": True}, True, id="of another account, refreshed"),
    ],
)
def test_what_was_left_out_stays_so_for_whoever_comes_upon_it(
    queue: SqliteFrontier, again: dict[str, Any], opens: bool
) -> None:
    """A page that links to it, or a source, is no reason to open it once more."""
    queue.enqueue(found(short(2)), START)
    queue.done(taken(queue), [], START, visited=False)
    queue.enqueue(found(short(1)), START)
    queue.done(taken(queue), [found(short(2), why="followed", **again)], START, visited=True)
    linked = addresses(queue)
    Sources(queue.conn).add("https://f.example/rss", "feed", START, every=3600.0, follow=0)
    (source,) = queue.conn.execute("SELECT id FROM sources").fetchone()
    queue.enqueue(found(short(2), why="source"), START, source_id=source)

    assert [opens, opens] == [bool(linked), bool(addresses(queue))]


def test_what_a_person_must_open_is_tried_by_a_fresh_address(queue: SqliteFrontier) -> None:
    """Of the same article: what differs in it may open it, and is what is fetched."""
    fresh = long(1).replace("chksm=ab", "chksm=cd")
    failed(queue, long(1), NeedsPerson("x", reason="expired"))
    assert queue.enqueue(found(long(1)), START) is not None
    assert queue.enqueue(found(fresh), START) is None

    assert (at(long(1)), urls.parse(fresh).fetch) == (taken(queue).address, taken(queue).url)


def test_an_address_that_has_not_failed_stays_as_it_was_found(queue: SqliteFrontier) -> None:
    """Another form of it replaces the one that did not open, and no other."""
    fresh = long(1).replace("chksm=ab", "chksm=cd")
    queue.enqueue(found(long(1)), START)
    queue.enqueue(found(fresh), START)
    assert urls.parse(long(1)).fetch == taken(queue).url

    queue.reschedule(taken(queue), Later("503"), START, START, again=True)
    queue.enqueue(found(fresh), START)
    assert urls.parse(fresh).fetch == taken(queue).url


def test_a_crawl_fetches_nothing_twice_but_follows_further(queue: SqliteFrontier) -> None:
    """Another crawl that asks for it anew gets it anew."""
    first, second = (queue.new_crawl("save", START, limit=None, images=None) for _ in range(2))
    wanted = found(short(1), refresh=True)
    queue.enqueue(wanted, START, crawl_id=first)
    queue.done(taken(queue), [], START, visited=True)
    queue.enqueue(found(short(1), refresh=True, follow=2), START, crawl_id=first)
    same = taken(queue)
    queue.close(same, Gone("x", reason="deleted"), START)
    gone = queue.enqueue(found(short(1), refresh=True), START, crawl_id=first)
    queue.enqueue(found(short(1), refresh=True, follow=2), START, crawl_id=second)
    other = taken(queue)

    assert (False, 2) == (same.refresh, same.follow)
    assert gone is not None
    assert (True, 2) == (other.refresh, other.follow)


def test_what_a_crawl_names_again_is_no_reason_for_it(queue: SqliteFrontier) -> None:
    """A link back to what this crawl has gone through opens it only for more steps."""
    number = queue.new_crawl("save", START, limit=None, images=None)
    queue.enqueue(found(short(1), follow=1), START, crawl_id=number)
    queue.done(taken(queue), [found(short(2))], START, visited=True)
    queue.done(taken(queue), [found(short(1), follow=1)], START, visited=True)
    assert [] == addresses(queue)

    queue.enqueue(found(short(3)), START, crawl_id=number)
    queue.done(taken(queue), [found(short(1), follow=2)], START, visited=True)
    assert [at(short(1))] == addresses(queue)


def test_a_short_address_of_the_same_article_is_asked_for(queue: SqliteFrontier) -> None:
    """It opens where the long one meets the captcha; the one that was found is remembered."""
    queue.conn.execute("PRAGMA foreign_keys = OFF")  # no article is needed for this
    for address, form in ((at(long(1)), "long"), (at(short(1)), "short")):
        queue.conn.execute(
            "INSERT INTO addresses (address, article_id, form, fetch, first_seen) VALUES (?, 1, ?, ?, '2026')",
            (address, form, address),
        )
    queue.enqueue(found(long(1)), START)
    task = taken(queue)

    assert (at(short(1)), "short", at(long(1))) == (task.url, task.form, task.address)
    assert urls.parse(long(1)).fetch == task.original


def test_what_was_kept_has_no_failures_behind_it(queue: SqliteFrontier) -> None:
    """Should it fail later, that is its first time."""
    failed_once = found(short(1))
    queue.enqueue(failed_once, START)
    queue.reschedule(taken(queue), Later("503"), START, START, again=False)
    attempts = [taken(queue).attempts]
    queue.done(taken(queue), [], START, visited=True)
    queue.enqueue(failed_once, START)

    assert [1, 0] == [*attempts, taken(queue).attempts]


def test_a_row_that_cannot_be_read_rests_and_the_others_are_done(queue: SqliteFrontier) -> None:
    """Its error is told, it is not in the way again at once, and no run waits for it."""
    queue.enqueue(found(short(1)), START)
    queue.enqueue(found(short(2)), START)
    queue.conn.execute("UPDATE frontier SET updated = 'never' WHERE address = ?", (at(short(1)),))

    assert at(short(2)) == taken(queue).address == taken(queue).address
    assert queue.next_due() is None
    rows = queue.conn.execute("SELECT error_code, due > ? FROM frontier", (stamp(START),))
    assert [("unexpected", 1), (None, 0)] == [tuple(row) for row in rows]


#: What each way to write does to a queue in which the first address is under way, and the second
#: has failed and waits.
WRITING: dict[str, Callable[[SqliteFrontier, Task], object]] = {
    "tie": lambda queue, task: queue.tie(task, "home", START),
    "reschedule": lambda queue, task: queue.reschedule(
        task, Later("503"), START, START + HOUR, again=True
    ),
    "close": lambda queue, task: queue.close(
        task, Gone("x", reason="deleted"), START, [found(short(3))]
    ),
    "done": lambda queue, task: queue.done(task, [found(short(3))], START, visited=True),
    "begin a run": lambda queue, task: queue.begin_run(),
    "begin a save": lambda queue, task: queue.new_crawl("save", START, limit=None, images=None),
    "enqueue": lambda queue, task: queue.enqueue(found(short(3)), START),
    "enqueue again": lambda queue, task: queue.enqueue(found(short(2)), START),
    "enqueue instead": lambda queue, task: queue.enqueue_replacements(
        task, [found(short(3))], START
    ),
    "release": lambda queue, task: queue.release_waiting(at(short(2)), START),
    "fetched": lambda queue, task: queue.fetched(task, None, START),
    "fetched, and waiting": lambda queue, task: received(queue, task),
    "the page itself": lambda queue, task: queue.keep_page(task, {}, b"page", START),
    "make due": lambda queue, task: queue.make_due([Later.code], START + HOUR, before=START + HOUR),
}


@pytest.mark.parametrize("way", WRITING)
def test_each_way_to_write_is_one_transaction(queue: SqliteFrontier, way: str) -> None:
    """A kill leaves the state before or the one after."""
    queue.enqueue(found(short(2)), START)
    queue.reschedule(taken(queue), Later("503"), START, START + HOUR, again=True)
    queue.enqueue(found(short(1)), START)
    task = taken(queue)

    assert written_at_once(queue.conn, lambda: WRITING[way](queue, task))
