"""An archive.db that somebody made to do harm, or that was damaged where no checksum reaches: told
as that and not as a bug of the program.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive.db.foreign import foreign
from tests.attacks.archives import Place
from tests.command import wechat_archive

#: What nobody who writes a time or a number writes, as SQLite stores it.
HOSTILE = [2**63 - 1, b"\xff\xfe", "99999-99-99T99:99:99Z", "a\0b", "x" * 300_000, 1e308]
#: Statements → what is said.
SCHEMAS = {
    "a view in a table's place": (
        "ALTER TABLE own_marks RENAME TO o; CREATE VIEW own_marks AS SELECT * FROM o",
        "its view own_marks is not this program's",
    ),
    "a trigger of somebody": (
        "CREATE TRIGGER x AFTER INSERT ON own_tags BEGIN DELETE FROM articles; END",
        "its trigger x is not this program's",
    ),
    "one of ours with another body": (
        "DROP TRIGGER generation_articles_came; CREATE TRIGGER generation_articles_came "
        "AFTER INSERT ON articles BEGIN DELETE FROM articles; END",
        "its trigger generation_articles_came is not this program's",
    ),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An archive with something in most tables."""
    place = Place(tmp_path_factory.mktemp("foreign") / "home")
    place.home.mkdir()
    place.make()
    for words in (
        ("tag", place.key, "+x"),
        ("star", place.key),
        ("note", place.key, "n"),
        ("alert", "add", "a", "岩茶"),
        ("watch", "https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA"),
        ("group", "g", "+某号"),
    ):
        assert wechat_archive(*words, "--archive", str(place.archive)).code == 0
    return place


def _changed(place: Place, script: str, *values: object) -> Path:
    database = place.archive / "archive.db"
    with closing(sqlite3.connect(database)) as db, db:
        if values:
            db.execute(script, values)
        else:
            db.executescript(script)
    (place.archive / "archive.db.seal").unlink(missing_ok=True)
    return database


def test_nothing_of_our_own_is_foreign(sound: Place) -> None:
    """Not in an archive that commands filled."""
    assert foreign(sound.archive / "archive.db") is None


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_a_time_that_is_none_is_told(sound: Place, tmp_path: Path, value: object) -> None:
    """Whatever stands in its place: no command ends as if it had a bug, and the place is named."""
    place = sound.copy(tmp_path / "home")
    _changed(place, "UPDATE own_marks SET starred = ?", value)
    ended = {}
    for words in (("show", place.key, "--links"), ("list", "--starred"), ("read", place.key)):
        result = wechat_archive(*words, "--archive", str(place.archive))
        ended[words[0]] = (result.code, "starred in its table own_marks holds" in result.stderr)
    assert {"show": (65, True), "list": (65, True), "read": (65, True)} == ended


@pytest.mark.parametrize("column", ["articles.changes", "articles.record", "versions.record"])
def test_json_that_is_none_is_told(sound: Place, tmp_path: Path, column: str) -> None:
    """As `show --versions` meets it."""
    table, _, name = column.partition(".")
    database = _changed(sound.copy(tmp_path / "home"), f"UPDATE {table} SET {name} = ?", "{\0")
    assert f"{name} in its table {table} holds what cannot stand there" == foreign(database)


@pytest.mark.parametrize("name", SCHEMAS)
def test_tables_and_triggers_of_others_are_told(sound: Place, tmp_path: Path, name: str) -> None:
    """By their names."""
    script, said = SCHEMAS[name]
    place = sound.copy(tmp_path / "home")
    assert said == foreign(_changed(place, script))


def test_a_view_without_end_is_not_waited_for(sound: Place, tmp_path: Path) -> None:
    """It is known for what it is before anything reads it."""
    place = sound.copy(tmp_path / "home")
    endless = (
        "ALTER TABLE tags RENAME TO t; CREATE VIEW tags AS WITH RECURSIVE r(x) AS "
        "(SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT t.* FROM t, r"
    )
    assert "its view tags is not this program's" == foreign(_changed(place, endless))


def test_a_view_is_no_bug(sound: Place, tmp_path: Path) -> None:
    """What SQLite refuses of it is damage, 65."""
    place = sound.copy(tmp_path / "home")
    _changed(place, SCHEMAS["a view in a table's place"][0])
    result = wechat_archive("unstar", place.key, "--archive", str(place.archive))
    assert (result.code, "is damaged: cannot modify own_marks" in result.stderr) == (65, True)
