"""Bytes of a page → the same page in UTF-8, whatever it was saved as.

mp.weixin.qq.com serves UTF-8 only; other encodings come from browsers' "save as", editors and
proxies, with a wrong charset in the page, or none. So the declared one is a hint, the bytes decide.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from typing import Final

from scraper.parse.literal import unescape
from scraper.patterns import lazy

#: A large page is told by samples of this size; CJK text stands all over real pages, in scripts
#: too.
_SAMPLE: Final = 1 << 13
#: … taken at these hundredths of it: cgiDataNew stands at 7–13 or at 79–86 of real pages.
_PLACES: Final = (0, 9, 11, 13, 30, 50, 80, 83, 85, 97)
_CONTINUATION: Final = bytes(range(0x80, 0xC0))
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = lazy(rb"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.I)
_MULTIBYTE = lazy(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = lazy(rb"[\x80-\xff]+")
#: The commonest characters of written Chinese, simplified and traditional, with the punctuation of
#: both.
_COMMON: Final = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实"
    "這個們來為國說時會對於裡過發後經麼學現當沒動還進樣開從實，。、：；！？「」『』《》“”（）…—"
)
_LEGACY: Final = ("gb18030", "big5")


def to_utf8(body: bytes, content_type: str | None = None) -> bytes:
    """The page in UTF-8, without a BOM. ``content_type`` is the response's header, a hint.

    Never raises: what no encoding explains is read as UTF-8 with U+FFFD in place of the broken
    bytes.
    """
    return _unwrapped(_to_utf8(body, content_type))


def _to_utf8(body: bytes, content_type: str | None) -> bytes:
    for bom, name in _BOMS:
        if body.startswith(bom):
            body = body[len(bom) :]
            return body if name == "utf-8" else _recode(body, name)
    wide = _wide(body[:64])
    if wide:
        return _recode(body, wide)
    if _is_utf8(body):
        return body
    return _recode(body, _legacy(body, content_type))


def _unwrapped(body: bytes) -> bytes:
    r"""A page that was saved as the inside of a JSON string (``\n``, ``\"``) as the page it was."""
    head = body[:4096]
    if head.lstrip()[:1] == b"{":  # an answer in JSON, which is read as that
        return body
    if b'=\\"' not in head or b'="' in head.replace(b'=\\"', b""):
        return body
    return unescape(body.strip().strip(b'"'))


def _recode(body: bytes, name: str) -> bytes:
    return body.decode(name, "replace").encode("utf-8", "replace")


def _wide(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a BOM, by where the zero bytes stand among a page's first, ASCII,
    characters.
    """
    zero = [head[at::4].count(0) * 2 > len(head[at::4]) for at in range(4)]
    return _WIDE.get(tuple(zero))


#: Which of four bytes are mostly zero → what that is.
_WIDE: Final[Mapping[tuple[bool, ...], str]] = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}


def _is_utf8(body: bytes) -> bool:
    """Whether what is not ASCII is UTF-8, but for damage here and there; a large page is judged by
    samples.
    """
    size = len(body)
    if size <= 16 * _SAMPLE:
        return _sound(body)
    samples = [body[size * at // 100 : size * at // 100 + _SAMPLE] for at in _PLACES]
    telling = [sample for sample in samples if not sample.isascii()]
    if not telling:
        return _sound(body)
    return sum(map(_sound, telling)) * 2 >= len(telling)


def _sound(text: bytes) -> bool:
    decode = codecs.getincrementaldecoder("utf-8")().decode
    try:
        # A sample may begin or end inside a character: continuation bytes at the start and a cut
        # one at the end.
        decode(text[:4].lstrip(_CONTINUATION))
        # In pieces: for a page at once the system is asked for memory, which takes as long again.
        for at in range(4, len(text), _SAMPLE):
            decode(text[at : at + _SAMPLE])
    except UnicodeDecodeError:
        high = sum(map(len, _HIGH().findall(text)))
        return sum(map(len, _MULTIBYTE().findall(text))) >= 0.9 * high
    return True


def _legacy(body: bytes, content_type: str | None) -> str:
    """The one of the legacy encodings under which the page reads most like Chinese; UTF-8 if none
    does.
    """
    text = b"".join(_high_runs(body))
    scores = {
        name: _likeness(text, name)
        for name in dict.fromkeys((*_declared(body, content_type), *_LEGACY))
    }
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > _likeness(text, "utf-8") else "utf-8"


_RUN = lazy(rb"(?:[\x80-\xff][\x30-\xff])+|[\x80-\xff]")


def _high_runs(body: bytes) -> Iterator[bytes]:
    """Stretches with non-ASCII bytes, of which the second byte of a character may be ASCII in
    gb18030 and Big5.
    """
    taken = 0
    for run in _RUN().finditer(body):
        piece = run[0][:2000]
        yield piece + b" "
        taken += len(piece)
        if taken > 40_000:
            return


def _declared(body: bytes, content_type: str | None) -> Iterator[str]:
    for place in (content_type.encode("latin-1", "replace") if content_type else b"", body[:4096]):
        found = _DECLARED().search(place)
        if found:
            try:
                yield codecs.lookup(found[1].decode("ascii")).name
            except (LookupError, UnicodeError):
                continue


def _likeness(text: bytes, name: str) -> float:
    """How much ``text`` reads like Chinese in this encoding: common characters less what does not
    decode.
    """
    try:
        decoded = text.decode(name, "replace")
    except (LookupError, ValueError, TypeError, AttributeError):
        return float("-inf")
    letters = [char for char in decoded if char > "\x7f"]
    if not letters:
        return 0.0
    common = sum(char in _COMMON for char in letters)
    broken = sum(char == "\ufffd" or "\ue000" <= char <= "\uf8ff" for char in letters)
    return (common - 3 * broken) / len(letters)
