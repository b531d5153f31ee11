"""Builds a release into dist/ and checks it; tags only when asked.

    python packaging/release.py                  build and check
    python packaging/release.py --url ADDRESS    and write the Homebrew formula for the source at ADDRESS
    python packaging/release.py --tag            and tag this commit vVERSION; nothing is pushed or uploaded

Needs ``build`` and ``twine`` (pip install build twine).
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
PACKAGES = ("scraper/", "archive/")


def run(*command: str, cwd: Path = ROOT) -> str:
    """What a program prints; ends the release where it fails."""
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def wrong_in_wheel(tracked: set[str], packed: set[str]) -> list[str]:
    """What a wheel lacks of the packages' files under version control, and what it holds besides them."""
    ours = {name for name in tracked if name.startswith(PACKAGES)}
    held = {name for name in packed if ".dist-info/" not in name}
    missing = [f"missing: {name}" for name in sorted(ours - held)]
    return missing + [f"not ours: {name}" for name in sorted(held - ours)]


def formula(template: str, url: str, sdist: Path) -> str:
    """The Homebrew formula for the source at ``url``, whose bytes are those of ``sdist``."""
    checksum = hashlib.sha256(sdist.read_bytes()).hexdigest()
    return template.replace("@URL@", url).replace("@SHA256@", checksum)


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as packed:
        return set(packed.namelist())


def _check_sdist(sdist: Path, wheel: Path) -> None:
    """A wheel built from the source archive holds what the other does."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(sdist) as packed:
            packed.extractall(folder, filter="data")
        [source] = Path(folder).iterdir()
        run(sys.executable, "-m", "build", "--wheel", "--outdir", f"{folder}/out", cwd=source)
        [again] = (Path(folder) / "out").iterdir()
        if _names(again) != _names(wheel):
            sys.exit(f"{sdist.name} builds another wheel than {wheel.name}")


def _check_tag(version: str) -> None:
    heading = f"## {version} – "
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    dated = [line for line in lines if line.startswith(heading)]
    if not dated or "unreleased" in dated[0]:
        sys.exit(f"CHANGELOG.md has no dated section {version}")
    if run("git", "status", "--porcelain"):
        sys.exit("there are changes that are not committed")


def main() -> None:
    """Build, check, and say what lies in dist/."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", help="where the source archive will lie, for the formula")
    parser.add_argument("--tag", action="store_true", help="tag this commit")
    asked = parser.parse_args()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if asked.tag:
        _check_tag(version)
    run(sys.executable, "-m", "build", "--outdir", str(DIST))
    wheel = DIST / f"wechat_archive-{version}-py3-none-any.whl"
    sdist = DIST / f"wechat_archive-{version}.tar.gz"
    run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
    if wrong := wrong_in_wheel(set(run("git", "ls-files").splitlines()), _names(wheel)):
        sys.exit("\n".join([f"{wheel.name}:", *wrong]))
    _check_sdist(sdist, wheel)
    if asked.url:
        template = (ROOT / "packaging/homebrew/wechat-archive.rb").read_text(encoding="utf-8")
        filled = formula(template, asked.url, sdist)
        (DIST / "wechat-archive.rb").write_text(filled, encoding="utf-8")
    if asked.tag:
        run("git", "tag", "--annotate", f"v{version}", "--message", f"wechat-archive {version}")
    print(f"{wheel.name} and {sdist.name} are sound, in {DIST}")


if __name__ == "__main__":
    main()
