"""What is promised of raw pages: as received, for ever, small, and never served when damaged."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.db import file_checksums
from archive.errors import CannotCreate, Corrupt, NewerArchive, NotHeld
from archive.snapshots import Snapshots
from archive.snapshots.choose import (
    LEVEL19_MIN_BYTES,
    MAX_DEPTH,
    Base,
    Packed,
    choose,
    finish,
)
from archive.snapshots.packing import (
    BadFrame,
    Effort,
    Plain,
    digest,
    likeness,
    pack,
    sketch,
    unpack,
)
from scraper.models import Page
from tests.keep.pages import FETCHED, address, page, raw, template, words
from tests.store.make import written_at_once

SCRIPT = template(1)


@pytest.fixture
def kept(tmp_path: Path) -> Snapshots:
    """Empty snapshots."""
    return Snapshots(tmp_path / "snapshots.db")


def test_a_page_comes_back_as_it_was_received(tmp_path: Path) -> None:
    """Body, status, addresses, redirects, headers and time are those of the page that was put,
    after a restart too.
    """
    china = timezone(timedelta(hours=8))
    given = Page(
        url="https://mp.weixin.qq.com/s?__biz=MzA&mid=1&idx=1&sn=ab",
        body=b"\x00\xff not utf-8 \xe4",
        final_url="https://mp.weixin.qq.com/s/abc",
        status=404,
        headers=(("content-type", "text/html"), ("x-twice", "1"), ("x-twice", "2")),
        redirects=("https://mp.weixin.qq.com/s/abc",),
        fetched=datetime(2026, 3, 1, 16, 30, 1, 250, tzinfo=china),
        request=(("user-agent", "x"),),
    )
    with Snapshots(tmp_path / "snapshots.db") as kept:
        number = kept.put(given, address="a")
    with Snapshots(tmp_path / "snapshots.db") as kept:
        assert given == kept.get(number)
        assert UTC == (kept.facts(number).fetched or FETCHED).tzinfo


@pytest.mark.parametrize("body", [b"", b"x", b"\0" * 100_000, bytes(range(256)) * 40])
def test_any_bytes_are_kept(kept: Snapshots, body: bytes) -> None:
    """An empty, tiny or strange body is a page like any other."""
    with kept:
        assert body == kept.get(kept.put(Page(url="u", body=body), address="a")).body


def test_no_secret_reaches_the_file(tmp_path: Path) -> None:
    """Cookies, credentials and readers' tokens of headers and addresses are on no byte of the
    disk.
    """
    canary = "CANARY7f3a"
    given = Page(
        url=f"https://mp.weixin.qq.com/s/abc?key={canary}&pass_ticket={canary}&uin={canary}",
        final_url=f"https://mp.weixin.qq.com/s/abc?appmsg_token={canary}",
        redirects=(f"https://mp.weixin.qq.com/s/abc?exportkey={canary}",),
        body=b"page",
        request=(
            ("Cookie", canary),
            ("Proxy-Authorization", canary),
            ("Referer", f"https://x/?key={canary}"),
        ),
        headers=(
            ("Set-Cookie", canary),
            ("location", f"https://mp.weixin.qq.com/s/a?key={canary}"),
        ),
    )
    with Snapshots(tmp_path / "snapshots.db") as kept:
        kept.put(given, address=f"https://mp.weixin.qq.com/s/abc?uin={canary}")
        found = kept.facts(1)

    assert b"".join(path.read_bytes() for path in tmp_path.iterdir()).count(canary.encode()) == 0
    assert ["location"] == [name for name, _ in found.response]
    assert ["referer"] == [name for name, _ in found.request]


def test_the_same_body_is_kept_once(kept: Snapshots) -> None:
    """Two captures of the same bytes are two exchanges over one body."""
    with kept:
        one = kept.put(page(1, SCRIPT), address="a")
        two = kept.put(page(1, SCRIPT, fetched=FETCHED + timedelta(days=1)), address="a")

        assert one != two
        assert kept.get(one).body == kept.get(two).body
        assert [(1,)] == kept.select("SELECT count(*) FROM bodies")


def test_a_file_read_again_is_no_new_exchange(kept: Snapshots) -> None:
    """Reading the same saved page twice leaves one snapshot."""
    with kept:
        assert kept.put(page(1, SCRIPT, fetched=None), address="a") == kept.put(
            page(1, SCRIPT, fetched=None), address="a"
        )


def test_pages_of_one_template_cost_little(tmp_path: Path) -> None:
    """Twenty pages over the same 200 KB of script take less than a tenth more than the first."""
    with Snapshots(tmp_path / "snapshots.db") as kept:
        for seed in range(20):
            kept.put(page(seed, SCRIPT), address=address(seed))
        stored = [snapshot.stored for snapshot in kept.each()]

        assert sum(stored[1:]) < stored[0] / 10
        assert [page(seed, SCRIPT).body for seed in range(20)] == [
            kept.get(s.id).body for s in kept.each()
        ]


def test_chains_stay_short_while_the_template_drifts(kept: Snapshots) -> None:
    """However long the template drifts, no page needs more than MAX_DEPTH others one after the
    other.
    """
    script = bytearray(template(1, size=60_000))
    draw = random.Random(4)
    with kept:
        for seed in range(30):
            at = draw.randrange(len(script) - 6000)
            script[at : at + 6000] = template(seed + 100, size=6000)[:6000]
            kept.put(page(seed, bytes(script)), address=address(seed))

        assert kept.select("SELECT max(depth) FROM bodies")[0][0] <= MAX_DEPTH
        assert 5 > kept.select("SELECT count(*) FROM bodies WHERE base_id IS NULL")[0][0]


def test_a_captured_again_page_is_packed_against_itself(kept: Snapshots) -> None:
    """A re-check of an article costs next to nothing, even among many other templates."""
    with kept:
        for seed in range(8):
            kept.put(page(seed, template(seed + 50, size=40_000)), address=address(seed))
        again = page(0, template(50, size=40_000) + b"read_num=7")

        assert 300 > kept.facts(kept.put(again, address=address(0))).stored


def test_newest_and_all_of_an_address(kept: Snapshots) -> None:
    """``latest_id``, ``of`` and ``newest_ids`` see the captures of an address in their order."""
    with kept:
        first = kept.put(Page(url="u", body=b"1"), address="a")
        kept.put(Page(url="u", body=b"x"), address="b")
        second = kept.put(Page(url="u", body=b"2"), address="a")

        assert second == kept.latest_id("a")
        assert b"2" == kept.get(second).body
        assert [first, second] == [snapshot.id for snapshot in kept.of(["a", "none"])]
        assert [(2, "b"), (3, "a")] == kept.newest_ids()
        assert [2, 3] == [snapshot.id for snapshot in kept.each(after=1)]
        assert kept.latest_id("none") is None
        with pytest.raises(NotHeld, match="no snapshot 99"):
            kept.get(99)


def test_a_put_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    """Another process sees the page before the first one closes or commits anything more."""
    with Snapshots(tmp_path / "snapshots.db") as kept:
        kept.put(page(1, SCRIPT), address="a")
        with Snapshots(tmp_path / "snapshots.db", readonly=True) as other:
            assert page(1, SCRIPT) == other.get(1)
        assert [(2,)] == kept.select("PRAGMA synchronous")  # FULL


def test_sound_snapshots_have_nothing_to_report(kept: Snapshots) -> None:
    """``check`` is silent over what is as it was."""
    with kept:
        for seed in range(4):
            kept.put(page(seed, SCRIPT), address=address(seed))
        steps: list[tuple[int, int]] = []

        assert [] == list(kept.check(lambda done, total: steps.append((done, total))))
        assert (8, 8) == steps[-1]


def test_a_damaged_base_is_named_with_what_it_takes_along(tmp_path: Path) -> None:
    """A flipped bit in a base is found, every page on it is listed with its address, the others are
    served.
    """
    path = tmp_path / "snapshots.db"
    with Snapshots(path) as kept:
        for seed in range(3):
            kept.put(page(seed, SCRIPT), address=address(seed))
        kept.put(Page(url="u", body=b"alone"), address="alone")
    _flip_in_frame(path, 1)
    with Snapshots(path) as kept:
        found = list(kept.check())

        assert {1, 2, 3} == {number for damage in found for number in damage.snapshots}
        assert {address(0), address(1), address(2)} == {
            a for damage in found for a in damage.addresses
        }
        for number in (1, 2, 3):
            with pytest.raises(Corrupt, match=f"snapshot {number} "):
                kept.get(number)
        assert b"alone" == kept.get(4).body


def test_the_same_page_again_mends_a_damaged_one(tmp_path: Path) -> None:
    """Putting the bytes of a damaged page once more makes it, and what stands on it, readable
    again.
    """
    path = tmp_path / "snapshots.db"
    with Snapshots(path) as kept:
        for seed in range(3):
            kept.put(page(seed, SCRIPT), address=address(seed))
    _flip_in_frame(path, 1)
    with Snapshots(path) as kept:
        kept.put(page(0, SCRIPT), address=address(0))

        assert [] == list(kept.check())
        assert [raw(seed, SCRIPT) for seed in range(3)] == [
            kept.get(number).body for number in (1, 2, 3)
        ]


def test_a_much_needed_base_is_kept_twice(tmp_path: Path) -> None:
    """When fifty pages stand on one, a flipped bit in it loses nothing and is reported all the
    same.
    """
    path = tmp_path / "snapshots.db"
    script = template(1, size=20_000)
    with Snapshots(path) as kept:
        for seed in range(60):
            kept.put(page(seed, script), address=address(seed))
    _flip_in_frame(path, 1)
    with Snapshots(path) as kept:
        damages = list(kept.check())

        assert [((), "page 1: its row is not what its seal says; the page itself can be read")] == [
            (d.snapshots, d.what) for d in damages[:1]
        ]
        assert raw(7, script) == kept.get(8).body

        kept.mend()

        assert [] == list(kept.check())
        assert raw(7, script) == kept.get(8).body


def test_a_row_beside_a_sound_page_is_made_right(tmp_path: Path) -> None:
    """What a page's row says besides the page follows from it, and is made again; what does not is
    left and named.
    """
    path = tmp_path / "snapshots.db"
    with Snapshots(path) as kept:
        for seed in range(3):
            kept.put(page(seed, SCRIPT), address=address(seed))
        before = kept.select("SELECT * FROM bodies")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE bodies SET depth = depth + 1, seal = x'00'")
        db.execute("UPDATE bodies SET sketch = x'0102' WHERE sketch IS NOT NULL")
    with Snapshots(path) as kept:
        assert 3 == len(list(kept.check()))

        kept.mend()

        assert [] == list(kept.check())
        assert before == kept.select("SELECT * FROM bodies")
    _flip_in_frame(path, 1)
    with Snapshots(path) as kept:
        found = list(kept.check())
        kept.mend()

        assert found == list(kept.check())


def _flip_in_frame(path: Path, body_id: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        frame = bytearray(
            db.execute("SELECT frame FROM bodies WHERE id = ?", (body_id,)).fetchone()[0]
        )
        frame[len(frame) // 2] ^= 1
        db.execute("UPDATE bodies SET frame = ? WHERE id = ?", (bytes(frame), body_id))
        db.commit()


def test_no_flipped_bit_is_served(tmp_path: Path) -> None:
    """Of 300 random bits flipped in the file, one at a time, none makes a page come back other than
    it was; each is reported by ``check`` or by the file's own seal."""
    path = tmp_path / "snapshots.db"
    script = template(1, size=30_000)
    with Snapshots(path) as kept:
        for seed in range(5):
            kept.put(page(seed, script), address=address(seed))
    sound = path.read_bytes()
    draw = random.Random(2)
    for _ in range(300):
        at, bit = draw.randrange(len(sound)), draw.randrange(8)
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1 << bit]) + sound[at + 1 :])
        assert file_checksums.broken_blocks(path)
        try:
            with Snapshots(path, readonly=True) as kept:
                damages = list(kept.check())
                for number in range(1, 6):
                    try:
                        assert page(number - 1, script) == kept.get(number)
                    except (Corrupt, NotHeld, sqlite3.Error):
                        assert damages
        except (Corrupt, sqlite3.Error):
            continue


def test_what_cannot_be_opened_says_so(tmp_path: Path) -> None:
    """No database, no folder, or one of a newer program: each ends in its own error."""
    (tmp_path / "text.db").write_text(
        "This is no database, though it is long enough to be one." * 20
    )
    with pytest.raises(Corrupt, match=r"text\.db is damaged"):
        Snapshots(tmp_path / "text.db")
    with pytest.raises(CannotCreate, match="no/such"):
        Snapshots(tmp_path / "no/such" / "snapshots.db")
    Snapshots(tmp_path / "new.db").close()
    with closing(sqlite3.connect(tmp_path / "new.db")) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('snapshots', 'from_the_future')"
        )
        db.commit()
    with pytest.raises(NewerArchive, match="from_the_future"):
        Snapshots(tmp_path / "new.db")


def test_a_frame_that_lies_about_its_size_takes_no_memory() -> None:
    """A damaged frame may claim any size; that is seen before it is believed."""
    frame = pack(b"x" * 10_000_000)

    with pytest.raises(BadFrame, match="10000000"):
        unpack(frame, b"", 9, digest(b"x" * 9))


EFFORTS: tuple[Effort, ...] = ("quick", "light", "usual", "thorough")
PIECES = st.sampled_from(
    [
        b"\\x22",
        b"\\x5c",
        b"\\x3c",
        b"\\x3C",
        b"\\x0a",
        b"\\",
        b'"',
        b"<",
        b"&",
        b"x22",
        b"\\xZZ",
        b"\\x2",
        b"\\n",
        b"\\x41",
        b"a" * 9,
    ]
)


@given(st.binary(max_size=3000), st.binary(max_size=3000), st.sampled_from(EFFORTS))
def test_packing_is_lossless(body: bytes, base: bytes, effort: Effort) -> None:
    """Any page packed against any other comes back."""
    assert body == unpack(pack(body, base, effort=effort), base, len(body), digest(body))


@given(st.lists(st.lists(PIECES, max_size=12).map(b"".join), max_size=3), st.integers(0, 400))
def test_escaped_copies_come_back_as_they_were(texts: list[bytes], often: int) -> None:
    """Whatever is escaped in a page's scripts, and however oddly: the frame gives the same
    bytes.
    """
    body = b"".join(b"a: JsDecode('" + text * often + b"')," for text in texts)

    assert body == unpack(pack(body, effort="quick"), b"", len(body), digest(body))


def test_an_escaped_copy_of_the_text_costs_little() -> None:
    """A page that repeats its text escaped in a script is hardly larger than one that says it
    once.
    """
    text = "".join(f'<p style="n{n}">{words(n, 12)}</p>' for n in range(200)).encode()
    copy = text
    for char in b'\\"&<>':
        copy = copy.replace(bytes([char]), b"\\x%02x" % char)
    once, twice = pack(text), pack(text + b"content_noencode: JsDecode('" + copy + b"')")

    assert len(twice) < len(once) + 400


@given(
    st.binary(max_size=200),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=5),
)
def test_damaged_spans_are_damage(body: bytes, spans: list[tuple[int, int]]) -> None:
    """Spans that no page has give an error, never another page and never more memory."""
    head = bytes([ord("P"), len(spans)]) + b"".join(
        n.to_bytes(4, "little") for span in spans for n in span
    )
    with pytest.raises(BadFrame):
        unpack(head + pack(body), b"", len(body), digest(body + b"!"))


def test_likeness_tells_templates_apart() -> None:
    """Two articles over one template are alike, over two templates they are not."""
    one, other = template(1), template(2)
    same = likeness(frozenset(sketch(raw(1, one))), frozenset(sketch(raw(2, one))))
    different = likeness(frozenset(sketch(raw(1, one))), frozenset(sketch(raw(2, other))))

    assert same > 0.9
    assert different < 0.1


def test_without_any_base_a_page_stands_alone() -> None:
    """No candidate, or only unreadable ones: the frame needs nothing else."""
    page, read = Plain(b"abc" * 100), lambda base: b""
    packed = finish(page, choose(page, [], read), read, LEVEL19_MIN_BYTES)

    assert (None, None, 0) == (packed.first, packed.second, packed.depth)
    assert b"abc" * 100 == unpack(packed.frame, b"", 300, digest(b"abc" * 100))


def test_the_frame_that_a_page_came_with_is_not_made_again() -> None:
    """What ``put`` tried against one base is one of the trials, and the choice is the same."""
    one, two, page = raw(1, template(1)), raw(2, template(1)), Plain(raw(3, template(1)))
    bodies, asked = {1: one, 2: two}, []

    def read(base: Base) -> bytes:
        asked.append(base.id)
        return bodies[base.id]

    bases = [Base(1, 0), Base(2, 1)]
    anew = choose(page, bases, read)
    asked.clear()
    held = Packed(page.pack(one, effort="quick"), Base(1, 0))

    assert choose(page, bases, read, held) == anew
    assert 1 not in asked


@pytest.mark.long
def test_the_real_pages_take_under_40_kb(corpus: Path, tmp_path: Path) -> None:
    """All pages of the corpus in random order: under 40 KB a page, everything counted; every byte
    comes back.
    """
    paths = sorted((corpus / "pages").glob("*.html"))
    random.Random(11).shuffle(paths)
    with Snapshots(tmp_path / "snapshots.db") as kept:
        ids = [kept.put(Page(url=p.name, body=p.read_bytes()), address=p.name) for p in paths]
        assert [digest(p.read_bytes()) for p in paths] == [
            digest(kept.get(number).body) for number in ids
        ]
    size = sum(path.stat().st_size for path in tmp_path.iterdir())

    assert size / len(paths) / 1024 < 40


def test_pages_at_hand_take_so_much_memory_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those used last stay; one alone may be larger than all that is allowed."""
    monkeypatch.setattr("archive.snapshots.reading.CACHE_BYTES", 10_000)
    with Snapshots(tmp_path / "snapshots.db") as kept:
        for number in range(5):
            kept.put(Page(url="u", body=bytes([number]) * 4000), address=str(number))
        for number in range(1, 6):
            kept.get(number)
        assert [4, 5] == list(kept._reader._cache)
        kept.get(4)
        kept.get(1)
        assert [4, 1] == list(kept._reader._cache)
        kept.get(kept.put(Page(url="u", body=b"x" * 50_000), address="large"))
        assert [6] == list(kept._reader._cache)


def test_a_page_is_compared_before_it_counts_as_kept(
    kept: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clever frame that does not give the page back is replaced by a plain one; where that does
    not either, nothing is written.
    """
    body = page(1, SCRIPT).body
    monkeypatch.setattr("archive.snapshots.keeper.first", lambda *_: Packed(pack(b"another")))
    with kept:
        assert body == kept.get(kept.put(page(1, SCRIPT), address="a")).body
        monkeypatch.setattr("archive.snapshots.keeper.pack", lambda *_: pack(b"another"))
        with pytest.raises(BadFrame):
            kept.put(page(2, SCRIPT), address="b")
        assert 1 == kept.count()


def test_a_page_that_is_not_there_is_damage(kept: Snapshots) -> None:
    """Told by its number; a base that no page can have is never looked at, so that no circle is
    walked.
    """
    with kept:
        for seed in range(3):
            kept.put(page(seed, SCRIPT), address=address(seed))
        with pytest.raises(Corrupt, match="page 9 is missing"):
            kept._reader.body(9)
        kept._db.execute("PRAGMA foreign_keys = OFF")
        for base, depth in ((2, 1), (3, 1), (0, 1), (-1, 1), ("x", 1), (1, 0)):
            kept._db.execute("UPDATE bodies SET base_id = ?, depth = ? WHERE id = 2", (base, depth))
            with pytest.raises(Corrupt, match="page 2 names a base it cannot have"):
                kept._reader.body(2, fresh=True)


def test_what_is_at_hand_is_read_again_when_asked(kept: Snapshots) -> None:
    """A check looks at the disk, not at what it remembers."""
    with kept:
        kept.put(page(1, SCRIPT), address="a")
        assert kept._reader.body(1) is kept._reader.body(1)
        kept._db.execute("UPDATE bodies SET frame = x'00'")
        assert kept._reader.body(1) == page(1, SCRIPT).body
        with pytest.raises(Corrupt):
            kept._reader.body(1, fresh=True)


def test_pages_worth_it_wait_to_be_packed_again(
    kept: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is enough unless more are asked for."""
    monkeypatch.setattr("archive.snapshots.keeper.WORTH_REPACKING", 0)
    with kept:
        kept.put(page(1, SCRIPT), address="a")
        assert 1 == kept.waiting()
        kept.repack_if_waiting(2)
        assert 1 == kept.waiting()
        kept.repack_if_waiting()
        assert 0 == kept.waiting()


def test_pages_of_an_earlier_day_are_stood_on_too(tmp_path: Path) -> None:
    """A run of tomorrow knows the templates of today; what was put is sealed when it is closed."""
    for seed in range(3):
        with Snapshots(tmp_path / "snapshots.db") as kept:
            kept.put(page(seed, SCRIPT), address=address(seed))
        assert [] == file_checksums.broken_blocks(tmp_path / "snapshots.db")
    with Snapshots(tmp_path / "snapshots.db", readonly=True) as kept:
        stored = [snapshot.stored for snapshot in kept.each()]

    assert max(stored[1:]) < stored[0] / 20


def test_a_page_whose_number_was_given_again_is_not_taken_for_it(tmp_path: Path) -> None:
    """Another command removed the one that is at hand here, and kept another in its place."""
    with Snapshots(tmp_path / "snapshots.db") as kept:
        number = kept.put(page(1, SCRIPT), address=address(1))
        assert page(1, SCRIPT) == kept.get(number)
        with Snapshots(tmp_path / "snapshots.db") as other:
            other.remove([address(1)])
            assert number == other.put(page(2, SCRIPT), address=address(2))

        with pytest.raises(Corrupt, match=f"snapshot {number} of .* is damaged"):
            kept.get(number)


def test_a_page_and_its_exchange_are_kept_at_once(kept: Snapshots) -> None:
    """A kill leaves both or neither, and no page without an address."""
    with kept:
        assert written_at_once(kept._db, lambda: kept.put(page(1, SCRIPT), address="a"))


class Turns:
    """A lock that counts how often it is taken, once for all that is done while it is held."""

    def __init__(self, lock: Any) -> None:
        self.lock, self.taken, self.depth = lock, 0, 0

    def __enter__(self) -> None:
        self.lock.acquire()
        self.taken += self.depth == 0
        self.depth += 1

    def __exit__(self, *about: object) -> None:
        self.depth -= 1
        self.lock.release()


def test_threads_take_turns(kept: Snapshots) -> None:
    """Nobody comes between what belongs together; closed twice is closed."""
    turns = Turns(kept._lock)
    kept._lock = kept._reader.lock = turns  # type: ignore[assignment]
    calls: list[Callable[[], object]] = [
        lambda: kept.put(page(1, SCRIPT), address="a"),
        lambda: kept.select("SELECT 1"),
        lambda: kept.get(1),
        kept.mend,
        kept.close,
        kept.close,
    ]
    taken = []
    for call in calls:
        before = turns.taken
        call()
        taken.append(turns.taken - before)

    assert [1] * len(calls) == taken
