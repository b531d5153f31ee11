"""Pure: the piece of an original text that shows why it was found, with the words marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archive.search.match import Span
from scraper.records import dataclass

#: Characters of a snippet, about two lines of a terminal in Chinese.
LENGTH = 90
_LEAD = 24  # before the first mark
_STOPS = "。！？!?；;\n"


@dataclass(frozen=True, slots=True)
class Snippet:
    """``text`` is cut out of the original as it stands there, line breaks included; ``marks`` are
    ranges of characters in it, ascending, without overlaps. ``before``/``after``: whether the
    original goes on there."""

    text: str = ""
    marks: tuple[Span, ...] = ()
    before: bool = False
    after: bool = False

    def __str__(self) -> str:
        return self.marked()

    def marked(self, start: str = "[", end: str = "]", *, line_break: str = " ") -> str:
        """One line with the marks shown, … where text was left out."""
        out, last = [], 0
        for a, b in self.marks:
            out += [self.text[last:a], start, self.text[a:b], end]
            last = b
        shown = "".join([*out, self.text[last:]]).replace("\n", line_break)
        return ("…" if self.before else "") + shown + ("…" if self.after else "")


def cut(text: str, found: Sequence[Sequence[Span]], *, length: int = LENGTH) -> Snippet:
    """The window of ``text`` with the most different terms. ``found``: for each term, where it
    stands, ascending."""
    spans = sorted({span for places in found for span in places})
    if not spans:
        start = len(text) - len(text.lstrip())
        return Snippet(
            text[start : start + length].rstrip(), (), False, len(text.rstrip()) > start + length
        )
    first = _best(spans, found, length)
    start = _beginning(text, spans[first][0])
    end = min(len(text), max(start + length, min(spans[first][1], start + 4 * length)))
    inside: list[Span] = []
    for a, b in spans[first:]:
        if a >= end:
            break
        if b > end:
            # A word at the window's end is shown whole, a passage of lines is not.
            end = b if b - end < _LEAD else end
            b = end
        inside.append((a - start, b - start))
    return Snippet(
        text[start:end], joined(inside), bool(text[:start].strip()), bool(text[end:].strip())
    )


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Ranges in ascending order, those that reach over each other made one."""
    marks: list[Span] = []
    for a, b in sorted(spans):
        if marks and a < marks[-1][1]:
            marks[-1] = (marks[-1][0], max(marks[-1][1], b))
        else:
            marks.append((a, b))
    return tuple(marks)


def _best(spans: list[Span], found: Sequence[Sequence[Span]], length: int) -> int:
    """The span that a window should begin with: most terms in it, then most marks, then the
    earliest."""
    room = length - _LEAD
    places = sorted((start, term) for term, of_term in enumerate(found) for start, _ in of_term)
    inside = [0] * len(found)  # of each term, in the window
    entered = left = 0
    best, best_score = 0, (-1, -1)
    for number, (start, _) in enumerate(spans[:200]):
        while entered < len(places) and places[entered][0] < start + room:
            inside[places[entered][1]] += 1
            entered += 1
        while places[left][0] < start:
            inside[places[left][1]] -= 1
            left += 1
        score = (len(inside) - inside.count(0), entered - left)
        if score > best_score:
            best, best_score = number, score
    return best


def _beginning(text: str, mark: int) -> int:
    """Where the sentence begins, if that is near; a little before the mark otherwise, not inside a
    word."""
    low = max(0, mark - _LEAD)
    for position in range(mark - 1, low - 1, -1):
        if text[position] in _STOPS:
            return position + 1
    if low == 0:
        return 0
    blank = text.find(" ", low, mark)
    inside = (
        text[low].isascii()
        and text[low].isalnum()
        and text[low - 1].isascii()
        and text[low - 1].isalnum()
    )
    return blank + 1 if inside and blank >= 0 else low
