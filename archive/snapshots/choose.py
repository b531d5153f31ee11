"""Pure. Which earlier pages a new page is packed against.

Chains are bounded: a page packed against a page that is itself packed, at most ``MAX_DEPTH`` deep. On 64 real pages
in 20 random orders (KB a page, best earlier page always found): depth 1 79, 2 49, 3 31, 4 26, 6 23.6, no bound 23.3.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from archive.snapshots.packing import MAX_WINDOW_LOG, MIN_BASE, SKETCH_SIZE, likeness, pack

MAX_DEPTH = 6
#: With a second base every step doubles what must be read, so such a frame may stand only this deep.
MAX_DEPTH_OF_TWO = 4
#: Pages tried a put, at 15–50 ms each.
TRIALS = 4
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


def worth_sketching(body: bytes, packed: Packed) -> bool:
    """Whether the page brings enough new script to be a base for others."""
    if packed.depth >= MAX_DEPTH or len(body) < 4096:
        return False
    return packed.first is None or len(packed.frame) > min(10_000, len(body) // 8)


def best(body: bytes, candidates: list[Base], read: Callable[[Base], bytes]) -> Packed:
    """The smallest frame found within ``TRIALS`` pages and one pair of them.

    A shallower base wins over one that is up to 3 % better, so that chains stay short. ``read`` gives the bytes
    of a base, or ``b""`` for one that cannot be read (it is passed over).
    """
    enough = max(1024, len(body) // 700)
    tried: list[tuple[int, Packed]] = []
    for base in candidates[:TRIALS] if len(body) >= MIN_BASE else ():
        against = read(base)
        if not against or len(against) + len(body) >= 1 << MAX_WINDOW_LOG:
            continue
        frame = pack(body, against)
        tried.append((len(frame), Packed(frame, base)))
        if len(frame) <= enough:
            break
    if not tried:
        return Packed(pack(body, thorough=len(body) < 8_000_000))
    smallest = min(size for size, _ in tried)
    near = [packed for size, packed in tried if size <= smallest * 1.03 + 256]
    chosen = min(near, key=lambda packed: (packed.depth, len(packed.frame)))
    if len(chosen.frame) > 8192:
        chosen = _with_second(body, chosen, [p for _, p in sorted(tried, key=lambda t: t[0])], read)
    if len(chosen.frame) > 14_000 and len(body) < 8_000_000:
        chosen = _thorough(body, chosen, read)
    return _alone(body, chosen)


def _with_second(body: bytes, chosen: Packed, others: list[Packed], read: Callable[[Base], bytes]) -> Packed:
    first = chosen.first
    assert first is not None
    for other in others:
        second = other.first
        if second is None or second.id == first.id or max(first.depth, second.depth) >= MAX_DEPTH_OF_TWO:
            continue
        against = read(second) + read(first)
        if len(against) + len(body) >= 1 << MAX_WINDOW_LOG:
            continue
        frame = pack(body, against)
        # A second base doubles what a reader needs: it must bring something.
        return Packed(frame, first, second) if len(frame) < len(chosen.frame) * 0.95 else chosen
    return chosen


def _thorough(body: bytes, chosen: Packed, read: Callable[[Base], bytes]) -> Packed:
    """The same bases at level 19 or, where they serve badly, none: the page of a new template."""
    against = b"".join(read(base) for base in (chosen.second, chosen.first) if base)
    frame = pack(body, against, thorough=True)
    return Packed(frame, chosen.first, chosen.second) if len(frame) < len(chosen.frame) else chosen


def _alone(body: bytes, chosen: Packed) -> Packed:
    """On its own feet, where the others hardly help: what damages them then does not touch this page."""
    if len(chosen.frame) <= len(body) // 10:
        return chosen  # no page was seen to pack that well alone
    frame = pack(body, thorough=len(body) < 8_000_000)
    return Packed(frame) if len(frame) < len(chosen.frame) * 1.15 else chosen


__all__ = [
    "MAX_DEPTH",
    "REMEMBERED",
    "SKETCH_SIZE",
    "Base",
    "Packed",
    "Sketches",
    "best",
    "dump_sketch",
    "load_sketch",
    "worth_sketching",
]
