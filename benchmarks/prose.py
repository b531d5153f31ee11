"""Articles put together from real text that you give, for ``python -m benchmarks.search --prose
FILE``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.synthetic import Draft, Writer

_SENTENCE = re.compile("[^。！？；\n]{4,200}[。！？；]?")


class Prose:
    """Articles of whole passages out of ``files`` (UTF-8), otherwise as `Writer` invents them: as
    long, as old, as many accounts. Passages of up to eight sentences in a row, so that what stands
    beside each other is what people wrote."""

    def __init__(self, files: Iterable[Path]) -> None:
        text = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
        self._sentences = _SENTENCE.findall(text)
        self._writer = Writer()

    def drafts(self, count: int, *, seed: int = 1) -> Iterator[Draft]:
        """``count`` articles of about 1 to 6 KB of UTF-8, in no order of time."""
        rng = random.Random(seed)
        for draft in self._writer.drafts(count, seed=seed, shortest=20, longest=40):
            size = rng.randint(350, 1950)
            passages: list[str] = []
            while sum(map(len, passages)) < size:
                passages.append("".join(self._passage(rng, rng.randint(1, 8))))
            title = self._passage(rng, 1)[0][: rng.randint(10, 28)]
            yield replace(draft, title=title, text="\n".join(passages))

    def _passage(self, rng: random.Random, size: int) -> list[str]:
        start = rng.randrange(len(self._sentences) - size)
        return self._sentences[start : start + size]
