"""Articles a second, CPU an article and peak memory of a whole crawl, against a plain script that
does as much.

``python -m benchmarks.crawl [--articles 300] [--large 1000 10000] [--exits 1 2 4 8] [--real FOLDER] [--json]``

A local server (tests/weixin: TLS through a CONNECT proxy, gzip) serves generated articles of some
60 KB that link to each other. ``wechat-archive save LIST --interval 0`` fetches them all in a
process of its own; so does a sequential script of httpx, BeautifulSoup and markdownify that writes
one Markdown file an article and keeps nothing else: no raw pages, no rows, no search index, no
promise about a kill. Peak memory is taken at two sizes to show that it is flat.

With ``--exits`` instead: the same pages through so many exits at one second each, pages a second
from the first request to the last answer, and the share of one core that keeping them took (the one
writer bears 1 ÷ that many more). ``--real``: with the real pages in a folder instead, raw pages kept.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from scraper.models import Page
from scraper.parse import parse
from tests.weixin.answer import Answer, Request
from tests.weixin.pages import Fields, article_page
from tests.weixin.server import Internet
from tests.weixin.site import Site

ROOT = Path(__file__).resolve().parent.parent
_PARAGRAPH = "这一段文字说的是融资、估值与种子轮，也说别的事情，好让每一篇都有几千个字。" * 8

PLAIN = """
import sys
from pathlib import Path
import httpx
from bs4 import BeautifulSoup
from markdownify import markdownify
out = Path(sys.argv[2]); out.mkdir()
with httpx.Client(follow_redirects=True, timeout=60) as client:
    for n, url in enumerate(Path(sys.argv[1]).read_text().split()):
        soup = BeautifulSoup(client.get(url).text, "html.parser")
        title = soup.find("meta", property="og:title")["content"]
        body = soup.find(id="js_content")
        (out / f"{n}.md").write_text(f"# {title}\\n\\n{markdownify(str(body))}")
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One program over one list: wall and CPU seconds, peak resident memory in MB."""

    name: str
    articles: int
    seconds: float
    cpu: float
    peak_mb: float

    @property
    def line(self) -> str:
        """For a person."""
        rate, each = self.articles / self.seconds, 1000 * self.cpu / self.articles
        return f"{self.name:24} {self.articles:6}  {rate:7.1f} /s  {each:7.1f} ms CPU  {self.peak_mb:6.0f} MB peak"


def address(number: int) -> str:
    """The short address of article ``number``."""
    return f"https://mp.weixin.qq.com/s/{number:022d}"


def serve(request: Request) -> Answer:
    """Any article, made when it is asked for, so that the server needs no memory for ten
    thousand.
    """
    number = int(request.url.rpartition("/")[2][:22])
    links = "".join(
        f'<p><a href="{address((number * 7 + k) % 100_000)}">另一篇 {k}</a></p>' for k in range(5)
    )
    body = (
        "".join(f"<section><p>{number}.{k} {_PARAGRAPH}</p></section>" for k in range(20)) + links
    )
    fields = Fields(
        title=f"第 {number} 篇文章", body=body, mid=str(2247480000 + number), sn=f"{number:032x}"
    )
    return Answer(body=article_page(fields), coding="gzip")


def real(found: Sequence[bytes]) -> Callable[[Request], Answer]:
    """Real pages one after another, each time as another article; not packed, so that the site takes
    no CPU from the program."""

    def serve(request: Request) -> Answer:
        number = int(request.url.rpartition("/")[2][:22])
        body = found[number % len(found)]
        mid = parse(Page(url=request.url, body=body)).mid if number >= len(found) else None
        if mid:
            body = body.replace(mid.encode(), f"{int(mid) + number:0{len(mid)}d}".encode())
        return Answer(body=body)

    return serve


def measure(name: str, command: Sequence[str], articles: int, env: dict[str, str]) -> Measured:
    """Run a command to its end. Raises CalledProcessError where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **env}, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    del before
    return Measured(
        name, articles, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    )


def run(count: int, folder: Path, env: dict[str, str], *, plain: bool = True) -> list[Measured]:
    """Both programs over ``count`` articles."""
    names = folder / f"list{count}.txt"
    names.write_text("\n".join(address(n) for n in range(count)), encoding="utf-8")
    archive = ["--archive", str(folder / f"archive{count}"), "--interval", "0"]
    save = [sys.executable, "-m", "archive.cli", "save", "-q", "-i", str(names), *archive]
    found = [measure("wechat-archive", save, count, env)]
    again = measure("wechat-archive, again", save, count, env)
    found.append(again)
    if plain:
        script = [sys.executable, "-c", PLAIN, str(names), str(folder / f"plain{count}")]
        found.append(measure("httpx+bs4+markdownify", script, count, env))
    return found


@dataclass(frozen=True, slots=True)
class Paced:
    """So many exits at one second each: pages a second, the writer's CPU share and CPU ms a page
    (starting included), the smallest gap at an exit, and the median of what the site took to answer.
    """

    exits: int
    articles: int
    rate: float
    busy: float
    cpu_ms: float
    smallest_gap: float
    answer: float

    @property
    def line(self) -> str:
        """For a person."""
        return (
            f"{self.exits:3} exits at 1 s {self.articles:6} pages  {self.rate:6.2f} /s  "
            f"writer {self.busy:4.0%} of a core, {self.cpu_ms:.1f} ms a page  smallest gap at an "
            f"exit {self.smallest_gap:.2f} s  answer {1000 * self.answer:.0f} ms"
        )


def run_exits(count: int, folder: Path, internet: Internet, *, each: int = 30) -> Paced:
    """A crawl of ``each`` pages an exit."""
    root = folder / f"exits{count}"
    root.mkdir()
    tables = (
        f'[[exits]]\nname = "e{n}"\nproxy = "{internet.proxy}"\ninterval = 1\nuser_agent = "e{n}"\n'
        for n in range(count)
    )
    (root / "config.toml").write_text("\n".join(tables))
    names = folder / f"exits{count}.txt"
    articles = count * each
    names.write_text("\n".join(address(n) for n in range(articles)), encoding="utf-8")
    save = [sys.executable, "-m", "archive.cli", "save", "-q", "-i", str(names)]
    measured = measure("exits", [*save, "--archive", str(root)], articles, internet.env)
    requests = internet.log.requests("mp.weixin.qq.com")
    internet.log.clear()
    last = max(request.ended or request.at for request in requests)
    seconds = last - min(request.at for request in requests)
    own: dict[str, list[Request]] = {}
    for request in requests:
        own.setdefault(request.headers["user-agent"], []).append(request)
    gaps = [
        later.at - (earlier.ended or earlier.at)
        for mine in own.values()
        for earlier, later in pairwise(sorted(mine, key=lambda request: request.at))
    ]
    answers = sorted((request.ended or request.at) - request.at for request in requests)
    return Paced(
        exits=count,
        articles=len(requests),
        rate=len(requests) / seconds,
        busy=measured.cpu / seconds,
        cpu_ms=1000 * measured.cpu / len(requests),
        smallest_gap=min(gaps),
        answer=answers[len(answers) // 2],
    )


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=300, help="for the comparison")
    parser.add_argument("--large", type=int, nargs="*", default=[1000, 10_000], help="for memory")
    parser.add_argument("--exits", type=int, nargs="+", help="only this: so many exits at 1 s each")
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="with --exits: its pages")
    parser.add_argument("--each", type=int, default=30, help="pages an exit")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    site = Site()
    pages = [path.read_bytes() for path in sorted(args.real.glob("*.html"))] if args.real else []
    site.host("mp.weixin.qq.com", real(pages) if pages else serve)
    if args.exits:
        with tempfile.TemporaryDirectory() as temporary, Internet(site) as internet:
            for count in args.exits:
                paced = run_exits(count, Path(temporary), internet, each=args.each)
                print(json.dumps(asdict(paced)) if args.json else paced.line, flush=True)
        return
    results: list[Measured] = []
    with tempfile.TemporaryDirectory() as temporary, Internet(site) as internet:
        for count in (args.articles, *args.large):
            results += run(count, Path(temporary), internet.env, plain=count == args.articles)
            internet.log.clear()
            if not args.json:
                print(
                    "\n".join(
                        result.line for result in results[-3 if count == args.articles else -2 :]
                    ),
                    flush=True,
                )
    if args.json:
        print(json.dumps([asdict(result) for result in results]))


if __name__ == "__main__":
    main()
