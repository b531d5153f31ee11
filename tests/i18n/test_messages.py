"""Every message is translated, and the translation says the same to ``format``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archive import i18n
from archive.i18n.catalogue import read
from tests.i18n import messages

_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")


@pytest.mark.parametrize("domain", messages.DOMAINS)
def test_every_message_has_its_chinese(domain: str) -> None:
    """What code and templates say is in the catalogue, translated; nothing else is."""
    said = {_first(message.id) for message in messages.extracted(domain) if message.id}
    known = dict(read(messages.place(domain).read_text(encoding="utf-8")))

    assert (set(), set()) == (said - known.keys(), known.keys() - said), (
        "python -m tests.i18n.messages updates it"
    )


@pytest.mark.parametrize("domain", messages.DOMAINS)
def test_placeholders_are_the_same(domain: str) -> None:
    """A translation fills in what the message does; one without would fail, or hide a number, only
    in Chinese.
    """
    known = dict(read(messages.place(domain).read_text(encoding="utf-8")))
    different = [
        (message, translation)
        for message, translation in known.items()
        if sorted(_PLACEHOLDER.findall(message)) != sorted(_PLACEHOLDER.findall(translation))
        or sorted(set(re.findall(r"--[a-z-]+", message)))
        != sorted(set(re.findall(r"--[a-z-]+", translation)))
    ]

    assert [] == different


@pytest.mark.parametrize("domain", messages.DOMAINS)
def test_our_reader_of_catalogues_reads_what_babel_reads(domain: str) -> None:
    """The small reader that runs at the start finds the same as the library."""
    theirs = {
        _first(message.id): _first(message.string)
        for message in messages.catalogue(domain)
        if message.id
    }

    assert theirs == dict(read(messages.place(domain).read_text(encoding="utf-8")))


def test_a_catalogue_of_every_form(tmp_path: Path) -> None:
    """Strings over several lines, escapes, plurals; untranslated and fuzzy entries come as they are
    in the code.
    """
    place = tmp_path / "x.po"
    place.write_text(
        'msgid ""\nmsgstr "Language: zh_CN\\n"\n\n'
        'msgid "one"\nmsgstr "一"\n\n'
        '# a comment\n#: x.py:3\nmsgid ""\n"two \\"lines\\"\\n"\n"here"\nmsgstr ""\n"两行\\n"\n"在此"\n\n'
        '#, python-format\nmsgid "%(n)d hit"\nmsgid_plural "%(n)d hits"\nmsgstr[0] "%(n)d 条"\n\n'
        '#, fuzzy\nmsgid "old"\nmsgstr "旧"\n\n'
        'msgid "empty"\nmsgstr ""\n',
        encoding="utf-8",
    )
    found = i18n.catalogue.Catalogue(place)

    assert ["一", "两行\n在此", "old", "empty", "new"] == [
        found.gettext(message) for message in ("one", 'two "lines"\nhere', "old", "empty", "new")
    ]
    assert ["%(n)d 条", "b"] == [
        found.ngettext("%(n)d hit", "%(n)d hits", 1),
        found.ngettext("a", "b", 2),
    ]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["zh-CN", "en"], "zh_CN"),
        (["zh_TW.UTF-8"], "zh_CN"),
        (["zh-Hans"], "zh_CN"),
        (["en-GB", "zh"], "en"),
        (["fr", "zh"], "zh_CN"),
        (["C.UTF-8"], "en"),
        (["fr", "xx"], "en"),
        ([], "en"),
    ],
)
def test_the_best_language(wanted: list[str], expected: str) -> None:
    """The first of a reader's languages that there is; English where there is none."""
    assert expected == i18n.best(wanted)


def test_a_language_holds_inside_its_block_only() -> None:
    """Two languages, one inside the other, and English outside."""
    said = [i18n.gettext("Search")]
    with i18n.use("zh_CN", "web"):
        said.append(i18n.gettext("Search"))
        with i18n.use("en", "web"):
            said.append(i18n.gettext("Search"))
        said.append(i18n.ngettext("%(num)s article", "%(num)s articles", 2))
    said.append(i18n.gettext("Search"))

    assert ["Search", "搜索", "Search", "共 %(num)s 篇", "Search"] == said


def _first(text: object) -> str:
    return str(text[0] if isinstance(text, list | tuple) else text)
