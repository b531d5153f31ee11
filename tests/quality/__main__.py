"""``python -m tests.quality``: measure our small pages, and the real ones where they are, against
the floors.

    python -m tests.quality [FOLDER] [--pin [--allow-regression]] [--worst N]

FOLDER holds NAME.html and NAME.json (as ../shared/corpus's pages/). Exit code 1 when any figure
fell.
"""

from __future__ import annotations

import argparse
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.quality import gate
from tests.quality.measure import SHARES

_CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "corpus.tar.xz"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.quality", description=__doc__.split("\n")[0] if __doc__ else ""
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help="real pages with truths (default: those beside the checkout)",
    )
    parser.add_argument(
        "--pin", action="store_true", help="raise the floors to what is measured now"
    )
    parser.add_argument(
        "--allow-regression",
        action="store_true",
        help="with --pin: lower a floor; say why in the commit",
    )
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="name the N worst pages")
    chosen = parser.parse_args()
    fell = _one("small", gate.HERE / "pages", chosen)
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path | None = chosen.folder
        if folder is None and _CORPUS.exists():
            with tarfile.open(_CORPUS, "r:xz") as archive:
                archive.extractall(scratch, filter="data")
            folder = Path(scratch) / "corpus" / "pages"
        if folder is None:
            print("corpus: not beside this checkout, so not measured")
        else:
            fell += _one("corpus", folder, chosen)
    return 1 if fell else 0


def _one(which: str, folder: Path, chosen: argparse.Namespace) -> int:
    rows = gate.measure(folder)
    found = gate.figures(rows)
    print(f"{which}: " + "  ".join(f"{name} {value}" for name, value in found.items()))
    worst = sorted(
        rows,
        key=lambda name: sum(
            1.0 if (share := rows[name][key]) is None else share for key in SHARES
        ),
    )
    for name in worst[: chosen.worst]:
        print(
            f"  {name}: "
            + ", ".join(
                f"{k} {v:.4f}" for k, v in rows[name].items() if v is not None and v not in (0, 1)
            )
        )
    if chosen.pin:
        fallen = gate.pin(which, found, allow_regression=chosen.allow_regression)
    else:
        fallen = gate.regressions(found, gate.floors().get(which, {}))
    for sentence in fallen:
        print(f"  FELL {sentence}", file=sys.stderr)
    return len(fallen)


if __name__ == "__main__":
    sys.exit(main())
