"""Pure. Which earlier pages a new page is packed against: at once when it comes, with care when it
is packed again.

Chains are bounded: a page packed against a page that is itself packed, at most ``MAX_DEPTH`` deep.
On 64 real pages in 20 random orders (KB a page, best earlier page always found): depth 1 79, 2 49,
3 31, 4 26, 6 23.6, no bound 23.3.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable

from archive.snapshots.packing import MAX_WINDOW_LOG, MIN_BASE, SKETCH_SIZE, Plain, likeness
from scraper.records import dataclass

MAX_DEPTH = 6
#: With a second base every step doubles what must be read, so such a frame may stand only this
#: deep.
MAX_DEPTH_OF_TWO = 4
#: Pages tried a put, at 8 ms each, and pairs of them, at 15.
TRIALS = 4
PAIRS = 2
#: From so many bytes of a quick frame on, pairs are tried, and the frame is packed with the usual
#: care.
WORTH_A_PAIR = 8192
WORTH_CARE = 8192
#: From so many bytes on level 19 saves 5–15 % for its half second: a long article, a template that
#: is new. Where thousands of files come at once it is taken from more bytes on: of 300 pages 16
#: came to 40 KB and more, and level 19 took 11 s of their 30 to save 43 KB of 5.6 MB.
LEVEL19_MIN_BYTES = 16_000
BULK_LEVEL19_MIN_BYTES = 100_000
#: Pages tried when one comes, and the share of the page from which on a frame is as good as one of
#: its own.
FIRST_TRIALS = 2
ALONE_SHARE = 5
#: The share of the page below which a frame is small enough to try no other: what comes is packed
#: again later.
ENOUGH_SHARE = 500
ENOUGH_AT_FIRST = 60
#: A page that brings so many new bytes may be a base for others.
WORTH_SKETCHING = 4000
#: A second base doubles what a reader needs: it must make the frame so much smaller.
WORTH_READING = 0.93
#: A body that level 19 would take seconds for.
LARGE = 8_000_000
#: How many sketches are compared: the newest. Templates drift, old ones do not come back.
REMEMBERED = 400


@dataclass(frozen=True, slots=True)
class Base:
    """An earlier page that may serve: its row id and how many frames stand behind it."""

    id: int
    depth: int


@dataclass(frozen=True, slots=True)
class Packed:
    """A finished frame: what it needs and whether others should look at this page as their base."""

    frame: bytes
    first: Base | None = None
    second: Base | None = None

    @property
    def depth(self) -> int:
        """How many frames must be unpacked one after the other before this one."""
        return max((base.depth + 1 for base in (self.first, self.second) if base), default=0)


class Sketches:
    """The newest ``REMEMBERED`` bases and what they look like."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Base, frozenset[int]]] = {}

    def add(self, base: Base, sketch: Iterable[int]) -> None:
        """Remember one more base, forgetting the oldest beyond the bound."""
        self._known[base.id] = (base, frozenset(sketch))
        while len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    def forget(self, base_id: int) -> None:
        """It is no base any more."""
        self._known.pop(base_id, None)

    def nearest(self, sketch: Iterable[int], limit: int) -> list[Base]:
        """The likest first, among those that share anything."""
        wanted = frozenset(sketch)
        scored = [(likeness(wanted, known), base.id, base) for base, known in self._known.values()]
        scored.sort(key=lambda entry: entry[:2], reverse=True)
        return [base for score, _, base in scored[:limit] if score > 0.01]


def dump_sketch(sketch: Iterable[int]) -> bytes:
    """A sketch as kept in a row: 4 bytes an entry, little-endian."""
    return b"".join(entry.to_bytes(4, "little") for entry in sketch)


def load_sketch(data: bytes) -> array[int]:
    """A sketch out of a row."""
    return array("Q", (int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)))


def worth_sketching(size: int, packed: Packed) -> bool:
    """Whether a page of so many bytes brings enough new script to be a base for others."""
    if packed.depth >= MAX_DEPTH or size < 4096:
        return False
    return packed.first is None or len(packed.frame) > min(WORTH_SKETCHING, size // 8)


Read = Callable[[Base], bytes]


def first(body: bytes, candidates: list[Base], read: Read) -> Packed:
    """A frame made at once: the better of ``FIRST_TRIALS`` quick tries, a page of its own where
    none helps.

    ``read`` gives the bytes of a base, or ``b""`` for one that cannot be read (it is passed over).
    """
    page = Plain(body)
    tried = []
    if len(body) >= MIN_BASE:
        tried = _tried(page, candidates[:FIRST_TRIALS], read, ENOUGH_AT_FIRST)
    if tried and len(tried[0].frame) * ALONE_SHARE <= page.size:
        return tried[0]
    alone = Packed(page.pack(effort="fast"))
    return min([alone, *tried], key=lambda packed: len(packed.frame))


def candidates(
    captures: Iterable[tuple[int, int]], near: Sketches, look: tuple[int, ...]
) -> list[Base]:
    """The bases worth a trial: earlier ``captures`` of the same article (id and depth), which
    differ in a few counters only, and those that look alike.
    """
    bases = [Base(*row) for row in captures]
    return bases + [base for base in near.nearest(look, TRIALS) if base not in bases]


def choose(
    page: Plain, candidates: list[Base], read: Read, held: Packed | None = None
) -> Packed | None:
    """The bases of a small frame: ``TRIALS`` pages and ``PAIRS`` pairs are tried quickly. None: on
    its own. ``held``: a quick frame that was made when the page came, and need not be made again.

    A shallower base wins over one that is up to 3 % better, so that chains stay short.
    """
    tried = _tried(page, candidates, read, held=held) if page.size >= MIN_BASE else []
    if not tried:
        return None
    smallest = len(tried[0].frame)
    near = [packed for packed in tried if len(packed.frame) <= smallest * 1.03 + 256]
    chosen = min(near, key=lambda packed: (packed.depth, len(packed.frame)))
    if smallest > WORTH_A_PAIR:
        return _with_second(page, chosen, [other.first for other in tried if other.first], read)
    return chosen


def finish(page: Plain, chosen: Packed | None, read: Read, level19_from: int) -> Packed:
    """What ``choose`` found, packed at the effort that its size is worth; level 19 from so many
    bytes on.
    """
    if chosen is None:
        return Packed(_alone(page))
    careful = _carefully(page, chosen, read, level19_from)
    if len(careful.frame) <= page.size // 10:
        return careful  # no page was seen to pack that well alone
    # On its own feet, where the others hardly help: what damages them then does not touch this
    # page.
    alone = _alone(page)
    return Packed(alone) if len(alone) < len(careful.frame) * 1.15 else careful


def _tried(
    page: Plain,
    candidates: list[Base],
    read: Read,
    share: int = ENOUGH_SHARE,
    held: Packed | None = None,
) -> list[Packed]:
    """Quick frames against the first candidates, smallest first; none after one that is small
    enough.
    """
    enough = max(1536, page.size // share)
    tried: list[Packed] = []
    for base in candidates[:TRIALS]:
        if held is not None and held.first is not None and base.id == held.first.id:
            tried.append(Packed(held.frame, base))
        else:
            against = read(base)
            if not against or len(against) + page.size >= 1 << MAX_WINDOW_LOG:
                continue
            tried.append(Packed(page.pack(against, effort="quick"), base))
        if len(tried[-1].frame) <= enough:
            break
    return sorted(tried, key=lambda packed: len(packed.frame))


def _with_second(page: Plain, chosen: Packed, tried: list[Base], read: Read) -> Packed:
    """The best of the pairs that the chosen base makes with the next best."""
    first = chosen.first
    assert first is not None
    found = chosen
    limit = len(chosen.frame) * WORTH_READING
    for second in [base for base in tried if base.id != first.id][:PAIRS]:
        against = read(second) + read(first)
        if (
            max(first.depth, second.depth) >= MAX_DEPTH_OF_TWO
            or len(against) + page.size >= 1 << MAX_WINDOW_LOG
        ):
            continue
        frame = page.pack(against, effort="quick")
        if len(frame) < limit:
            limit, found = len(frame), Packed(frame, first, second)
    return found


def _carefully(page: Plain, chosen: Packed, read: Read, level19_from: int) -> Packed:
    """The same bases, at the effort that the size is worth."""
    against = b"".join(read(base) for base in (chosen.second, chosen.first) if base)
    frame = page.pack(against, effort="light" if len(chosen.frame) <= WORTH_CARE else "usual")
    if len(frame) > level19_from and page.size < LARGE:
        frame = min(frame, page.pack(against, effort="thorough"), key=len)
    return Packed(frame, chosen.first, chosen.second)


def _alone(page: Plain) -> bytes:
    return page.pack(effort="thorough" if page.size < LARGE else "usual")


__all__ = [
    "BULK_LEVEL19_MIN_BYTES",
    "LEVEL19_MIN_BYTES",
    "MAX_DEPTH",
    "REMEMBERED",
    "SKETCH_SIZE",
    "Base",
    "Packed",
    "Read",
    "Sketches",
    "candidates",
    "choose",
    "dump_sketch",
    "finish",
    "first",
    "load_sketch",
    "worth_sketching",
]
