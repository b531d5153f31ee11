"""What stands behind ``save``: addresses in any form, lists, standard input, saved pages and
folders of them.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from dataclasses import field
from pathlib import Path

from archive.errors import BadInput, NoSuchInput
from archive.saved import files
from scraper import feeds, urls
from scraper.errors import NotAnAddress
from scraper.messages import mark, mark_plural, strerror
from scraper.patterns import lazy
from scraper.records import dataclass

#: A file that is no list at all has thousands of wrong lines.
_MOST_WRONG = 20
_CHINESE = lazy("[\u3400-\u9fff]")
_LIKE_AN_ADDRESS = lazy(r"://|__biz|[A-Za-z0-9]\.[A-Za-z]{2}|/s/")


@dataclass(slots=True)
class Inputs:
    """What was given, sorted: ``addresses`` each once in order, ``files`` saved pages, ``wrong``
    what is neither.
    """

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
            _take_list(inputs, stdin() if stdin else b"", mark("standard input"), pasted=True)
        else:
            _TAKE[_sort(argument)](inputs, argument)
    for name in lists:
        body = (stdin() if stdin else b"") if name == "-" else _bytes(name)
        _take_list(inputs, body, name)
    return inputs


def _sort(argument: str) -> str:
    """What an argument is; the names are those of ``_TAKE``."""
    path = _existing(argument)
    if path is None:
        return "text"
    from archive.saved.pages import is_page  # with readers that mere addresses do without

    if path.is_dir():
        return "folder"
    try:
        return "page" if is_page(path) else "list"
    except (OSError, BadInput):
        return "list"  # reading it says why it cannot be read


def _existing(argument: str) -> Path | None:
    """The file or folder of that name, if there is one."""
    # An unset variable of a script is no folder, least of all the one it happens to run in.
    is_name = argument.strip() and len(argument) <= 1024 and "://" not in argument
    if not is_name or "\0" in argument or "\n" in argument:
        return None
    path = Path(argument).expanduser()
    try:
        return path if path.exists() else None
    except (OSError, ValueError):
        return None


def _take_folder(inputs: Inputs, name: str) -> None:
    from archive.saved.pages import pages_in

    pages = pages_in(Path(name).expanduser())
    if not pages:
        inputs.wrong.append(
            NotAnAddress(mark("{name} holds no saved pages (.html)", name=name), url=name)
        )
    inputs.files += pages


def _take_page(inputs: Inputs, name: str) -> None:
    inputs.files.append(Path(name).expanduser())


def _take_list_file(inputs: Inputs, name: str) -> None:
    _take_list(inputs, _bytes(name), name)


def _take_text(inputs: Inputs, text: str) -> None:
    found = urls.find(text)
    if found:
        inputs.add(found)
        return
    try:
        urls.parse(text)
    except NotAnAddress as error:
        hint = mark(
            "there is no file {text!r}, and it is no address of {host}", text=text, host=urls.HOST
        )
        inputs.wrong.append(NotAnAddress(hint, url=text) if _looks_like_path(text) else error)


def _looks_like_path(text: str) -> bool:
    from archive.saved.pages import ENDINGS

    return "://" not in text and Path(text).suffix.lower() in ENDINGS | {".txt", ".md", ".csv"}


def _take_list(inputs: Inputs, body: bytes, name: str, *, pasted: bool = False) -> None:
    if b"\0" in body[: files.HEAD] and not body.startswith(
        (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    ):
        inputs.wrong.append(
            NotAnAddress(
                mark("{name} is neither a saved page nor a text with addresses", name=name),
                url=name,
            )
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
        message = mark(
            "{name}, line {number}: no address of {host} in {line!r}",
            name=name,
            number=number,
            host=urls.HOST,
            line=line[:120],
        )
        inputs.wrong.append(NotAnAddress(message, url=line[:200]))
    if more := wrong[_MOST_WRONG:]:
        message = mark_plural(
            "{name}: no address of {host} in {n} more line, line {more}",
            "{name}: no address of {host} in {n} more lines, the first of them line {more}",
            len(more),
            name=name,
            host=urls.HOST,
            more=more[0][0],
        )
        inputs.wrong.append(NotAnAddress(message, url=name))


def _talk(line: str) -> bool:
    """Words between addresses in a pasted text, rather than an address that is none."""
    return _CHINESE().search(line) is not None and _LIKE_AN_ADDRESS().search(line) is None


def _bytes(name: str) -> bytes:
    try:
        return files.read(Path(name).expanduser())
    except OSError as error:
        said = mark("{name} cannot be read: {what}", name=name, what=strerror(error))
        raise NoSuchInput.of(error, said) from error
    except BadInput as error:
        raise BadInput(mark("{name} cannot be read: {error}", name=name, error=error)) from error


_TAKE: dict[str, Callable[[Inputs, str], None]] = {
    "folder": _take_folder,
    "page": _take_page,
    "list": _take_list_file,
    "text": _take_text,
}
