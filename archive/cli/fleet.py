"""``wechat-archive fleet`` and ``wechat-archive worker``: pages fetched by other machines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from archive.cli.common import App, Command, Group, pass_app
from archive.cli.crawling import Duration
from archive.i18n import gettext as _
from archive.i18n import plural

_QUEUE = click.option(
    "--queue",
    metavar="postgresql://…",
    help="The queue's database [default: $WECHAT_ARCHIVE_QUEUE, else the archive's setting].",
)


def _address(app: App, given: str | None) -> str:
    """The queue's address: as given, else the environment's or the archive's."""
    from archive.errors import BadConfig
    from archive.fleet.database import checked

    address = given or app.config.queue
    if address is None:
        raise BadConfig(
            _(
                "no queue is named: --queue postgresql://HOST/DATABASE, $WECHAT_ARCHIVE_QUEUE, "
                "or the setting `queue` in the archive's config.toml"
            )
        )
    return checked(address)


@click.group("fleet", cls=Group, short_help="Pages fetched by other machines: their queue.")
def group() -> None:
    """Let other machines fetch: the queue in PostgreSQL between this archive and its workers.

    An archive whose config.toml has the setting `queue` fetches through whoever runs
    `wechat-archive worker`. How to set it up, with TLS and roles: docs/fleet.md. Needs the extra
    `fleet`.
    """


@group.command("init", cls=Command, short_help="Make or update the queue's tables.")
@_QUEUE
@pass_app
def init(app: App, queue: str | None) -> None:
    """Make the queue's tables, or bring those of an older version up to date.

    Everything lies in the schema `wechat_archive` of the database. Running it again changes
    nothing. PostgreSQL 14 or newer.
    """
    import asyncio

    steps = asyncio.run(_init(_address(app, queue)))
    app.say(_("the queue's tables are made") if steps else _("the queue's tables are up to date"))


async def _init(address: str) -> list[str]:
    import psycopg

    from archive.errors import QueueTrouble
    from archive.fleet import schema
    from archive.fleet.database import connection

    async with connection(address) as conn:
        try:
            return await schema.init(conn)
        except psycopg.errors.InsufficientPrivilege as error:
            raise QueueTrouble(
                _(
                    "this user of the database may not make tables: {error}",
                    error=str(error).splitlines()[0],
                )
            ) from error


@group.command("status", cls=Command, short_help="Exits, workers, and what lies in the queue.")
@_QUEUE
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@pass_app
def status(app: App, queue: str | None, as_json: bool) -> None:
    """Show each exit with its pace, its workers and WeChat's pauses, and how much lies in the
    queue.
    """
    import asyncio

    found = asyncio.run(_status(_address(app, queue)))
    if as_json:
        import json

        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for line in _lines(found):
        click.echo(line)


async def _status(address: str) -> dict[str, Any]:
    from archive.fleet.database import open_queue
    from archive.fleet.status import collect

    async with open_queue(address, connections=1) as queue:
        return await collect(queue)


def _lines(found: dict[str, Any]) -> list[str]:
    from scraper.controls import escape_controls

    if not found["exits"]:
        return [_("no worker has come yet: wechat-archive worker --queue … --exit NAME")]
    requests = found["requests"]
    lines = [_exit_line(exit) for exit in found["exits"]]
    lines += [_worker_line(worker) for worker in found["workers"]]
    megabytes = f"{requests['bytes'] / 1e6:.1f}"
    lines.append(
        _(
            "queue: {waiting} waiting, {in_flight} in flight, {answered} pages to be stored ({mb} MB)",
            **{name: requests[name] for name in ("waiting", "in_flight", "answered")},
            mb=megabytes,
        )
    )
    return [escape_controls(line) for line in lines]


def _exit_line(exit: dict[str, Any]) -> str:
    interval = f"{exit['interval']:g}"
    said = _(
        "exit {name}: {workers} at work, {interval} s apart, {requests} requests",
        name=exit["name"],
        workers=exit["workers"],
        interval=interval,
        requests=exit["requests"],
    )
    if exit["blocked_until"]:
        return _(
            "{exit}; blocked until {time} ({reason})",
            exit=said,
            time=_time(exit["blocked_until"]),
            reason=exit["shown"] or exit["reason"],
        )
    if exit["held_until"]:
        return _(
            "{exit}; met a captcha, waits for an archive's word until {time}",
            exit=said,
            time=_time(exit["held_until"]),
        )
    if exit["asked"]:
        return _("{exit}, the last {time}", exit=said, time=_time(exit["asked"]))
    return said


def _worker_line(worker: dict[str, Any]) -> str:
    said = plural(
        "worker of {exit} on {host}: {n} request",
        "worker of {exit} on {host}: {n} requests",
        worker["requests"],
        exit=worker["exit"],
        host=worker["host"],
    )
    if worker["at_work"]:
        return said
    return _("{worker}, not heard of since {time}", worker=said, time=_time(worker["seen"]))


def _time(text: str) -> str:
    from scraper.zone import for_people

    return for_people(datetime.fromisoformat(text))


@click.command("worker", cls=Command, short_help="Fetch pages for archives elsewhere.")
@_QUEUE
@click.option(
    "--exit",
    "exit_",
    required=True,
    metavar="NAME",
    help="The public address it asks from; workers behind one address give one name.",
)
@click.option("--proxy", metavar="URL", help="Proxy for its requests: http, https or socks5.")
@click.option(
    "--interval",
    type=Duration(),
    help="Between two requests through this exit, whoever sends them [default: 3s].",
)
@click.option("--user-agent", metavar="TEXT", help="The User-Agent to send.")
@click.option(
    "--cookies", metavar="FILE", help="Netscape cookies file, known to this worker alone."
)
@pass_app
def worker(
    app: App,
    queue: str | None,
    exit_: str,
    proxy: str | None,
    interval: float | None,
    user_agent: str | None,
    cookies: str | None,
) -> None:
    """Fetch pages for archives that hand their addresses out through the queue, until it is
    stopped.

    It has no archive and keeps nothing: killed, cut off or without its database for a while it
    loses nothing. Needs the extra `fleet`.
    """
    from archive.fleet.serving import run_worker

    run_worker(
        _address(app, queue),
        app.config.option(proxy=proxy, user_agent=user_agent, cookies=cookies),
        _exit_name(exit_),
        pace=interval,
        ready=lambda: app.say(_("fetching through the exit {name} (Ctrl-C ends it)", name=exit_)),
    )


def _exit_name(name: str) -> str:
    from archive.config import is_exit_name

    if not is_exit_name(name):
        raise click.UsageError(_("--exit wants a name of up to 40 letters, digits, _ . -"))
    return name
