"""What stands behind ``save``: addresses in any form, lists, standard input, saved pages and folders of them."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from archive.errors import BadInput
from archive.saved import bundles
from scraper import feeds, urls
from scraper.errors import NotAnAddress
from scraper.models import Page
from scraper.redact import redact

PAGE_ENDINGS = frozenset({".html", ".htm", ".xhtml", ".shtml"}) | bundles.ENDINGS
_LARGEST_PAGE = 64 * 2**20
_HEAD = 4096
#: A file that is no list at all has thousands of wrong lines.
_MOST_WRONG = 20
_CHINESE = re.compile("[\u3400-\u9fff]")
_LIKE_AN_ADDRESS = re.compile(r"://|__biz|[A-Za-z0-9]\.[A-Za-z]{2}|/s/")
#: Browsers and SingleFile note where a page came from.
_SAVED_FROM = re.compile(
    rb"saved from url=\(\d+\)(\S+)|^\s*url:\s*(\S+)", re.IGNORECASE | re.MULTILINE
)


@dataclass(slots=True)
class Inputs:
    """What was given, sorted: ``addresses`` each once in order, ``files`` saved pages, ``wrong`` what is neither."""

    addresses: dict[str, urls.Address] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    wrong: list[NotAnAddress] = field(default_factory=list)

    def add(self, addresses: Iterable[urls.Address]) -> None:
        """Take in addresses, each once."""
        for address in addresses:
            self.addresses.setdefault(address.canonical, address)


def read(
    arguments: Iterable[str], lists: Iterable[str] = (), *, stdin: Callable[[], bytes] | None = None
) -> Inputs:
    """Sort the arguments of ``save`` and the files given with ``-i``; ``-`` is standard input.

    What holds no address lands in ``wrong``. Raises BadInput for a list that cannot be read.
    """
    inputs = Inputs()
    for argument in arguments:
        if argument == "-":
            _take_list(inputs, stdin() if stdin else b"", "standard input", pasted=True)
        elif (path := _existing(argument)) is not None:
            _take_path(inputs, path)
        else:
            _take_text(inputs, argument)
    for name in lists:
        body = (stdin() if stdin else b"") if name == "-" else _bytes(Path(name))
        _take_list(inputs, body, name)
    return inputs


def _existing(argument: str) -> Path | None:
    """The file or folder of that name, if there is one."""
    # An unset variable of a script is no folder, least of all the one it happens to run in.
    if (
        not argument.strip()
        or len(argument) > 1024
        or "\0" in argument
        or "\n" in argument
        or "://" in argument
    ):
        return None
    path = Path(argument).expanduser()
    return path if _there(path) else None


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _take_text(inputs: Inputs, text: str) -> None:
    found = urls.find(text)
    if found:
        inputs.add(found)
        return
    try:
        urls.parse(text)
    except NotAnAddress as error:
        hint = f"there is no file {text!r}, and it is no address of {urls.HOST}"
        inputs.wrong.append(NotAnAddress(hint, url=text) if _looks_like_path(text) else error)


def _looks_like_path(text: str) -> bool:
    return "://" not in text and Path(text).suffix.lower() in PAGE_ENDINGS | {".txt", ".md", ".csv"}


def _take_path(inputs: Inputs, path: Path) -> None:
    if path.is_dir():
        pages = pages_in(path)
        if not pages:
            inputs.wrong.append(NotAnAddress(f"{path} holds no saved pages (.html)", url=str(path)))
        inputs.files += pages
    elif path.suffix.lower() in PAGE_ENDINGS or _is_html(path):
        inputs.files.append(path)
    else:
        _take_list(inputs, _bytes(path), str(path))


def pages_in(folder: Path) -> list[Path]:
    """The saved pages of a folder and of those in it; not the parts that a browser puts beside a page it saves."""
    found = []
    for parent, folders, names in os.walk(folder):
        pages = {name for name in names if Path(name).suffix.lower() in PAGE_ENDINGS}
        beside = {
            f"{Path(name).stem}{end}" for name in pages for end in ("_files", ".files", "_data")
        }
        folders[:] = [name for name in folders if not name.startswith(".") and name not in beside]
        found += [Path(parent, name) for name in pages]
    return sorted(path for path in found if path.is_file())


def _is_html(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_HEAD).lower()
    # A bookmark file is HTML too, and a list.
    return (b"<html" in head or b"<!doctype html" in head) and b"netscape-bookmark-file" not in head


def _take_list(inputs: Inputs, body: bytes, name: str, *, pasted: bool = False) -> None:
    if b"\0" in body[:_HEAD] and not body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        inputs.wrong.append(
            NotAnAddress(f"{name} is neither a saved page nor a text with addresses", url=name)
        )
        return
    listing = feeds.read(body)
    inputs.add(listing.addresses)
    wrong = [
        (number, line)
        for number, line in listing.rejected
        if not (pasted and listing.addresses and _talk(line))
    ]
    for number, line in wrong[:_MOST_WRONG]:
        message = f"{name}, line {number}: no address of {urls.HOST} in {redact(line[:120])!r}"
        inputs.wrong.append(NotAnAddress(message, url=redact(line[:200])))
    if more := wrong[_MOST_WRONG:]:
        message = f"{name}: no address of {urls.HOST} in {len(more)} more lines, the first of them line {more[0][0]}"
        inputs.wrong.append(NotAnAddress(message, url=name))


def _talk(line: str) -> bool:
    """Words between addresses in a pasted text, rather than an address that is none."""
    return _CHINESE.search(line) is not None and _LIKE_AN_ADDRESS.search(line) is None


def _bytes(path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error


def saved_pages(files: Iterable[Path]) -> Iterator[tuple[Path, Page | BadInput]]:
    """Each saved page with the address it says it was saved from; one at a time, however many there are."""
    for path in files:
        try:
            if path.stat().st_size > _LARGEST_PAGE:
                raise BadInput(
                    f"{path} is larger than {_LARGEST_PAGE // 2**20} MB: not a saved page"
                )
            body = _bytes(path)
        except OSError as error:
            yield path, BadInput(f"{path} cannot be read: {error.strerror or error}")
            continue
        except BadInput as error:
            yield path, error
            continue
        url = None
        if path.suffix.lower() in bundles.ENDINGS:
            bundle = bundles.unbundle(body)
            if bundle is None:
                yield path, BadInput(f"{path} holds no page: it is damaged, or another program's")
                continue
            body, url = bundle.html, _address(bundle.url or "")
        yield path, Page(url=url or _origin(body) or path.absolute().as_uri(), body=body)


def _origin(body: bytes) -> str | None:
    found = _SAVED_FROM.search(body[:65536])
    if not found:
        return None
    return _address((found[1] or found[2]).decode("utf-8", "replace"))


def _address(text: str) -> str | None:
    addresses = urls.find(text)
    return addresses[0].fetch if addresses else None
