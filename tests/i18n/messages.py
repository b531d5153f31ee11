"""The messages of the code, and the catalogues that translate them.

``python -m tests.i18n.messages`` adds what is new to each catalogue, to be translated there, and
takes out what is not used any more.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from archive import i18n

ROOT = Path(__file__).resolve().parent.parent.parent
#: Domain → folders of its messages.
DOMAINS = {"web": ("archive/web",)}
_METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None}
_OPTIONS = {"**.html": {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.i18n"}}


def extracted(domain: str) -> Catalog:
    """Every message of the code and templates of a domain."""
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
            found.add(message, None, [(f"{folder}/{name}", 0)], context=context)
    return found


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
    with place(domain).open("wb") as file:
        write_po(file, found, width=110, sort_output=True, omit_header=True, no_location=True)


if __name__ == "__main__":
    for name in DOMAINS:
        update(name)
