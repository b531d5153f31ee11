"""The manuals are true: generated parts are current, links lead somewhere, both languages say the
same, names exist.
"""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

import scraper
from archive import cli, config
from archive.search import fields, query
from tests import docs, pages

RENEW = "`python -m tests.docs` renews the generated parts of the manuals"
#: Pages that people read while they use the program: these stand in both languages.
FOR_USERS = {
    "README.md",
    *(f"docs/{name}.md" for name in ("alerts", "commands", "cron", "search", "settings", "web")),
}


def test_generated_parts_are_current() -> None:
    """`cog --check` finds nothing to renew in any page."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.docs", "--check"],
        cwd=pages.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, f"Out of date: {RENEW}.\n{done.stdout}{done.stderr}"


def test_the_readmes_are_short() -> None:
    """A README is read in some minutes: 150 lines, the rest stands in docs/."""
    assert {} == {
        page: n for page in pages.all_pages() if "README" in page and (n := _lines(page)) > 150
    }


@pytest.mark.parametrize("page", pages.all_pages())
def test_links_lead_somewhere(page: str) -> None:
    """Each relative link names a file that is there, each # a heading of it."""
    assert [] == [link for link in pages.links(page) if not _leads_somewhere(page, link)]


@pytest.mark.parametrize("page", pages.all_pages())
def test_named_files_exist(page: str) -> None:
    """Each path of this repository that a page names is there."""
    assert [] == [name for name in pages.named_files(page) if not (pages.ROOT / name).exists()]


@pytest.mark.parametrize("page", pages.all_pages())
def test_named_tests_exist(page: str) -> None:
    """Each test that a page names as the one that shows something is there."""
    missing = [
        f"{file}::{name}"
        for file, name in pages.named_tests(page)
        if f"def {name}(" not in pages.read(file)
    ]

    assert [] == missing


def test_every_fault_has_its_row() -> None:
    """The faults of docs/reliability.md are numbered, each with the tests that show what is
    promised.
    """
    text = pages.read("docs/reliability.md")
    rows = sorted(int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE))
    shown = sorted(int(number) for number in re.findall(r"^- (\d+): `tests/", text, re.MULTILINE))

    assert list(range(1, len(rows) + 1)) == rows == shown
    assert len(rows) >= 24


def test_long_tests_are_marked_in_the_table() -> None:
    """An L stands behind each test of docs/reliability.md that is left out of quick runs, and no
    other.
    """
    named = re.findall(r"`(tests/\S+)::(\w+)`( L)?", pages.read("docs/reliability.md"))
    wrong = [f"{file}::{name}" for file, name, mark in named if bool(mark) != _is_long(file, name)]

    assert [] == wrong


def test_the_glossary_is_short() -> None:
    """At most 25 words that are WeChat's or ours; for the others the field's are used."""
    _, _, glossary = pages.read("docs/architecture.md").partition("## Glossary")

    assert 10 < len([line for line in glossary.splitlines() if line.startswith("| ")]) - 2 <= 25


def test_what_code_refers_to_is_there() -> None:
    """Comments and docstrings send the reader to pages that exist."""
    named = {
        (path.relative_to(pages.ROOT).as_posix(), page)
        for folder in ("archive", "scraper", "tests", "benchmarks")
        for path in (pages.ROOT / folder).rglob("*.py")
        for page in re.findall(r"\bdocs/[\w.-]+\.md\b", path.read_text(encoding="utf-8"))
    }

    assert [] == sorted(where for where in named if not (pages.ROOT / where[1]).exists())


def test_what_users_read_stands_in_both_languages() -> None:
    """README, commands, cron, search and settings have a Chinese page each."""
    assert set() == FOR_USERS - {english for english, _ in pages.in_both_languages()}


@pytest.mark.parametrize(("english", "chinese"), pages.in_both_languages())
def test_both_languages_tell_the_same_commands(english: str, chinese: str) -> None:
    """Line by line, what one page tells people to type or to copy stands in the other."""
    assert pages.shell_lines(english) == pages.shell_lines(chinese)
    for language in ("ini", "toml", "sql", "python"):
        assert _bare(english, language) == _bare(chinese, language)


@pytest.mark.parametrize(("english", "chinese"), pages.in_both_languages())
def test_both_languages_have_the_same_sections(english: str, chinese: str) -> None:
    """Heading for heading, by their levels; the pages can be read side by side."""
    levels = [[level for level, _ in pages.headings(page)] for page in (english, chinese)]

    assert levels[0] == levels[1]


@pytest.mark.parametrize("page", [chinese for _, chinese in pages.in_both_languages()])
def test_chinese_paragraphs_are_one_line(page: str) -> None:
    """A line end inside a paragraph is shown as a blank, which Chinese does not have."""
    broken = re.findall(
        r"^[^\n|#<].*[\u3000-\u9fff\uff00-\uffef]\n *[`\[\u3000-\u9fff].*$", pages.prose(page), re.M
    )

    assert [] == broken


@pytest.mark.parametrize("page", ["docs/commands.md", "docs/commands.zh-CN.md"])
def test_every_command_has_a_section(page: str) -> None:
    """Each command stands as a heading of the page."""
    found = {text for _, text in pages.headings(page)}

    assert [] == [name for name, _ in docs.every_command() if name not in found], RENEW


def test_every_command_is_shown_in_use() -> None:
    """Each command stands in a code block that tells people what to type, not only in the generated
    help.
    """
    typed = "\n".join(line for page in sorted(FOR_USERS) for line in pages.shell_lines(page))
    groups = {name for name, command in docs.every_command() if isinstance(command, click.Group)}

    unseen = [
        name
        for name, _ in docs.every_command()
        if name not in groups and not _is_typed(name, typed)
    ]

    assert [] == unseen, (
        "show each in a ```sh block of docs/commands.md or of another page for users, both languages"
    )


@pytest.mark.parametrize("page", ["docs/settings.md", "docs/settings.zh-CN.md"])
def test_every_setting_is_documented(page: str) -> None:
    """Each setting of config.toml has a row."""
    text = pages.read(page)

    assert [] == [name for name in config.setting_names() if f"| `{name}` |" not in text], RENEW


@pytest.mark.parametrize("page", ["docs/search.md", "docs/search.zh-CN.md"])
def test_every_word_of_the_query_language_is_documented(page: str) -> None:
    """Each field, each `has:` and each kind that a query may name stands on the page."""
    text = pages.read(page)
    words = [f"`{field}:" for field in fields.FIELDS] + [f"`has:{word}`" for word in query.HAS]
    words += [f"`{kind}`" for kind in scraper.KIND_NAMES.values()]

    assert [] == [word for word in words if word not in text]


def test_the_chinese_catalogue_is_whole() -> None:
    """Each setting, command and option has its Chinese words in docs/zh-CN.toml, and no more than
    those.
    """
    assert [] == docs.missing_in_chinese(), f"write these lines into docs/zh-CN.toml; then {RENEW}"
    assert [] == docs.needless_in_chinese(), f"take these out of docs/zh-CN.toml; then {RENEW}"


@pytest.mark.parametrize("page", sorted(FOR_USERS))
def test_the_options_that_are_shown_exist(page: str) -> None:
    """Every option in a code block is one that the command takes."""
    unknown = [
        f"{line}: {option}"
        for line in pages.shell_lines(page)
        for arguments in _calls(line)
        for option in _unknown_options(arguments)
    ]

    assert [] == unknown


def test_the_systemd_units_are_valid(tmp_path: Path) -> None:
    """What docs/cron.md gives systemd is taken by `systemd-analyze verify` without a word."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not on this machine")
    units = dict(
        re.findall(r"```ini\n# (\S+)\n(.*?)```", pages.read("docs/cron.md"), flags=re.DOTALL)
    )
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


def _is_long(file: str, name: str) -> bool:
    for node in ast.walk(ast.parse(pages.read(file))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return any("mark.long" in ast.unparse(mark) for mark in node.decorator_list)
    return False


def _lines(page: str) -> int:
    return len(pages.read(page).splitlines())


def _leads_somewhere(page: str, link: str) -> bool:
    if re.match(r"[a-z]+:", link):  # another site's: tests ask nobody outside
        return True
    path, _, anchor = unquote(link).partition("#")
    target = ((pages.ROOT / page).parent / path).resolve() if path else pages.ROOT / page
    if not target.exists() or not target.is_relative_to(pages.ROOT):
        return False
    return not anchor or anchor in pages.anchors(target.relative_to(pages.ROOT).as_posix())


def _bare(page: str, language: str) -> list[str]:
    """The lines of a language's blocks without what is only said to the reader."""
    lines = [line for block in pages.code_blocks(page, language) for line in block.splitlines()]
    return [re.sub(r"\s*(#|--) .*$", "", line) for line in lines]


def _is_typed(name: str, typed: str) -> bool:
    return (
        re.search(rf"wechat-archive {re.escape(name)}(\s|$)", typed, flags=re.MULTILINE) is not None
    )


def _calls(line: str) -> Iterator[list[str]]:
    """The arguments of each call of the program in a line of shell."""
    words = shlex.split(re.sub(r"&&|;|\|", " | ", line), comments=True)
    while any(word.endswith("wechat-archive") for word in words):
        at = next(i for i, word in enumerate(words) if word.endswith("wechat-archive"))
        words = words[at + 1 :]
        yield words[: words.index("|")] if "|" in words else words


def _unknown_options(arguments: list[str]) -> list[str]:
    command: click.Command = cli.cli
    known = {"--help", "-h", *_options(command)}
    for word in arguments:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), word) or command
        known |= _options(command)
    return [
        word
        for word in arguments
        # `-旧` is a tag to take away
        if word.startswith("-")
        and word.isascii()
        and word not in ("-", *known)
        and word.split("=")[0] not in known
    ]


def _options(command: click.Command) -> set[str]:
    return {
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
