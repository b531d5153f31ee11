"""The command line: ``wechat-archive COMMAND …``.

Each command lives in its own module and is imported only when asked for, because starting the
program must not cost more than the search it was started for. Whatever goes wrong ends here as one
readable line and an exit code.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from archive import i18n
from archive.cli.common import App, common_options
from archive.cli.console import safe_output, wants_colour
from archive.cli.words import InLanguage, with_our_stops
from archive.errors import ArchiveError
from archive.i18n import gettext as _
from scraper.errors import ScrapeError
from scraper.messages import changed, mark, message_of, system_message

#: command → (where it lives, what it does in a line). The lines are checked against the commands'
#: own help.
COMMANDS: dict[str, tuple[str, str]] = {
    "save": ("archive.cli.save:command", "Fetch articles and keep them."),
    "run": ("archive.cli.run_command:command", "Do everything that is due; for cron."),
    "watch": (
        "archive.cli.watch:command",
        "Watch an album, feed, list file or article for new articles.",
    ),
    "unwatch": ("archive.cli.watch:unwatch", "Stop watching a source."),
    "alert": (
        "archive.cli.alert:command",
        "Be told when articles match, or something goes wrong.",
    ),
    "discuss": (
        "archive.cli.discuss:command",
        "Ask for comments and counts of articles held.",
    ),
    "search": ("archive.cli.search:command", "Find articles by words in Chinese or any script."),
    "similar": ("archive.cli.search:similar", "Find reprints and related articles."),
    "list": ("archive.cli.list:command", "List the articles held."),
    "show": ("archive.cli.show:command", "Show one article, its versions or links."),
    "tag": ("archive.cli.own:tag", "Give articles your tags, or take them away."),
    "star": ("archive.cli.own:star", "Star articles."),
    "unstar": ("archive.cli.own:unstar", "Take the star from articles."),
    "read": ("archive.cli.own:read", "Mark articles as read."),
    "unread": ("archive.cli.own:unread", "Mark articles as unread."),
    "note": ("archive.cli.own:note", "Write a note on an article."),
    "group": ("archive.cli.group:command", "Put accounts into groups."),
    "remove": ("archive.cli.remove:command", "Remove articles, or bring them back."),
    "diff": ("archive.cli.diff:command", "Show what changed between versions of an article."),
    "accounts": (
        "archive.cli.shelves:accounts",
        "List the accounts, each with how many articles.",
    ),
    "albums": ("archive.cli.shelves:albums", "List the albums, each with how many articles."),
    "tags": (
        "archive.cli.shelves:tags",
        "List your tags and WeChat's, each with how many articles.",
    ),
    "status": ("archive.cli.status:command", "What is held, waiting, failed, blocked."),
    "retry": ("archive.cli.status:retry", "Try failed addresses again with the next run."),
    "forget": ("archive.cli.status:forget", "Take addresses out of the queue."),
    "serve": ("archive.cli.serve:command", "Read and search the archive in a browser."),
    "intake-addon": (
        "archive.cli.intake_addon:command",
        "Print a mitmproxy add-on that hands over what you read.",
    ),
    "mcp": ("archive.cli.mcp:command", "Let a language model search and read the archive."),
    "convert": ("archive.cli.convert:command", "Turn a saved page into Markdown; stores nothing."),
    "verify": ("archive.cli.verify:command", "Check everything that is kept against its hashes."),
    "reparse": ("archive.cli.reparse:command", "Make articles again from their raw pages."),
    "repack": ("archive.cli.repack:command", "Make the kept raw pages smaller."),
    "reindex": ("archive.cli.search:reindex", "Make the search index again."),
    "import": (
        "archive.cli.imports:command",
        "Take in Markdown, HTML, WARC or other tools' exports.",
    ),
    "export": ("archive.cli.export:command", "Write the archive as other formats."),
    "backup": ("archive.cli.backup:command", "Copy the archive while it is in use."),
    "fleet": ("archive.cli.fleet:group", "Pages fetched by other machines: their queue."),
    "worker": ("archive.cli.fleet:worker", "Fetch pages for archives elsewhere."),
    "doctor": ("archive.cli.doctor:command", "Check this machine and the archive's folder."),
    "config": (
        "archive.cli.config:command",
        "Show the settings in force and where they come from.",
    ),
    "completion": (
        "archive.cli.completion:command",
        "Print what makes Tab complete commands and names.",
    ),
}

#: A shell asks for completions (archive/cli/completion.py).
_COMPLETES = "_WECHAT_ARCHIVE_COMPLETE"
USAGE, BUG, CANNOT_CREATE, DISK, INTERRUPTED = 64, 70, 73, 74, 130
_DISK_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})
_NOT_ALLOWED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR})


class LazyGroup(InLanguage, click.Group):
    """Knows its commands by name and imports a module only for the command that is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        # Not list(…): once that command is imported, its module has taken the name in here.
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        if _COMPLETES in os.environ:
            from archive.cli.completion import teach

            teach(found)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if _is_address(name):  # what most people type first: the address and nothing else
            return "save", self.get_command(ctx, "save"), args
        if name and name not in COMMANDS and not name.startswith("-"):
            if ctx.resilient_parsing:
                return None, None, args
            raise click.UsageError(_unknown(name), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _(line)) for name, (_where, line) in COMMANDS.items()])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


def _is_address(name: str) -> bool:
    return "mp.weixin.qq.com" in name or name.startswith(("http://", "https://"))


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    if near:
        return _(
            "no command is called '{name}'. Did you mean '{near}'? "
            "`wechat-archive --help` lists them.",
            name=name,
            near=near[0],
        )
    return _(
        "no command is called '{name}'. `wechat-archive --help` lists them.",
        name=name,
    )


def _version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(_("wechat-archive {version}", version=version("wechat-archive")))
        ctx.exit()


@click.command(
    cls=LazyGroup,
    params=[
        *common_options(),
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Show the version.",
        ),
    ],
    no_args_is_help=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Keep WeChat Official Account (微信公众号) articles for good.

    Fetches articles of mp.weixin.qq.com, follows their related reads, keeps each as Markdown with
    its images and in SQLite, and finds any of it again. Begin with: wechat-archive save ADDRESS
    """
    ctx.ensure_object(App)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program and end the process with its exit code."""
    # Nearly all that starting makes stays: looking through it every 700 objects, as CPython does,
    # is 4 % of the CPU of keeping one article.
    gc.set_threshold(10_000, 20, 20)
    signal.signal(
        signal.SIGTERM, _terminated
    )  # commands that write take over as soon as they begin
    code = run([*(sys.argv[1:] if argv is None else argv)])
    # What is left goes with the process, and whatever must be closed has been: CPython, which looks
    # through all of it for garbage when it ends, would take a tenth of the CPU of keeping one article.
    gc.freeze()
    sys.exit(code)


def _terminated(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def run(argv: list[str]) -> int:
    """Run one command line; returns the exit code. Every error becomes one line on stderr."""
    app = App(lang=_asked_language(argv))
    with safe_output(), i18n.use(app.language):
        if _COMPLETES in os.environ:
            from archive.cli.completion import answer

            return answer(cli)
        return _run(argv, app)


def _asked_language(argv: list[str]) -> str | None:
    """What ``--lang`` says, wherever it stands: help and errors of the line itself obey it too."""
    for at, word in enumerate(argv):
        if word == "--":
            break
        if word == "--lang":
            return argv[at + 1] if at + 1 < len(argv) else None
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
    return None


def _run(argv: list[str], app: App) -> int:
    try:
        # Not click's own main(): it would end a closed pipe with 1, as if something had failed.
        with cli.make_context("wechat-archive", argv, obj=app, color=wants_colour()) as context:
            cli.invoke(context)
        sys.stdout.flush()
        return 0
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: nothing is wrong, and Python must not
        # complain at exit.
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115, PTH123
        return 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        return _usage(error, app)
    except (click.Abort, KeyboardInterrupt):
        click.echo(_("interrupted"), err=True)
        return INTERRUPTED
    except (ScrapeError, ArchiveError) as error:
        return _fail(app, message_of(error), error.exit_code)
    except OSError as error:
        return _os_error(error, app)
    except Exception as error:
        return _unexpected(error, app)


def _unexpected(error: Exception, app: App) -> int:
    """What no command raises: SQLite's, damage by another hand, or a bug."""
    if isinstance(error, RecursionError):
        return _bug(error, app)
    return _sqlite_error(error, app) or _foreign(app) or _bug(error, app)


def _foreign(app: App) -> int | None:
    """The exit code where the archive holds what this program does not write: then it is no bug."""
    from archive.db.foreign import foreign
    from archive.db.names import ARCHIVE_DB
    from archive.errors import Corrupt

    what = foreign(app.root / ARCHIVE_DB)
    if what is None:
        return None
    error = Corrupt(
        mark(
            "{place} was damaged, or changed by somebody: {what}. `wechat-archive verify` says "
            "what else; the files in articles/ and your backup are as they were",
            place=app.root / ARCHIVE_DB,
            what=what,
        )
    )
    return _fail(app, message_of(error), error.exit_code)


def _fail(app: App, message: str, code: int) -> int:
    from scraper.redact import redact

    app.tell(mark("error: {what}", what=changed(message, redact)), level="error")
    return code


def _usage(error: click.ClickException, app: App) -> int:
    context = getattr(error, "ctx", None)
    hint = _("Help: {command} --help", command=context.command_path) if context else ""
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        del error.possibilities[1:]  # the nearest is first; the others are far from it
    said = with_our_stops(error.format_message())
    return _fail(app, f"{said}\n{hint}".rstrip(), USAGE)


def _os_error(error: OSError, app: App) -> int:
    what = system_message(error)
    if error.errno in _DISK_TROUBLE:
        advice = mark("Nothing that was kept is lost; make room and run it again.")
        return _fail(app, mark("{what}. {advice}", what=what, advice=advice), DISK)
    if error.errno in _NOT_ALLOWED:
        advice = mark("Choose another folder with --archive, or mend its permissions.")
        return _fail(app, mark("{what}. {advice}", what=what, advice=advice), CANNOT_CREATE)
    return _fail(app, what, DISK)


def _sqlite_error(error: Exception, app: App) -> int | None:
    """The exit code for a trouble that SQLite itself reports; ``None`` where the error is not
    SQLite's.
    """
    import sqlite3

    if not isinstance(error, sqlite3.Error):
        return None
    from archive.db.errors import as_archive_error

    told = as_archive_error(error, app.root)
    return None if type(told) is ArchiveError else _fail(app, message_of(told), told.exit_code)


def _bug(error: Exception, app: App) -> int:
    if app.verbosity:
        import traceback

        click.echo(traceback.format_exc(), err=True)
    said = mark(
        "{what}. This is a bug in wechat-archive; nothing that was kept is lost. "
        "Run the command again with -v and report what it prints.",
        what=f"{type(error).__name__}: {error}",
    )
    return _fail(app, said, BUG)
