"""What keeping costs beside a script that promises nothing, in one run, program and script by
turns.

``python -m benchmarks.article [--rounds 5] [--linked 300] [--corpus FOLDER] [--json]``

The script is thirty lines of httpx, BeautifulSoup, markdownify and sqlite-utils: it fetches a page
and its images, writes a Markdown file and a row, and does no more: no raw page, no search index, no
version, no promise about a kill. Both are processes of their own against a local server
(tests/weixin: TLS through a CONNECT proxy, gzip). Ratios are of medians. Both run as installed
programs do, with their bytecode written before the first round (an environment with
``PYTHONDONTWRITEBYTECODE`` would have each start compile the program's own source again, a fifth of
a second, and the script none).

``one``     one article with ten images
``linked``  pages of 60 KB that link to each other, from a list
``real``    the real pages of the shared corpus, without their images, raw pages kept by the program
``again``   the same command as ``linked`` once more (the program alone: nothing is fetched)
``light``   CPU of ``status``, ``list`` and ``search`` over the archive of ``linked``
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.crawl import ROOT, address, serve
from benchmarks.pages import pages
from tests.weixin import media
from tests.weixin.answer import Answer, Request
from tests.weixin.pages import Fields, article_page
from tests.weixin.server import Internet
from tests.weixin.site import Site

PLAIN = """
import hashlib, sys
from pathlib import Path
import httpx
from bs4 import BeautifulSoup
from markdownify import markdownify
from sqlite_utils import Database
addresses, out, images = Path(sys.argv[1]).read_text().split(), Path(sys.argv[2]), sys.argv[3] == "local"
(out / "media").mkdir(parents=True)
rows = Database(out / "articles.db")["articles"]
with httpx.Client(follow_redirects=True, timeout=60) as client:
    for n, url in enumerate(addresses):
        soup = BeautifulSoup(client.get(url).text, "lxml")
        title = (soup.find("meta", property="og:title") or {"content": ""})["content"]
        body = soup.find(id="js_content")
        for image in body.find_all("img") if body and images else ():
            address = image.get("data-src") or image.get("src")
            data = client.get(address).content
            name = hashlib.sha256(data).hexdigest()[:32] + ".png"
            (out / "media" / name).write_bytes(data)
            image["src"] = "media/" + name
        text = markdownify(str(body))
        (out / f"{n}.md").write_text(f"# {title}\\n\\n{text}", encoding="utf-8")
        rows.insert({"url": url, "title": title, "text": text}, pk="url", replace=True)
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall and CPU seconds."""

    seconds: float
    cpu: float


def run(command: Sequence[str], env: dict[str, str]) -> Run:
    """Run a command to its end. Raises CalledProcessError where it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **env}, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(time.perf_counter() - began, usage.ru_utime + usage.ru_stime)


def median(runs: Sequence[Run]) -> Run:
    """Of both figures apart."""
    return Run(statistics.median(r.seconds for r in runs), statistics.median(r.cpu for r in runs))


class Bench:
    """The scenarios over one small internet; ``folder`` takes what the programs write."""

    def __init__(self, folder: Path, env: dict[str, str], rounds: int) -> None:
        self.folder, self.rounds = folder, rounds
        bytecode = str(folder / "bytecode")
        self.env = {
            **env,
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": bytecode,
        }

    def ours(self, *arguments: str) -> Run:
        """``wechat-archive ARGUMENTS``."""
        return run([sys.executable, "-m", "archive.cli", *arguments], self.env)

    def compare(
        self, name: str, addresses: Sequence[str], *, images: str
    ) -> dict[str, dict[str, float]]:
        """Program and script by turns, each time into an empty folder; the last archive stays as
        ``NAME``.
        """
        names = self.folder / f"{name}.txt"
        names.write_text("\n".join(addresses), encoding="utf-8")
        root, plain = self.folder / name, self.folder / f"{name}-plain"
        save = ("save", "-q", "-i", str(names), "--archive", str(root), "--interval", "0")
        found: dict[str, list[Run]] = {"ours": [], "script": []}
        for number in range(-1, self.rounds):  # the first only writes bytecode
            if number == 0:
                found = {"ours": [], "script": []}
            shutil.rmtree(root, ignore_errors=True)
            shutil.rmtree(plain, ignore_errors=True)
            found["ours"].append(self.ours(*save, "--images", images))
            script = [sys.executable, "-c", PLAIN, str(names), str(plain), images]
            found["script"].append(run(script, self.env))
        return {who: asdict(median(runs)) for who, runs in found.items()}

    def alone(self, *arguments: str) -> dict[str, float]:
        """The program alone."""
        return asdict(median([self.ours(*arguments) for _ in range(self.rounds)]))


def one_article() -> tuple[str, dict[str, bytes], bytes]:
    """Address, images and page of an article with ten images of 40 KB."""
    images = {
        f"https://mmbiz.qpic.cn/mmbiz_png/image{n}/640?wx_fmt=png": media.png(
            n, width=110, height=110
        )
        + bytes(40_000)
        for n in range(10)
    }
    body = "".join(f'<p>第 {n} 段</p><p><img data-src="{url}"></p>' for n, url in enumerate(images))
    return address(99_999), images, article_page(Fields(title="十张图", body=body))


def real_pages(corpus: Path | None, scratch: Path) -> dict[str, bytes]:
    """Each real page under an address of its own."""
    found = pages(corpus, scratch)
    return {address(200_000 + number): body for number, (_, body) in enumerate(found)}


def measure(folder: Path, rounds: int, linked: int, corpus: Path | None) -> dict[str, object]:
    """Every scenario."""
    site = Site()
    url, images, page = one_article()
    for source, data in images.items():
        site.on(source, Answer(body=data, type="image/png"))

    real = real_pages(corpus, folder)
    given = {url: page, **real}

    def articles(request: Request) -> Answer:
        found = given.get(request.url)
        return Answer(body=found, coding="gzip") if found is not None else serve(request)

    site.host("mp.weixin.qq.com", articles)
    with Internet(site) as internet:
        bench = Bench(folder, internet.env, rounds)
        result: dict[str, object] = {"one": bench.compare("one", [url], images="local")}
        names = [address(n) for n in range(linked)]
        result["linked"] = bench.compare("linked", names, images="local")
        archive = ("--archive", str(folder / "linked"))
        result["again"] = bench.alone("save", "-q", "-i", str(folder / "linked.txt"), *archive)
        result["light"] = {
            "status": bench.alone("status", *archive)["cpu"],
            "list": bench.alone("list", *archive)["cpu"],
            "search": bench.alone("search", "融资", *archive)["cpu"],
        }
        result["real"] = bench.compare("real", list(real), images="remote")
    return result


def table(result: dict[str, object]) -> str:
    """The figures for a person."""
    lines = [f"{'':10}{'ours s':>9}{'CPU':>8}{'script s':>11}{'CPU':>8}{'wall ×':>9}{'CPU ×':>8}"]
    for name in ("one", "linked", "real"):
        row = result[name]
        assert isinstance(row, dict)
        ours, script = row["ours"], row["script"]
        wall, cpu = ours["seconds"] / script["seconds"], ours["cpu"] / script["cpu"]
        lines.append(
            f"{name:10}{ours['seconds']:9.2f}{ours['cpu']:8.2f}{script['seconds']:11.2f}{script['cpu']:8.2f}"
            f"{wall:9.2f}{cpu:8.2f}"
        )
    again, light = result["again"], result["light"]
    assert isinstance(again, dict)
    assert isinstance(light, dict)
    lines.append(f"{'again':10}{again['seconds']:9.2f}{again['cpu']:8.2f}")
    lines.append("light     " + "  ".join(f"{name} {cpu:.2f} s CPU" for name, cpu in light.items()))
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--linked", type=int, default=300)
    parser.add_argument("--corpus", type=Path, help="a folder of pages instead of the shared ones")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        result = measure(Path(scratch), options.rounds, options.linked, options.corpus)
    print(json.dumps(result) if options.json else table(result))


if __name__ == "__main__":
    main()
