"""An archive in a folder from somebody else, what lies beside it, and every command to run over
it.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from archive.db import checksums
from archive.exporters.formats import FORMATS
from archive.saved.pictures import LocalImage
from tests.command import Result, wechat_archive
from tests.keep.archives import NOW, fill, opened
from tests.keep.articles import PICTURE, page
from tests.weixin.media import png
from tests.weixin.talk import CREDENTIALS

#: A name as the program itself gives to half-written files, so that a sweep would take it.
LEFTOVER = f"7-{16 * 'a'}"


class Place:
    """``archive``: the folder that was handed over; ``own``: a person's files beside it, which
    nothing may touch.
    """

    def __init__(self, home: Path) -> None:
        self.home, self.archive, self.own = home, home / "archive", home / "own"
        self.out, self.given = home / "out", home / "given"

    def make(self) -> None:
        """Three articles linked in a ring, one changed once (its version a file), two with their
        pictures.
        """
        pages = [page(1, links=(2,)), page(2, links=(3,)), page(3, links=(1,))]
        keys = fill(self.archive, pages)
        with opened(self.archive) as (store, _):
            for number in (1, 2):
                image = LocalImage(png(number), "image/png", "png")
                store.add_media(PICTURE.format(number), image, NOW)
            store.write_stale_files()
        (self.archive / "config.toml").write_text(
            'images = "none"\nversions = "files"\nrecheck = "off"\n'
        )
        self.own.mkdir()
        for name in ("own.txt", "own.md", LEFTOVER, "own.db"):
            (self.own / name).write_text(f"a person's own: {name}\n")
        (self.own / "credentials.json").write_text(json.dumps([CREDENTIALS]))
        (self.own / "folder").mkdir()
        (self.own / "folder" / "deep.md").write_text("a person's own, deeper\n")
        self.given.mkdir()
        (self.given / "new.html").write_bytes(page(9, links=(1,)).body)
        (self.given / "key").write_text(keys[0])
        wechat_archive("save", str(self.again()), "--archive", str(self.archive))

    def again(self) -> Path:
        """A saved page of article 1 with another text."""
        changed = self.given / "changed.html"
        changed.write_bytes(page(1, links=(2,), text="und neu").body)
        return changed

    def copy(self, home: Path) -> Place:
        """The same once more."""
        shutil.copytree(self.home, home, symlinks=True)
        return Place(home)

    @property
    def key(self) -> str:
        return (self.given / "key").read_text()

    def article(self) -> Path:
        """The file of one article."""
        return next(
            p for p in sorted((self.archive / "articles").rglob("*.md")) if self.key in p.name
        )

    def image(self) -> Path:
        """The file of one picture."""
        return next(p for p in sorted((self.archive / "media").rglob("*.png")))

    def sql(self, statement: str, *values: Any) -> None:
        """Change the database as somebody would who knows how: hashes over the rows fit, the seal
        is gone.
        """
        with closing(sqlite3.connect(self.archive / "archive.db")) as db, db:
            db.row_factory = sqlite3.Row
            db.execute(statement, values)
            for row in db.execute("SELECT * FROM articles").fetchall():
                fresh = (checksums.head_checksum(row), checksums.content_checksum(row), row["id"])
                db.execute("UPDATE articles SET head_check=?, content_check=? WHERE id=?", fresh)
        (self.archive / "archive.db.seal").unlink(missing_ok=True)

    def beside(self) -> dict[str, bytes]:
        """Everything that is not the archive, nor what a command was asked to write."""
        spared = {self.archive, self.out}
        return dict(_files(self.home, spared))


def _files(folder: Path, spared: set[Path]) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.iterdir()):
        if path in spared:
            continue
        if path.is_dir() and not path.is_symlink():
            yield f"{path}/", b""
            yield from _files(path, spared)
        else:
            yield str(path), path.read_bytes()


Arguments = Callable[[Place], Sequence[str]]


def _export(form: str) -> Arguments:
    name = form if form in ("markdown", "html") else f"x.{form}"
    return lambda place: (form, str(place.out / name))


#: How each command is run over the archive, in an order in which each finds something to do.
COMMANDS: dict[str, tuple[Arguments, ...]] = {
    "status": (lambda p: (), lambda p: ("--json",)),
    "doctor": (lambda p: (), lambda p: ("--json",)),
    "list": (lambda p: (), lambda p: ("--json",)),
    "accounts": (lambda p: (), lambda p: ("--json",)),
    "albums": (lambda p: (), lambda p: ("--json",)),
    "tags": (lambda p: (), lambda p: ("--json",)),
    "completion": (lambda p: ("bash",),),
    "search": (lambda p: ("岩茶",), lambda p: ("岩茶", "--open"), lambda p: ("岩茶", "--json")),
    "similar": (lambda p: (p.key,),),
    "show": (
        lambda p: (p.key,),
        lambda p: (p.key, "--versions"),
        lambda p: (p.key, "--links"),
        lambda p: (p.key, "--comments"),
        lambda p: (p.key, "--counts"),
        lambda p: (p.key, "--path"),
        lambda p: (p.key, "--open"),
    ),
    "diff": (lambda p: (p.key,),),
    "config": (lambda p: (), lambda p: ("--json",), lambda p: ("--init",)),
    "verify": (lambda p: (), lambda p: ("--repair",)),
    "save": (lambda p: (str(p.given / "new.html"),), lambda p: (str(p.again()),)),
    "run": (lambda p: (),),
    "intake-addon": (lambda p: (),),
    "discuss": (lambda p: ("--credentials", str(p.own / "credentials.json")),),
    "watch": (lambda p: ("https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA",),),
    "alert": (
        lambda p: ("add", "茶", "岩茶"),
        lambda p: ("list",),
        lambda p: ("list", "--json"),
        lambda p: ("remove", "茶"),
    ),
    "unwatch": (lambda p: ("https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA",),),
    "retry": (lambda p: (),),
    "tag": (lambda p: (p.key, "+x"),),
    "star": (lambda p: (p.key,),),
    "unstar": (lambda p: (p.key,),),
    "read": (lambda p: (p.key,),),
    "unread": (lambda p: (p.key,),),
    "group": (lambda p: ("茶", "+某号"), lambda p: ()),
    "remove": (lambda p: (p.key,), lambda p: ("--undo", p.key), lambda p: ("--list",)),
    "note": (lambda p: (p.key, "x"),),
    "forget": (lambda p: ("https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA",),),
    "convert": (lambda p: (str(p.given / "new.html"),),),
    "reparse": (lambda p: ("--jobs", "1"), lambda p: ("--jobs", "1", "--all")),
    "repack": (lambda p: (),),
    "reindex": (lambda p: (),),
    "import": (lambda p: (str(p.given),),),
    "export": tuple(_export(name) for name in FORMATS),
    "backup": (lambda p: (str(p.out / "copy"),), lambda p: (str(p.out / "copy"),)),
}  # fmt: skip

#: These run until they are stopped, or work on a database elsewhere.
SERVERS = frozenset({"fleet", "mcp", "serve", "worker"})


def every_command(place: Place, *options: str) -> Iterator[tuple[str, Result]]:
    """Run everything, one after the other; what was run and what came of it."""
    for name, ways in COMMANDS.items():
        for arguments in ways:
            argv = (name, *arguments(place), "--archive", str(place.archive), *options)
            yield " ".join(argv), wechat_archive(*argv)


def link(path: Path, target: Path) -> None:
    """``path``, whatever was there, as a link to ``target``."""
    clear(path)
    path.symlink_to(target)


def pipe(path: Path) -> None:
    """``path`` as a FIFO: opening it plainly never ends."""
    clear(path)
    os.mkfifo(path)


def clear(path: Path) -> None:
    """Nothing at ``path``."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
