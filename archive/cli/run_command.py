"""``wechat-archive run``: everything that is due, for cron."""

from __future__ import annotations

import click

from archive.cli.common import App, Count, archive_command, pass_app
from archive.cli.crawling import Duration, Network, listeners, network_options, show
from archive.cli.noticed import notice_edits


@archive_command("run", short_help="Do everything that is due; for cron.")
@click.option(
    "--max-requests",
    type=Count(0),
    metavar="N",
    help="At most so many requests to mp.weixin.qq.com.",
)
@click.option("--max-duration", type=Duration(), help="Start nothing new after this long, as 50m.")
@click.option("--limit", type=Count(1), metavar="N", help="At most so many articles.")
@click.option(
    "--recheck",
    metavar="auto|off|AGE",
    help="Look at held articles again: by age, never, or as 30d.",
)
@click.option(
    "--ping-url",
    metavar="URL",
    help="Tell healthchecks.io or its like: /start, then success or the exit code.",
)
@click.option(
    "--exec",
    "exec_",
    metavar="CMD",
    help="Give alerts to this command, as JSON on its standard input.",
)
@network_options
@pass_app
def command(
    app: App,
    max_requests: int | None,
    max_duration: float | None,
    limit: int | None,
    recheck: str | None,
    ping_url: str | None,
    exec_: str | None,
    network: Network,
) -> None:
    """Do everything that is due: watched sources, waiting and failed addresses, missing images,
    re-checks.

    Made for cron and systemd timers: silent when all is fine, one line when something is not, and
    an exit code: 0 fine, 1 some addresses failed, 74 disk, 75 try later (blocked, or another
    command is writing), 76 pages not understood, 130 and 143 interrupted. What was interrupted is
    finished by the next run.
    """
    from archive.run import RunReport
    from archive.run.ping import pinging

    notice_edits(app, whole=True)

    config = network.config(
        app,
        max_requests=max_requests,
        max_duration=max_duration,
        limit=limit,
        recheck=recheck,
        ping_url=ping_url,
        exec=exec_,
    )
    report = RunReport(command="run", whole=network.as_json)
    with pinging(config) as ping:
        with listeners(app) as heard:
            network.runner(app, config, report, heard).run()
        ping.exit_code, ping.text = report.exit_code, report.line()
    as_json = network.as_json
    show(app, report, as_json=as_json, always_summarise=app.is_interactive or app.verbosity > 0)
