"""Finding the one bit that flipped, by the hash over what was written. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

#: Above this many bytes trying every bit costs more than making the row again from its raw page.
LARGEST = 4_000


def unflipped(
    values: dict[str, Any],
    check: Callable[[dict[str, Any]], str],
    expected: object,
    largest: int = LARGEST,
) -> dict[str, Any] | None:
    """``values`` with the one bit flipped back that makes them match ``expected``; as they are
    where they match, or where the flip is in ``expected`` itself. ``None`` where no single bit
    explains it, or there is too much to try."""
    right = check(values)
    if right == expected or _one_bit_apart(right, expected):
        return values
    if (
        sum(
            len(value.encode("utf-8", "surrogatepass"))
            for value in values.values()
            if isinstance(value, str)
        )
        > largest
    ):
        return None
    for name, value in values.items():
        for candidate in _flips(value):
            attempt = {**values, name: candidate}
            if check(attempt) == expected:
                return attempt
    return None


def _flips(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogateescape")
        for at in range(len(data)):
            for bit in range(8):
                flipped = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
                try:
                    yield flipped.decode("utf-8")
                except UnicodeDecodeError:
                    continue
    elif isinstance(value, int):
        for bit in range(63):
            yield value ^ 1 << bit


def _one_bit_apart(one: str, other: object) -> bool:
    if not isinstance(other, str) or len(one) != len(other):
        return False
    return sum((ord(a) ^ ord(b)).bit_count() for a, b in zip(one, other, strict=True)) == 1
