"""No control character reaches a terminal raw: in any command, from any source."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from archive import cli
from archive.cli.console import SafeStream, styled
from scraper.controls import escape_controls
from tests.attacks.archives import Place, every_command
from tests.command import wechat_archive

#: Colours, a title of the window, a bell, C1's CSI, turned text, an isolate, another line.
HOSTILE = "\x1b[31m\x1b]0;t\x07\x9b2J\u202e\u2066\u061c\u2028\x7f"
RAW = frozenset(HOSTILE) - frozenset("[31m]0;t2J")


def raw_controls(text: str) -> set[str]:
    """Those of the control characters that stand in ``text``."""
    return set(text) & RAW


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An archive in which every text that a command may show holds control characters."""
    place = Place(tmp_path_factory.mktemp("output") / "home")
    place.home.mkdir()
    place.make()
    for table, columns in {
        "articles": ("title", "author", "account", "place", "digest", "gone_shown", "url"),
        "accounts": ("name", "alias", "signature", "user_name"),
        "versions": ("title",),
        "albums": ("title",),
        "tags": ("tag",),
        "links": ("text", "url"),
    }.items():
        for column in columns:
            place.sql(f"UPDATE {table} SET {column} = {column} || ?", HOSTILE)
    place.sql(
        "INSERT INTO sources (address, sort, title, every, follow, scope, due, added, error) "
        "VALUES ('https://mp.weixin.qq.com/s/x', 'article', ?1, 1, 0, 'any', '2099', '2026', ?1)",
        HOSTILE,
    )
    place.sql(
        "INSERT INTO frontier (address, fetch, form, state, open, why, depth, follow, scope, refresh, due, error, "
        "error_class, added, updated) VALUES ('a' || ?1, 'a' || ?1, 'short', 'failed', 0, 'given', 0, 0, 'any', 0, "
        "'2099', ?1, ?1, '2026', '2026')",
        HOSTILE,
    )
    (place.archive / "articles" / f"note{HOSTILE}.md").write_text("a note")
    return place


@pytest.mark.parametrize("verbose", [(), ("-vv",), ("--log-format", "json")])
def test_no_command_writes_a_control_character(
    place: Place, tmp_path: Path, verbose: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Titles, accounts, tags, links, errors, file names: neither on stdout nor on stderr."""
    monkeypatch.setattr("click.launch", lambda url: 0)
    wrong = {}
    for command, result in every_command(place.copy(tmp_path / "home"), *verbose):
        if found := raw_controls(result.stdout + result.stderr):
            wrong[command] = found
    assert {} == wrong


def test_what_is_asked_for_and_given_is_shown_safely(tmp_path: Path) -> None:
    """Arguments come back in errors, and names of files that were given too."""
    name = tmp_path / f"x{HOSTILE}.html"
    name.write_bytes(b"<html>nothing</html>")
    archive = str(tmp_path / f"a{HOSTILE}")
    asked = [
        (HOSTILE,), ("show", HOSTILE), ("list", "--account", HOSTILE), ("search", f'"{HOSTILE}'),
        ("search", f"title:{HOSTILE}"), ("import", str(name)), ("import", str(tmp_path)), ("save", str(name)),
        ("save", HOSTILE), ("convert", str(name)), ("export", "csv", f"{tmp_path}/{HOSTILE}/x"), ("status",),
        ("watch", HOSTILE), ("retry", HOSTILE), ("forget", HOSTILE), ("backup", f"{tmp_path}/b{HOSTILE}"),
        ("save", "--interval", HOSTILE), ("config",), ("verify",), ("list", "--since", HOSTILE),
    ]  # fmt: skip
    results = [wechat_archive(*argv, "--archive", archive) for argv in asked]

    assert [set()] * len(asked) == [raw_controls(r.stdout + r.stderr) for r in results]
    assert [] == [argv for argv, result in zip(asked, results, strict=True) if result.code == 70]


def test_json_and_tables_hold_the_same_values_written_out(tmp_path: Path) -> None:
    """`--json`, JSON Lines: what a program reads is the value itself. A CSV's cells show it."""
    title = "标题\u202e和\x9b"
    place = Place(tmp_path / "home")
    place.home.mkdir()
    place.make()
    place.sql("UPDATE articles SET title = ?", title)
    archive = ("--archive", str(place.archive))
    listed = wechat_archive("list", "--json", *archive).stdout
    lines = wechat_archive("export", "jsonl", "-", *archive).stdout
    table = wechat_archive("export", "csv", "-", *archive).stdout

    assert {title} == {json.loads(line)["title"] for line in listed.splitlines()}
    assert {title} == {json.loads(line)["title"] for line in lines.splitlines()}
    assert "标题\\u202e和\\u009b" in table
    assert set() == raw_controls(listed + lines + table)


class Terminal(io.StringIO):
    """What says that a person reads it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"NO_COLOR": "", "FORCE_COLOR": ""}, True, True),
    ],
)
def test_colours_are_shown_where_they_are_wanted(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], terminal: bool, coloured: bool
) -> None:
    """On a terminal, or where FORCE_COLOR says so; NO_COLOR wins. Only the program's own are."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = Terminal() if terminal else io.StringIO()
    SafeStream(out).write(styled("red\x1b[31m\n", "dim"))

    expected = "red\\u001b[31m\n"
    assert (f"\x1b[2m{expected}\x1b[0m" if coloured else expected) == out.getvalue()


def test_a_terminal_that_knows_no_chinese_is_told_all_the_same() -> None:
    """No UnicodeEncodeError under LANG=C, nor for a file's name that is no text."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    SafeStream(out).write("标题 \udc80")
    out.flush()
    assert b"\\u6807\\u9898 \\udc80" == out.buffer.getvalue()


def test_letters_of_all_scripts_stay() -> None:
    """Chinese, emoji with joiners, Arabic, tabs and lines are nobody's commands."""
    text = "标题\t👨‍👩‍👧 العربية हिन्दी\n第二行 ①②㉑"
    assert text == escape_controls(text)


def test_the_streams_are_given_back(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that calls ``cli.run`` finds its own streams again."""
    before = (sys.stdout, sys.stderr)
    cli.run(["--version"])
    assert before == (sys.stdout, sys.stderr)
    assert "wechat-archive" in capsys.readouterr().out


def test_output_goes_through_one_place() -> None:
    """Nobody styles by hand, opens a console of their own, or takes the stream below."""
    folder = Path(cli.__file__).parent
    for path in folder.rglob("*.py"):
        if path.name != "console.py":
            text = path.read_text(encoding="utf-8")
            for way in (
                "click.style",
                "click.secho",
                " Console(",
                "__stdout__",
                "__stderr__",
                ".raw.",
            ):
                assert way not in text, f"{path.name}: {way}"
