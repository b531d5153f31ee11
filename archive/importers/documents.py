"""Markdown files into the archive: this program's own, their earlier versions, and those of other
tools.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from sqlite3 import Row
from typing import Any
from urllib.parse import unquote

from archive.document import frontmatter
from archive.document.facts import Holding
from archive.document.own import Own
from archive.document.reading import LOCAL, Head, read_body, read_head
from archive.errors import BadInput
from archive.importers import markdown
from archive.importers.budget import cpu_limit
from archive.importers.items import OwnWork
from archive.importers.report import ImportReport, Taken
from archive.importers.walk import version_of
from archive.saved import files
from archive.saved.pages import dated_by_name
from archive.saved.pictures import beside, local_image, picture
from archive.store import Store, Stored
from archive.store.decide import same_words
from scraper.clock import utc_now
from scraper.errors import Gone
from scraper.models import Article
from scraper.parse import PARSER_VERSION

#: ``…/2024-01-02 TITLE [key].md``, and ``media/ab/SHA256.ext``.
_KEY_IN_NAME = re.compile(r"\[([0-9a-z]{10,26})\](?:\.v\d+)?\.md$")
_MEDIA_NAME = re.compile(r"^([0-9a-f]{64})\.[a-z0-9]{1,8}$")
_OUR_PATH = re.compile(r"(?:^|/)(articles/[^/]+/(?:\d{4}|undated)/[^/]+\[[0-9a-z]{10,26}\]\.md)$")
_HAS_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_DAY = re.compile(r"^\W*(?:19|20)\d\d\D?\d{1,2}\D?\d{1,2}(?:\D?\d{4,6}(?!\d))?[\W_日]*")
_HEAD = 65536


class Documents:
    """Keeps Markdown files. ``held`` finds the article that is held already, if any."""

    def __init__(
        self,
        root: Path,
        store: Store,
        report: ImportReport,
        held: Callable[[Article, str], Stored | None],
        *,
        without_address: bool = False,
    ) -> None:
        self.root, self.store, self.report, self._held = root, store, report, held
        self.without_address = without_address
        #: key → address of the Markdown files given, for links between them.
        self.addresses: dict[str, str] = {}
        #: File name → address of the sound and video of the file that is being read.
        self._recordings: dict[str, str] = {}
        #: title → articles that were held when the first file without an address came.
        self._titles: dict[str, list[int]] | None = None

    def note_address(self, path: Path) -> None:
        """A first look at a file: where it is one of ours, which address stands behind its key."""
        named = _KEY_IN_NAME.search(path.name)
        if named is None:
            return
        held = self._row(named[1])
        if held is not None and held["url"]:
            return  # `_link` finds it by its key
        if address := _address_in(path):
            self.addresses[named[1]] = address

    def unchanged(self, path: Path) -> Stored | None:
        """The article whose own file this is, to the byte: there is nothing to read in it. Raises
        Corrupt.
        """
        named = _KEY_IN_NAME.search(path.name)
        row = self._row(named[1]) if named and version_of(path) is None else None
        if row is None:
            return None
        try:
            body = files.read(path, most=markdown.LARGEST)
        except (OSError, BadInput):
            return None  # told by who reads it
        if hashlib.sha256(body).hexdigest() != row["markdown_hash"]:
            return None
        return self.store.stored(row["id"])

    def _row(self, key: str) -> Row | None:
        sql = "SELECT id, url, markdown_hash FROM articles WHERE key = ?"
        row: Row | None = self.store.db.conn.execute(sql, (key,)).fetchone()
        return row

    def read_head(self, path: Path, text: str) -> Head:
        """What a file says of itself. Raises BadInput for one that is about no article of
        WeChat's.
        """
        with cpu_limit():
            head = read_head(text, name=_title_of(path), without_address=self.without_address)
        if head.ours or not self.without_address:
            return head
        return replace(head, article=dated_by_name(head.article, path.name))

    def keep(self, source: str, path: Path, head: Head) -> tuple[Taken, Article | None]:
        """The file's article, kept or left alone; the article where it was taken in. Raises
        BadInput.
        """
        number = version_of(path) if head.ours else None
        held = self._held_of(head)
        if held is not None and (number is None or held.snapshot_id is not None):
            return Taken.of("held", source, held), None
        self._own_recordings(path, head)
        article = self._read(path, head)
        has_no_address = not (head.ours or article.address or article.url)
        if has_no_address and (twin := self._twin(article)) is not None:
            return Taken.of("held", source, twin), None
        if held is not None and number is not None:
            return self._version(source, path, held, head, article, number), None
        kept = self.store.keep(
            article,
            address=article.address or article.url or "",
            now=head.holding.archived or utc_now(),
            path=_own_path(path),
            **_as_it_was(head),
        )
        if has_no_address:
            self.store.maintenance.expect_address(kept.article_id)
        self.restore(kept.article_id, head.holding)
        change = "modified" if kept.change == "reparsed" else kept.change
        taken = Taken(
            source=source, change=change, key=kept.key, path=kept.path, title=article.title
        )
        return taken, article

    def own_elsewhere(self, path: Path, head: Head) -> OwnWork | None:
        """What a person said of the article in the archive that a file is of; None where it is this
        one, whose files are looked at by themselves, or an earlier version's."""
        is_here = path.resolve().is_relative_to(self.root.resolve())
        if is_here or not head.ours or version_of(path) is not None or head.holding.own == Own():
            return None
        return OwnWork(own=head.holding.own)

    def _held_of(self, head: Head) -> Stored | None:
        """The article that a file is of, by its address, or by its key where the file is ours."""
        held = self._held(head.article, head.article.address or "")
        if held is None and head.ours and head.holding.key:
            return self.store.find(head.holding.key)
        return held

    def _twin(self, article: Article) -> Stored | None:
        """The article that is held with the title and the words of one without an address."""
        if self._titles is None:
            self._titles = {}
            for row in self.store.db.conn.execute("SELECT title, id FROM articles"):
                self._titles.setdefault(row["title"], []).append(row["id"])
        for article_id in self._titles.get(article.title, ()):
            if same_words(self.store.article(article_id).text, article.text):
                return self.store.stored(article_id)
        return None

    def _read(self, path: Path, head: Head) -> Article:
        pictures = self._own_pictures(path, head)

        def image(shown: str) -> str | None:
            if not _HAS_SCHEME.match(shown):
                own = pictures.get(unquote(shown).rpartition("/")[2])
                return own or (None if head.ours else self._beside(path, shown))
            return None

        self._recordings = dict(head.holding.media_files)
        with cpu_limit():
            return read_body(head, image=image, link=self._link)

    def _beside(self, path: Path, shown: str) -> str | None:
        """The address under which a picture is kept that lies beside another tool's file; None
        where none lies there.

        Named by what is in it, so that it is the same one wherever the file lay.
        """
        found = picture(beside(path, shown) or b"")
        if found is None:
            return None
        address = f"{LOCAL}{hashlib.sha256(found.body).hexdigest()}.{found.extension}"
        if self.store.media_path(address) is None:
            self.store.add_media(address, found, utc_now())
            self.report.media += 1
        return address

    def _version(
        self, source: str, path: Path, held: Stored, head: Head, article: Article, number: int
    ) -> Taken:
        """An earlier version beside the article's file."""
        seen = head.holding.changed or head.holding.archived or held.archived
        root, place = self.root.resolve(), path.resolve()
        ours = place.relative_to(root).as_posix() if place.is_relative_to(root) else None
        restored = self.store.maintenance.restore_version(
            held.article_id, number, article, seen, PARSER_VERSION, ours
        )
        if not restored:
            return Taken.of("held", source, held)
        return Taken(
            source=source,
            change="modified",
            key=held.key,
            path=ours or held.path,
            title=article.title,
        )

    def _own_pictures(self, path: Path, head: Head) -> dict[str, str]:
        """File name → address of each image of one of our files; those that lie in ``media`` near
        it are taken in.
        """
        found = {}
        for name, url in head.holding.images:
            found[name] = url
            digest = _MEDIA_NAME.match(name)
            if digest is None or self.store.media_path(url):
                continue
            if (place := self._near(path, name)) is not None:
                self._take_in(url, place, digest[1])
        return found

    def _near(self, path: Path, name: str) -> Path | None:
        """The file of this name in the archive's ``media``, or in one near ``path``."""
        for folder in (self.root, *path.resolve().parents[:5]):
            if (place := folder / "media" / name[:2] / name).is_file():
                return place
        return None

    def _own_recordings(self, path: Path, head: Head) -> None:
        """Sound and video of one of our files that lie in ``media`` near it are taken in, where
        they are what their names say."""
        from archive.media.received import keep_file

        for name, address in head.holding.media_files:
            digest = _MEDIA_NAME.match(name)
            place = self._near(path, name) if digest is not None else None
            if digest is None or place is None:
                continue
            taken = keep_file(self.store, address, place, digest[1], utc_now())
            self.report.media += taken is not None

    def _take_in(self, url: str, place: Path, digest: str) -> None:
        body = files.read(place)
        image = local_image(body)
        # Damaged, or what no fetched file could be (a page, a script): the address stays, the next
        # run fetches it.
        if image is None or hashlib.sha256(body).hexdigest() != digest:
            return
        self.store.add_media(url, image, utc_now())
        self.report.media += 1

    def _link(self, shown: str) -> str | None:
        """The address of the article that a local link leads to."""
        if "://" in shown or shown.startswith(("#", "mailto:")):
            return None
        named = _KEY_IN_NAME.search(unquote(shown).partition("#")[0])
        if named is None:
            return self._recordings.get(unquote(shown).rpartition("/")[2])
        if named[1] in self.addresses:
            return self.addresses[named[1]]
        held = self.store.find(named[1])
        return held.url if held else None

    def restore(self, article_id: int, holding: Holding) -> None:
        """What a file says of the facts that only an archive knows: since when the article is
        changed, or gone and why. Raises DiskTrouble, Corrupt."""
        if holding.changed is not None and self.store.stored(article_id).changed != holding.changed:
            self.store.maintenance.set_changed(article_id, holding.changed)
        if holding.gone is not None:
            reason = holding.gone_reason or "unavailable"
            error = Gone(holding.gone_shown or reason, reason=reason, shown=holding.gone_shown)
            self.store.gone(self.store.stored(article_id).key, error, holding.gone)


def _as_it_was(head: Head) -> dict[str, Any]:
    """The key that the article of one of our files had, and what a person said of it."""
    return {"key": head.holding.key, "own": head.holding.own} if head.ours else {}


def _address_in(path: Path) -> str | None:
    try:
        if files.special(path):
            return None
        with path.open(encoding="utf-8", errors="replace") as file:
            head = file.read(_HEAD)
        end = head.find("\n---", 3)
        values = frontmatter.read(head if end < 0 else head[: end + 5])[0]
    except (OSError, BadInput):
        return None
    address = values.get("url") or values.get("address")
    return str(address) if address else None


def _title_of(path: Path) -> str:
    """The title that a file's name holds: what exporters put before it, the day, is taken away."""
    return _DAY.sub("", path.stem).strip() or path.stem


def _own_path(path: Path) -> str | None:
    """The place in the archive that one of our files had, from where it lies."""
    found = _OUR_PATH.search(path.resolve().as_posix())
    return found[1] if found else None
