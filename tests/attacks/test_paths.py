"""No command follows a link or a stored path out of the archive or out of where it was told to
write.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archive import cli
from tests.attacks.archives import COMMANDS, LEFTOVER, SERVERS, Place, every_command, link, pipe

Attack = Callable[[Place], None]


def _own(name: str) -> Attack:
    return lambda place: link(place.archive / name, place.own / "own.txt")


def _path(column: str, value: str) -> Attack:
    table, _, name = column.partition(".")

    def attack(place: Place) -> None:
        place.sql(
            f"UPDATE {table} SET {name} = ? WHERE rowid = (SELECT min(rowid) FROM {table})",
            value.format(own=place.own),
        )

    return attack


#: The archive's own files as links to a person's.
LINKS: dict[str, Attack] = {
    name: _own(name)
    for name in (
        ".lock", "config.toml", "archive.db", "archive.db-wal", "archive.db-shm", "archive.db-journal",
        "archive.db.seal", "archive.db.seal.new", ".archive.db.seal.part", "archive.db.open",
        "snapshots.db", "snapshots.db-wal", "snapshots.db.seal", ".snapshots.db.seal.part",
    )
}  # fmt: skip
FOLDERS: dict[str, Attack] = {
    ".tmp as a link": lambda p: link(p.archive / ".tmp", p.own),
    "articles as a link": lambda p: link(p.archive / "articles", p.own),
    "media as a link": lambda p: link(p.archive / "media", p.own),
    "account as a link": lambda p: link(p.article().parent.parent, p.own),
    "year as a link": lambda p: link(p.article().parent, p.own),
    "article as a link": lambda p: link(p.article(), p.own / "own.md"),
    "picture as a link": lambda p: link(p.image(), p.own / "own.txt"),
    "picture's folder as a link": lambda p: link(p.image().parent, p.own),
    "note as a link": lambda p: link(p.article().with_name("x.md"), p.own / "own.md"),
    "leftover as a link": lambda p: link(p.archive / ".tmp" / LEFTOVER, p.own / "own.txt"),
    ".lock as a pipe": lambda p: pipe(p.archive / ".lock"),
    "config.toml as a pipe": lambda p: pipe(p.archive / "config.toml"),
    "archive.db as a pipe": lambda p: pipe(p.archive / "archive.db"),
    "seal as a pipe": lambda p: pipe(p.archive / "archive.db.seal"),
    "article as a pipe": lambda p: pipe(p.article()),
    "picture as a pipe": lambda p: pipe(p.image()),
    "note as a pipe": lambda p: pipe(p.article().with_name("x.md")),
    "articles in the export as a link": lambda p: link(p.out / "markdown" / "articles", p.own),
    "half a file in the export as a link": lambda p: link(p.out / ".x.csv.part", p.own / "own.txt"),
    "articles in the backup as a link": lambda p: link(p.out / "copy" / "articles", p.own),
    "the backup's lock as a link": lambda p: link(p.out / "copy" / ".lock", p.own / "own.txt"),
    "the backup's half as a link": lambda p: link(
        p.out / "copy" / ".archive.db.part", p.own / "own.db"
    ),
}
PATHS: dict[str, Attack] = {
    f"{column} = {value}": _path(column, value)
    for column in ("articles.path", "media.path", "versions.path")
    for value in (
        "{own}/new.md",
        "{own}/own.md",
        "../own/new.md",
        "articles/../../own/own.md",
        "articles/x/../../../own/folder/deep.md",
        "",
        "..",
        "articles",
        ".lock",
    )
}
PATHS["doomed_files"] = lambda place: place.sql(
    "INSERT INTO doomed_files (path) VALUES ('../own/own.md')"
)
ATTACKS = {**LINKS, **FOLDERS, **PATHS}
#: Each runs every command, some two seconds; the others are of the same kinds.
ALWAYS = {
    *(".lock", "archive.db", "archive.db-wal", "archive.db.seal", "snapshots.db", "config.toml"),
    *FOLDERS,
    *(f"{column} = ../own/new.md" for column in ("articles.path", "media.path", "versions.path")),
    *("articles.path = {own}/own.md", "articles.path = ", "doomed_files"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An archive that nobody has touched yet."""
    place = Place(tmp_path_factory.mktemp("sound") / "home")
    place.home.mkdir()
    place.make()
    return place


@pytest.mark.parametrize("name", [name for name in ATTACKS if name in ALWAYS])
def test_nothing_outside_is_touched(
    sound: Place, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever leads out of the archive: a person's own files stay, none are added, and no command
    calls it a bug."""
    attack(sound.copy(tmp_path / "home"), name, monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in ATTACKS if name not in ALWAYS])
def test_nothing_outside_is_touched_by_the_others(
    sound: Place, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of the same kinds."""
    attack(sound.copy(tmp_path / "home"), name, monkeypatch)


def attack(place: Place, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every command over the archive in ``place``, and look at what lies around it."""
    opened: list[str] = []

    def launch(url: str) -> int:
        opened.append(url)
        return 0

    monkeypatch.setattr("click.launch", launch)
    ATTACKS[name](place)
    before = place.beside()

    wrong = []
    for command, result in every_command(place):
        if place.beside() != before:
            wrong.append(f"touched: {command}")
            break
        if result.code == 70 or "Traceback" in result.stderr:
            wrong.append(f"{command}: {result.stderr}")
        if "a person's own" in result.stdout:
            wrong.append(f"{command} shows what lies outside")

    assert [] == wrong
    assert [] == [url for url in opened if not Path(url).resolve().is_relative_to(place.archive)]
    written = [p for p in place.out.rglob("*") if p.is_file() and not p.is_symlink()]
    assert [] == [p for p in written if b"a person's own" in p.read_bytes()]


def test_every_command_is_attacked() -> None:
    """A command that is new is run over hostile archives too."""
    assert cli.COMMANDS.keys() - SERVERS == COMMANDS.keys()


def test_a_sound_archive_takes_every_command(
    sound: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that what is refused above is refused for the attack's sake."""
    monkeypatch.setattr("click.launch", lambda url: 0)
    place = sound.copy(tmp_path / "home")
    allowed = {"config", "unwatch", "retry", "forget", "search", "run", "diff", "save", "convert"}
    failed = {
        command: (result.code, result.stderr)
        for command, result in every_command(place)
        if result.code != 0 and command.split()[0] not in allowed
    }
    assert {} == failed
