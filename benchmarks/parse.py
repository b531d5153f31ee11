"""CPU time from a page's bytes to its body as Markdown: ours, the plain way, and the peers that are
installed.

``python -m benchmarks.parse [FOLDER] [--pages N] [--repeat 3] [--json]``

FOLDER holds NAME.html and NAME.json (truths); by default the real pages beside the checkout
(``../shared/corpus/corpus.tar.xz``), else our own small ones of ``tests/quality/pages``. Every
converter gets the same pages in the same run; the best of ``--repeat`` counts. The floor is a bare
lxml parse of the whole page. Peers come with ``pip install .[test,bench]``; one that is absent is
named and left out. ``kept`` is the share of the text that a reader sees of the Markdown, by
tests/quality's measure. The second table says where our time goes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
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
    """One converter over so many pages: CPU seconds, its ratio to the floor, text kept and kept in
    order, failures.
    """

    name: str
    pages: int
    seconds: float
    ratio: float
    kept: float
    exact: float
    failed: int


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


def best(work: Callable[[], object], repeat: int) -> float:
    """The least CPU seconds of ``repeat`` tries."""
    least = float("inf")
    for _ in range(repeat):
        before = time.process_time()
        work()
        least = min(least, time.process_time() - before)
    return least


def floor(samples: Sequence[Sample], repeat: int) -> float:
    """CPU seconds of a bare lxml parse of every page."""
    return sum(
        best(lambda raw=sample.raw: etree.fromstring(raw, _parser()), repeat)  # type: ignore[misc]
        for sample in samples
    )


def _parser() -> etree.HTMLParser:
    return etree.HTMLParser(encoding="utf-8", huge_tree=True)


def run(name: str, convert: Convert, samples: Sequence[Sample], bare: float, repeat: int) -> Result:
    """One converter over all pages."""
    seconds, kept, exact, failed = 0.0, [], [], 0
    for sample in samples:
        try:
            markdown = convert(sample.url, sample.raw)
            seconds += best(lambda page=sample: convert(page.url, page.raw), repeat)  # type: ignore[misc]
        except Exception as error:
            failed += 1
            print(f"{name}: {sample.name}: {type(error).__name__}: {error}"[:120], file=sys.stderr)
            continue
        figures = score(sample.truth, markdown)
        kept.append(figures["recall"] or 0.0)
        exact.append(float(figures["recall"] == figures["precision"] == 1.0))
    count = max(1, len(kept))
    return Result(
        name, len(samples), seconds, seconds / bare, sum(kept) / count, sum(exact) / count, failed
    )


def eras(samples: Sequence[Sample], repeat: int) -> Iterator[Result]:
    """Ours over the pages that have a ``cgiDataNew`` (2–4 MB) and over those from before it (24–190
    KB), each beside its own floor.
    """
    for name, of_today in (("  pages of today", True), ("  before cgiDataNew", False)):
        chosen = [sample for sample in samples if (b"cgiDataNew" in sample.raw) is of_today]
        if chosen:
            yield run(name, ours, chosen, floor(chosen, repeat), repeat)


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
        parsing = best(lambda found=sources: [tree.parse(html) for html in found], repeat)  # type: ignore[misc]
        cleaning = best(lambda found=sources: [clean(html) for html in found], repeat)  # type: ignore[misc]
        whole = best(lambda one=page: scraper.parse(one), repeat)  # type: ignore[misc]
        planting = best(lambda html=article.body: soup(html), repeat)  # type: ignore[misc]
        writing = best(lambda html=article.body: render(html), repeat)  # type: ignore[misc]
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
        "--repeat", type=int, default=3, metavar="N", help="tries of each page; the best counts"
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
        bare = floor(samples, chosen.repeat)
        results = [run("wechat-archive", ours, samples, bare, chosen.repeat)]
        results += eras(samples, chosen.repeat)
        spent = stages(samples, chosen.repeat)
        results.append(run("bs4 + markdownify", plain, samples, bare, chosen.repeat))
        for name, load in PEERS.items():
            try:
                convert = load()
            except ImportError as error:
                print(
                    f"{name}: not installed ({error}); pip install .[test,bench]", file=sys.stderr
                )
                continue
            results.append(run(name, convert, samples, bare, chosen.repeat))
    if chosen.json:
        rows = [asdict(result) for result in results]
        print(
            json.dumps({"pages": len(samples), "floor": bare, "converters": rows, "stages": spent})
        )
    else:
        _print(results, spent, bare, len(samples))
    return 0


def _folder(given: Path | None, scratch: Path) -> Path:
    if given is not None:
        return given
    if not _CORPUS.exists():
        return gate.HERE / "pages"
    with tarfile.open(_CORPUS, "r:xz") as pages:
        pages.extractall(scratch, filter="data")
    return scratch / "corpus" / "pages"


def _print(results: Sequence[Result], spent: dict[str, float], bare: float, count: int) -> None:
    print(f"{count} pages; a bare lxml parse of them takes {bare * 1e3:.0f} ms of CPU\n")
    print(
        f"{'converter':28} {'ms a page':>9} {'ratio':>7} {'text kept':>9} {'exact':>6} {'failed':>6}"
    )
    for r in results:
        each = r.seconds * 1e3 / r.pages
        print(f"{r.name:28} {each:9.2f} {r.ratio:6.2f}x {r.kept:9.4f} {r.exact:6.0%} {r.failed:6}")
    print(f"\n{'where our time goes':28} {'ms':>9} {'ratio':>7}")
    for stage, seconds in spent.items():
        print(f"{stage:28} {seconds * 1e3:9.1f} {seconds / bare:6.2f}x")


if __name__ == "__main__":
    sys.exit(main())
