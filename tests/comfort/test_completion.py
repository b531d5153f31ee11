"""Tab in the shells that are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import wechat_archive
from tests.crawl.nursery import ROOT
from tests.store.make import article, keep, opened

PROGRAM = "wechat-archive"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A folder of programs with ours in it, and an archive of two articles."""
    with opened(tmp_path / "archive") as store:
        kept = keep(store, article(1, title="早安", tags=("微信的",)))
    wechat_archive("tag", kept.key, "+我的", "--archive", str(tmp_path / "archive"))
    programs = tmp_path / "bin"
    programs.mkdir()
    ours = programs / PROGRAM
    ours.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m archive "$@"\n')
    ours.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "WECHAT_ARCHIVE": str(tmp_path / "archive"),
        "LC_ALL": "C.UTF-8",
    }


def run(environment: dict[str, str], *command: str) -> str:
    """What a shell prints; skipped where it is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed here")
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


#: What is typed → what Tab offers.
TYPED = [
    (["wechat-archive", "com"], "completion"),
    (["wechat-archive", "list", "--acc"], "--account"),
    (["wechat-archive", "list", "--account", "投"], "投资实习所"),
    (["wechat-archive", "list", "--tag", "我"], "我的"),
    (["wechat-archive", "list", "--topic", "微"], "微信的"),
]


@pytest.mark.parametrize(("words", "offered"), TYPED)
def test_bash(environment: dict[str, str], words: list[str], offered: str) -> None:
    """What the program prints for bash is loaded by it, and its function answers."""
    script = (
        f'eval "$({PROGRAM} completion bash)"; COMP_WORDS=({" ".join(words)}); '
        f"COMP_CWORD={len(words) - 1}; _wechat_archive_completion {PROGRAM}; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )

    assert offered in run(environment, "bash", "--norc", "-c", script).splitlines()


@pytest.mark.parametrize(("words", "offered"), TYPED)
def test_fish(environment: dict[str, str], words: list[str], offered: str) -> None:
    """fish's own ``complete -C`` asks as its Tab does."""
    script = f"{PROGRAM} completion fish | source; complete -C '{' '.join(words)}'"
    lines = run(environment, "fish", "--no-config", "-c", script).splitlines()

    assert offered in [line.partition("\t")[0] for line in lines]


@pytest.mark.parametrize(("words", "offered"), TYPED)
def test_zsh(environment: dict[str, str], words: list[str], offered: str) -> None:
    """zsh loads the script, and what its function asks the program is answered."""
    script = (
        f'autoload -Uz compinit; compinit -u; eval "$({PROGRAM} completion zsh)"; '
        f"whence -w _wechat_archive_completion; COMP_WORDS='{' '.join(words)}' "
        f"COMP_CWORD={len(words) - 1} _WECHAT_ARCHIVE_COMPLETE=zsh_complete {PROGRAM}"
    )
    lines = run(environment, "zsh", "-f", "-c", script).splitlines()

    assert "_wechat_archive_completion: function" == lines[0]
    assert offered in lines


def test_keys_come_with_their_titles(environment: dict[str, str]) -> None:
    """A key says nothing by itself; shells that can show what it is."""
    key = wechat_archive("list", "--archive", environment["WECHAT_ARCHIVE"]).stdout.split()[0]
    asked = {
        **environment,
        "COMP_WORDS": f"{PROGRAM} show {key[:3]}",
        "COMP_CWORD": "2",
        "_WECHAT_ARCHIVE_COMPLETE": "zsh_complete",
    }

    assert ["plain", key, "早安"] == run(asked, "sh", "-c", PROGRAM).splitlines()


def test_without_an_archive_nothing_is_offered_and_nothing_made(tmp_path: Path) -> None:
    """A Tab in an empty folder leaves it empty."""
    done = subprocess.run(
        [sys.executable, "-m", "archive"],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "WECHAT_ARCHIVE": str(tmp_path / "none"),
            "COMP_WORDS": f"{PROGRAM} show a",
            "COMP_CWORD": "2",
            "_WECHAT_ARCHIVE_COMPLETE": "bash_complete",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert ("", []) == (done.stdout.strip(), [*tmp_path.iterdir()])
