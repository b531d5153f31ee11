"""The generated parts of the manuals: help texts, settings, tables of the database.

``python -m tests.docs`` writes them anew, wherever they stand; ``--check`` only looks whether they
are current. What is generated for Chinese readers comes from ``docs/zh-CN.toml``.
"""

from __future__ import annotations

import ast
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import click

import archive
from archive import cli, config, exporters, i18n, importers
from archive.cli import words
from archive.crawl import source_types
from archive.crawl.source_types.base import SourceType
from scraper.body import clean
from scraper.body.cards.registry import CARD_TYPES
from scraper.models import MEDIA_TYPES
from tests import pages
from tests.command import wechat_archive

CATALOGUE = pages.ROOT / "docs" / "zh-CN.toml"
COMMON = frozenset({"--archive", "--verbose", "--quiet", "--log-format", "--lang", "--help"})


Registered = exporters.ExportFormat | importers.ImportFormat | SourceType


def main(args: list[str]) -> int:
    """Renew (or with ``--check`` compare) every page that has a generated part; 0: all is well."""
    mode = ["--check", "--diff"] if args == ["--check"] else ["-r"]
    before = _help_sections()
    command = [sys.executable, "-m", "cogapp", *mode, *pages.with_generated_parts()]
    code = subprocess.run(command, cwd=pages.ROOT, check=False).returncode
    changed = [name for name, text in _help_sections().items() if before.get(name, text) != text]
    if changed:
        print(f"The help of {', '.join(changed)} says something new: does docs/zh-CN.toml, too?")
    return code


def _help_sections() -> dict[str, str]:
    """What docs/commands.md shows of each command's help at this moment."""
    _, _, generated = pages.read("docs/commands.md").partition("cog.out(docs.all_help())")
    return dict(
        re.findall(r"^### ([^\n]+)\n\n(```text\n.*?^```)", generated, re.DOTALL | re.MULTILINE)
    )


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Each command by the words that call it (``export``, or ``fleet worker`` in a group), in the
    program's order.
    """
    yield from _commands_of(cli.cli, "")


def _commands_of(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if command.hidden:
            continue
        yield f"{before}{name}", command
        if isinstance(command, click.Group):
            yield from _commands_of(command, f"{before}{name} ")


def help_of(*names: str) -> str:
    """The help text of a command (none: of the program) as a code block."""
    width = {"COLUMNS": "100"}  # the terminal's must not change the pages
    with mock.patch.dict(os.environ, width):
        result = wechat_archive(*names, "--help")
    assert result.code == 0, result.stderr
    return f"```text\n{result.stdout.rstrip()}\n```\n"


def all_help() -> str:
    """Every command's help under its name."""
    return "\n".join(f"### {name}\n\n{help_of(*name.split())}" for name, _ in every_command())


def all_help_in_chinese() -> str:
    """Every command under its name in Chinese: how it is called, what it does, its own options as a
    table.
    """
    return "\n".join(_chinese_section(name, command) for name, command in every_command())


def _chinese_section(name: str, command: click.Command) -> str:
    with i18n.use(i18n.CHINESE):
        usage = " ".join(command.collect_usage_pieces(click.Context(command)))
    parts = [
        f"### {name}",
        f"```text\nwechat-archive {name} {usage}\n```",
        _chinese_command(name, command),
        _chinese_formats(name),
    ]
    rows = [
        f"| {_spelt(option)} | {_chinese_option(name, option)} |" for option in own_options(command)
    ]
    if rows:
        parts.append("\n".join(["| 选项 | 含义 |", "| --- | --- |", *rows]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _chinese_command(name: str, command: click.Command) -> str:
    said = str(chinese()["commands"].get(name, ""))
    if said:
        return said
    paragraphs = [text for is_rows, text in words.paragraphs(command.help or "") if not is_rows]
    return "".join(in_chinese(text) for text in paragraphs)


def in_chinese(text: str) -> str:
    """What help says, as its reader gets it."""
    with i18n.use(i18n.CHINESE):
        return i18n.gettext(text)


def _has_chinese(text: str) -> bool:
    return in_chinese(text) != text


def registered() -> dict[str, list[Registered]]:
    """What stands in the tables of formats and of sources, by the command that knows it."""
    return {
        "import": [*importers.FORMATS],
        "export": [*exporters.FORMATS.values()],
        "watch": [*source_types.TYPES],
    }


def _chinese_formats(command: str) -> str:
    rows = [f"| `{known.name}` | {known.chinese} |" for known in registered().get(command, [])]
    head = "类型" if command == "watch" else "格式"
    return "\n".join([f"| {head} | 说明 |", "| --- | --- |", *rows]) if rows else ""


def own_options(command: click.Command) -> list[click.Option]:
    """The options of a command that are not everybody's."""
    return [
        parameter
        for parameter in command.params
        if isinstance(parameter, click.Option)
        and not parameter.hidden
        and long_name(parameter) not in COMMON
    ]


def long_name(option: click.Option) -> str:
    """``--limit``: the name that the catalogue knows an option by."""
    return max(option.opts, key=len)


def _spelt(option: click.Option) -> str:
    record = option.get_help_record(click.Context(cli.cli))
    assert record is not None
    with i18n.use(i18n.CHINESE):
        term = words.in_words(record[0])
    return "`" + term.replace("|", "\\|") + "`"


def _chinese_option(command: str, option: click.Option) -> str:
    name = long_name(option)
    options = chinese()["options"]
    said = options.get(command, {}).get(name) or options["all"].get(name)
    return str(said or in_chinese(option.help or "").removesuffix("。"))


def chinese() -> dict[str, Any]:
    """What is said in Chinese of each setting, command and option."""
    with CATALOGUE.open("rb") as file:
        return tomllib.load(file)


def missing_in_chinese() -> list[str]:
    """What the catalogue should say and does not, as the lines to write."""
    said = chinese()
    missing = [
        f'[settings] {name} = "…"'
        for name in config.setting_names()
        if name not in said["settings"]
    ]
    for name, command in every_command():
        if name not in said["commands"] and not _has_chinese(command.short_help or ""):
            missing.append(f'[commands] "{name}" = "…"')
        known = said["options"].get(name, {}) | said["options"]["all"]
        missing += [
            f'[options."{name}"] "{long_name(option)}" = "…"'
            for option in own_options(command)
            if long_name(option) not in known and not _has_chinese(option.help or "")
        ]
    return missing


def needless_in_chinese() -> list[str]:
    """What the catalogue says of settings, commands and options that there are no longer."""
    said = chinese()
    commands = {
        name: {long_name(option) for option in own_options(command)}
        for name, command in every_command()
    }
    everywhere: set[str] = set().union(*commands.values())
    needless = sorted(set(said["settings"]) - set(config.setting_names()))
    needless += sorted(set(said["commands"]) - set(commands))
    for name, options in said["options"].items():
        held = everywhere if name == "all" else commands.get(name, set())
        needless += [f"{name} {option}" for option in options if option not in held]
    return needless


def settings(*, in_chinese: bool = False) -> str:
    """The settings of config.toml as a table."""
    default = config.Config()
    said = chinese()["settings"]
    head = "| 设置 | 默认 | 含义 |" if in_chinese else "| setting | default | meaning |"
    lines = [head, "| --- | --- | --- |"]
    for name in config.setting_names():
        meaning = said.get(name) if in_chinese else None
        value = _shown(config.shown_value(name, getattr(default, name)))
        lines.append(f"| `{name}` | {value} | {meaning or config.describe(name)} |")
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    if value is None or value == () or value == "":
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"`{text if len(text) < 40 else text[:30] + '…'}`"


def rooms() -> str:
    """The rooms of both packages, layer by layer, as the contracts of pyproject.toml have them."""
    with (pages.ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers = {
        contract["containers"][0]: contract["layers"]
        for contract in contracts
        if contract["type"] == "layers"
    }
    packages = [_package(name, layers[name]) for name in ("archive", "scraper")]
    arrow = ["", "       │ imports, and never the other way round", "       ▼", ""]
    return "\n".join(["```text", *packages[0], *arrow, *packages[1], "```", ""])


_ROOM, _WORDS = 12, 76


def _package(name: str, layers: list[str]) -> Iterator[str]:
    rows = [[room for room in re.findall(r"\w+", layer) if _says(name, room)] for layer in layers]
    yield f" {name}: {_says(name)}"
    yield _line("┌┬┐")
    for number, row in enumerate(filter(None, rows)):
        if number:
            yield _line("├┼┤")
        for room in row:
            for at, line in enumerate(textwrap.wrap(_says(name, room), _WORDS)):
                yield f"│ {'' if at else room:{_ROOM}} │ {line:{_WORDS}} │"
    yield _line("└┴┘")


def _line(corners: str) -> str:
    left, middle, right = list(corners)
    return f"{left}{'─' * (_ROOM + 2)}{middle}{'─' * (_WORDS + 2)}{right}"


def _says(package: str, room: str = "") -> str:
    """The first sentence that a room says of itself; nothing for a room that is not built yet."""
    place = pages.ROOT / package / room
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if not file.exists():
        return ""
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    sentence = re.split(r"\.\s", text.replace("``", ""), maxsplit=1)[0]
    return " ".join(sentence.removesuffix(".").split())


def cards() -> str:
    """The card types: their elements, the line that stands for one, how one is found."""
    rows = ["| card | elements | the line | found by |", "|---|---|---|---|"]
    for card in CARD_TYPES:
        types = [clean(example.html).media[0].type for example in card.examples]
        elements = " ".join(f"`{tag}`" for tag in sorted(card.tags))
        words = " ".join(dict.fromkeys(f"`has:{MEDIA_TYPES[name].has}`" for name in types))
        lines = "<br>".join(example.line for example in card.examples)
        rows.append(f"| {card.name} | {elements} | {lines} | {words} |")
    return "\n".join([*rows, ""])


def sql_form() -> str:
    """The statement that searches from plain SQL."""
    from archive.search.datasette import SQL_FORM

    return f"```sql\n{SQL_FORM}\n```\n"


def tables() -> str:
    """The tables of archive.db as SQLite keeps them: each column with its type and what it
    means.
    """
    with tempfile.TemporaryDirectory() as folder:
        archive.open(folder).close()
        with closing(sqlite3.connect(Path(folder) / "archive.db")) as database:
            rows = database.execute(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
                " AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
            ).fetchall()
    shown = "\n\n".join(f"{_unindented(sql)};" for name, sql in rows if not _is_internal(name))
    return f"```sql\n{shown}\n```\n"


def _unindented(sql: str) -> str:
    lines = [line.rstrip() for line in sql.splitlines()]
    return "\n".join(
        [lines[0], *(line[4:] if line.startswith("    ") else line for line in lines[1:])]
    )


def _is_internal(name: str) -> bool:
    """SQLite's own tables behind a search table, and the migrations' diary."""
    return name.startswith("_") or bool(re.search(r"_(data|idx|content|docsize|config)$", name))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
