"""What is saved or changed from the page: one job after another, each in a process of its own, seen
while it runs.

A job is on disk before anybody is told that it was taken (``jobs/ID.json`` in the archive's
folder), and goes when it is done; a server that was killed takes it up again. The archive's lock is
the worker's: beside another command it waits.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import secrets
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from archive.errors import BadInput, DiskTrouble
from archive.json_fields import AsDict, json_field
from archive.web import own_files
from scraper import urls
from scraper.clock import utc_now
from scraper.messages import mark

log = logging.getLogger(__name__)

Kind = Literal["save", "page", "exchanges", "run", "watch", "unwatch", "retry"]
State = Literal["waiting", "running", "locked", "done", "failed"]
KINDS: tuple[Kind, ...] = ("save", "page", "exchanges", "run", "watch", "unwatch", "retry")
FOLDER = "jobs"
_REMEMBERED = 50  #: jobs that are done and still shown
_MOST_WAITING = 200
_MOST_RESULTS = 200  #: of one job that are shown; the others are counted
_MOST_ADDRESSES = 10_000
_PATIENCE = 12  #: seconds a run gets to finish its page when the server ends; it needs 10 at most


#: The names of a result that ``save --json`` leaves out where there is nothing to say.
_BLANK = dict.fromkeys(("key", "path", "title", "due", "error"))


#: Of a job's arguments: megabytes that its sender has already.
_HANDED_IN = frozenset({"har", "html", "pictures"})


def _without_bodies(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in _HANDED_IN}


@dataclass(slots=True, kw_only=True)
class Job(AsDict):
    """One thing to do. ``results`` are those of ``save --json``, every name there; times are aware,
    UTC.
    """

    id: str
    kind: Kind
    arguments: dict[str, Any] = json_field(convert=_without_bodies)
    created: datetime = json_field(timespec="seconds")
    state: State = "waiting"
    started: datetime | None = json_field(default=None, timespec="seconds")
    ended: datetime | None = json_field(default=None, timespec="seconds")
    results: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    message: str | None = None
    exit_code: int | None = None

    @property
    def is_over(self) -> bool:
        """Nothing more happens to it."""
        return self.state in ("done", "failed")

    def hear(self, told: dict[str, Any]) -> None:
        """Take in a line of the worker's."""
        event = told.pop("event", None)
        if event == "locked":
            self.state, self.message = "locked", told["message"]
        elif event == "result":
            self.state, self.message = "running", None
            self.counts[told["change"]] += 1
            if len(self.results) < _MOST_RESULTS:
                self.results.append(_BLANK | told)
        elif event in ("report", "error"):
            self.message = told.get("line") or told.get("message")
            self.exit_code = told["exit_code"]


class Worker(Protocol):
    """What ``subprocess.Popen`` is: the process of one job."""

    stdin: Any
    stdout: Any

    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def start_worker(root: Path) -> subprocess.Popen[str]:
    """The process that does one job on the archive in ``root``."""
    return subprocess.Popen(
        [sys.executable, "-m", "archive.web.worker", str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,  # Ctrl-C ends the server, which then ends it in its own way
    )


class Jobs:
    """The jobs of one server. ``start`` begins to do them; any thread may submit."""

    def __init__(
        self, root: Path, *, start_worker: Callable[[Path], Worker] = start_worker
    ) -> None:
        self.root = root
        self._start_worker = start_worker
        self._jobs: dict[str, Job] = {}
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._worker: Worker | None = None
        self._stopping = threading.Event()
        self._listeners: set[Callable[[], object]] = set()

    # --- by the server

    def start(self) -> None:
        """Begin, with what an earlier server left."""
        for job in self._left_over():
            self._jobs[job.id] = job
            self._queue.put(job.id)
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End: a running job finishes its page and is taken up by the next server, as are those
        that wait.
        """
        with self._lock:
            self._stopping.set()
            worker = self._worker
        self._queue.put(None)
        if worker is not None:
            worker.terminate()
        if self._thread is not None:
            self._thread.join(_PATIENCE)
            if self._thread.is_alive() and worker is not None:
                worker.kill()
                self._thread.join(1)

    def listen(self, heard: Callable[[], object]) -> Callable[[], None]:
        """``heard`` is called, in any thread, whenever a job changed. Gives what ends that."""
        self._listeners.add(heard)
        return lambda: self._listeners.discard(heard)

    # --- by pages and the API

    def submit(self, kind: Kind, arguments: dict[str, Any]) -> Job:
        """Take a job; it is on disk when this returns. Raises BadInput, DiskTrouble."""
        job = Job(id=secrets.token_hex(8), kind=kind, arguments=arguments, created=utc_now())
        with self._lock:
            if sum(not one.is_over for one in self._jobs.values()) >= _MOST_WAITING:
                raise BadInput(
                    mark(
                        "{most_waiting} jobs are waiting already: try again later",
                        most_waiting=_MOST_WAITING,
                    )
                )
        kept = json.dumps(_kept(job), ensure_ascii=False)
        own_files.put(self._place(job.id), kept.encode("utf-8", "replace"))
        with self._lock:
            self._jobs[job.id] = job
            self._forget_old()
        self._queue.put(job.id)
        self.wake()
        return job

    def save(
        self, texts: Sequence[str], *, follow: int | None = None, refresh: bool = False
    ) -> Job:
        """Fetch what the texts hold of addresses. Raises BadInput where they hold none."""
        addresses = {one.canonical: one.fetch for text in texts for one in urls.find(text)}
        if not addresses:
            raise BadInput(mark("there is no address of mp.weixin.qq.com in this"))
        if len(addresses) > _MOST_ADDRESSES:
            raise BadInput(
                mark(
                    "these are more than {most_addresses} addresses: give fewer at once",
                    most_addresses=_MOST_ADDRESSES,
                )
            )
        found = {"addresses": list(addresses.values()), "follow": follow, "refresh": refresh}
        return self.submit("save", found)

    def get(self, job_id: str) -> Job | None:
        """The job with this id, as long as it is remembered."""
        return self._jobs.get(job_id)

    def all(self) -> list[Job]:
        """Every job that is remembered, the newest first."""
        with self._lock:
            return sorted(self._jobs.values(), key=lambda job: job.created, reverse=True)

    def is_waiting(self, kind: Kind) -> bool:
        """Whether a job of this kind is not over yet."""
        return any(job.kind == kind and not job.is_over for job in self.all())

    # --- inside

    def _place(self, job_id: str) -> Path:
        return self.root / FOLDER / f"{job_id}.json"

    def _left_over(self) -> list[Job]:
        found = []
        for place in sorted((self.root / FOLDER).glob("*.json")):
            try:
                kept = json.loads(own_files.get(place) or b"")
                created = datetime.fromisoformat(kept["created"])
                if kept["kind"] not in KINDS or not isinstance(kept["arguments"], dict):
                    raise ValueError(kept["kind"])
                job = Job(
                    id=place.stem, kind=kept["kind"], arguments=kept["arguments"], created=created
                )
            except (DiskTrouble, ValueError, KeyError, TypeError):
                log.warning("%s is no job and is left alone", place)
                continue
            found.append(job)
        return sorted(found, key=lambda job: job.created)

    def _forget_old(self) -> None:
        over = [job for job in self._jobs.values() if job.is_over]
        for job in sorted(over, key=lambda job: job.created)[: -_REMEMBERED or None]:
            del self._jobs[job.id]

    def wake(self) -> None:
        """Tell everybody who listens to look again."""
        for heard in tuple(self._listeners):
            heard()

    def _work(self) -> None:
        while (job_id := self._queue.get()) is not None:
            job = self._jobs[job_id]
            try:
                self._do(job)
            except Exception as error:
                log.exception("the job %s failed", job.id)
                job.state, job.message = "failed", f"{type(error).__name__}: {error}"
            if self._stopping.is_set():
                return
            job.ended = utc_now()
            with contextlib.suppress(OSError):
                self._place(job.id).unlink(missing_ok=True)
            self.wake()

    def _do(self, job: Job) -> None:
        with self._lock:
            if self._stopping.is_set():
                return
            self._worker = worker = self._start_worker(self.root)
        job.state, job.started = "running", utc_now()
        self.wake()
        with contextlib.suppress(BrokenPipeError), worker.stdin as given:
            json.dump({"kind": job.kind, "arguments": job.arguments}, given)
        for line in worker.stdout:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                told = json.loads(line)
                job.hear(told if isinstance(told, dict) else {})
            self.wake()
        code = worker.wait()
        worker.stdout.close()
        with self._lock:
            self._worker = None
        if self._stopping.is_set() and code != 0:
            return
        job.exit_code = code if job.exit_code is None else job.exit_code
        job.state = "done" if job.exit_code == 0 else "failed"


def _kept(job: Job) -> dict[str, Any]:
    return {
        "kind": job.kind,
        "arguments": job.arguments,
        "created": job.created.isoformat(timespec="microseconds"),
    }
