"""Pure: text → the folded text that is compared, and the set of tokens that the index keeps of it.

Fold = enclosed numerals (①②) set apart, NFKC, case folded, traditional → simplified character by
character, white space beside a CJK character dropped and every other run of white space made one
blank. A query and an article are folded by the same function, so what matches is decided here
alone:

* a CJK character (ideograph, kana, hangul, bopomofo, yi) is found anywhere: 机器 in 计算机器件;
* letters and digits of other scripts make words: ``ai`` in "AI 机器" and "AI机器", never in "said";
* every other character (punctuation, symbol, emoji) stands for itself.

Tokens are the *set* of every CJK character, every overlapping CJK pair of a run, every word and
every other character (over 100,000 articles smaller than trigrams, and nothing of one or two
characters is missed). ASCII punctuation becomes its full-width twin in a token:
SQLite's ``ascii`` tokenizer then keeps it, and since NFKC leaves no full-width form in folded text
the twins are free to be used as markers too.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache, reduce
from itertools import accumulate, pairwise
from operator import add, or_
from typing import Literal, NamedTuple

from archive.search.charmap import COMPOSING, FLAGGED, SIMPLIFIED, TRADITIONAL
from scraper.patterns import lazy

#: Inside a regex class. ・ (U+30FB) is left out: it separates words.
CJK = (
    "\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303b\u3041-\u30fa\u30fc-\u312f"
    "\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
#: One pattern for what is CJK and what is not: each such class takes 1.4 ms to compile.
_CJK_RUN = re.compile(f"([{CJK}]+)")
_SEGMENT = lazy(f"[{CJK}]+|[^{CJK} ]+")
#: Marks and jamo that NFKC may join to what stands before. Outside the BMP any character counts: a
#: class of many ranges beyond it costs 80 µs an article instead of 8, and such text is rare.
_COMPOSING = lazy(
    "["
    + "".join(f"{chr(a)}-{chr(b)}" for a, b in COMPOSING if b < 0x10000)
    + "\U00010000-\U0010ffff]"
)

#: Words longer than this are cut in the index (base64 in articles about programming) and compared
#: whole afterwards.
LONGEST_WORD = 64
TITLE = "＾"  #: before a token: it stands in the title
SALIENT = "＋"  #: before a token: it stands in the title or several times in the text
VALUE = "："  #: before a filter token, as in ``：kvideo``
ALL = VALUE + "all"  #: a token of every article


#: ①②③, ⑴, ⒈, ⓪, ❶, ㉑: each is a number by itself, so that 1 and ① are found in ①②, which is not
#: 12.
_NUMERALS = "\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u3251-\u325f\u32b1-\u32bf"
_NUMERAL = re.compile(f"[{_NUMERALS}]")


class _CharacterFold(dict[int, str]):
    """For ``str.translate``: code point → folded text, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded(chr(code))
        return folded


_TO_SIMPLIFIED = dict(zip(TRADITIONAL, SIMPLIFIED, strict=True))
_FOLD = _CharacterFold()


def _folded(character: str) -> str:
    if _is_ideograph(character):
        return _to_simplified(character)
    folded = "".join(map(_to_simplified, unicodedata.normalize("NFKC", character).casefold()))
    return f" {folded} " if _NUMERAL.match(character) else folded


def _is_ideograph(character: str) -> bool:
    """Of the two large blocks: it has no case and no other form in NFKC."""
    return "\u3400" <= character <= "\u9fff"


def _to_simplified(character: str) -> str:
    return _TO_SIMPLIFIED.get(character, character)


@cache
def numeral_characters() -> frozenset[str]:
    """What enclosed numerals fold to: digits, ``(``, ``)``, ``.``, letters, and ❶ itself."""
    found = "".join(_FOLD[code] for code in range(0x2460, 0x32C0) if _NUMERAL.match(chr(code)))
    return frozenset(found) - {" "}


def fold_character(character: str) -> str:
    """One character by itself, possibly several after it (``㎏`` → ``kg``)."""
    return _FOLD[ord(character)]


class _IsCjk(dict[str, bool]):
    def __missing__(self, character: str) -> bool:
        self[character] = found = _CJK_RUN.match(character) is not None
        return found


class _IsWord(dict[str, bool]):
    """Letters and digits that are not CJK, and the marks that stand on them.

    Variation selectors are marks by Unicode's table but stand on emoji (❤️): they are no part of a
    word.
    """

    def __missing__(self, character: str) -> bool:
        found = not IS_CJK[character] and (
            character.isalnum()
            or (unicodedata.category(character) in ("Mn", "Mc") and not _is_selector(character))
        )
        self[character] = found
        return found


def _is_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


#: Folded character → does it belong to CJK / to a word. Dictionaries, because they are asked for
#: every character.
IS_CJK = _IsCjk()
IS_WORD = _IsWord()


def composed(text: str) -> str:
    """A text as each of its characters folds by itself: what folds together (ｶﾞ) is one character.
    Most texts as they are; of the others only what is joined goes through NFKC, since a whole text
    takes it ten times what all else here takes."""
    joined = _joined(text)
    if not joined:
        return text
    parts, last = [], 0
    for begin, end in _units({position - 1 for position in joined}, joined):
        parts += [text[last:begin], _composed(text[begin:end])]
        last = end
    return "".join((*parts, text[last:]))


def _composed(text: str) -> str:
    """NFKC of a text as a whole, which joins marks to what they stand on; numerals set apart."""
    return unicodedata.normalize("NFKC", _NUMERAL.sub(r" \g<0> ", text))


def fold(text: str) -> str:
    """Text as it is compared (see the module's docstring). Lone surrogates are kept as they are."""
    return _join_parts(composed(text).translate(_FOLD).split())


def _join_parts(parts: list[str]) -> str:
    """Folded pieces that stood apart by white space → one text: no blank beside CJK."""
    if not parts:
        return ""
    cjk = IS_CJK
    out = [parts[0]]
    last_is_cjk = cjk[parts[0][-1]]
    for part in parts[1:]:
        if not last_is_cjk and not cjk[part[0]]:
            out.append(" ")
        out.append(part)
        last_is_cjk = cjk[part[-1]]
    return "".join(out)


def symbol_token(character: str) -> str:
    """The token of one character that is neither CJK nor of a word."""
    code = ord(character)
    if 0x21 <= code <= 0x7E:
        return chr(code + 0xFEE0)
    if code < 0x21 or code == 0x7F:
        return chr(0xE000 + code)  # control characters, which no tokenizer keeps
    return character


def _split_words(chunk: str) -> list[str]:
    """``"c++,node"`` → ``["c", "+", "+", ",", "node"]``: words and single other characters."""
    found: list[str] = []
    word = IS_WORD
    start = 0
    for position, character in enumerate(chunk):
        if not word[character]:
            if start < position:
                found.append(chunk[start:position])
            found.append(character)
            start = position + 1
    if start < len(chunk):
        found.append(chunk[start:])
    return found


#: What joins words to one name: node.js, 3.14, e-mail, a_b, and/or, 10:30; or ends one: c++, c#,
#: 15%.
_CONNECTORS = frozenset(".-_/:@&'+#%")


def _word_tokens(chunk: str) -> tuple[str, ...]:
    if chunk.isalnum():
        return (chunk[:LONGEST_WORD],)
    parts = _split_words(chunk)
    found = [part[:LONGEST_WORD] if IS_WORD[part[0]] else symbol_token(part) for part in parts]
    return (*found, *_compounds(parts))


#: Most of what stands between Chinese is punctuation and the same words; what is long is met once.
_cached_word_tokens = lru_cache(1 << 14)(_word_tokens)


def _compounds(parts: list[str]) -> list[str]:
    """``c＋``, ``c＋＋``, ``15％``, ``node．js``: their words alone are in too many articles about
    programming."""
    found: list[str] = []
    for number, part in enumerate(parts[1:], 1):
        before = parts[number - 1]
        if part not in _CONNECTORS or not IS_WORD[before[0]]:
            continue
        after = parts[number + 1] if number + 1 < len(parts) else ""
        if part in "+#%":
            found.append(before + symbol_token(part))
            if after == part:
                found.append(before + symbol_token(part) * 2)
        if after and IS_WORD[after[0]]:
            found.append(before + symbol_token(part) + after)
    return [token for token in found if len(token) <= LONGEST_WORD]


def tokens(folded: str, frequent_bigrams: frozenset[str] = frozenset()) -> set[str]:
    """The set that the index keeps of a folded text.

    ``frequent_bigrams`` are this archive's most frequent pairs: where two of them overlap (``的一``
    + ``一个``) the three characters are a token too. Each pair alone is in thousands of articles,
    and a search for the three would read their texts in vain (70 ms at 10,000 articles, 3 ms with
    the token).
    """
    runs, others = _cut(folded)
    found, _ = _words(others, 1)
    for run in runs:
        pairs = list(map(add, run, run[1:]))
        found.update(run, pairs, _trigrams(run, pairs, frequent_bigrams))
    return found


def tokens_and_salient(
    folded: str, frequent_bigrams: frozenset[str], min_count: int, besides: str = ""
) -> tuple[list[str], list[str]]:
    """`tokens` of a text and of what stands ``besides``, each once, and the bigrams and words that
    stand in the text itself ``min_count`` times or more.

    A list: the strings of a set lie scattered over memory, and joining them takes twice as long.
    """
    runs, others = _cut(folded)
    more_runs, more_others = _cut(besides)
    # All runs in one line, where pairs that reach over the end of a run are none. Run by run it
    # takes a quarter longer.
    line = "".join(runs + more_runs)
    characters = list(line)
    pairs = [*map(add, characters, characters[1:]), ""]
    for end in accumulate(map(len, runs + more_runs)):
        pairs[end - 1] = ""
    own = sum(map(len, runs))
    counted = Counter(pairs[:own])
    words, salient = _words(others, min_count)
    salient += [pair for pair, times in counted.items() if times >= min_count and pair]
    if besides:
        counted.update(pairs[own:])
        words |= _words(more_others, min_count)[0]
    counted.pop("", None)
    trigrams = set(_trigrams(line, pairs, frequent_bigrams)) if frequent_bigrams else ()
    singles = {*characters}
    # Of one, two and three characters of CJK, and words of none: no token is met twice.
    return [*singles, *counted, *trigrams, *words], salient


def _cut(folded: str) -> tuple[list[str], list[str]]:
    """The runs of CJK characters, and what stands between blanks and them."""
    parts = _CJK_RUN.split(folded)  # what is not CJK, a run, what is not CJK …
    return parts[1::2], " ".join(parts[::2]).split(" ")


def _words(chunks: list[str], min_count: int) -> tuple[set[str], list[str]]:
    """The tokens of what is not CJK, and those of words that stand there ``min_count`` times or
    more."""
    found: set[str] = set()
    salient: list[str] = []
    for chunk, times in Counter(filter(None, chunks)).items():
        parts = _cached_word_tokens(chunk) if len(chunk) <= LONGEST_WORD else _word_tokens(chunk)
        found.update(parts)
        if times >= min_count:
            salient += [part for part in parts if len(part) > 1]
    return found, salient


def _trigrams(text: str, pairs: list[str], frequent_bigrams: frozenset[str]) -> list[str]:
    """The three characters wherever two of a text's ``pairs`` that overlap are frequent."""
    frequent = bytes(map(frequent_bigrams.__contains__, pairs))
    found: list[str] = []
    position = frequent.find(b"\1\1")
    while position >= 0:
        found.append(text[position : position + 3])
        position = frequent.find(b"\1\1", position + 1)
    return found


class TokenPattern(NamedTuple):
    """What one part of a term asks of the index: the token itself, or words that begin with, end
    with, contain it."""

    token: str
    kind: Literal["token", "prefix", "suffix", "infix"] = "token"


def term_patterns(
    folded: str,
    frequent_bigrams: frozenset[str] = frozenset(),
    *,
    open_left: bool = False,
    open_right: bool = False,
) -> tuple[list[TokenPattern], bool]:
    """What an article must hold to be a candidate for a folded term, and whether that alone proves
    the match.

    ``open_left``/``open_right``: the term may begin/end inside a word. ``frequent_bigrams``: those
    that the index was made with.
    """
    if len(folded) < 3 and IS_CJK[folded[0]] and IS_CJK[folded[-1]]:
        return [TokenPattern(folded)], True  # what most people type: one character or one pair
    found: list[TokenPattern] = []
    segments = _SEGMENT().findall(folded)
    for number, segment in enumerate(segments):
        if IS_CJK[segment[0]]:
            found.extend(TokenPattern(token) for token in _cjk_tokens(segment, frequent_bigrams))
        else:
            left = open_left and number == 0
            right = open_right and number == len(segments) - 1
            found.extend(_word_patterns(segment, left, right))
    # Before doubles are dropped: 的的的 is more than its one pair.
    exact = len(segments) == 1 and len(found) == 1 and len(found[0].token) < LONGEST_WORD
    return list(dict.fromkeys(found)), exact


def _cjk_tokens(run: str, frequent_bigrams: frozenset[str]) -> list[str]:
    if len(run) == 1:
        return [run]
    pairs = [a + b for a, b in pairwise(run)]
    trigrams = _trigrams(run, pairs, frequent_bigrams)
    covered = {pair for trigram in trigrams for pair in (trigram[:2], trigram[1:])}
    return trigrams + [pair for pair in pairs if pair not in covered]


def _word_patterns(segment: str, open_left: bool, open_right: bool) -> list[TokenPattern]:
    parts = _split_words(segment)
    if not (open_left or open_right) and len(parts) in (2, 3):
        # Exactly one name: c#, c++, node.js.
        whole = [token for token in _compounds(parts) if len(token) == len(segment) < LONGEST_WORD]
        if whole:
            return [TokenPattern(whole[0])]
    found: list[TokenPattern] = []
    for number, part in enumerate(parts):
        if not IS_WORD[part[0]]:
            found.append(TokenPattern(symbol_token(part)))
            continue
        left = open_left and number == 0
        right = open_right and number == len(parts) - 1
        if left:
            found.append(
                TokenPattern(
                    part[:LONGEST_WORD], "infix" if right or len(part) > LONGEST_WORD else "suffix"
                )
            )
        else:
            found.append(TokenPattern(part[:LONGEST_WORD], "prefix" if right else "token"))
    closed = parts[1 if open_left else 0 : len(parts) - 1 if open_right else len(parts)]
    return found + [TokenPattern(token) for token in _compounds(closed)]


#: What stands between a text and comparing it as it stands, each a bit; 0 for most articles in
#: simplified Chinese.
#: ``HAS_VARIANTS``: a CJK character stands for another (traditional, compatibility), or white space
#: is not ASCII.
#: ``HAS_EXPANSIONS``: a character folds to several, none of them CJK (㎡, ½); but ``…``, which
#: every other article has.
#: ``HAS_COMPOSITIONS``: characters fold together (ｶﾞ), or in a way that `variants` does not know.
#: ``HAS_NUMERALS``: enclosed numerals (①), which matter to terms with a digit or the like in them.
HAS_VARIANTS, HAS_EXPANSIONS, HAS_COMPOSITIONS, HAS_NUMERALS = 1, 2, 4, 8

ELLIPSIS = "…"


def kind_token(kind_name: str) -> str:
    """The index's token for a kind: ``-`` would end a token, so it is left out."""
    return f"{VALUE}k{kind_name.replace('-', '')}"


def fold_flags(text: str) -> int:
    """Which of the flags above hold for a text. With none it is searched up to 50 times faster."""
    return _flags_of(_changing(text))


def fold_with_flags(text: str) -> tuple[str, int]:
    """`fold` and `fold_flags` of a text with one look at its characters: half of what both take
    apart, since of 390 different ones in a text of 1,300 some 20 change."""
    changing = _changing(text)
    flags = _flags_of(changing)
    changes = [(character, _FOLD[ord(character)]) for character in changing]
    # One after the other gives what all at once give only where no change makes another one's
    # character (薴 → 苧 → 苎).
    apart = changing.isdisjoint("".join([folded for _, folded in changes]))
    if flags & HAS_COMPOSITIONS or not apart or len(changes) > _FEW_CHANGES:
        return fold(text), flags
    for character, folded in changes:
        text = text.replace(character, folded)
    return _join_parts(text.split()), flags


#: `str.replace` takes 1.3 µs of a text of 1,300 characters, `str.translate` 80.
_FEW_CHANGES = 40
#: Characters met that fold to themselves and have no flag, and all others met.
_UNCHANGING: set[str] = set()
_CHANGING: set[str] = set()


def _changing(text: str) -> set[str]:
    """The different characters of a text that do not fold to themselves, or have a flag."""
    others = set(text) - _UNCHANGING
    unknown = others - _CHANGING
    if unknown:
        unchanging = set(filter(_is_unchanging, unknown))
        _UNCHANGING.update(unchanging)
        _CHANGING.update(unknown - unchanging)
        others -= unchanging
    return others


def _is_unchanging(character: str) -> bool:
    if _is_ideograph(character):
        return character not in _TO_SIMPLIFIED
    return character == _FOLD[ord(character)] and not _FOLD_FLAGS[character]


def _flags_of(characters: Iterable[str]) -> int:
    return reduce(or_, map(_FOLD_FLAGS.__getitem__, characters), 0)


def _may_have_flags(character: str) -> bool:
    """Whether it stands in one of the ranges of `FLAGGED`; beyond the BMP any may have one. What
    `fold_flags_of` needs to know of a variant takes milliseconds to make."""
    if character > "\uffff":
        return True
    ends = bisect_right(FLAGGED, character)
    return ends % 2 == 1 or (ends > 0 and FLAGGED[ends - 1] == character)


class _FoldFlags(dict[str, int]):
    """Character → its part of a text's `fold_flags`."""

    def __missing__(self, character: str) -> int:
        found = fold_flags_of(character) if _may_have_flags(character) else 0
        self[character] = found
        return found


_FOLD_FLAGS = _FoldFlags()


def fold_flags_of(character: str) -> int:
    code = ord(character)
    folded = _FOLD[code]
    if folded == character:
        if code < 0x80:
            return 0
        if _composes(character):
            return HAS_COMPOSITIONS
        return HAS_VARIANTS if character.isspace() else 0
    if len(folded) != 1:
        if character == ELLIPSIS:
            return 0
        if _NUMERAL.match(character):
            return HAS_NUMERALS
        return (
            HAS_COMPOSITIONS
            if any(IS_CJK[part] or _composes(part) for part in folded)
            else HAS_EXPANSIONS
        )
    if character.isspace():
        return HAS_VARIANTS
    # `variants` names each traditional character, and takes 15 ms to make.
    if character not in _TO_SIMPLIFIED and character not in variants().get(folded, ""):
        return HAS_COMPOSITIONS
    return HAS_VARIANTS if IS_CJK[folded] else 0


def _composes(character: str) -> bool:
    return _COMPOSING().match(character) is not None and _IS_COMPOSING[character]


class _IsComposing(dict[str, bool]):
    """Whether NFKC may join a character to what stands before it."""

    def __missing__(self, character: str) -> bool:
        code = ord(character)
        self[character] = found = any(a <= code <= b for a, b in COMPOSING)
        return found


_IS_COMPOSING = _IsComposing()


#: Where the raw twins of a folded character are looked for: letters with case, full-width and
#: half-width forms, enclosed letters and digits, super- and subscripts, letter-like symbols,
#: radicals and compatibility ideographs.
_VARIANT_RANGES = (
    (0x41, 0x5A), (0xA0, 0x2FF), (0x370, 0x587), (0x1E00, 0x1FFF), (0x2070, 0x209F),
    (0x2100, 0x218F),
    (0x2460, 0x24FF), (0x2E80, 0x2FDF), (0x3000, 0x303F), (0x3130, 0x318F), (0x3200, 0x33FF),
    (0xF900, 0xFAFF), (0xFE30, 0xFE6F), (0xFF01, 0xFFEE),
)  # fmt: skip


@cache
def variants() -> dict[str, str]:
    """Folded character → every other raw character known to fold to it alone (融 → 融's traditional
    form)."""
    found: dict[str, str] = {}
    raws = list(TRADITIONAL)
    for start, end in _VARIANT_RANGES:
        raws.extend(map(chr, range(start, end + 1)))
    for raw in dict.fromkeys(raws):
        folded = _FOLD[ord(raw)]
        if folded != raw and len(folded) == 1 and not _composes(raw):
            found[folded] = found.get(folded, "") + raw
    return found


def fold_with_offsets(text: str) -> tuple[str, Sequence[int]]:
    """``fold(text)``, and for each of its characters where the raw text for it begins."""
    folded, origins = _folded_whole(text)
    out: list[str] = []
    starts: list[int] = []
    gap = 0  # where white space began that may become a blank
    for found in _NO_SPACE().finditer(folded):
        begin, end = found.span()
        if out and not IS_CJK[folded[gap - 1]] and not IS_CJK[folded[begin]]:
            out.append(" ")
            starts.append(origins[gap])
        out.append(folded[begin:end])
        starts.extend(origins[begin:end])
        gap = end
    return "".join(out), starts


_NO_SPACE = lazy(r"\S+")


def _folded_whole(text: str) -> tuple[str, Sequence[int]]:
    """Every unit folded, white space as it was, and for each character where its unit begins."""
    units = _odd_units(text)
    if not units:
        return text.translate(_FOLD), range(len(text))
    parts: list[str] = []
    origins: list[int] = []
    last = 0
    for begin, end in units:
        parts.append(text[last:begin].translate(_FOLD))
        origins.extend(range(last, begin))
        unit = text[begin:end]
        folded = (unit if len(unit) == 1 else _composed(unit)).translate(_FOLD)
        parts.append(folded)
        origins.extend([begin] * len(folded))
        last = end
    parts.append(text[last:].translate(_FOLD))
    origins.extend(range(last, len(text)))
    return "".join(parts), origins


def _odd_units(text: str) -> list[tuple[int, int]]:
    """Where characters stand that do not fold to one by themselves, in their order: those that NFKC
    may join, with what they are joined to, and those that fold to several or none."""
    joined = _joined(text)
    return _units({position - 1 for position in joined} | _folding_to_several(text), joined)


def _joined(text: str) -> set[int]:
    """Where those stand that NFKC may join to what stands before."""
    return {
        found.start()
        for found in _COMPOSING().finditer(text, 1)
        if _IS_COMPOSING[text[found.start()]]
    }


def _units(begins: set[int], joined: set[int]) -> list[tuple[int, int]]:
    """Each of ``begins`` that is joined to nothing, with all that is joined to it."""
    units = []
    for begin in sorted(begins - joined):
        end = begin + 1
        while end in joined:
            end += 1
        units.append((begin, end))
    return units


def _folding_to_several(text: str) -> set[int]:
    """Where those stand that fold to several characters or to none."""
    several = {character for character in set(text) if len(_FOLD[ord(character)]) != 1}
    return {at for at, character in enumerate(text) if character in several} if several else set()
