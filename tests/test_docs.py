"""The READMEs are true: generated parts are current, both languages tell the same commands, the commands exist."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from archive import cli
from tests import docs


@pytest.mark.parametrize("readme", docs.READMES)
def test_generated_parts_are_current(readme: str) -> None:
    """`cog --check` finds nothing to renew."""
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "--check", "--diff", readme],
        cwd=docs.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr


def test_both_languages_tell_the_same_commands() -> None:
    """Line by line, what one README tells people to type stands in the other."""
    english, chinese = (docs.shell_lines(readme) for readme in docs.READMES)

    assert english == chinese
    assert english


def test_every_command_is_documented() -> None:
    """Each command stands in a code block of the README, not only in the generated help."""
    typed = "\n".join(docs.shell_lines("README.md"))

    assert [] == [name for name in cli.COMMANDS if f"wechat-archive {name}" not in typed]


def test_the_options_in_the_readme_exist() -> None:
    """Every option that the README uses is one that the command takes."""
    unknown = []
    for line in docs.shell_lines("README.md"):
        for part in line.replace("&&", "|").replace(";", "|").split("|"):
            words = shlex.split(part, comments=True)
            names = [i for i, word in enumerate(words) if word.endswith("wechat-archive")]
            if not names:
                continue
            arguments = words[names[-1] + 1 :]
            unknown += [f"{line}: {option}" for option in _unknown_options(arguments)]

    assert [] == unknown


def test_the_systemd_units_are_valid(tmp_path: Path) -> None:
    """What the README gives systemd is taken by `systemd-analyze verify` without a word."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not on this machine")
    text = (docs.ROOT / "README.md").read_text(encoding="utf-8")
    units = dict(re.findall(r"```ini\n# (\S+)\n(.*?)```", text, flags=re.DOTALL))
    for name, unit in units.items():
        program = f"ExecStart={sys.executable} --archive"  # verify wants a program that is there
        (tmp_path / name).write_text(
            re.sub(r"ExecStart=\S+ --archive", program, unit), encoding="utf-8"
        )

    done = subprocess.run(
        [analyze, "verify", "--man=no", *(str(tmp_path / name) for name in units)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert {"wechat-archive.service", "wechat-archive.timer"} == set(units)
    assert [] == [line for line in done.stderr.splitlines() if "wechat-archive" in line]


def _unknown_options(arguments: list[str]) -> list[str]:
    context = click.Context(cli.cli)
    name = next((word for word in arguments if word in cli.COMMANDS), None)
    command: click.Command | None = cli.cli.get_command(context, name) if name else cli.cli
    known = {"--help", "-h"}
    while command is not None:
        known |= {
            option
            for parameter in command.params
            for option in (*parameter.opts, *parameter.secondary_opts)
        }
        child = None
        if isinstance(command, click.Group) and command is not cli.cli:
            child = next(
                (
                    command.get_command(context, word)
                    for word in arguments
                    if command.get_command(context, word)
                ),
                None,
            )
        command = child
    return [
        word
        for word in arguments
        if word.startswith("-") and word != "-" and word.split("=")[0] not in known
    ]
