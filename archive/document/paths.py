"""Where an article lives: keys and names that are legal on every filesystem. Pure.

A name is made of the account, the China date and the title, and ends in the key, so two articles
never meet, whatever their titles are. Legal means: Linux, macOS, Windows and exFAT take it,
Obsidian can link to it, ``git`` and ``rsync`` between them change nothing about it.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from datetime import UTC
from functools import lru_cache

from scraper import urls
from scraper.errors import NotAnAddress
from scraper.models import Article, Identity
from scraper.zone import CHINA

#: Every component stays under this many bytes of UTF-8; filesystems allow 255, sync tools and
#: encrypted folders less.
MAX_BYTES = 199
MAX_ACCOUNT_BYTES = 80
KEY_LENGTH = 10

#: Base32 without i, l, o, u, which are read as 1, 1, 0, v; lower case, so that no two keys differ
#: by case alone.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

#: Illegal on Windows, or special in an Obsidian link: the full-width sign reads the same.
_LOOKALIKES = str.maketrans('/\\:*?"<>|#^[]', "／＼：＊？＂＜＞｜＃＾［］")
#: Windows takes these for devices, whatever stands behind a dot.
_RESERVED = frozenset(
    (
        *("con", "prn", "aux", "nul", "conin$", "conout$", "clock$"),
        *(f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"),
    )
)
_ZWJ = "\u200d"
_FALLBACK = "unknown"


def key_of(article: Article, length: int = KEY_LENGTH) -> str:
    """The article's short key: ``length`` characters of Crockford's base32, the same for ever.

    From ``biz/mid/idx`` where the page gives the three; else a provisional one from the page's own
    address, else from what it says: a saved page is the same one wherever its file lies.
    """
    if article.identity is not None:
        return identity_key(article.identity, length)
    for address in (article.url, article.address):
        if address and not address.startswith("file:"):
            return _key(f"address/{_canonical(address)}", length)
    when = article.published.astimezone(UTC).isoformat() if article.published else ""
    shows = (
        article.text if article.text.strip() else " ".join(image.url for image in article.images)
    )
    return _key(f"page/{article.account.name}/{when}/{article.title}/{shows}", length)


def title_key(title: str) -> str:
    """A second key of an article that came without its address: pages of the same title look for it
    there.
    """
    return _key(f"title/{''.join(title.split())}", KEY_LENGTH)


def _canonical(address: str) -> str:
    try:
        return urls.canonical(address)
    except NotAnAddress:  # a file's name, or another host
        return address


def identity_key(identity: Identity, length: int = KEY_LENGTH) -> str:
    """The key of the article with this identity."""
    return _key(f"{identity.biz}/{identity.mid}/{identity.idx}", length)


def _key(name: str, length: int) -> str:
    number = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest(), "big")
    return "".join(_ALPHABET[(number >> (251 - 5 * at)) & 31] for at in range(length))


def path_of(article: Article, key: str | None = None) -> str:
    """``articles/ACCOUNT/YYYY/YYYY-MM-DD TITLE [key].md``, with ``/`` and relative to the archive's
    folder.

    The date is China's. An article without a date stands under ``undated``, one without an account
    under ``unknown``.
    """
    key = key or key_of(article)
    if article.published is not None:
        local = article.published.astimezone(CHINA)
        year, day = (
            f"{local.year:04d}",
            local.strftime("%Y-%m-%d") if local.year >= 1000 else "undated",
        )
    else:
        year = day = "undated"
    end = f" [{key}].md"
    title = cut(clean(article.title), MAX_BYTES - len(f"{day} {end}".encode()))
    return f"articles/{folder_name(article.account.name)}/{year}/{day}{f' {title}' if title else ''}{end}"


@lru_cache(maxsize=256)
def folder_name(account: str | None) -> str:
    """An account's name as a folder."""
    name = cut(clean(account or "").lstrip(". "), MAX_ACCOUNT_BYTES) or _FALLBACK
    return f"_{name}" if name.partition(".")[0].lower() in _RESERVED else name


def clean(text: str) -> str:
    """``text`` without anything that a filesystem refuses, changes or hides; NFC, one line."""
    flat = unicodedata.normalize("NFC", text).translate(_LOOKALIKES)
    kept = "".join(_kept(flat))
    return unicodedata.normalize("NFC", " ".join(kept.split())).rstrip(". ")


def _kept(text: str) -> Iterator[str]:
    """Without control, private, unassigned and direction characters; a joiner stays only inside an
    emoji.
    """
    before = ""
    for at, char in enumerate(text):
        category = unicodedata.category(char)
        if char == _ZWJ:
            if _is_symbol(before) and _is_symbol(text[at + 1 : at + 2]):
                yield char
        elif category in ("Zs", "Zl", "Zp") or char in "\t\n\r\v\f\x85":
            yield " "
        elif category[0] != "C":
            yield char
            if category not in (
                "Mn",
                "Sk",
            ):  # variation selectors and skin tones belong to what stands before
                before = char


def _is_symbol(char: str) -> bool:
    return bool(char) and unicodedata.category(char) == "So"


def cut(text: str, limit: int) -> str:
    """``text`` cut to at most ``limit`` bytes of UTF-8, between two graphemes, without dots or
    spaces at its end.
    """
    if len(text.encode()) > limit:
        room, kept = limit, []
        for cluster in graphemes(text):
            room -= len(cluster.encode())
            if room < 0:
                break
            kept.append(cluster)
        text = "".join(kept)
    return text.rstrip(". ")


def graphemes(text: str) -> Iterator[str]:
    """What a reader takes for one character each: base and marks, joined emoji, flags, Hangul
    syllables.

    The rules of UAX #29 that matter in titles; a sequence it does not know is cut as its code
    points.
    """
    start = 0
    for at in range(1, len(text)):
        if not _together(text, start, at):
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


def _together(text: str, start: int, at: int) -> bool:
    """Whether the character at ``at`` belongs to the cluster that began at ``start``."""
    before, char = text[at - 1], text[at]
    if before == "\r" and char == "\n":
        return True
    if char == _ZWJ or _extends(char):
        return True
    if before == _ZWJ and at - start >= 2:
        return unicodedata.category(char) in ("So", "Sk")
    if _is_flag_letter(char) and _is_flag_letter(before):
        return (at - start) % 2 == 1
    return _same_syllable(before, char)


def _extends(char: str) -> bool:
    point = ord(char)
    return (
        unicodedata.category(char) in ("Mn", "Me", "Mc")
        or 0x1F3FB <= point <= 0x1F3FF  # skin tones
        or 0xE0020 <= point <= 0xE007F  # tags, as in the flag of Scotland
        or char in "\uff9e\uff9f\u200c"
    )


def _is_flag_letter(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


def _same_syllable(before: str, char: str) -> bool:
    """Hangul written in single letters (NFC joins what it can; archaic letters stay apart)."""
    left = ord(before)
    if _is_in(before, _LEADING):
        return _is_in(char, _VOWELS) or _is_in(char, _LEADING) or _is_in(char, _SYLLABLES)
    is_syllable = _is_in(before, _SYLLABLES)
    is_open = is_syllable and (left - 0xAC00) % 28 == 0  # it ends in its vowel
    if is_open or _is_in(before, _VOWELS):
        return _is_in(char, _VOWELS) or _is_in(char, _FINALS)
    return (is_syllable or _is_in(before, _FINALS)) and _is_in(char, _FINALS)


#: Hangul by what stands where in a syllable: the letters, and syllables that are whole.
_LEADING = ((0x1100, 0x115F), (0xA960, 0xA97C))
_VOWELS = ((0x1160, 0x11A7), (0xD7B0, 0xD7C6))
_FINALS = ((0x11A8, 0x11FF), (0xD7CB, 0xD7FB))
_SYLLABLES = ((0xAC00, 0xD7A3),)


def _is_in(char: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(char) <= last for first, last in ranges)
