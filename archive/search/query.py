"""Pure: what a person typed → a tree of what is wanted. Anything typed is either understood or
`BadQuery`.

==========================  ======================================================================
``融资 Stability``           both, anywhere in the article (AND)
``"AI 机器打工"``            these characters in a row; “…” and a missing end are fine
``岩茶 OR 红茶``             either; OR binds weaker than AND, parentheses group
``-广告``, ``NOT 广告``      without it
``stab*``                    words that begin so (Chinese needs no star: it is found anywhere)
``title:融资``               a field (`fields`); also ``title:"…"`` and ``title:(a OR b)``
``2023..2024-06``            published from the start of the one to the end of the other
==========================  ======================================================================

Quotes, parentheses, colons, blanks and the minus sign may be full-width, as a Chinese keyboard
gives them. A word that only looks like one of these (``https://…``, ``12:30``, ``-`` alone, ``OR``
at an end, ``f(x)``) is searched for as it stands; one that looks like a field that there is not
(``autor:x``) is told.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from archive.errors import BadQuery
from archive.search.fields import FIELDS, HAS, Value, date_range
from archive.search.nodes import And, Dates, Leaf, Members, Node, Not, Or, Tag, Text, texts
from archive.search.scopes import FIELD as SCOPE
from archive.search.scopes import scoped
from archive.search.terms import ALL, fold
from scraper.messages import mark
from scraper.patterns import lazy

#: More words than this are a pasted page, not a query; as one phrase in quotes it has no limit.
MOST_WORDS = 256
DEEPEST = 20


def parse(typed: str, *, contains: bool = False) -> Node:
    """The tree of a query. ``contains``: Latin words and digits are found inside longer ones too.

    Raises `BadQuery` with what to write instead: nothing to search for, a filter's value that means
    nothing, too many words, too many parentheses inside each other.
    """
    if _PLAIN().fullmatch(typed):
        words = typed.split(" ")
        if len(words) <= MOST_WORDS and _OPERATORS.isdisjoint(words):
            leaves = tuple(
                dict.fromkeys([Text(fold(word), "", contains, contains) for word in words])
            )
            return And(leaves) if len(leaves) > 1 else leaves[0]
    lexemes = list(_lex(_encodable(typed)))
    if sum(lexeme.kind == "word" for lexeme in lexemes) > MOST_WORDS:
        raise BadQuery(
            mark(
                "the query has more than {most_words} words; search for fewer, or put "
                "quotes around a passage to find it as it stands",
                most_words=MOST_WORDS,
            )
        )
    node = _Parser(lexemes, contains).whole()
    if node is not None:
        node = scoped(node)
    if node is None:
        raise BadQuery(
            mark(
                "nothing to search for; write a word, like: 融资, or a filter, like: "
                'account:"投资实习所"'
            )
        )
    return node


def advice(typed: str) -> str | None:
    """Why a query may have found nothing although it means something: ``or`` for ``OR`` and the
    like. ``None`` where there is nothing to say; for a query that `parse` understands."""
    parser = _Parser(list(_lex(_encodable(typed))), False)
    parser.whole()
    if not parser.lexemes[1:] or not parser.plain_operators:
        return None
    words = ", ".join(dict.fromkeys(parser.plain_operators))
    return mark(
        "{words}: searched for as a word. AND, OR and NOT are operators in upper "
        "case between words; the minus sign leaves a word out",
        words=words,
    )


def named(typed: str) -> list[tuple[str, str, Node]]:
    """Each ``field:value`` of a query that `parse` understands, with what it means alone; what
    says only where to look is left out."""
    parser = _Parser(list(_lex(_encodable(typed))), False)
    parser.whole()
    return parser.named


def _encodable(typed: str) -> str:
    """Without lone surrogates: bytes that no UTF-8 terminal sends."""
    return typed.encode("utf-8", "replace").decode("utf-8")


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
_PLAIN = lazy("[0-9A-Za-z\u4e00-\u9fff]+(?: [0-9A-Za-z\u4e00-\u9fff]+)*")
_OPERATORS = frozenset(("AND", "OR", "NOT"))

_OPENING = {'"': '"', "“": "”", "＂": "＂", "”": "”"}
_OPEN, _CLOSE, _MINUS = ("(", "（"), (")", "）"), ("-", "－")
_FIELD = lazy(f"({'|'.join(FIELDS)})[:：]", re.IGNORECASE)
#: What looks like a field but is none: ``autor:x``. Not ``http://``, ``std::x``, ``localhost:80``,
#: ``a:b``, nor a heading such as ``AI：…`` or ``remark: …``.
_NO_FIELD = re.compile(r"([a-z]{2,}):(?=[^\s/:\d])")
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
    negative, position = _minus(typed, position)
    field, position = _field(typed, position)
    character = typed[position : position + 1]
    if character == "(" or (character == "（" and _opens_group(typed, position)):
        return _Lexeme("(", field=field, negative=negative), position + 1
    is_quoted = bool(character) and character in _OPENING
    text, star, end = _quoted(typed, position) if is_quoted else _bare(typed, position, depth)
    return _Lexeme("word", text, is_quoted, star, field, negative), end


def _minus(typed: str, position: int) -> tuple[bool, int]:
    """Whether a minus stands here before something, and where what it is about begins."""
    after = typed[position + 1 : position + 2]
    negative = typed[position] in _MINUS and after != "" and not after.isspace()
    return negative, position + negative


def _field(typed: str, position: int) -> tuple[str, int]:
    """The field that is named here (``""``: none), and what follows. Raises BadQuery."""
    if match := _FIELD().match(typed, position):
        return match[1].lower(), match.end()
    if match := _NO_FIELD.match(typed, position):
        raise BadQuery(
            mark(
                "there is no field {match}: the fields are {fields}; to search for it as "
                'it stands, put quotes around it: "{typed}"',
                match=match[1],
                fields=", ".join(FIELDS),
                typed=_word_at(typed, position).rstrip(")）"),
            )
        )
    return "", position


def _quoted(typed: str, position: int) -> tuple[str, bool, int]:
    """What stands between quotes, whether a star follows, and the end."""
    opening = typed[position]
    closing = {opening, _OPENING[opening], '"'} if opening != '"' else {'"'}
    end = next((i for i in range(position + 1, len(typed)) if typed[i] in closing), len(typed))
    star = typed[end + 1 : end + 2] == "*"
    return typed[position + 1 : end], star, end + 1 + star


def _bare(typed: str, position: int, depth: int) -> tuple[str, bool, int]:
    """A word without quotes, whether a star ends it, and its end."""
    end = _WORD_END.search(typed, position).start()  # type: ignore[union-attr]  # `$` always matches
    text = typed[position:end]
    # A closing parenthesis belongs to the word unless a group is open and the word opens none
    # itself: f(x).
    while depth and text.endswith(_CLOSE) and _count(text, _CLOSE) > _count(text, _OPEN):
        text, end = text[:-1], end - 1
    star = len(text) > 1 and text.endswith("*")
    return text[:-1] if star else text, star, end


def _word_at(typed: str, position: int) -> str:
    return typed[position : _WORD_END.search(typed, position).start()]  # type: ignore[union-attr]


def _opens_group(typed: str, position: int) -> bool:
    """Full-width parentheses around one word belong to it, as in a title's （上）; around several
    they group."""
    word = _word_at(typed, position)
    return _count(word, _CLOSE) < _count(word, _OPEN)


def _count(text: str, characters: tuple[str, ...]) -> int:
    return sum(text.count(character) for character in characters)


class _Parser:
    """Recursive descent over lexemes; `DEEPEST` bounds the recursion."""

    def __init__(self, lexemes: list[_Lexeme], contains: bool) -> None:
        self.lexemes = lexemes
        self.contains = contains
        self.at = 0
        #: Words that would be operators in upper case or elsewhere.
        self.plain_operators: list[str] = []
        #: Field, value and meaning of each filter.
        self.named: list[tuple[str, str, Node]] = []

    def whole(self) -> Node | None:
        nodes = []
        while self.at < len(self.lexemes):
            nodes.append(self._either("", 0))
            self.at += 1  # past a ")" that closes nothing
        return _combined(And, nodes)

    def _either(self, field: str, depth: int) -> Node | None:
        if depth > DEEPEST:
            raise BadQuery(
                mark(
                    "parentheses stand more than {deepest} deep; write the query flatter",
                    deepest=DEEPEST,
                )
            )
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
                    mark(
                        "parentheses stand more than {deepest} deep; write the query flatter",
                        deepest=DEEPEST,
                    )
                )
            node = self._either(field, depth + 1)
            self.at += 1  # the ")", or the end
            if node is None and lexeme.field:
                raise FIELDS[lexeme.field].needs_value()
        else:
            node = self._word(lexeme, field)
        return _negated(node) if lexeme.negative else node

    def _word(self, lexeme: _Lexeme, field: str) -> Node | None:
        node = _leaf(lexeme, field, self.contains)
        if field and field != SCOPE and node is not None:
            self.named.append((field, lexeme.text, node))
        if not lexeme.quoted and lexeme.text.upper() in _OPERATORS:
            self.plain_operators.append(lexeme.text)
        return node

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


def _leaf(lexeme: _Lexeme, field: str, contains: bool) -> Node | None:
    if field:
        text = unicodedata.normalize("NFKC", lexeme.text + "*" * lexeme.star).strip()
        known = FIELDS[field]
        return known.read(known, Value(text, lexeme.text, lexeme.star, contains))
    if not lexeme.quoted and (dates := date_range(lexeme.text)):
        return dates
    folded = fold(lexeme.text)
    if not folded:
        return None
    return Text(folded, "", open_left=contains, open_right=contains or lexeme.star)


__all__ = [
    "ALL",
    "HAS",
    "And",
    "Dates",
    "Leaf",
    "Members",
    "Node",
    "Not",
    "Or",
    "Tag",
    "Text",
    "advice",
    "named",
    "parse",
    "texts",
]
