"""Pure: what a person typed → a tree of what is wanted. Anything typed is either understood or
`BadQuery`.

==========================  ======================================================================
``融资 Stability``           both, anywhere in the article (AND)
``"AI 机器打工"``            these characters in a row; “…” and a missing end are fine
``岩茶 OR 红茶``             either; OR binds weaker than AND, parentheses group
``-广告``, ``NOT 广告``      without it
``stab*``                    words that begin so (Chinese needs no star: it is found anywhere)
``title:融资``               in the title; also ``title:"…"`` and ``title:(a OR b)``
``account:`` ``author:``     in the account's name, the author's name,
``place:``                   the place it was published from
``kind:video``               article, video, music, audio, picture, text, shared, qa, live, short
``after:2024-01``            published from the start of that year, month or day on, China time
``before:2024-01-15``        published before the start of it
``has:code``                 one of code, video, audio, image
``gone:yes``                 deleted on WeChat meanwhile (``gone:no``: still there when last looked)
==========================  ======================================================================

Quotes, parentheses, colons, blanks and the minus sign may be full-width, as a Chinese keyboard
gives them. A word that only looks like one of these (``https://…``, ``12:30``, ``-`` alone, ``OR``
at an end, ``f(x)``) is searched for as it stands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from archive.errors import BadQuery
from archive.search.terms import ALL, VALUE, fold
from scraper.models import KIND_NAMES, MEDIA_TYPES
from scraper.zone import CHINA

HAS = ("code", *dict.fromkeys(known.has for known in MEDIA_TYPES.values()))
FIELDS = ("title", "account", "author", "place", "kind", "after", "before", "has", "gone")

#: More words than this are a pasted page, not a query; as one phrase in quotes it has no limit.
MOST_WORDS = 256
DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Text:
    """A folded term. ``field``: ``""`` (anywhere), title, account, author or place."""

    folded: str
    field: str = ""
    open_left: bool = False
    open_right: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """A filter that one token of the index answers: kind, has, gone."""

    token: str


@dataclass(frozen=True, slots=True)
class Dates:
    """Published at or after ``after`` and before ``before``, seconds since 1970 UTC."""

    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Not:
    node: Node


@dataclass(frozen=True, slots=True)
class And:
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    nodes: tuple[Node, ...]


Leaf = Text | Tag | Dates
Node = Leaf | Not | And | Or


def parse(typed: str, *, contains: bool = False) -> Node:
    """The tree of a query. ``contains``: Latin words and digits are found inside longer ones too.

    Raises `BadQuery` with what to write instead: nothing to search for, a filter's value that means
    nothing, too many words, too many parentheses inside each other.
    """
    if _PLAIN.fullmatch(typed):
        words = typed.split(" ")
        if len(words) <= MOST_WORDS and _OPERATORS.isdisjoint(words):
            leaves = tuple(
                dict.fromkeys([Text(fold(word), "", contains, contains) for word in words])
            )
            return And(leaves) if len(leaves) > 1 else leaves[0]
    typed = typed.encode("utf-8", "replace").decode(
        "utf-8"
    )  # lone surrogates: bytes that no UTF-8 terminal sends
    lexemes = list(_lex(typed))
    if sum(lexeme.kind == "word" for lexeme in lexemes) > MOST_WORDS:
        raise BadQuery(
            f"the query has more than {MOST_WORDS} words; search for fewer, or put quotes around a "
            "passage to find it as it stands"
        )
    node = _Parser(lexemes, contains).whole()
    if node is None:
        raise BadQuery(
            "nothing to search for; write a word, like: 融资, "
            'or a filter, like: account:"投资实习所"'
        )
    return node


def texts(node: Node, *, wanted: bool = True) -> Iterator[Text]:
    """The terms that a match shows (those under a NOT are what it must not show)."""
    if isinstance(node, Text):
        if wanted:
            yield node
    elif isinstance(node, Not):
        yield from texts(node.node, wanted=not wanted)
    elif isinstance(node, And | Or):
        for part in node.nodes:
            yield from texts(part, wanted=wanted)


class _Lexeme(NamedTuple):
    kind: str  # "(", ")", "word"
    text: str = ""
    quoted: bool = False
    star: bool = False
    field: str = ""
    negative: bool = False
    group: bool = False  # a "(" that carries `field` or `negative`


#: Most queries: words of ideographs, ASCII letters and digits with a blank between. Cutting them
#: needs no lexer, which takes 10 µs of the 200 that a search has.
_PLAIN = re.compile("[0-9A-Za-z\u4e00-\u9fff]+(?: [0-9A-Za-z\u4e00-\u9fff]+)*")
_OPERATORS = frozenset(("AND", "OR", "NOT"))

_OPENING = {'"': '"', "“": "”", "＂": "＂", "”": "”"}
_OPEN, _CLOSE, _MINUS = ("(", "（"), (")", "）"), ("-", "－")
_FIELD = re.compile(f"({'|'.join(FIELDS)})[:：]", re.IGNORECASE)
_WORD_END = re.compile(r"[\s]|$")


def _lex(typed: str) -> Iterator[_Lexeme]:
    position, depth = 0, 0
    while position < len(typed):
        character = typed[position]
        if character.isspace():
            position += 1
        elif character in _CLOSE and depth:
            depth -= 1
            position += 1
            yield _Lexeme(")")
        else:
            lexeme, position = _operand(typed, position, depth)
            depth += lexeme.kind == "("
            yield lexeme


def _operand(typed: str, position: int, depth: int) -> tuple[_Lexeme, int]:
    negative, field = False, ""
    if (
        typed[position] in _MINUS
        and position + 1 < len(typed)
        and not typed[position + 1].isspace()
    ):
        negative, position = True, position + 1
    if match := _FIELD.match(typed, position):
        field, position = match[1].lower(), match.end()
    character = typed[position : position + 1]
    if character == "(" or (character == "（" and _opens_group(typed, position)):
        return _Lexeme("(", field=field, negative=negative), position + 1
    if character in _OPENING and character:
        closing = {character, _OPENING[character], '"'} if character != '"' else {'"'}
        end = next((i for i in range(position + 1, len(typed)) if typed[i] in closing), len(typed))
        text = typed[position + 1 : end]
        star = typed[end + 1 : end + 2] == "*"
        return _Lexeme("word", text, True, star, field, negative), end + 1 + star
    end = _WORD_END.search(typed, position).start()  # type: ignore[union-attr]  # `$` always matches
    text = typed[position:end]
    # A closing parenthesis belongs to the word unless a group is open and the word opens none
    # itself: f(x).
    while depth and text.endswith(_CLOSE) and _count(text, _CLOSE) > _count(text, _OPEN):
        text, end = text[:-1], end - 1
    star = len(text) > 1 and text.endswith("*")
    return _Lexeme("word", text[:-1] if star else text, False, star, field, negative), end


def _opens_group(typed: str, position: int) -> bool:
    """Full-width parentheses around one word belong to it, as in a title's （上）; around several
    they group."""
    word = typed[position : _WORD_END.search(typed, position).start()]  # type: ignore[union-attr]
    return _count(word, _CLOSE) < _count(word, _OPEN)


def _count(text: str, characters: tuple[str, ...]) -> int:
    return sum(text.count(character) for character in characters)


class _Parser:
    """Recursive descent over lexemes; `DEEPEST` bounds the recursion."""

    def __init__(self, lexemes: list[_Lexeme], contains: bool) -> None:
        self.lexemes = lexemes
        self.contains = contains
        self.at = 0

    def whole(self) -> Node | None:
        nodes = []
        while self.at < len(self.lexemes):
            nodes.append(self._either("", 0))
            self.at += 1  # past a ")" that closes nothing
        return _combined(And, nodes)

    def _either(self, field: str, depth: int) -> Node | None:
        if depth > DEEPEST:
            raise BadQuery(f"parentheses stand more than {DEEPEST} deep; write the query flatter")
        choices = [self._all(field, depth)]
        while self._is_operator("OR"):
            self.at += 1
            choices.append(self._all(field, depth))
        return _combined(Or, choices)

    def _all(self, field: str, depth: int) -> Node | None:
        nodes: list[Node | None] = []
        first = True
        while self.at < len(self.lexemes) and self.lexemes[self.at].kind != ")":
            if not first and self._is_operator("OR"):
                break
            if not first and self._is_operator("AND"):
                self.at += 1
            nodes.append(self._one(field, depth))
            first = False
        return _combined(And, nodes)

    def _one(self, field: str, depth: int) -> Node | None:
        lexeme = self.lexemes[self.at]
        if self._is_operator("NOT"):
            self.at += 1
            node = self._one(field, depth)
            return _negated(node)
        self.at += 1
        field = lexeme.field or field
        if lexeme.kind == "(":
            if depth > DEEPEST:
                raise BadQuery(
                    f"parentheses stand more than {DEEPEST} deep; write the query flatter"
                )
            node = self._either(field, depth + 1)
            self.at += 1  # the ")", or the end
            if node is None and lexeme.field:
                raise BadQuery(f"{lexeme.field}: needs a value, like: {_EXAMPLES[lexeme.field]}")
        else:
            node = _leaf(lexeme, field, self.contains)
        return _negated(node) if lexeme.negative else node

    def _is_operator(self, word: str) -> bool:
        """An upper-case, unquoted ``word`` with something after it to work on."""
        if self.at + 1 >= len(self.lexemes):
            return False
        lexeme, after = self.lexemes[self.at], self.lexemes[self.at + 1]
        plain = lexeme.kind == "word" and not (
            lexeme.quoted or lexeme.field or lexeme.negative or lexeme.star
        )
        return plain and lexeme.text == word and after.kind != ")"


def _combined(sort: type[And] | type[Or], nodes: list[Node | None]) -> Node | None:
    kept = tuple(dict.fromkeys(node for node in nodes if node is not None))
    if len(kept) < 2:
        return kept[0] if kept else None
    return sort(kept)


def _negated(node: Node | None) -> Node | None:
    if isinstance(node, Not):
        return node.node
    return None if node is None else Not(node)


_EXAMPLES = {
    "title": "title:融资",
    "account": "account:投资实习所",
    "author": "author:张三",
    "place": "place:北京",
    "kind": "kind:video",
    "after": "after:2024-01",
    "before": "before:2024-01-15",
    "has": "has:code",
    "gone": "gone:yes",
}


def _leaf(lexeme: _Lexeme, field: str, contains: bool) -> Node | None:
    if field not in ("", "title", "account", "author", "place"):
        return _filter(
            field, unicodedata.normalize("NFKC", lexeme.text + "*" * lexeme.star).strip()
        )
    folded = fold(lexeme.text)
    if not folded:
        if field:
            raise BadQuery(f"{field}: needs a value, like: {_EXAMPLES[field]}")
        return None
    return Text(folded, field, open_left=contains, open_right=contains or lexeme.star)


def _filter(field: str, value: str) -> Node:
    if field in ("after", "before"):
        moment = _start_of(value)
        if moment is None:
            raise BadQuery(
                f"{field}:{value} is no date; write a year, month or day, like: {_EXAMPLES[field]}"
            )
        return Dates(after=moment) if field == "after" else Dates(before=moment)
    value = value.lower()
    if field == "gone":
        if value in ("", "yes", "true", "1", "是"):
            return Tag(VALUE + "gone")
        if value in ("no", "false", "0", "否"):
            return Not(Tag(VALUE + "gone"))
        raise BadQuery(f"gone:{value} means nothing; write gone:yes or gone:no")
    if field == "has":
        if value not in HAS:
            known = ", ".join(f"has:{name}" for name in HAS)
            raise BadQuery(f"has:{value} means nothing; write one of: {known}")
        return Tag(f"{VALUE}h{value}")
    if value.isdecimal() and len(value) < 6:
        value = KIND_NAMES.get(int(value), f"unknown-{int(value)}")
    if value not in KIND_NAMES.values() and not re.fullmatch(r"unknown-\d{1,6}", value):
        raise BadQuery(
            f"kind:{value} means nothing; write one of: {', '.join(KIND_NAMES.values())}"
        )
    return Tag(kind_token(value))


def kind_token(kind_name: str) -> str:
    """The index's token for a kind: ``-`` would end a token, so it is left out."""
    return f"{VALUE}k{kind_name.replace('-', '')}"


_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年)?", re.ASCII)


def _start_of(value: str) -> int | None:
    """``2024``, ``2024-1``, ``2024-01-15`` (also with / . 年月日) → its first second in China,
    seconds since 1970."""
    match = _DATE.fullmatch(value)
    if match is None:
        return None
    try:
        start = datetime(int(match[1]), int(match[2] or 1), int(match[3] or 1), tzinfo=CHINA)
    except ValueError:
        return None
    return int((start - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


__all__ = [
    "ALL",
    "And",
    "Dates",
    "Leaf",
    "Node",
    "Not",
    "Or",
    "Tag",
    "Text",
    "kind_token",
    "parse",
    "texts",
]
