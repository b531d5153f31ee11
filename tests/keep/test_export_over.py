"""What is promised of an export onto something: never over an archive, never over what a person
wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archive.errors import CannotCreate
from archive.exporters import FORMATS, export
from archive.exporters.report import ExportReport
from archive.exporters.target import MANIFEST, Target
from tests.command import wechat_archive
from tests.keep.archives import contents, fill, opened
from tests.keep.articles import fields, page

FOLDERS = [name for name, known in FORMATS.items() if known.target == "DIR"]
FILES = [name for name, known in FORMATS.items() if known.target == "FILE"]
#: Of the formats that write one file an article.
ENDINGS = {"markdown": "*.md", "html": "20*.html"}
MINE = "# 我的笔记\n".encode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fill(tmp_path / "a", [page(1), page(2)])
    return tmp_path / "a"


def change(root: Path) -> None:
    """The first article says something else now."""
    fill(root, [page(1, text="新的")])


def everything(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


@pytest.mark.parametrize("format", list(ENDINGS))
def test_an_edited_file_stays_and_the_new_text_goes_beside_it(
    root: Path, tmp_path: Path, format: str
) -> None:
    """Byte for byte; again and again; once the person takes their file away, the copy beside it
    goes too.
    """
    out = tmp_path / "out"
    export(root, format, out)
    edited = next(path for path in sorted(out.rglob(ENDINGS[format])) if "文章1" in path.name)
    edited.write_bytes(MINE)
    change(root)

    first = export(root, format, out)
    again = export(root, format, out)

    (kept,) = first.kept
    beside = out / kept.new
    assert (MINE, edited) == (edited.read_bytes(), out / kept.path)
    assert f"{edited.stem}.new{edited.suffix}" == beside.name
    assert "新的" in beside.read_text(encoding="utf-8")
    assert ([kept], 3) == (again.kept, len([*out.rglob(ENDINGS[format])]))

    edited.unlink()
    export(root, format, out)
    assert ("新的" in edited.read_text(encoding="utf-8"), False) == (True, beside.exists())


@pytest.mark.parametrize("format", list(ENDINGS))
def test_a_copy_beside_that_is_edited_stays_too(root: Path, tmp_path: Path, format: str) -> None:
    """The next name is taken."""
    out = tmp_path / "out"
    export(root, format, out)
    edited = next(path for path in sorted(out.rglob(ENDINGS[format])) if "文章1" in path.name)
    edited.write_bytes(MINE)
    beside = out / export(root, format, out).kept[0].new
    beside.write_bytes(MINE + b"2")
    report = export(root, format, out)

    assert (MINE, MINE + b"2") == (edited.read_bytes(), beside.read_bytes())
    assert report.kept[0].new.endswith(f".new-2{edited.suffix}")


@pytest.mark.parametrize("format", list(ENDINGS))
def test_what_nobody_changed_is_renewed_in_place(root: Path, tmp_path: Path, format: str) -> None:
    """Also where an earlier export was killed before it ended, or the list of what it wrote was
    lost (Markdown).
    """
    out = tmp_path / "out"
    export(root, format, out)
    before = {*everything(out)}
    if format == "markdown":
        (out / MANIFEST).unlink()
    change(root)
    report = export(root, format, out)

    assert ([], before) == (report.kept, {*everything(out)})
    assert 1 == sum("新的" in path.read_text("utf-8") for path in out.rglob(ENDINGS[format]))


@pytest.mark.parametrize("format", FILES)
def test_one_file_is_written_over_its_own_earlier_state_alone(
    root: Path, tmp_path: Path, format: str
) -> None:
    """Ours is replaced; a file that somebody else wrote, or changed, stays."""
    out = tmp_path / "out" / f"all.{'warc.gz' if format == 'warc' else format}"
    export(root, format, out)
    change(root)
    again = export(root, format, out)
    renewed = out.read_bytes()
    out.write_bytes(MINE)
    over = export(root, format, out)

    assert ([], MINE) == (again.kept, out.read_bytes())
    (kept,) = over.kept
    assert kept.new == out.name.replace("all.", "all.new.")
    if format != "warc":  # whose records have identities of their own
        assert renewed == out.with_name(kept.new).read_bytes()
    assert {out.name, kept.new, MANIFEST} == {*everything(out.parent)}


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_one_file_that_is_the_same_already_is_taken_for_ours(
    root: Path, tmp_path: Path, format: str
) -> None:
    """Where the list of what was written is lost: no second one stands beside it, and it is renewed
    in place from then on.
    """
    out = tmp_path / "out" / f"all.{format}"
    export(root, format, out)
    (out.parent / MANIFEST).unlink()
    again, before = export(root, format, out), out.read_bytes()
    change(root)
    changed = export(root, format, out)

    assert ([], []) == (again.kept, changed.kept)
    assert before != out.read_bytes()
    assert {out.name, MANIFEST} == {*everything(out.parent)}


@pytest.mark.parametrize(
    "where",
    [
        lambda root: root,
        lambda root: root / "articles",
        lambda root: root / "articles" / "x" / "y",
        lambda root: root / "media",
        lambda root: root / ".." / root.name,
        lambda root: root.parent / "link",
        lambda root: root.parent / "b",
        lambda root: root.parent / "b" / "articles",
    ],
)
@pytest.mark.parametrize("format", FOLDERS)
def test_an_export_into_an_archive_is_refused(
    root: Path, tmp_path: Path, format: str, where: Callable[[Path], Path]
) -> None:
    """This one's or another's, by a link or a detour: exit 73, nothing is touched."""
    fill(tmp_path / "b", [page(3)])
    (tmp_path / "link").symlink_to(root)
    edited = next((root / "articles").rglob("*.md"))
    edited.write_bytes(MINE)
    before = contents(root), contents(tmp_path / "b")

    result = wechat_archive("export", format, str(where(root)), "--archive", str(root))

    assert (73, before) == (result.code, (contents(root), contents(tmp_path / "b")))
    assert "belongs to the archive" in result.stderr
    assert "Choose another folder" in result.stderr


@pytest.mark.parametrize(
    "name", ["archive.db", "archive.db-wal", "snapshots.db", "config.toml", "articles/x.csv"]
)
def test_a_file_of_an_archive_is_no_target(root: Path, name: str) -> None:
    """Not even one that is not there yet."""
    with pytest.raises(CannotCreate, match="belongs to the archive"):
        export(root, "csv", root / name)


def test_a_folder_of_ones_own_in_the_archives_folder_is_fine(root: Path) -> None:
    """People keep their exports there."""
    assert 2 == export(root, "html", root / "website").articles
    assert 2 == export(root, "csv", root / "all.csv").articles
    assert 0 == wechat_archive("verify", "--archive", str(root)).code


def test_folder_and_file_are_told_apart(root: Path, tmp_path: Path) -> None:
    """A file for many files, a folder for one: said, nothing is damaged."""
    (tmp_path / "file").write_bytes(MINE)
    html = wechat_archive("export", "html", str(tmp_path / "file"), "--archive", str(root))
    csv = wechat_archive("export", "csv", str(tmp_path), "--archive", str(root))

    assert (73, 73, MINE) == (html.code, csv.code, (tmp_path / "file").read_bytes())
    assert "html writes many: give a folder" in html.stderr
    assert "csv writes one file: give its name" in csv.stderr


def test_a_link_in_the_target_is_not_written_through(root: Path, tmp_path: Path) -> None:
    """What it leads to is somebody's; the link stays, the new file goes beside it."""
    out, secret = tmp_path / "out", tmp_path / "secret"
    export(root, "markdown", out)
    linked = next(out.rglob("*.md"))
    secret.write_bytes(linked.read_bytes())
    linked.unlink()
    linked.symlink_to(secret)
    before = secret.read_bytes()
    change(root)
    export(root, "markdown", out)

    assert (before, True) == (secret.read_bytes(), linked.is_symlink())


def test_the_command_says_what_it_kept(root: Path, tmp_path: Path) -> None:
    """On stderr for people, in --json for programs."""
    out = tmp_path / "out"
    export(root, "markdown", out)
    with opened(root) as (store, _):
        path = store.get(fields(1).long).path
    (out / path).write_bytes(MINE)
    said = wechat_archive("export", "markdown", str(out), "--archive", str(root))
    as_json = wechat_archive("export", "markdown", str(out), "--archive", str(root), "--json")

    new = path.replace(".md", ".new.md")
    assert 0 == said.code
    assert f"kept as you changed it: {path}; the new text is in {new}" in said.stderr
    assert "1 changed by hand and kept, the new text beside" in said.stderr
    assert f'"kept": [{{"path": "{path}", "new": "{new}"}}]' in as_json.stdout


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("a/文章.md", "a/文章.new.md"),
        ("all.warc.gz", "all.new.warc.gz"),
        ("all.gz", "all.new.gz"),
        ("README", "README.new"),
        (".hidden", ".hidden.new"),
        ("a.b/c", "a.b/c.new"),
    ],
)
def test_the_name_beside_keeps_its_ending(tmp_path: Path, name: str, beside: str) -> None:
    """So that what opens the one opens the other."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(MINE)
    for data in (b"1", b"2"):
        report = ExportReport(format="html", target="x")
        with Target(tmp_path, report) as target:
            assert target.put(name, data)

    assert [(name, beside)] == [(kept.path, kept.new) for kept in report.kept]
    assert [MINE, b"2"] == [(tmp_path / one).read_bytes() for one in (name, beside)]
    assert [name, beside, MANIFEST] == sorted(
        everything(tmp_path), key=[name, beside, MANIFEST].index
    )
