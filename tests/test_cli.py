"""The frame of the command line: help, mistakes, exit codes."""

from __future__ import annotations

import errno
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest

from archive import cli
from archive.errors import BadQuery, Corrupt, Locked
from scraper.errors import Blocked, NotAnAddress, Unreachable
from tests.command import wechat_archive


def test_help_lists_every_command() -> None:
    """`--help` and no argument at all show the same list."""
    result = wechat_archive("--help")

    assert 0 == result.code
    for name, (_, line) in cli.COMMANDS.items():
        assert f"  {name} " in result.stdout
        assert line in " ".join(result.stdout.split())
    assert result.stdout == wechat_archive().stdout


def test_help_lists_every_command_after_list_was_used() -> None:
    """The module of `list`, once imported into its package, does not stand for Python's own
    name.
    """
    wechat_archive("list", "--help")

    result = wechat_archive("--help")

    assert (0, "") == (result.code, result.stderr)
    assert [] == [name for name in cli.COMMANDS if name not in result.stdout]


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_a_command_says_of_itself_what_the_list_says(name: str) -> None:
    """The line in the list is the command's own, every option of it has a help text."""
    context = click.Context(cli.cli)
    command = cli.cli.get_command(context, name)

    assert command is not None
    assert cli.COMMANDS[name][1] == command.get_short_help_str(200)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(name: str) -> None:
    """`COMMAND --help` works without an archive."""
    result = wechat_archive(name, "--help")

    assert 0 == result.code
    assert f"Usage: wechat-archive {name}" in result.stdout


def test_a_typo_gets_a_suggestion() -> None:
    """A mistyped command ends with 64 and the nearest name."""
    result = wechat_archive("serach", "融资")

    assert (64, "") == (result.code, result.stdout)
    assert "Did you mean 'search'?" in result.stderr


def test_a_mistyped_option_gets_the_nearest_alone() -> None:
    """``--album`` is near ``--limt``, too, to who counts letters only."""
    result = wechat_archive("list", "--limt", "3")

    assert (64, "") == (result.code, result.stdout)
    assert "Did you mean '--limit'?" in result.stderr


def test_an_address_instead_of_a_command_is_saved(tmp_path: Path) -> None:
    """Who pastes an address and nothing else gets it kept; options may stand behind it."""
    result = wechat_archive(
        "https://mp.weixin.qq.com/s/abcdefghijklmnopqrstuv",
        "--dry-run",
        "--archive",
        str(tmp_path / "none"),
    )

    assert (0, "to fetch: https://mp.weixin.qq.com/s/abcdefghijklmnopqrstuv\n") == (
        result.code,
        result.stdout,
    )
    assert not (tmp_path / "none").exists()


def test_the_version_is_the_packages() -> None:
    """`--version` prints name and version."""
    assert "wechat-archive 0." in wechat_archive("--version").stdout


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Locked("pid 7 holds it"), 75, "pid 7"),
        (Corrupt("one row"), 65, "one row"),
        (BadQuery("nothing to look for"), 64, "nothing to look for"),
        (NotAnAddress("no address in it"), 64, "no address"),
        (Blocked("captcha", reason="captcha"), 75, "captcha"),
        (Unreachable("no connection"), 69, "no connection"),
        (OSError(errno.ENOSPC, "No space left on device", "a.md"), 74, "make room"),
        (PermissionError(errno.EACCES, "Permission denied", "/root/x"), 73, "--archive"),
        (sqlite3.OperationalError("database or disk is full"), 74, "make room"),
        (sqlite3.DatabaseError("file is not a database"), 65, "verify --repair"),
        (sqlite3.OperationalError("database is locked"), 75, "held by another program"),
        (sqlite3.OperationalError("attempt to write a readonly database"), 73, "may be written"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ValueError("surprise"), 70, "bug in wechat-archive"),
    ],
)
def test_every_error_becomes_a_line_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    """Whatever is raised: never a traceback, always a code that cron can act on."""

    def fails(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr("archive.config.load", fails)

    result = wechat_archive("config")

    assert (code, "") == (result.code, result.stdout)
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_secrets_do_not_reach_an_error() -> None:
    """An address typed with a reader's key is shown without it."""
    result = wechat_archive(
        "https://mp.weixin.qq.com/s?__biz=Mz&mid=1&idx=1&key=5ec2e7&pass_ticket=71cke7"
    )

    assert "5ec2e7" not in result.stderr
    assert "71cke7" not in result.stderr


def test_start_up_imports_nothing_heavy() -> None:
    """`--help` must not pay for the network, the parser or the database."""
    code = "import sys, archive.cli as c; c.run(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "httpx",
        "lxml",
        "bs4",
        "markdownify",
        "sqlite_utils",
        "rich",
        "asyncio",
        "zstandard",
        "yaml",
    }

    assert set() == {name for name in heavy if f"'{name}'" in done.stderr}


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    """`wechat-archive … | head -1` ends quietly."""
    line = f"{sys.executable} -m archive.cli config --archive {tmp_path} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)


def test_logging_can_be_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--log-format json` writes one object a line to stderr."""
    import logging

    from archive.config import Config

    def loud(*_args: object) -> Config:
        logging.getLogger("archive").warning("key=%s", "https://mp.weixin.qq.com/s?key=5ec2e7")
        return Config()

    monkeypatch.setattr("archive.config.load", loud)

    result = wechat_archive("config", "--log-format", "json", "--archive", str(tmp_path))

    line = json.loads(result.stderr)
    assert ("warning", "archive") == (line["level"], line["logger"])
    assert "5ec2e7" not in line["message"]
