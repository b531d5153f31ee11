"""KB and milliseconds a raw page, against gzip -6 and zstd -9 over the same pages in the same run;
growth to 1,000.

``python -m benchmarks.snapshots [FOLDER] [--orders 3] [--growth 1000] [--json]``

Everything counts: the size is that of ``snapshots.db`` after a checkpoint, with rows, indexes and
headers. Times are CPU milliseconds of this process. ``account-year``: pages of one account whose
server time is of one year, in the order of their names; KB a page beyond the first.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import resource
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import zstandard

from archive.snapshots import Snapshots
from archive.snapshots.choose import BULK_LEVEL19_MIN_BYTES, LEVEL19_MIN_BYTES
from benchmarks.pages import mutated, pages
from scraper.models import Page

Named = Sequence[tuple[str, bytes]]
FETCHED = datetime(2026, 7, 1, tzinfo=UTC)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--orders", type=int, default=3)
    parser.add_argument("--growth", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        found = pages(options.folder, Path(scratch))
        result: dict[str, Any] = {
            "pages": len(found),
            "mean_kb": _mean(found),
            "plain": plain(found),
        }
        result["orders"] = [
            kept(_shuffled(found, seed), Path(scratch) / f"{seed}.db")
            for seed in range(options.orders)
        ]
        result["bulk"] = kept(
            _shuffled(found, 0), Path(scratch) / "bulk.db", level19_from=BULK_LEVEL19_MIN_BYTES
        )
        result["account_years"] = account_years(found, Path(scratch), LEVEL19_MIN_BYTES)
        result["account_years_bulk"] = account_years(
            found, Path(scratch) / "bulk", BULK_LEVEL19_MIN_BYTES
        )
        if options.growth:
            result["growth"] = growth(found, options.growth, Path(scratch) / "growth.db")
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(table(result))


def _mean(found: Named) -> float:
    return statistics.mean(len(body) for _, body in found) / 1024


def _shuffled(found: Named, seed: int) -> Named:
    order = list(found)
    random.Random(seed).shuffle(order)
    return order


def plain(found: Named) -> dict[str, dict[str, float]]:
    """Each page by itself."""
    packer, opener = zstandard.ZstdCompressor(level=9), zstandard.ZstdDecompressor()
    return {
        "gzip -6": _timed(found, lambda body: gzip.compress(body, 6), gzip.decompress),
        "zstd -9": _timed(found, packer.compress, opener.decompress),
    }


def _timed(
    found: Named, pack: Callable[[bytes], bytes], unpack: Callable[[bytes], bytes]
) -> dict[str, float]:
    size = packing = unpacking = 0.0
    for _, body in found:
        begun = time.process_time()
        data = pack(body)
        middle = time.process_time()
        unpack(data)
        packing, unpacking = packing + middle - begun, unpacking + time.process_time() - middle
        size += len(data)
    n = len(found)
    return {"kb": size / 1024 / n, "put_ms": packing * 1000 / n, "get_ms": unpacking * 1000 / n}


def kept(found: Named, path: Path, *, level19_from: int = LEVEL19_MIN_BYTES) -> dict[str, float]:
    """All pages into one ``snapshots.db`` in this order, packed again, and out by another reader in
    another order.
    """
    begun = time.process_time()
    with Snapshots(path) as snapshots:
        for name, body in found:
            snapshots.put(_page(name, body), address=name)
    putting = time.process_time() - begun
    at_once = path.stat().st_size
    begun = _with_children()
    with Snapshots(path) as snapshots:
        snapshots.repack(level19_from=level19_from)
    repacking = _with_children() - begun
    ids = list(range(1, len(found) + 1))
    random.Random(3).shuffle(ids)
    begun = time.process_time()
    with Snapshots(path, readonly=True) as snapshots:
        for number in ids:
            snapshots.get(number)
        depth = snapshots.select("SELECT max(depth) FROM bodies")[0][0]
    getting = time.process_time() - begun
    size, n, first = path.stat().st_size, len(found), _alone(found[0], path.with_suffix(".first"))
    return {
        "kb": size / 1024 / n,
        "kb_beyond_first": (size - first) / 1024 / max(n - 1, 1),
        "put_ms": putting * 1000 / n,
        "kb_at_once": at_once / 1024 / n,
        "repack_ms": repacking * 1000 / n,
        "get_ms": getting * 1000 / n,
        "depth": depth,
    }


def _alone(first: tuple[str, bytes], path: Path) -> int:
    """Bytes of a file that holds this page only."""
    with Snapshots(path) as snapshots:
        snapshots.put(_page(*first), address=first[0])
        snapshots.repack()
    return path.stat().st_size


def _with_children() -> float:
    """CPU seconds of this process and of those that it ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _page(name: str, body: bytes) -> Page:
    headers = (("content-type", "text/html; charset=UTF-8"), ("server", "nginx"))
    return Page(
        url=f"https://mp.weixin.qq.com/s/{name}", body=body, headers=headers, fetched=FETCHED
    )


def account_years(found: Named, scratch: Path, level19_from: int) -> dict[str, float]:
    """KB a page beyond the first, for each account with at least 5 pages captured in one year."""
    scratch.mkdir(exist_ok=True)
    groups: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for name, body in found:
        # The server's own clock stands in the page: when it was captured, whenever it was
        # published.
        stamp = re.search(rb"svr_time\W{1,8}(\d{10})", body)
        account = name.split("_")[-1].split("-")[0]
        if stamp:
            groups[f"{account} {datetime.fromtimestamp(int(stamp[1]), UTC).year}"].append(
                (name, body)
            )
    return {
        name: kept(group, scratch / f"{name}.db", level19_from=level19_from)["kb_beyond_first"]
        for name, group in sorted(groups.items())
        if len(group) >= 5
    }


def growth(found: Named, count: int, path: Path) -> list[dict[str, float]]:
    """KB a page, CPU ms and resident MB as mutated pages come in."""
    steps = []
    begun = time.process_time()
    with Snapshots(path) as snapshots:
        for number, body in enumerate(mutated(found, count), start=1):
            snapshots.put(_page(str(number), body), address=str(number))
            if number in _marks(count):
                snapshots.select("PRAGMA wal_checkpoint(TRUNCATE)")
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                seconds = time.process_time() - begun
                kb = path.stat().st_size / 1024 / number
                steps.append(
                    {"pages": number, "kb": kb, "put_ms": seconds * 1000 / number, "peak_mb": peak}
                )
    return steps


def _marks(count: int) -> Iterable[int]:
    return {n for n in (10, 30, 100, 300, 1000, 3000, 10_000) if n < count} | {count}


def table(result: dict[str, Any]) -> str:
    """The figures for a person."""
    lines = [f"{result['pages']} pages of {result['mean_kb']:.0f} KB", ""]
    heads = ("KB a page", "put ms", "get ms", "KB at once", "repack ms")
    lines += [" " * 24 + "".join(f"{head:>11}" for head in heads)]
    rows = {
        **result["plain"],
        **{f"snapshots, order {n}": row for n, row in enumerate(result["orders"], start=1)},
    }
    rows["order 1, as by import"] = result["bulk"]
    keys = ("kb", "put_ms", "get_ms", "kb_at_once", "repack_ms")
    lines += [
        f"{name:24}" + "".join(f"{r[key]:11.1f}" for key in keys if key in r)
        for name, r in rows.items()
    ]
    lines += ["", "KB a page beyond the first, one account captured in one year; as by import:"]
    bulk = result["account_years_bulk"]
    lines += [f"  {n:22}{kb:10.1f}{bulk[n]:10.1f}" for n, kb in result["account_years"].items()]
    if "growth" in result:
        lines += ["", f"{'mutated pages':>14}{'KB a page':>11}{'put ms':>9}{'peak MB':>9}"]
        lines += [
            f"{s['pages']:14.0f}{s['kb']:11.1f}{s['put_ms']:9.1f}{s['peak_mb']:9.0f}"
            for s in result["growth"]
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
