"""What is promised of the folder that a backup goes to: nothing that is not this archive's own older
backup is touched, and what a backup over it would lose is said.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive.backup.target import refuse_foreign, what_is_lost
from archive.errors import ArchiveError, BadInput, CannotCreate
from tests.store.make import LATER, NOW, article, keep, opened


@pytest.mark.parametrize(
    ("there", "target", "refusal"),
    [
        ([], "new/deep", None),
        (["b/"], "b", None),
        (["b/.hidden"], "b", None),
        (["b/archive.db", "b/photo.jpg"], "b", None),
        (["b/.archive.db.part", "b/media/x"], "b", None),
        (["b/photo.jpg"], "b", (BadInput, "b holds other things .photo.jpg")),
        (["b/.archive.db.part/", "b/x"], "b", (BadInput, "holds other things")),
        (["b"], "b", (CannotCreate, "b is a file: give a folder")),
        ([], "a", (BadInput, "lie inside each other")),
        ([], "a/b", (BadInput, "lie inside each other")),
        ([], "a/b/c", (BadInput, "lie inside each other")),
        ([], ".", (BadInput, "lie inside each other")),
        ([], "a/../a/b", (BadInput, "lie inside each other")),
        ([], "link/b", (BadInput, "lie inside each other")),
    ],
)
def test_a_folder_that_is_no_place_for_a_backup(
    tmp_path: Path, there: list[str], target: str, refusal: tuple[type[ArchiveError], str] | None
) -> None:
    """Looked at alone: nothing is put into what turns out to be somebody's."""
    (tmp_path / "link").symlink_to(tmp_path / "a")
    for name in ("a/archive.db", *there):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    before = sorted(tmp_path.rglob("*"))

    if refusal is None:
        refuse_foreign(tmp_path / "a", tmp_path / target)
    else:
        kind, said = refusal
        with pytest.raises(kind, match=said):
            refuse_foreign(tmp_path / "a", tmp_path / target)
    assert before == sorted(tmp_path.rglob("*"))


def test_where_no_archive_is_nothing_is_backed_up(tmp_path: Path) -> None:
    """It is said where it was looked for."""
    with pytest.raises(BadInput, match=r"there is no archive at .*nowhere: nothing to back up"):
        refuse_foreign(tmp_path / "nowhere", tmp_path / "b")


def identities(root: Path, change: str) -> None:
    with closing(sqlite3.connect(root / "archive.db")) as conn, conn:
        conn.executescript(change)


#: An archive, and its backup as the version before identities left it, changed by SQL of its own:
#: what a backup over it would lose.
LOSSES = [
    ("", None),
    ("UPDATE articles SET key = 'former'", None),
    ("UPDATE articles SET key = 'alien'", "1 article that only it holds ('第1篇')"),
    (f"UPDATE articles SET checked = '{NOW.isoformat()}'", None),
    (
        f"UPDATE articles SET checked = '{LATER.isoformat()}'",
        "the newer state of 1 article ('第1篇')",
    ),
    (
        f"UPDATE articles SET checked = '{LATER.isoformat()}';"
        "INSERT INTO sources (address, sort, every, follow, scope, due, added) "
        "VALUES ('x', 'feed', 1, 0, '', '', '')",
        "the newer state of 1 article ('第1篇'), 1 watched source",
    ),
]


@pytest.mark.parametrize(("change", "said"), LOSSES)
@pytest.mark.parametrize("nameless", ["a", "b", "ab"])
def test_without_an_identity_it_is_ours_where_nothing_would_be_lost(
    tmp_path: Path, change: str, said: str | None, nameless: str
) -> None:
    """Whichever of the two has none. An article under a former key is held all the same."""
    with opened(tmp_path / "a") as store:
        keep(store, article(1))
        store.db.conn.execute("INSERT INTO former_keys VALUES ('former', 1)")
        store.db.conn.commit()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    identities(tmp_path / "b", change)
    for name in nameless:
        identities(tmp_path / name, "DELETE FROM meta WHERE name = 'archive_id'")

    found = what_is_lost(tmp_path / "a", tmp_path / "b")
    begin = f"{tmp_path / 'b'} may be another archive, or a newer one; a backup over it would lose "
    assert (said and begin + said) == found
