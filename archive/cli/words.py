"""The words of the help: in the reader's language, and in lines as wide as the terminal."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from archive.i18n import gettext as _
from archive.i18n import mark, ngettext
from scraper.patterns import lazy

#: What click itself says, in its own words, so that these have translations.
CLICK = (
    mark("Options"),
    mark("Commands"),
    mark("Show this message and exit."),
    mark("[OPTIONS]"),
    mark("[COMMAND] [ARGS]..."),
    mark("COMMAND [ARGS]..."),
    mark("default: {default}"),
    mark("required"),
    mark("(dynamic)"),
    mark("env var: {var}"),
    mark("Error: {message}"),
    mark("Try '{command} {option}' for help."),
    mark("Missing argument"),
    mark("Missing option"),
    mark("Missing parameter"),
    mark("Missing {param_type}"),
    mark("Missing parameter: {param_name}"),
    mark("Missing command."),
    mark("Choose from:\n\t{choices}"),
    mark("No such option: {name}"),  # 8.1; the next one is 8.5's
    mark("No such option {name!r}."),
    mark("No such command {name!r}."),
    mark("Did you mean {possibility}?"),
    mark("Invalid value: {message}"),
    mark("Invalid value for {param_hint}: {message}"),
    mark("{value!r} is not a valid {number_type}."),
    mark("{value} is not in the range {range}."),
    mark("{name} {filename!r} does not exist."),
    mark("{name} {filename!r} is a file."),
    mark("{name} {filename!r} is a directory."),
    mark("{name} {filename!r} is not readable."),
    mark("{name} {filename!r} is not writable."),
    mark("file"),
    mark("directory"),
    mark("path"),
    mark("Option {name!r} does not take a value."),
    mark("Option {name!r} requires an argument."),
    mark("{name} {filename!r} is not executable."),
    mark("{value!r} is not {choice}."),
    mark("{value!r} is not one of {choices}."),
    mark("{value!r} is not a valid boolean. Recognized values: {states}"),
    mark("Got unexpected extra argument ({args})"),
    mark("Takes {nargs} values but 1 was given."),
    mark("Argument {name!r} takes {nargs} values."),
    mark("Could not open file {filename!r}: {message}"),
    mark("unknown error"),
    mark("Aborted!"),
    mark("integer"),
    mark("float"),
    mark("integer range"),
    mark("float range"),
)

#: What stands for a value in usage, options and examples.
METAVARS = (
    mark("KEY"),
    mark("FILE"),
    mark("DIR"),
    mark("ADDRESS"),
    mark("NAME"),
    mark("QUERY"),
    mark("TEXT"),
    mark("TAG"),
    mark("DURATION"),
    mark("DAY"),
    mark("ALBUM"),
    mark("SIZE"),
    mark("KIND"),
    mark("CLASS"),
    mark("ACCOUNT"),
    mark("PAGE"),
    mark("NUMBER"),
    mark("HOST"),
    mark("PORT"),
    mark("USER"),
    mark("PASSWORD"),
    mark("DATABASE"),
    mark("TOKEN"),
    mark("FORMAT"),
    mark("FOLDER"),
    mark("FEED"),
    mark("CMD"),
    mark("AGE"),
)
_METAVAR = lazy(rf"(?<![A-Za-z])({'|'.join(METAVARS)})(?![A-Za-z])")

_CLICKS_STOP = lazy(r"(?<=')\.(?=\s|$)|\.$")
_BLANK_AFTER_A_WIDE_STOP = lazy("(?<=[。？！]) ")


def in_words(metavar: str) -> str:
    """``KEY|ADDRESS`` in the reader's language."""
    return _METAVAR().sub(lambda found: _(found[1]), metavar)


def let_click_speak() -> None:
    """Let click, which is written for gettext, ask our catalogues."""
    for kind in (click.Argument, click.Option):
        _let_speak_of_values(kind)
    for type in (click.INT, click.FLOAT):
        type.name = _Name(type.name)
    click.IntRange.name, click.FloatRange.name = (_Name("integer range"), _Name("float range"))
    for name, module in [*sys.modules.items()]:
        if name.startswith("click.") and hasattr(module, "_"):
            module._ = _  # type: ignore[attr-defined]
            if hasattr(module, "ngettext"):
                module.ngettext = ngettext  # type: ignore[attr-defined]


def with_our_stops(said: str) -> str:
    """What click made of our catalogue's sentences, with the stops of their language: it puts its
    own behind what it quotes, and a blank between two of them."""
    said = _CLICKS_STOP().sub(_("."), said)
    return _BLANK_AFTER_A_WIDE_STOP().sub("", said)


class _Name(str):
    """What click calls a type of numbers, said in the reader's language where a sentence names it."""

    __slots__ = ()

    def __format__(self, how: str) -> str:
        return format(_(str(self)), how)


def _let_speak_of_values(kind: type[click.Parameter]) -> None:
    """What stands for a value is said in the reader's language, in usage, help and errors alike."""
    original = kind.make_metavar
    if hasattr(original, "in_words"):
        return

    def make_metavar(self: click.Parameter, *args: Any, **options: Any) -> str:
        return in_words(original(self, *args, **options))

    make_metavar.in_words = True  # type: ignore[attr-defined]
    kind.make_metavar = make_metavar  # type: ignore[method-assign]


def rows(block: str) -> list[tuple[str, str]]:
    r"""The pairs of a ``\b`` block: what is typed, two spaces or more, what it means; several pairs
    may stand in a line."""
    found = []
    for line in block.splitlines():
        cells = re.split(r"\s{2,}", line.strip())
        found += [*zip(cells[::2], [*cells[1::2], ""], strict=False)]
    return found


def paragraphs(help_text: str) -> Iterator[tuple[bool, str]]:
    """Of a help text: ``(whether it is rows, its text)``."""
    for paragraph in re.split(r"\n\s*\n", help_text.strip().partition("\f")[0]):
        if paragraph.lstrip(" ").startswith("\b"):
            yield True, paragraph.lstrip(" ").removeprefix("\b").strip("\n")
        elif paragraph.strip():
            yield False, " ".join(paragraph.split())


def messages_of_help(help_text: str) -> Iterator[str]:
    """What of a help text is to be translated."""
    for is_rows, text in paragraphs(help_text):
        yield from ((meaning for _term, meaning in rows(text) if meaning) if is_rows else [text])


class HelpFormatter(click.HelpFormatter):
    """click's, for signs that take two columns and for narrow terminals."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        import shutil

        super().__init__(*args, **kwargs)
        self.width = max(20, min(self.width, shutil.get_terminal_size().columns - 2))

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        from archive.cli.widths import width, wrap

        begin = _("Usage: {program}", program=prog) + " "
        others = " " * min(width(begin), 8)
        self.write(wrap(args, self.width, begin, others).rstrip() + "\n")

    def write_heading(self, heading: str) -> None:
        self.write(" " * self.current_indent + _("{heading}:", heading=heading) + "\n")

    def write_text(self, text: str) -> None:
        from archive.cli.widths import wrap

        indent = " " * self.current_indent
        self.write(wrap(text, self.width, indent, indent) + "\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        from archive.cli.widths import pad, width, wrap

        shown = [*rows]
        indent = " " * self.current_indent
        most = min(col_max, max(10, self.width // 3))
        first = min(most, max((width(term) for term, _text in shown), default=0)) + col_spacing
        others = indent + " " * first
        for term, text in shown:
            if width(term) <= first - col_spacing:
                self.write(
                    wrap(text, self.width, indent + pad(term, first), others).rstrip() + "\n"
                )
                continue
            self.write(f"{indent}{term}\n")
            if text:
                self.write(wrap(text, self.width, others, others) + "\n")


class Context(click.Context):
    """A command's, with our formatter."""

    formatter_class = HelpFormatter


class InLanguage(click.Command):
    """A command whose help is in the reader's language."""

    context_class = Context

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for is_rows, text in paragraphs(self.help or ""):
            formatter.write_paragraph()
            with formatter.indentation():
                if is_rows:
                    formatter.write_dl(
                        [(in_words(term), _(said) if said else "") for term, said in rows(text)]
                    )
                else:
                    formatter.write_text(_(text))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        records = [_in_language(one).get_help_record(ctx) for one in options]
        with formatter.section(_("Options")):
            formatter.write_dl([record for record in records if record is not None])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [_(piece) for piece in super().collect_usage_pieces(ctx)]

    def get_short_help_str(self, limit: int = 45) -> str:
        return _(self.short_help) if self.short_help else super().get_short_help_str(limit)


def _in_language(option: click.Option) -> click.Option:
    if not option.help:
        return option
    said = copy.copy(option)
    said.help = _(option.help)
    return said
