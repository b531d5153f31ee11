"""CPU time from a page's bytes to its body as Markdown: ours, the plain way, and the peers that are
installed.

``python -m benchmarks.parse [FOLDER] [--pages N] [--repeat 5] [--json]``

FOLDER holds NAME.html and NAME.json (truths); by default the real pages beside the checkout
(``../shared/corpus/corpus.tar.xz``), else our own small ones of ``tests/quality/pages``. Every
converter gets the same pages in the same run. The floor is a bare lxml parse of the whole page,
measured by turns with the converter, page by page: on a virtual machine the same parse costs a fifth
more in one second than in the next. The medians of ``--repeat`` turns are added up. Peers come with
``pip install .[test,bench]``; one that is absent is named and left out. ``kept`` is the share of the
text that a reader sees of the Markdown, by tests/quality's measure. The second table says where our
time goes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import lxml.etree as etree

import archive
import scraper
from scraper.body import clean, tree
from tests.quality import gate
from tests.quality.measure import score

_CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "corpus.tar.xz"
Convert = Callable[[str, bytes], str]


@dataclass(frozen=True)
class Sample:
    """A page: its address, its bytes, its truth."""

    name: str
    url: str
    raw: bytes
    truth: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """One converter over so many pages: CPU seconds, those of a bare lxml parse, their ratio, text
    kept and kept in order, failures.
    """

    name: str
    pages: int
    seconds: float
    floor: float
    ratio: float
    kept: float
    exact: float
    failed: int


@dataclass(frozen=True)
class Measured:
    """One converter on one page: CPU seconds, those of a bare lxml parse, text kept and kept in
    order.
    """

    seconds: float
    floor: float
    kept: float
    exact: bool


def ours(url: str, raw: bytes) -> str:
    return archive.body_markdown(scraper.parse(scraper.Page(url=url, body=raw)))


def plain(url: str, raw: bytes) -> str:
    """What a script does: the whole page through BeautifulSoup, ``#js_content`` through
    markdownify.
    """
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    found = BeautifulSoup(raw, "lxml").find(id="js_content")
    return (
        str(MarkdownConverter(heading_style="atx").convert_soup(found)) if found is not None else ""
    )


def _article_parser() -> Convert:
    module = import_module("wechat_article_parser.parser")

    def convert(url: str, raw: bytes) -> str:
        return str(module._parse_html(url, raw.decode("utf-8", "replace")).article_markdown or "")

    return convert


def _to_markdown() -> Convert:
    from bs4 import BeautifulSoup

    module = import_module("wechat_article_to_markdown")

    def convert(url: str, raw: bytes) -> str:
        html = raw.decode("utf-8", "replace")
        soup = BeautifulSoup(html, "html.parser")
        module.extract_metadata(soup, html)
        content, code, _ = module.process_content(soup)
        return str(module.convert_to_markdown(content, code)) if content else ""

    return convert


PEERS: dict[str, Callable[[], Convert]] = {
    "wechat-article-parser": _article_parser,
    "wechat-article-to-markdown": _to_markdown,
}


def by_turns(repeat: int, *works: Callable[[], object]) -> list[float]:
    """The median CPU seconds of each of ``works``, done ``repeat`` times in turn."""
    spent: list[list[float]] = [[] for _ in works]
    for _ in range(repeat):
        for seconds, work in zip(spent, works, strict=True):
            before = time.process_time()
            work()
            seconds.append(time.process_time() - before)
    return list(map(statistics.median, spent))


def bare(raw: bytes) -> object:
    """The floor: lxml over the whole page, and no more."""
    return etree.fromstring(raw, etree.HTMLParser(encoding="utf-8", huge_tree=True))


def measure(
    name: str, convert: Convert, samples: Sequence[Sample], repeat: int
) -> dict[str, Measured]:
    """The name of each page that one converter could read, and what it cost; the others are told."""
    found = {}
    for sample in samples:
        try:
            figures = score(sample.truth, convert(sample.url, sample.raw))
        except Exception as error:
            print(f"{name}: {sample.name}: {type(error).__name__}: {error}"[:120], file=sys.stderr)
            continue
        seconds, floor = by_turns(
            repeat, partial(convert, sample.url, sample.raw), partial(bare, sample.raw)
        )
        exact = figures["recall"] == figures["precision"] == 1.0
        found[sample.name] = Measured(seconds, floor, figures["recall"] or 0.0, exact)
    return found


def result(name: str, samples: Sequence[Sample], measured: Mapping[str, Measured]) -> Result:
    """The sums over ``samples``."""
    found = [measured[sample.name] for sample in samples if sample.name in measured]
    seconds, floor = sum(one.seconds for one in found), sum(one.floor for one in found)
    count = max(1, len(found))
    return Result(
        name,
        pages=len(samples),
        seconds=seconds,
        floor=floor,
        ratio=seconds / floor if floor else 0.0,
        kept=sum(one.kept for one in found) / count,
        exact=sum(one.exact for one in found) / count,
        failed=len(samples) - len(found),
    )


def eras(samples: Sequence[Sample]) -> Iterator[tuple[str, list[Sample]]]:
    """The pages that have a ``cgiDataNew`` (2–4 MB) and those from before it (24–190 KB)."""
    for name, of_today in (("  pages of today", True), ("  before cgiDataNew", False)):
        chosen = [sample for sample in samples if (b"cgiDataNew" in sample.raw) is of_today]
        if chosen:
            yield name, chosen


def stages(samples: Sequence[Sample], repeat: int) -> dict[str, float]:
    """CPU seconds of each stage of ours; what is left of the whole is finding the data and the
    fields in the page.
    """
    from archive.document.markdown import render
    from archive.document.markdown_tree import soup

    spent = dict.fromkeys(
        ("page and fields", "body: lxml", "body: clean", "markdown: tree", "markdown: writing"), 0.0
    )
    for sample in samples:
        page = scraper.Page(url=sample.url, body=sample.raw)
        article, sources = _watched(page)
        parsing, cleaning, whole, planting, writing = by_turns(
            repeat,
            lambda found=sources: [tree.parse(html) for html in found],  # type: ignore[misc]
            lambda found=sources: [clean(html) for html in found],  # type: ignore[misc]
            partial(scraper.parse, page),
            partial(soup, article.body),
            partial(render, article.body),
        )
        spent["page and fields"] += whole - cleaning
        spent["body: lxml"] += parsing
        spent["body: clean"] += cleaning - parsing
        spent["markdown: tree"] += planting
        spent["markdown: writing"] += writing - planting
    return spent


def _watched(page: scraper.Page) -> tuple[scraper.Article, list[bytes | str]]:
    """The article, and the body HTML that parsing it came upon."""
    sources: list[bytes | str] = []
    whole = tree.parse

    def watching(source: bytes | str) -> Any:
        sources.append(source)
        return whole(source)

    tree.parse = watching
    try:
        return scraper.parse(page), sources
    finally:
        tree.parse = whole


def samples_of(folder: Path, most: int | None) -> list[Sample]:
    """The pages of ``folder`` that have a truth."""
    found = []
    for name, raw, truth in gate.pages(folder):
        url = truth.get("url") or "https://mp.weixin.qq.com/s/benchmark0000000000000"
        found.append(Sample(name, url, raw, truth))
    return found[:most]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.parse", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument(
        "--pages", type=int, default=None, metavar="N", help="only the first N pages"
    )
    parser.add_argument(
        "--repeat", type=int, default=5, metavar="N", help="turns of each page; medians count"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object instead of tables"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        samples = samples_of(_folder(chosen.folder, Path(scratch)), chosen.pages)
        if not samples:
            print(
                f"no NAME.json beside NAME.html in {chosen.folder}; give a folder of pages with truths",
                file=sys.stderr,
            )
            return 64
        own = measure("wechat-archive", ours, samples, chosen.repeat)
        results = [result("wechat-archive", samples, own)]
        results += [result(name, some, own) for name, some in eras(samples)]
        spent = stages(samples, chosen.repeat)
        converters = {"bs4 + markdownify": plain, **dict(_peers())}
        results += [
            result(name, samples, measure(name, convert, samples, chosen.repeat))
            for name, convert in converters.items()
        ]
    if chosen.json:
        rows = [asdict(result) for result in results]
        print(json.dumps({"pages": len(samples), "converters": rows, "stages": spent}))
    else:
        _print(results, spent)
    return 0


def _peers() -> Iterator[tuple[str, Convert]]:
    """Those that are installed; the others are told."""
    for name, load in PEERS.items():
        try:
            yield name, load()
        except ImportError as error:
            print(f"{name}: not installed ({error}); pip install .[test,bench]", file=sys.stderr)


def _folder(given: Path | None, scratch: Path) -> Path:
    if given is not None:
        return given
    if not _CORPUS.exists():
        return gate.HERE / "pages"
    with tarfile.open(_CORPUS, "r:xz") as pages:
        pages.extractall(scratch, filter="data")
    return scratch / "corpus" / "pages"


def _print(results: Sequence[Result], spent: Mapping[str, float]) -> None:
    whole = results[0]
    print(
        f"{whole.pages} pages; a bare lxml parse of them takes {whole.floor * 1e3:.0f} ms of CPU\n"
    )
    print(
        f"{'converter':28} {'ms a page':>9} {'ratio':>7} {'text kept':>9} {'exact':>6} {'failed':>6}"
    )
    for r in results:
        each = r.seconds * 1e3 / max(1, r.pages - r.failed)
        print(f"{r.name:28} {each:9.2f} {r.ratio:6.2f}x {r.kept:9.4f} {r.exact:6.0%} {r.failed:6}")
    print(f"\n{'where our time goes':28} {'ms':>9} {'ratio':>7}")
    for stage, seconds in spent.items():
        print(f"{stage:28} {seconds * 1e3:9.1f} {seconds / whole.floor:6.2f}x")


if __name__ == "__main__":
    sys.exit(main())
