"""Raw pages to measure with: the real ones where they are at hand, mutations of them, made-up ones
otherwise.
"""

from __future__ import annotations

import random
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.keep.pages import raw, template

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "corpus.tar.xz"


def pages(folder: Path | None, scratch: Path) -> list[tuple[str, bytes]]:
    """``(name, bytes)`` of every ``.html`` in ``folder``, else of the shared pages, else of 40
    made-up ones.
    """
    if folder is None and CORPUS.exists():
        with tarfile.open(CORPUS, "r:xz") as archive:
            archive.extractall(scratch, filter="data")
        folder = scratch / "corpus" / "pages"
    if folder is None:
        scripts = [template(seed, size=2_500_000) for seed in range(2)]
        return [(f"made-up {n}", raw(n, scripts[n % 2])) for n in range(40)]
    return [(path.stem, path.read_bytes()) for path in sorted(folder.glob("*.html"))]


def mutated(found: Sequence[tuple[str, bytes]], count: int, seed: int = 1) -> Iterator[bytes]:
    """``count`` pages, each one of ``found`` with another text and a template that drifts as the
    months go by.
    """
    draw = random.Random(seed)
    drifting = [bytearray(body) for _, body in found]
    for _ in range(count):
        body = drifting[draw.randrange(len(drifting))]
        if draw.random() < 0.1:  # the template changes for good
            _replace(body, draw, times=12, width=120)
        page = bytearray(body)
        start = max(page.find(b"js_content"), 0)
        _replace(page, draw, times=40, width=300, start=start, end=min(start + 60_000, len(page)))
        _replace(page, draw, times=15, width=16)
        yield bytes(page)


def _replace(
    page: bytearray,
    draw: random.Random,
    *,
    times: int,
    width: int,
    start: int = 0,
    end: int | None = None,
) -> None:
    end = len(page) if end is None else end
    for _ in range(times):
        if end - start <= width:
            return
        at = draw.randrange(start, end - width)
        page[at : at + width] = "".join(
            chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(width // 3)
        ).encode()
