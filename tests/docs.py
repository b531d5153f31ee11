"""The generated parts of the READMEs: help texts, settings, tables.

``cog -r README.md README.zh-CN.md`` writes them.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from unittest import mock

from archive import cli, config
from tests.command import wechat_archive

ROOT = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.zh-CN.md")


def help_of(*names: str) -> str:
    """The help text of a command (none: of the program) as a code block."""
    with mock.patch.dict(
        os.environ, {"COLUMNS": "100"}
    ):  # the width of the terminal must not change the README
        result = wechat_archive(*names, "--help")
    assert result.code == 0, result.stderr
    return f"```text\n{result.stdout.rstrip()}\n```\n"


def all_help() -> str:
    """Every command's help, folded away under its name."""
    parts = [
        f"<details><summary><code>wechat-archive {n}</code></summary>\n\n{help_of(n)}</details>"
        for n in cli.COMMANDS
    ]
    return "\n".join(parts) + "\n"


def settings() -> str:
    """The settings of config.toml as a table."""
    default = config.Config()
    rows = []
    for name in config.setting_names():
        value = getattr(default, name)
        shown = (
            "–"
            if value in (None, ())
            else str(value).lower()
            if isinstance(value, bool)
            else f"`{_short(value)}`"
        )
        rows.append(f"| `{name}` | {shown} | {config.describe(name)} |")
    return "| setting | default | meaning |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def _short(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) < 40 else text[:30] + "…"


def sql_form() -> str:
    """The statement that searches from plain SQL."""
    from archive.search.datasette import SQL_FORM

    return f"```sql\n{SQL_FORM}\n```\n"


def tables() -> str:
    """The tables of archive.db as SQLite keeps them: every column with its type and what it means."""
    from archive.db.schema import open_database

    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "archive.db")
        rows = list(
            database.conn.execute(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
                " ORDER BY rowid"
            )
        )
        database.conn.close()
    shown = "\n\n".join(f"{_unindented(sql)};" for name, sql in rows if not _is_internal(name))
    return f"<details><summary>archive.db, table by table</summary>\n\n```sql\n{shown}\n```\n\n</details>\n"


def _unindented(sql: str) -> str:
    lines = [line.rstrip() for line in sql.splitlines()]
    return "\n".join(
        [lines[0], *(line[4:] if line.startswith("    ") else line for line in lines[1:])]
    )


def _is_internal(name: str) -> bool:
    """SQLite's own tables behind a search table, and the migrations' diary."""
    return name.startswith("_") or bool(re.search(r"_(data|idx|content|docsize|config)$", name))


def shell_lines(readme: str) -> list[str]:
    """The commands that a README tells people to type, comments and blank lines left out."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:sh|bash|shell)\n(.*?)```", text, flags=re.DOTALL)
    lines = [
        re.sub(r"\s+#\s.*$", "", line).rstrip() for block in blocks for line in block.splitlines()
    ]
    return [line for line in lines if line and not line.lstrip().startswith("#")]
