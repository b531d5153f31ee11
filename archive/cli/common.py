"""What every command shares: the options that stand on all of them, and the ``App`` they work
with.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archive import i18n
from archive.cli.words import InLanguage, let_click_speak
from archive.db.names import CONFIG
from archive.i18n import gettext as _
from scraper.clock import utc_now
from scraper.patterns import lazy
from scraper.records import dataclass

if TYPE_CHECKING:
    from archive.config import Config

let_click_speak()

DEFAULT_ROOT = "wechat-archive-data"
F = TypeVar("F", bound=Callable[..., Any])
_SHORT_OPTION = lazy("-(v+|q|h)")  # the common ones; -video is a word that is not wanted


class Count(click.IntRange):
    """How many: what is more than anything holds is as many as SQLite can count."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """A number of at least ``min``; fails with what was expected."""
        return int(min(super().convert(value, param, ctx), 2**31 - 1))


@dataclass
class App:
    """The archive folder that a command works on, how loud it is, and its settings (read when first
    asked for).
    """

    archive: str | None = None
    verbosity: int = 0
    quiet: bool = False
    log_format: str = "text"
    lang: str | None = None

    def language(self) -> str:
        """The language of all that is said: ``--lang``, else the setting ``lang``, else that of the
        environment.
        """
        if self.lang:
            return i18n.best([self.lang])
        wanted = "auto"
        if "WECHAT_ARCHIVE_LANG" in os.environ or (self.root / CONFIG).exists():
            from archive.config import language_in

            wanted = language_in(self.root)
        return i18n.of_environment() if wanted == "auto" else i18n.best([wanted])

    @property
    def root(self) -> Path:
        """The archive folder: ``--archive``, else ``$WECHAT_ARCHIVE``, else
        ``./wechat-archive-data``.
        """
        return Path(self.archive or os.environ.get("WECHAT_ARCHIVE") or DEFAULT_ROOT).expanduser()

    @cached_property
    def config(self) -> Config:
        """The settings in force. Raises ``BadConfig``."""
        from archive.config import load

        return load(self.root)

    @property
    def is_interactive(self) -> bool:
        """True when a person sees stderr: progress bars are welcome."""
        return sys.stderr.isatty() and not self.quiet and self.log_format == "text"

    def say(self, text: str) -> None:
        """Talk to the person, on stderr; silent with ``-q``."""
        if not self.quiet:
            self.tell(text)

    def tell(self, text: str, *, level: str = "info") -> None:
        """A line on stderr whatever was said about loudness, in the reader's language; as JSON,
        which programs read, in English, where the log is."""
        click.echo(_as_json(text, level) if self.log_format == "json" else _(text), err=True)

    def set_up_logging(self) -> None:
        """Log to stderr in the chosen form, secrets removed. Called once by ``main`` before a
        command runs.
        """
        level = (
            logging.ERROR
            if self.quiet
            else max(logging.WARNING - 10 * self.verbosity, logging.DEBUG)
        )
        handler = logging.StreamHandler()
        handler.setFormatter(_JsonFormatter() if self.log_format == "json" else _TextFormatter())
        root = logging.getLogger()
        root.handlers[:] = [handler]
        root.setLevel(level)
        if self.verbosity < 3:
            # httpx and httpcore log whole addresses and headers; ours say the same without them.
            for name in ("httpx", "httpcore", "asyncio"):
                logging.getLogger(name).setLevel(logging.WARNING)


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(levelname)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        from scraper.redact import redact

        return redact(super().format(record))


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        from scraper.redact import redact

        said = redact(record.getMessage())
        return _as_json(said, record.levelname.lower(), record.name, record.created)


def _as_json(
    message: str, level: str, logger: str = "wechat-archive", created: float | None = None
) -> str:
    import json
    from datetime import UTC, datetime

    line = {
        "time": (datetime.fromtimestamp(created, UTC) if created else utc_now()).isoformat(
            timespec="milliseconds"
        ),
        "level": level,
        "logger": logger,
        "message": message,
    }
    return json.dumps(line, ensure_ascii=False)


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def callback(ctx: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        app = ctx.ensure_object(App)
        if value:  # given here: it wins over the same option before the command's name
            setattr(app, name, value)
        return value

    return callback


def common_options() -> list[click.Option]:
    """Fresh copies of the options that stand on the program and on every command."""
    return [
        click.Option(
            ["--archive"],
            metavar="DIR",
            expose_value=False,
            callback=_remember("archive"),
            help="The archive folder [default: $WECHAT_ARCHIVE, else ./wechat-archive-data].",
        ),
        click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_remember("verbosity"),
            help="Say more on stderr; twice for everything.",
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_remember("quiet"),
            help="Say only errors.",
        ),
        click.Option(
            ["--log-format"],
            type=click.Choice(["text", "json"]),
            expose_value=False,
            callback=_remember("log_format"),
            help="How messages on stderr are written [default: text].",
        ),
        click.Option(
            ["--lang"],
            type=click.Choice(["en", "zh"]),
            expose_value=False,
            callback=_remember("lang"),
            help="The language of help and messages [default: as the environment says].",
        ),
    ]


class Command(InLanguage):
    """A command with the common options after its own, so that they may stand before or behind its
    name.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += common_options()

    def invoke(self, ctx: click.Context) -> Any:
        ctx.ensure_object(App).set_up_logging()
        return super().invoke(ctx)


class MinusCommand(Command):
    """Takes ``-香`` and ``-vip`` as words, which `without_guard` gives as they were typed, not as
    options; options of its own have long names.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        followed = {
            name
            for option in self.params
            if isinstance(option, click.Option) and not option.is_flag and not option.count
            for name in option.opts
        }
        pairs = zip(["", *args], args, strict=False)
        guarded = [word if before in followed else _guarded(word) for before, word in pairs]
        return super().parse_args(ctx, guarded)


def _guarded(word: str) -> str:
    is_minus_word = word.startswith("-") and len(word) > 1 and word[1] != "-"
    return f"\0{word}" if is_minus_word and not _SHORT_OPTION().fullmatch(word) else word


def without_guard(words: Iterable[str]) -> list[str]:
    """The arguments of a ``MinusCommand`` as they were typed."""
    return [word.removeprefix("\0") for word in words]


class Group(InLanguage, click.Group):
    """A command of several words; its parts are ``Command``s."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += common_options()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            parts = [(name, self.commands[name]) for name in self.list_commands(ctx)]
            formatter.write_dl([(name, part.get_short_help_str()) for name, part in parts])


def archive_command(name: str, **attrs: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """``@archive_command("save")``: like click's, with the common options."""
    return click.command(name, cls=Command, **attrs)


#: Decorator that hands a command its ``App`` as first argument.
pass_app = click.make_pass_decorator(App, ensure=True)


def write_new(path: Path, text: str, *, mode: int, make_folder: bool = False) -> None:
    """Make a text file that is not there yet, and with ``make_folder`` its folder: what stands there
    is somebody's. Raises UsageError where something does, OSError."""
    from archive.db.files import open_regular

    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        handle = open_regular(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise click.UsageError(
            _("{path} is already there: edit it, or move it away first", path=path)
        ) from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Names and what they mean as a block of a help text, a row a line."""
    return "\n".join(f"{name}  {' '.join(text.split())}" for name, text in rows)


def refuse_beside_json(as_json: bool, **options: bool) -> None:
    """Of ``options``, by name, those given print text: nothing but JSON may stand on stdout where
    --json was given. Raises UsageError.
    """
    given = [f"--{name.replace('_', '-')}" for name, is_given in options.items() if is_given]
    if as_json and given:
        raise click.UsageError(_("{option} prints text: leave --json out", option=given[0]))


def rows_as_json(rows: Any) -> None:
    """One JSON object a line on stdout, Chinese unescaped."""
    import json

    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False, default=str))
