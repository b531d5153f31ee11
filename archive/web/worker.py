"""The process that does one job for the page: ``python -m archive.web.worker ROOT``.

A process of its own, because a run wants the main thread for its signals, and whatever happens to
it the page stays. It reads the job as JSON from standard input and tells on standard output, a JSON
object a line: ``{"event": "result", …}`` for each address, ``locked`` while another command writes,
and at last ``report`` or ``error``.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from base64 import b64decode
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import archive
from archive.errors import ArchiveError, Locked
from archive.library import Library
from scraper import urls
from scraper.errors import ScrapeError

if TYPE_CHECKING:
    from archive.importers import Taken
    from archive.run.report import Result

#: What `save` and `run` may be told; anything else of a request is not passed on.
_SETTINGS = ("follow", "interval", "images")


def main(root: Path, job: dict[str, Any]) -> int:
    """Do the job; the exit code that the command would have ended with."""
    try:
        with archive.open(root) as library:
            try:
                return _do(library, job, wait=False)
            except Locked as error:
                _tell("locked", message=str(error))
            return _do(library, job, wait=True)
    except (ArchiveError, ScrapeError, OSError) as error:
        code = getattr(error, "exit_code", 74)
        _tell("error", message=str(error), exit_code=code)
        return int(code)


def _do(library: Library, job: dict[str, Any], *, wait: bool) -> int:
    kind, arguments = job["kind"], job["arguments"]
    if kind in ("save", "run"):
        return _crawl(library, kind, arguments, wait)
    if kind == "page":
        return _page(library, arguments, wait)
    if kind == "exchanges":
        return _exchanges(library, arguments, wait)
    if kind == "watch":
        for address in arguments["addresses"]:
            if "://" in address:  # a file's name would be one of this server's
                library.watch(address, **_rules(arguments), wait=wait)
    elif kind == "unwatch":
        library.unwatch(str(arguments["source"]), wait=wait)
    elif kind == "retry":
        library.retry(arguments.get("what"), wait=wait)
    _tell("report", exit_code=0)
    return 0


def _rules(arguments: dict[str, Any]) -> dict[str, Any]:
    """How a source is watched; what a job of an earlier server does not say is as ever."""
    names = ("every", "follow", "scope", "include", "exclude", "group")
    return {**{name: arguments.get(name) for name in names}, "tags": arguments.get("tags") or ()}


def _page(library: Library, arguments: dict[str, Any], wait: bool) -> int:
    """Keep a page as somebody's browser showed it, by the way of every saved page."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "page.mhtml"
        place.write_bytes(bundle(**arguments))
        report = library.save([str(place)], wait=wait, on_result=_tell_result)
    _tell("report", line=report.line(), exit_code=report.exit_code, requests=report.requests)
    return report.exit_code


def bundle(url: str, html: str, pictures: list[dict[str, str]]) -> bytes:
    """A page and its pictures as a browser's "save as one file" has them (MHTML, RFC 2557)."""
    whole = EmailMessage()
    whole["Snapshot-Content-Location"] = url
    whole.set_content(html, subtype="html", cte="base64")
    whole.make_related()
    for part in whole.iter_parts():
        part["Content-Location"] = url
    for picture in pictures:
        whole.add_related(b64decode(picture["data"]), "image", "x-unknown", cte="base64")
        *_others, part = whole.iter_parts()
        part["Content-Location"] = picture["url"]
    return whole.as_bytes()


def _exchanges(library: Library, arguments: dict[str, Any], wait: bool) -> int:
    """Keep what somebody's client received, by the way of every recording."""
    from archive.config import load
    from archive.importers.recordings import take_recordings

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "received.har"
        place.write_text(arguments["har"], encoding="utf-8")
        report = take_recordings(
            library.root, [str(place)], load(library.root), wait=wait, tell=_tell_taken
        )
    _tell("report", line=report.line(), exit_code=report.exit_code, requests=0)
    return report.exit_code


def _tell_taken(taken: Taken) -> None:
    where = taken.source.rpartition(", ")[2]
    _tell("result", address=where, **{"followed": False, **taken.as_dict()})


def _crawl(library: Library, kind: str, arguments: dict[str, Any], wait: bool) -> int:
    settings = {name: arguments[name] for name in _SETTINGS if arguments.get(name) is not None}

    if kind == "run":
        report = library.run(wait=wait, on_result=_tell_result, **settings)
    else:
        # Addresses alone: what looks like a file's name would be one of this server's.
        found = {
            one.canonical: one.fetch for text in arguments["addresses"] for one in urls.find(text)
        }
        report = library.save(
            found.values(),
            refresh=bool(arguments.get("refresh")),
            wait=wait,
            on_result=_tell_result,
            **settings,
        )
    _tell("report", line=report.line(), exit_code=report.exit_code, requests=report.requests)
    return report.exit_code


def _tell_result(result: Result) -> None:
    _tell("result", **result.as_dict())


def _tell(event: str, **values: Any) -> None:
    print(json.dumps({"event": event, **values}, ensure_ascii=False), flush=True)


def _terminated(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminated)  # until a run takes over
    sys.exit(main(Path(sys.argv[1]), json.load(sys.stdin)))
