"""The messages of the code, and the catalogues that translate them.

``python -m tests.i18n.messages`` adds what is new to each catalogue, to be translated there, takes
out what is not used any more, and lists what is still to translate.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from archive import config, i18n
from archive.cli import COMMANDS, cli, words
from archive.i18n.catalogue import read
from tests import docs

ROOT = Path(__file__).resolve().parent.parent.parent
#: Domain → folders of its messages.
DOMAINS = {"web": ("archive/web",), "program": ("archive", "scraper")}
_METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
_KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "plural": (1, 2),
    "mark": None,
    "mark_plural": (1, 2),
}
_OPTIONS = {"**.html": {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.i18n"}}


@cache
def extracted(domain: str) -> Catalog:
    """Every message of the code and templates of a domain; of the program also the help."""
    found = Catalog()
    for folder in DOMAINS[domain]:
        messages = extract_from_dir(
            ROOT / folder,
            method_map=_METHODS,
            options_map=_OPTIONS,
            keywords=_KEYWORDS,
            strip_comment_tags=True,
        )
        for name, _line, message, _comments, context in messages:
            if domain == "web" or not f"{folder}/{name}".startswith("archive/web/"):
                found.add(message, None, context=context)
    if domain == "program":
        for text in help_texts():
            found.add(text)
    return found


def declared() -> dict[str, str]:
    """The labels of formats and sources with their Chinese, which stands beside them in the code."""
    return {
        " ".join(known.label.split()): known.chinese
        for table in docs.registered().values()
        for known in table
    }


def help_texts() -> Iterator[str]:
    """What the help of every command and option says, paragraph by paragraph, and what the settings
    mean.
    """
    yield from (line for _, line in COMMANDS.values())
    yield from _help_of(cli)
    for name in COMMANDS:
        module, _, attribute = COMMANDS[name][0].partition(":")
        yield from _help_of(getattr(import_module(module), attribute))
    yield from filter(None, (config.describe(name) for name in config.setting_names()))


def _help_of(command: click.Command) -> Iterator[str]:
    yield from words.messages_of_help(command.help or "")
    if command.short_help:
        yield command.short_help
    for option in command.params:
        if isinstance(option, click.Option) and option.help:
            yield option.help
    for inner in getattr(command, "commands", {}).values():
        yield from _help_of(inner)


def place(domain: str, language: str = i18n.CHINESE) -> Path:
    """Where a catalogue is."""
    return i18n.LOCALE / language / "LC_MESSAGES" / f"{domain}.po"


def catalogue(domain: str) -> Catalog:
    """The Chinese catalogue as Babel reads it."""
    with place(domain).open("rb") as file:
        return read_po(file, locale=i18n.CHINESE)


def update(domain: str) -> None:
    """Bring a catalogue in line with the code."""
    found = catalogue(domain) if place(domain).exists() else Catalog(locale=i18n.CHINESE)
    found.update(extracted(domain), no_fuzzy_matching=True)
    found.obsolete.clear()
    for label, said in declared().items():
        if message := found.get(label):
            message.string = said
    with place(domain).open("wb") as file:
        write_po(file, found, width=110, sort_output=True, omit_header=True, no_location=True)
    # Each entry ends in an empty line, so that entries of two branches can be put behind each other.
    text = place(domain).read_text(encoding="utf-8")
    place(domain).write_text(re.sub(r"\n{3,}", "\n\n", text), encoding="utf-8")


def untranslated(domain: str) -> list[str]:
    """The messages of the catalogue without their Chinese."""
    said = {message for message, _many, _said in read(place(domain).read_text(encoding="utf-8"))}
    return [one for message in catalogue(domain) if (one := first(message.id)) and one not in said]


def first(text: object) -> str:
    """A message's text, of one with plural forms the first."""
    return str(text[0] if isinstance(text, list | tuple) else text)


if __name__ == "__main__":
    for name in DOMAINS:
        update(name)
        for text in untranslated(name):
            print(f"{name}.po: to translate: {text}", file=sys.stderr)
