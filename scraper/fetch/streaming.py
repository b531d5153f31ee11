"""A file too large for memory: streamed into a part file, gone on with where it broke off.

RFC 9110: what is there already is asked around by ``Range``, and ``If-Range`` with a strong
validator has the server send the whole anew where the file is another one by now. So bytes of two
files never meet in one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Mapping
from typing import Protocol

from scraper.errors import CutShort, Later, Refused
from scraper.fetch import magic
from scraper.messages import mark
from scraper.recordings import Sort
from scraper.records import dataclass

#: A file is typed by so many of its bytes, before the first of them is kept.
_HEAD = 4096
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
#: What a sound may be: a voice in a film's container has no picture.
_SORTS: Mapping[Sort, tuple[str, ...]] = {
    "audio": ("audio/", "video/mp4", "video/webm"),
    "video": ("video/",),
}


class Part(Protocol):
    """A file on its way: ``size`` bytes of ``total`` are there, from an address with the path
    ``source``, as ``validator`` (ETag or Last-Modified) names them."""

    @property
    def size(self) -> int: ...
    @property
    def source(self) -> str | None: ...
    @property
    def validator(self) -> str | None: ...
    @property
    def total(self) -> int | None: ...
    def begin(self, source: str, validator: str | None, total: int | None) -> None:
        """Give up what is there and begin anew."""
        ...

    def forget(self) -> None:
        """Give up what is there."""
        ...

    def write(self, data: bytes) -> None: ...
    def read(self, begin: int, size: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Streamed:
    """A whole file: ``type`` and ``extension`` by its own bytes."""

    type: str
    extension: str
    size: int


def request_headers(part: Part, source: str) -> dict[str, str]:
    """Asks for what is missing. Never packed: a range of packed bytes is a range of nothing."""
    headers = {"Accept-Encoding": "identity"}
    if part.size and part.validator and part.source == source:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": part.validator}
    return headers


async def receive(
    raw: AsyncIterable[bytes],
    status: int,
    headers: Mapping[str, str],
    part: Part,
    *,
    source: str,
    sort: Sort,
    cap: int,
) -> None:
    """The body of an answer (200 or 206) into ``part``.

    Raises Refused for what is no sound or film by its bytes or larger than ``cap``, CutShort where
    less came than was promised; what came stays in ``part`` then. What was there is only given up
    once the first bytes of another file are seen to be one.
    """
    if headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
        raise Refused(mark("the answer came packed, which was not asked for"))
    total = _total(status, headers, part)
    if total is not None and total > cap:
        raise Refused(
            mark(
                "it has {size} MB, more than the {most} MB that are taken (max_media)",
                size=_mb(total),
                most=_mb(cap),
            )
        )
    head, begun = b"", status == 206
    async for data in raw:
        if not begun:
            head += data
            if len(head) < _HEAD:
                continue
            data, begun = head, True
            _begin(part, head, source, headers, total, sort)
        _append(part, data, cap)
    if not begun:
        _begin(part, head, source, headers, total, sort)
        _append(part, head, cap)
    if total is not None and part.size != total:
        raise CutShort(
            mark(
                "the answer was cut short: {received} of {length} bytes came",
                received=part.size,
                length=total,
            )
        )


def whole(part: Part, sort: Sort) -> Streamed:
    """What the file is, now that everything came. Raises Refused, CutShort for a film that ends
    inside itself, which a right length does not tell; it is given up then."""
    found = checked_type(part.read(0, _HEAD), sort, None)
    if found[1] in magic.BOXED and magic.is_film_cut(part.read, part.size):
        size = part.size
        part.forget()
        raise CutShort(mark("the film of {size} bytes ends inside one of its parts", size=size))
    return Streamed(*found, part.size)


def range_refused(part: Part) -> Later:
    """416: there is less than was asked around, so it is another file."""
    part.forget()
    return Later(mark("the file changed on the server meanwhile: it is begun anew"))


def checked_type(head: bytes, sort: Sort, said: str | None) -> tuple[str, str]:
    """Media type and extension by the first bytes. Raises Refused for anything that is no sound or
    film; ``said`` is what the server calls it.
    """
    try:
        found = magic.sniff(head)
    except magic.Active as error:
        raise Refused(mark("this is {what}", what=error)) from None
    if found is None or not found[0].startswith(_SORTS[sort]):
        called = (said or "no type")[:60]
        raise Refused(
            mark("by its bytes this is no sound (the server calls it {said})", said=called)
            if sort == "audio"
            else mark("by its bytes this is no video (the server calls it {said})", said=called)
        )
    return found


def _total(status: int, headers: Mapping[str, str], part: Part) -> int | None:
    """How long the whole file is, as far as the server says. Raises Later for a range that was not
    asked for."""
    if status == 206:
        return _total_of_range(headers.get("content-range", ""), part)
    length = headers.get("content-length", "")
    return int(length) if length.isdigit() and len(length) < 19 else None


def _total_of_range(said: str, part: Part) -> int | None:
    found = _RANGE.fullmatch(said.strip())
    begins, whole = (int(found[1]), found[3]) if found else (0, "*")
    total = None if whole == "*" else int(whole)
    if not part.size or begins != part.size or (part.total or total) != total:
        part.forget()
        raise Later(mark("the server sent another range than was asked for: it is begun anew"))
    return total


def _begin(
    part: Part,
    head: bytes,
    source: str,
    headers: Mapping[str, str],
    total: int | None,
    sort: Sort,
) -> None:
    if not head:
        raise CutShort(mark("the answer was empty"))
    checked_type(head, sort, headers.get("content-type"))
    part.begin(source, _validator(headers), total)


def _append(part: Part, data: bytes, cap: int) -> None:
    if part.size + len(data) > cap:
        part.forget()
        raise Refused(
            mark("it has more than the {most} MB that are taken (max_media)", most=_mb(cap))
        )
    part.write(data)


def _validator(headers: Mapping[str, str]) -> str | None:
    """What ``If-Range`` may name: a strong ETag, else the time of the last change."""
    etag = headers.get("etag", "").strip()
    return etag if etag.startswith('"') else headers.get("last-modified")


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"
