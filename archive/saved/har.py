"""HAR files: what a browser, mitmproxy, Charles or Fiddler recorded, one exchange at a time.

A recording of a day's reading may hold gigabytes. So it is read as a stream: memory holds one
exchange at a time, whatever the file's size, and a text in it that is longer than anything useful
is cut while it is read. What is in such a file comes from anybody.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlencode

from archive.errors import BadInput
from archive.saved.pages import gunzipped
from scraper.messages import mark, message_of
from scraper.records import dataclass
from scraper.traffic.exchange import Exchange, kind_of

#: The longest text of an exchange that is read whole: in base64 30 MB of bytes.
LONGEST_TEXT: Final = 40 * 2**20
#: ijson looks through a text again with every piece of the file that it goes over.
_PIECE: Final = 4 * 2**20
_DEEPEST: Final = 60
_MOST_HEADERS: Final = 300
_LONGEST_ADDRESS: Final = 64 * 1024
_LONGEST_HEADERS: Final = 256 * 1024
#: What a packed file may hold: a day of reading has a few gigabytes.
_MOST_UNPACKED: Final = 32 * 2**30
#: Stands at the end of a text that was cut; no text of a recording has it.
_CUT: Final = b"\\u0000cut"
_CUT_READ: Final = "\0cut"
_QUOTE: Final = ord('"')
#: A text up to its end, or to a backslash that ends the piece.
_IN_TEXT: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_LONG_WORD: Final = re.compile(rb'[^\s\[\]{},:"]{4096}')
_BEGIN: Final = re.compile(rb'[\s\xef\xbb\xbf]*\{\s*"log"\s*:')
#: From an entry's own object; everything else is passed over.
_WANTED: Final = frozenset(
    {
        ("startedDateTime",),
        ("time",),
        ("request", "method"),
        ("request", "url"),
        ("request", "postData", "text"),
        ("response", "status"),
        ("response", "content", "text"),
        ("response", "content", "encoding"),
        ("response", "content", "mimeType"),
    }
)
_ENTRIES: Final = ("log", "entries")
#: Lists of ``{"name": …, "value": …}`` in it. Some recorders give a posted form only as such a list.
_HEADERS: Final = ("request", "headers")
_FORM: Final = ("request", "postData", "params")
_ANSWERED: Final = ("response", "headers")
_PAIRS: Final = (_HEADERS, _FORM, _ANSWERED)
#: Of an entry: the one of these that is being read.
_PAIR: Final = ("pair",)
#: A part of a file that is all of it: players ask for sound so.
_ALL_OF_IT: Final = re.compile(r"bytes 0-(\d{1,12})/(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An exchange that cannot be read, and why; ``place``: of what, without a query."""

    place: str
    why: str


def is_useful(url: str) -> bool:
    """Whether the answer at an address is anything that can be kept."""
    return kind_of(url) is not None


def begins_like_har(head: bytes) -> bool:
    """Whether a file that begins so is a recording."""
    return _BEGIN.match(head) is not None


def begins_packed(head: bytes) -> bool:
    """Whether a file that begins so is packed with gzip or zlib (mitmproxy's ``.zhar``)."""
    return head[:2] == b"\x1f\x8b" or (
        head[:1] == b"x" and head[1:2] in (b"\x01", b"\x9c", b"\xda")
    )


def exchanges(
    path: Path, wanted: Callable[[str], bool] = is_useful
) -> Iterator[Exchange | Unreadable]:
    """Every exchange of a recording with a ``wanted`` address, in its order; Unreadable in place of
    one whose answer cannot be read.

    Raises BadInput for a file that is no recording or whose end is missing, after what stands
    before; OSError.
    """
    with path.open("rb") as file:
        yield from read(file, wanted)


def read(
    file: IO[bytes], wanted: Callable[[str], bool] = is_useful
) -> Iterator[Exchange | Unreadable]:
    """The same of an open file or a request's body."""
    import ijson  # 20 ms that only a recording costs

    seen = False
    try:
        for entry in _entries(ijson.basic_parse(_Bounded(_unpacked(file)), buf_size=_PIECE)):
            seen = True
            if wanted(_url(entry)):
                yield _exchange(entry)
    except (ijson.JSONError, ValueError) as error:  # the last: a number that Python refuses
        said = _first_line(error)
        if seen:
            broken = mark("the recording breaks off or is damaged: {error}", error=said)
            raise BadInput(broken) from None
        raise BadInput(mark("it is no recording (HAR): {error}", error=said)) from None
    except (zlib.error, EOFError) as error:
        raise BadInput(mark("it is packed and damaged: {error}", error=str(error))) from None


def _first_line(error: Exception) -> str:
    """What the parser says, without the piece of the file that it quotes."""
    said = next(iter(error.args), "")  # bytes, where the quoted piece is no UTF-8
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(error)
    return (text.splitlines() or [type(error).__name__])[0].strip()[:120]


# --- the file's bytes


def _unpacked(file: IO[bytes]) -> Callable[[int], bytes]:
    """How to read it: as it is, or out of gzip or zlib (mitmproxy's ``.zhar``)."""
    head = file.read(len(codecs.BOM_UTF8))
    if head == codecs.BOM_UTF8:  # Fiddler writes one
        head = b""
    if not begins_packed(head):
        return _Joined(head, file.read).read
    unpacker, left, rest = zlib.decompressobj(wbits=47), _MOST_UNPACKED, head

    def more(size: int) -> bytes:
        nonlocal left, rest
        while not unpacker.eof:
            rest = rest or file.read(65536)
            if not rest:
                raise EOFError(mark("it is cut short"))
            found = unpacker.decompress(rest, size)
            rest = unpacker.unconsumed_tail
            left -= len(found)
            if left < 0:
                raise BadInput(
                    mark("it unpacks to more than {size} GB", size=_MOST_UNPACKED // 2**30)
                )
            if found:
                return found
        return b""

    return more


class _Joined:
    def __init__(self, head: bytes, rest: Callable[[int], bytes]) -> None:
        self._head, self._rest = head, rest

    def read(self, size: int) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head + self._rest(max(size - len(head), 0))
        return self._rest(size)


class _Bounded:
    """The same bytes, but for what is too long in one text: ``_CUT`` stands in its place.

    ijson gathers a whole text in memory before it hands it over; so the bound is kept here.
    """

    def __init__(self, more: Callable[[int], bytes]) -> None:
        self._more = more
        self._inside = False  # a text
        self._escaped = False  # the first byte to come
        self._owed = 0  # bytes that an escape which was handed on still needs
        self._length = 0
        self._cut = False

    def read(self, size: int) -> bytes:
        """At most some more than ``size`` bytes; nothing at the end."""
        out = b""
        while size and not out:  # again where all of it lay in a text that is cut
            piece = self._more(size)
            if not piece:
                break
            out = self._kept(piece)
        return out

    def _kept(self, piece: bytes) -> bytes:
        out: list[bytes] = []
        at, size = 0, len(piece)
        while at < size:
            at = self._text(piece, at, out) if self._inside else self._between(piece, at, out)
        return b"".join(out)

    def _between(self, piece: bytes, at: int, out: list[bytes]) -> int:
        """What stands before the next text, and its quote; where the text begins."""
        end = piece.find(b'"', at) + 1 or len(piece)
        if _LONG_WORD.search(piece, at, end):
            raise BadInput(mark("a number in it has thousands of digits"))
        out.append(piece[at:end])
        if piece[end - 1] == _QUOTE:
            self._inside, self._length, self._cut, self._owed = True, 0, False, 0
        return end

    def _text(self, piece: bytes, at: int, out: list[bytes]) -> int:
        """What stands in the text from here to its end, or the piece's; where it ends."""
        if self._escaped:
            self._escaped = False
            self._add(piece[at : at + 1], out)
            self._owed = 4 if piece[at : at + 1] == b"u" else 0
            return at + 1
        found = _IN_TEXT.match(piece, at)
        end = found.end() if found else at
        if end < len(piece) and piece[end] != _QUOTE:  # a backslash, the piece's last byte
            self._escaped = True
            end += 1
        self._add(piece[at:end], out)
        if self._escaped:
            self._owed = 1
        elif end < len(piece):
            self._inside = False
            out.append(b'"')
            return end + 1
        return end

    def _add(self, stretch: bytes, out: list[bytes]) -> None:
        if self._cut:
            return
        self._length += len(stretch)
        if self._length <= LONGEST_TEXT:
            out.append(stretch)
            self._owed = max(self._owed - len(stretch), 0)
            return
        # An escape or a character that has begun is ended, so that the text stays one.
        keep = min(self._owed, len(stretch))
        while keep < len(stretch) and stretch[keep] & 0xC0 == 0x80:
            keep += 1
        out.append(stretch[:keep])
        self._owed = max(self._owed - keep, 0)
        if not self._owed and keep < len(stretch):
            out.append(_CUT)
            self._cut = True


# --- the exchanges in it


Entry = dict[tuple[str, ...], Any]


class _Reader:
    """Gathers the wanted values of one entry after another out of a stream of JSON events.

    ``path`` are the keys that lead to where the stream is, ``""`` standing for an object or an
    array whose key is still to come.
    """

    def __init__(self) -> None:
        self.path: list[str] = []
        self.entry: Entry | None = None

    def opened(self, event: str) -> None:
        """An object or an array begins."""
        self.path.append("")
        if len(self.path) > _DEEPEST:
            raise BadInput(mark("it is nested deeper than any recording"))
        if event == "start_map" and self._is_entry():
            self.entry = {where: [] for where in _PAIRS}
        elif event == "start_map" and self.entry is not None and self._list() is not None:
            self.entry[_PAIR] = {}

    def closed(self, event: str) -> Entry | None:
        """It ends; the entry, where it was one."""
        found = None
        if event == "end_map" and self.entry is not None:
            if self._is_entry():
                found, self.entry = self.entry, None
            elif (pairs := self._list()) is not None and len(pairs) < _MOST_HEADERS:
                one = self.entry[_PAIR]
                pairs.append((one.get("name", ""), one.get("value", "")))
        self.path.pop()
        return found

    def value(self, value: Any) -> None:
        """A text, number, true, false or null."""
        if self.entry is None:
            return
        place = tuple(self.path[3:])
        if place in _WANTED:
            self.entry[place] = value
        elif self._list() is not None and place[-1] in ("name", "value"):
            self.entry[_PAIR][place[-1]] = str(value)[:_LONGEST_HEADERS]

    def _is_entry(self) -> bool:
        return len(self.path) == 4 and tuple(self.path[:2]) == _ENTRIES

    def _list(self) -> list[tuple[str, str]] | None:
        """The list of pairs in one of which the stream is."""
        assert self.entry is not None
        return self.entry.get(where) if (where := tuple(self.path[3:-2])) in _PAIRS else None


def _entries(events: Iterator[tuple[str, Any]]) -> Iterator[Entry]:
    """The wanted values of each entry, by where they stand in it."""
    reader = _Reader()
    for event, value in events:
        if event in ("start_map", "start_array"):
            reader.opened(event)
        elif event in ("end_map", "end_array"):
            if (found := reader.closed(event)) is not None:
                yield found
        elif event == "map_key":
            reader.path[-1] = value
        else:
            reader.value(value)


def _url(entry: Entry) -> str:
    return str(entry.get(("request", "url")) or "")[:_LONGEST_ADDRESS]


def _exchange(entry: Entry) -> Exchange | Unreadable:
    url = _url(entry)
    try:
        body = _body(entry)
    except BadInput as error:
        return Unreadable(url.partition("?")[0], message_of(error))
    headers = {name.lower(): value for name, value in entry[_HEADERS]}
    return Exchange(
        url=url,
        body=body,
        method=str(entry.get(("request", "method")) or "GET")[:16].upper(),
        status=_status(entry, body),
        type=str(entry.get(("response", "content", "mimeType")) or "")[:200],
        sent=_sent(entry),
        cookie=headers.get("cookie", ""),
        received=_received(entry),
    )


def _status(entry: Entry, body: bytes) -> int:
    """200 also for what a recorder has whole although the server sent less: out of the browser's
    cache (304, with the body in the recording), or as one range from end to end (206).
    """
    try:
        status = int(entry.get(("response", "status")) or 0)
    except (TypeError, ValueError, OverflowError):
        return 0
    if status == 304 and body:
        return 200
    if status == 206:
        said = {name.lower(): value for name, value in entry[_ANSWERED]}.get("content-range", "")
        found = _ALL_OF_IT.fullmatch(said.strip())
        if found and int(found[1]) + 1 == int(found[2]) == len(body):
            return 200
    return status if 0 <= status < 1000 else 0


def _sent(entry: Entry) -> bytes:
    text = str(entry.get(("request", "postData", "text")) or "")
    return _encoded(text) or urlencode(entry[_FORM]).encode("ascii")


def _body(entry: Entry) -> bytes:
    text = entry.get(("response", "content", "text"))
    if not isinstance(text, str):
        return b""
    if text.endswith(_CUT_READ):
        raise BadInput(
            mark("an answer of more than {size} MB is passed over", size=LONGEST_TEXT // 2**20)
        )
    if str(entry.get(("response", "content", "encoding")) or "").lower() == "base64":
        try:
            body = base64.b64decode(text)
        except (binascii.Error, ValueError):
            raise BadInput(mark("an answer that should be base64 is not")) from None
    else:
        body = _encoded(text)
    # Some recorders keep the answer as it came over the wire.
    return gunzipped(body) if body.startswith(b"\x1f\x8b") else body


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _received(entry: Entry) -> datetime | None:
    """When the answer had come, in whole seconds as the archive writes times: when the request
    began, and how long it took (milliseconds).
    """
    try:
        began = datetime.fromisoformat(str(entry.get(("startedDateTime",))).replace("Z", "+00:00"))
        took = float(entry.get(("time",)) or 0)
        ended = int(began.timestamp() + (took / 1000 if took > 0 else 0))
        when = datetime.fromtimestamp(ended, UTC)
    except (ValueError, OverflowError, TypeError, OSError):
        return None
    return when if 2011 <= when.year < 2100 else None


def written(exchanges: Iterable[Exchange]) -> bytes:
    """A recording of exchanges: what ``read`` reads. Cookies and posted forms are not in it."""
    entries = [
        {
            "startedDateTime": one.received.isoformat() if one.received else "",
            "time": 0,
            "request": {"method": one.method, "url": one.url, "headers": []},
            "response": {
                "status": one.status,
                "headers": [],
                "content": {
                    "mimeType": one.type,
                    "encoding": "base64",
                    "text": base64.b64encode(one.body).decode("ascii"),
                },
            },
        }
        for one in exchanges
    ]
    log = {"version": "1.2", "creator": {"name": "wechat-archive", "version": "1"}}
    return json.dumps({"log": {**log, "entries": entries}}, ensure_ascii=False).encode()
