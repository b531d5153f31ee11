"""Brute force: what a query must find, by the plainest code there is. Slow, and shares nothing with
the index.

Only two things are taken from the program: which characters are CJK and which make words
(`terms.IS_CJK`, `IS_WORD`; they are definitions, tested by themselves), and OpenCC's table.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from archive.search.charmap import SIMPLIFIED, TRADITIONAL
from archive.search.terms import IS_CJK, IS_WORD
from benchmarks.synthetic import Draft
from scraper.zone import CHINA

#: ①②③, ⑴, ⒈, ⓪, ❶, ㉑: each a number by itself.
_NUMERALS = re.compile("[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u3251-\u325f\u32b1-\u32bf]")
_SIMPLE = dict(zip(TRADITIONAL, SIMPLIFIED, strict=True))


def folded(text: str) -> str:
    """Enclosed numerals apart, NFKC, case, traditional → simplified, white space beside CJK
    dropped, other white space one blank."""
    text = _NUMERALS.sub(r" \g<0> ", text)
    characters = [_SIMPLE.get(c, c) for c in unicodedata.normalize("NFKC", text).casefold()]
    out: list[str] = []
    position = 0
    while position < len(characters):
        if not characters[position].isspace():
            out.append(characters[position])
            position += 1
            continue
        end = position
        while end < len(characters) and characters[end].isspace():
            end += 1
        beside = [out[-1]] if out else []
        beside += [characters[end]] if end < len(characters) else []
        if len(beside) == 2 and not IS_CJK[beside[0]] and not IS_CJK[beside[1]]:
            out.append(" ")
        position = end
    return "".join(out)


def stands(term: str, text: str, *, inside_left: bool = False, inside_right: bool = False) -> bool:
    """Whether a folded term stands in a folded text: Latin and digits on word edges unless
    ``inside_…``.
    """
    for start in range(len(text) - len(term) + 1):
        if not text.startswith(term, start):
            continue
        end = start + len(term)
        cut_left = start > 0 and IS_WORD[term[0]] and IS_WORD[text[start - 1]] and not inside_left
        cut_right = (
            end < len(text) and IS_WORD[term[-1]] and IS_WORD[text[end]] and not inside_right
        )
        if not (cut_left or cut_right):
            return True
    return False


@dataclass(frozen=True)
class Held:
    """A draft with its folded fields."""

    draft: Draft
    title: str
    text: str
    account: str
    author: str
    digest: str
    place: str

    @classmethod
    def of(cls, draft: Draft) -> Held:
        fields = (
            draft.title,
            draft.text,
            draft.account,
            draft.author or "",
            draft.digest or "",
            draft.place or "",
        )
        return cls(draft, *map(folded, fields))


#: A query as data: ("text", field, raw, star), ("kind"|"has", value), ("gone", bool),
#: ("after"|"before", text, moment), ("not", node), ("and"|"or", nodes).
Wanted = tuple[Any, ...]


def matches(wanted: Wanted, held: Held, *, contains: bool = False) -> bool:
    sort = wanted[0]
    if sort == "text":
        _, field, raw, star = wanted
        term = folded(raw)
        where = (
            [getattr(held, field)]
            if field
            else [held.text, held.title, held.account, held.author, held.digest]
        )
        contains = contains or field == "account"  # any part of a name
        # A quick look first: `stands` walks every position.
        return any(
            term in text and stands(term, text, inside_left=contains, inside_right=contains or star)
            for text in where
        )
    if sort == "and":
        return all(matches(part, held, contains=contains) for part in wanted[1])
    if sort == "or":
        return any(matches(part, held, contains=contains) for part in wanted[1])
    if sort == "not":
        return not matches(wanted[1], held, contains=contains)
    return _filter(wanted, held.draft)


def _filter(wanted: Wanted, draft: Draft) -> bool:
    if wanted[0] == "kind":
        return bool(draft.kind_name == wanted[1])
    if wanted[0] == "has":
        return wanted[1] in draft.has
    if wanted[0] == "gone":
        return bool(draft.gone == wanted[1])
    if draft.published is None:
        return False
    return bool(
        draft.published >= wanted[2] if wanted[0] == "after" else draft.published < wanted[2]
    )


def ordered(wanted: Wanted, library: Sequence[Held], *, contains: bool = False) -> list[int]:
    """The numbers of what matches, the newest first; without a time last; of one moment the higher
    number first.
    """
    found = [held.draft for held in library if matches(wanted, held, contains=contains)]
    oldest = datetime.min.replace(tzinfo=UTC)
    found.sort(key=lambda draft: (draft.published or oldest, draft.number), reverse=True)
    return [draft.number for draft in found]


def typed(wanted: Wanted, rng: random.Random) -> str:
    """How a person might type it."""
    sort = wanted[0]
    if sort == "text":
        _, field, raw, star = wanted
        quotes = (
            raw.split() != [raw]
            or raw[0] in '("“”＂-（－'
            or raw[-1] in ")*）"
            or rng.random() < 0.15
            or _special(raw)
        )
        word = f'"{raw}"' if quotes else raw
        return (f"{field}:" if field else "") + word + ("*" if star else "")
    if sort == "and":
        joint = " AND " if rng.random() < 0.2 else " "
        return joint.join(
            f"({typed(part, rng)})" if part[0] in ("or", "and") else typed(part, rng)
            for part in wanted[1]
        )
    if sort == "or":
        return " OR ".join(
            f"({typed(part, rng)})" if part[0] == "or" else typed(part, rng) for part in wanted[1]
        )
    if sort == "not":
        inner = typed(wanted[1], rng)
        inner = f"({inner})" if wanted[1][0] in ("and", "or", "not") else inner
        return f"NOT {inner}" if rng.random() < 0.3 else f"-{inner}"
    if sort == "gone":
        return "gone:yes" if wanted[1] else "gone:no"
    return f"{sort}:{wanted[1]}"


def _special(raw: str) -> bool:
    return (
        raw in ("AND", "OR", "NOT")
        or ":" in raw
        or "：" in raw
        or set(raw) & set("()（）") != set()
    )


def generate(rng: random.Random, library: Sequence[Held], depth: int = 0) -> Wanted:
    """A query of the whole language, its words cut out of the articles so that most find
    something.
    """
    chance = rng.random()
    if depth < 3 and chance < 0.28:
        return ("and", tuple(generate(rng, library, depth + 1) for _ in range(rng.randint(2, 3))))
    if depth < 3 and chance < 0.44:
        return ("or", tuple(generate(rng, library, depth + 1) for _ in range(rng.randint(2, 3))))
    if depth < 3 and chance < 0.54:
        return ("not", generate(rng, library, depth + 1))
    if chance < 0.72:
        return _generated_filter(rng)
    field = rng.choice(("", "", "", "", "title", "account", "author", "place"))
    draft = rng.choice(library).draft
    source = str((getattr(draft, field) if field else draft.text) or draft.title)
    raw = piece(rng, source, 6)
    return ("text", field, raw, rng.random() < 0.15)


def _generated_filter(rng: random.Random) -> Wanted:
    choice = rng.randrange(5)
    if choice == 0:
        return (
            "kind",
            rng.choice(("article", "video", "audio", "picture", "text", "shared", "music")),
        )
    if choice == 1:
        return ("has", rng.choice(("code", "video", "audio", "image", "card")))
    if choice == 2:
        return ("gone", rng.random() < 0.5)
    year, month, day = rng.randint(2015, 2026), rng.randint(1, 12), rng.randint(1, 28)
    form = rng.randrange(3)
    text = (f"{year}", f"{year}-{month:02}", f"{year}-{month}-{day}")[form]
    moment = datetime(year, month if form else 1, day if form == 2 else 1, tzinfo=CHINA)
    return ("after" if choice == 3 else "before", text, moment)


def piece(rng: random.Random, text: str, longest: int) -> str:
    """A random substring that is not only white space and holds no quotation mark (it could not be
    typed).
    """
    for _ in range(50):
        start = rng.randrange(len(text))
        found = text[start : start + rng.randint(1, longest)].strip()
        if found and folded(found) and not set(found) & set('"“”＂'):
            return found
    return "融资"
