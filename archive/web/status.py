"""``/status``: what is going on, what waits, what failed and why; and the ways to begin
something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from archive import i18n
from archive.crawl.sources import SourceRules
from archive.errors import BadInput
from archive.run.history import Run
from archive.store import Stored
from archive.web import render
from archive.web.article import outgoing
from archive.web.jobs import KINDS, Job, Jobs, Kind
from archive.web.site import Site, site_of
from scraper.clock import utc_now
from scraper.messages import mark
from scraper.zone import CHINA

_ = i18n.gettext
DAYS = 60  #: in the strip of runs
_ALBUMS = 40
#: How often a source may be looked at: seconds, and what a reader calls it.
_EVERY = {
    "1h": (3600.0, i18n.mark("every hour")),
    "6h": (21600.0, i18n.mark("every 6 hours")),
    "1d": (86400.0, i18n.mark("every day")),
    "7d": (604800.0, i18n.mark("every week")),
}
_MOST_FOLLOW = 3
#: What to do about a kind of failure, by its class.
NEXT_STEPS = {
    "deleted": i18n.mark("Final: its author deleted it."),
    "violation": i18n.mark("Final: WeChat removed it."),
    "complaint": i18n.mark("Final: removed after a complaint."),
    "migrated": i18n.mark("Final: the account moved."),
    "account-closed": i18n.mark("Final: the account is closed."),
    "account-blocked": i18n.mark("Final: WeChat closed the account."),
    "expired": i18n.mark("The temporary link has expired: copy a fresh one from WeChat."),
    "parameter-error": i18n.mark("The address is incomplete: copy it again from WeChat."),
    "login": i18n.mark("Opens only when logged in: set cookies in config.toml, then retry."),
    "paid": i18n.mark("Must be paid for: set the cookies of a session that has, then retry."),
    "blocked": i18n.mark(
        "WeChat asked for a verification: its short address may open, or cookies."
    ),
    "unrecognised": i18n.mark("A page nobody has seen: update the program, then `reparse`."),
    "hostile": i18n.mark("Too large or too deep to read; the raw page is kept."),
    "refused": i18n.mark("The server has no such page: check the address."),
    "forbidden": i18n.mark("Not an address the program may open; see allow_hosts in config.toml."),
    "not-an-address": i18n.mark("No WeChat article: check what was given."),
}
_LATER = i18n.mark("The next run tries again by itself.")
_FINAL = i18n.mark("Final; retry asks again.")
#: What a job is called.
KIND_TITLES: dict[Kind, str] = {
    "save": i18n.mark("Fetch"),
    "run": i18n.mark("Everything that is due"),
    "watch": i18n.mark("Watch"),
    "unwatch": i18n.mark("Unwatch"),
    "retry": i18n.mark("Retry"),
}
STATE_TITLES = {
    "waiting": i18n.mark("waiting"),
    "running": i18n.mark("running"),
    "locked": i18n.mark("waiting for another command"),
    "done": i18n.mark("done"),
    "failed": i18n.mark("ended with failures"),
}
CHANGES = {
    "new": i18n.mark("new"),
    "modified": i18n.mark("new version"),
    "unchanged": i18n.mark("unchanged"),
    "reparsed": i18n.mark("read anew"),
    "held": i18n.mark("held already"),
    "gone": i18n.mark("deleted on WeChat"),
    "skipped": i18n.mark("skipped"),
    "waiting": i18n.mark("waiting"),
    "failed": i18n.mark("failed"),
}


@dataclass(frozen=True, slots=True)
class RunDay:
    """A day in the strip: ``level`` 0 no run, 1 runs without news, 2 with news, 3 with a
    failure.
    """

    day: date
    runs: int
    saved: int
    level: int


def strip(runs: Iterable[Run], today: date, days: int = DAYS) -> list[RunDay]:
    """The last days in China, the oldest first."""
    by_day: dict[date, list[Run]] = {}
    for run in runs:
        by_day.setdefault(run.started.astimezone(CHINA).date(), []).append(run)
    found = []
    for back in range(days - 1, -1, -1):
        day = today - timedelta(days=back)
        mine = by_day.get(day, [])
        saved = sum(run.saved for run in mine)
        level = 3 if any(run.exit_code for run in mine) else 2 if saved else 1 if mine else 0
        found.append(RunDay(day, len(mine), saved, level))
    return found


def next_step(failed: dict[str, Any]) -> str:
    """What to do about a kind of failure, in the reader's language."""
    return _(NEXT_STEPS.get(failed["class"]) or (_LATER if failed["waiting"] else _FINAL))


def status(request: Request) -> Response:
    """The page; ``?part=now`` what runs now, for the script."""
    site = site_of(request)
    now = _now(site)
    if "part" in request.query_params:
        return render.page(request, "now.html", **now)
    found = site.library.status()
    runs = site.library.runs()
    return render.page(
        request,
        "status.html",
        found=found,
        failed=[(one, next_step(one)) for one in found["failed"]],
        blocked=_time(found["blocked"]["until"]) if found["blocked"] else None,
        albums=sorted(found["albums"], key=lambda one: (one["complete"], -one["held"]))[:_ALBUMS],
        sources=site.library.sources(),
        strip=strip(runs, utc_now().astimezone(CHINA).date()),
        runs=runs[:8],
        sizes=site.library.sizes(),
        removed=len(site.library.removed()),
        every=_EVERY,
        given=request.query_params.get("add", "")[:2000],
        **now,
    )


def _now(site: Site) -> dict[str, Any]:
    jobs = site.jobs.all()
    writer = site.library.writer()
    return {
        "jobs": [job for job in jobs if not job.is_over][:10]
        + [job for job in jobs if job.is_over][:5],
        "writer": writer if writer and not any(job.state == "running" for job in jobs) else None,
        "kind_titles": KIND_TITLES,
        "state_titles": STATE_TITLES,
        "changes": CHANGES,
    }


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def job(request: Request) -> Response:
    """``/jobs/ID``: one job while it runs and after."""
    found = site_of(request).jobs.get(request.path_params["id"])
    if found is None:
        raise HTTPException(404)
    template = "job-part.html" if "part" in request.query_params else "job.html"
    return render.page(
        request,
        template,
        job=found,
        kind_titles=KIND_TITLES,
        state_titles=STATE_TITLES,
        changes=CHANGES,
    )


async def submit(request: Request) -> Response:
    """``POST /jobs``: a form's wish; leads to the job's page."""
    body = (await request.body()).decode("utf-8", "replace")
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(body, max_num_fields=1000):
        fields.setdefault(name, []).append(value)
    made = await run_in_threadpool(take, site_of(request), fields)
    return RedirectResponse(f"/jobs/{made.id}", 303)


def take(site: Site, fields: dict[str, list[str]]) -> Job:
    """The job that a form asks for. Raises BadInput for one that makes no sense."""
    kind = (fields.get("kind") or ["save"])[-1]
    if kind not in KINDS or kind in ("page", "exchanges"):  # no form sends these
        raise BadInput(mark("there is no such job"))
    jobs = site.jobs
    if kind == "save":
        return _save(site, fields)
    if kind == "run":
        return jobs.submit("run", {})
    if kind == "watch":
        return _watch(jobs, fields)
    if kind == "unwatch":
        return jobs.submit("unwatch", {"source": _number(fields, "source", 10**12)})
    return jobs.submit("retry", {"what": fields["what"][-1] if "what" in fields else None})


def _save(site: Site, fields: dict[str, list[str]]) -> Job:
    texts = list(fields.get("addresses", []))
    refresh = bool(fields.get("refresh"))
    for key in fields.get("links", []):  # every link of an article that is not held
        held = site.library.get(key)
        texts += [edge.url for edge in outgoing(site.library.links(held.key)).missing]
    for key in fields.get("refresh", []):
        texts.append(_address(site.library.get(key)))
    return site.jobs.save(texts, follow=_number(fields, "follow", _MOST_FOLLOW), refresh=refresh)


def _address(stored: Stored) -> str:
    if stored.url is None:
        raise BadInput(mark("the page gave no address, so it cannot be looked at again"))
    return stored.url


def _watch(jobs: Jobs, fields: dict[str, list[str]]) -> Job:
    addresses = [text.strip() for text in fields.get("addresses", []) if "://" in text]
    if not addresses:
        raise BadInput(mark("give the address of an album, a feed or an article to watch"))
    every, _title = _EVERY.get((fields.get("every") or [""])[-1], (None, ""))
    rules = SourceRules.of(
        include=(fields.get("include") or [""])[-1],
        exclude=(fields.get("exclude") or [""])[-1],
        tags=re.split(r"[,，\s]+", (fields.get("tags") or [""])[-1]),
        group=(fields.get("group") or [""])[-1].strip(),
    )
    return jobs.submit("watch", {"addresses": addresses[:20], "every": every, **rules.as_dict()})


def _number(fields: dict[str, list[str]], name: str, most: int) -> int:
    text = (fields.get(name) or ["0"])[-1]
    if not (text.isascii() and text.isdigit() and len(text) < 13 and int(text) <= most):
        raise BadInput(mark("{name} must be a number up to {most}", name=name, most=most))
    return int(text)
