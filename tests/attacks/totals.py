"""How many attacks there are, by kind: what ``docs/reliability.md`` says, counted from the tests' own
lists. ``python -m tests.attacks.totals`` counts the calls that are made to raise too, by running
each command once.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from archive.exporters.formats import FORMATS
from tests.attacks import power, test_paths, test_secrets
from tests.attacks.archives import COMMANDS, SERVERS, Place
from tests.crawl import test_kill as crawl_kills
from tests.keep import test_kill as keep_kills
from tests.keep import test_one_item as one_item


def rows(*, chinese: bool = False) -> Iterator[tuple[str, str]]:
    """What is attacked, and how often."""
    ways = sum(len(ways) for ways in COMMANDS.values())
    names, forms = len(test_secrets.NAMES), len(test_secrets.FORMS)
    crawl = crawl_kills.KILLS
    keep = sum(keep_kills.SWEEPS.values())
    told = {
        "links, pipes, folders and paths in a hostile archive": f"{len(test_paths.ATTACKS)} × {ways}",
        "readers' tokens, by name and by wrapping": f"{names} × {forms}",
        "commands that meet control characters": str(len(COMMANDS)),
        "kills of a crawl, one exit and three": f"{crawl // 2} + {crawl // 2}",
        "kills of import, reparse, backup and remove": str(keep),
        "states after a power cut, looked at after each call": f"{len(power.WAYS)}",
        "commands whose every call for one item is made to raise": str(len(one_item.CASES)),
    }
    yield from ((CHINESE[what] if chinese else what, number) for what, number in told.items())


CHINESE = {
    "links, pipes, folders and paths in a hostile archive": "恶意存档里的链接、管道、目录和路径 × 命令",
    "readers' tokens, by name and by wrapping": "读者的令牌：名称 × 包装方式",
    "commands that meet control characters": "遇到控制字符的命令",
    "kills of a crawl, one exit and three": "强行终止抓取：一个出口和三个出口",
    "kills of import, reparse, backup and remove": "强行终止导入、重新解析、备份和删除",
    "states after a power cut, looked at after each call": "每次系统调用之后断电的几种状态",
    "commands whose every call for one item is made to raise": "逐条处理时每个调用都出错一次的命令",
}


def table(*, chinese: bool = False) -> str:
    """Them as a table of Markdown."""
    head = ("攻击", "次数", "得逞") if chinese else ("attack", "tried", "got through")
    lines = [f"| {' | '.join(head)} |", "| --- | --- | --- |"]
    lines += [f"| {what} | {number} | 0 |" for what, number in rows(chinese=chinese)]
    return "\n".join(lines)


def calls() -> Iterator[tuple[str, int]]:
    """How many functions each command calls for one item: each raises once in the long test."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder) / "home")
        place.home.mkdir()
        place.make()
        for name, case in one_item.CASES.items():
            yield name, len(one_item.targets_of(case, place, Path(folder) / name.replace(" ", "-")))


def main() -> int:
    """Print all of it."""
    assert not SERVERS & COMMANDS.keys()
    assert set(FORMATS) <= {name.removeprefix("export ") for name in one_item.CASES}
    print(table())
    found = dict(calls())
    for name, number in found.items():
        print(f"{number:6}  {name}")
    print(f"{sum(found.values()):6}  in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
