"""What the manuals show is run: the README's first day, the SQL, the Python."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import archive
from tests import pages
from tests.command import wechat_archive
from tests.weixin.default_site import ALBUM_ID, START, site
from tests.weixin.recorded import Recording
from tests.weixin.server import Internet
from tests.weixin.site import Site

#: Ends on its own only when somebody stops it.
_STAYS = "serve"


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to begin in, inside the small internet, with an archive that needs no pauses."""
    home = tmp_path / "home"
    (home / "wechat-archive-data").mkdir(parents=True)
    (home / "wechat-archive-data" / "config.toml").write_text("interval = 0\n", encoding="utf-8")
    monkeypatch.chdir(home)
    page = pages.ROOT / "tests" / "cases" / "article" / "2026-plain" / "page.html"
    (home / "saved-pages").mkdir()
    shutil.copy(page, home / "saved-pages")
    shutil.copy(page, home)
    (home / "traffic.har").write_bytes(Recording().page(Site().article("一天的阅读")).har())
    with Internet(site()) as internet:
        for name, value in internet.env.items():
            monkeypatch.setenv(name, value)
        yield home


def test_the_first_day_of_the_readme(newcomer: Path, tmp_path: Path) -> None:
    """Each command of the README, one after the other, as a stranger would; two addresses fail on
    purpose.
    """
    day = [line for line in pages.shell_lines("README.md") if line.startswith("wechat-archive ")]
    album = f"https://mp.weixin.qq.com/mp/appmsgalbum?__biz=MzA5MTIzNDU2Nw==&album_id={ALBUM_ID}"
    ended = {}
    for line in day:
        if line.split()[1] == _STAYS:
            continue
        key = next(iter(newcomer.rglob("* [[]*[]].md")), Path("[none]")).stem[-11:-1]
        line = line.replace("https://mp.weixin.qq.com/mp/appmsgalbum?__biz=…&album_id=…", album)
        line = line.replace("https://mp.weixin.qq.com/s/…", START).replace("KEY", key)
        line = line.replace("投资实习所", "测试号").replace("/mnt/backup", str(tmp_path / "backup"))
        ended[line] = wechat_archive(*shlex.split(line)[1:])

    unexpected = {
        line: result.stderr
        for line, result in ended.items()
        if result.code != (1 if " --follow " in line else 0)
    }
    assert {} == unexpected
    assert len(ended) >= 10
    assert "融资" in next(result.stdout for line, result in ended.items() if " search " in line)
    assert (newcomer / "book.epub").exists()


def test_the_python_example(newcomer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example of docs/python.md, with an address that the small internet has."""
    [code] = pages.code_blocks("docs/python.md", "python")

    exec(code.replace("https://mp.weixin.qq.com/s/…", START), {})

    assert "春天的第一场雨" in capsys.readouterr().out


def test_the_sql_examples(tmp_path: Path) -> None:
    """Each question of docs/database.md is one that archive.db answers."""
    archive.open(tmp_path).close()
    blocks = pages.code_blocks("docs/database.md", "sql")
    questions = [block for block in blocks if not block.startswith("CREATE")]

    with closing(sqlite3.connect(tmp_path / "archive.db")) as database:
        found = [
            database.execute(question, {"q": "融资"}).fetchall()
            for block in questions
            for question in block.split(";")
            if question.strip()
        ]

    assert len(found) >= 4
    assert [] == [rows for rows in found if rows]
