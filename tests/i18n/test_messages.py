"""Every message is translated, and the translation says the same to ``format``."""

from __future__ import annotations

import calendar
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from archive import i18n
from archive.cli import words
from archive.i18n.catalogue import Catalogue, read
from scraper.messages import mark, mark_plural
from tests.i18n import messages

#: Places to fill in, options, numbers, what is typed.
_SAME = [
    re.compile(form) for form in (r"%\(\w+\)[a-z]|\{[^{}]*\}", r"--[a-z-]+", r"\d+", "`[^`]+`")
]
#: Chinese numbers them.
_MONTHS = frozenset(calendar.month_name) | {"%(month)s %(year)s"}


def known(domain: str) -> dict[str, str]:
    """Message → translation."""
    text = messages.place(domain).read_text(encoding="utf-8")
    return {message: said for message, _many, said in read(text)}


@pytest.mark.parametrize("domain", messages.DOMAINS)
def test_every_message_has_its_chinese(domain: str) -> None:
    """What code and templates say is in the catalogue, translated; nothing else is."""
    said = {messages.first(message.id) for message in messages.extracted(domain) if message.id}

    assert (set(), set()) == (said - known(domain).keys(), known(domain).keys() - said), (
        "python -m tests.i18n.messages updates it"
    )


def _with_chinese_values(message: str) -> str:
    """``remove KEY`` as a Chinese reader is shown it: what is typed stays, what stands for a value
    does not."""
    with i18n.use(i18n.CHINESE):
        return words.in_words(message)


@pytest.mark.parametrize("domain", messages.DOMAINS)
def test_both_languages_say_the_same(domain: str) -> None:
    """A translation fills in what the message does, and names the same options, commands and
    files; one without would fail, or hide a number, only in Chinese.
    """
    different = [
        (message, said)
        for message, said in known(domain).items()
        if any(
            set(form.findall(_with_chinese_values(message))) != set(form.findall(said))
            for form in _SAME
        )
        and message not in _MONTHS
    ]

    assert [] == different


@pytest.mark.parametrize("domain", messages.DOMAINS)
def test_our_reader_of_catalogues_reads_what_babel_reads(domain: str) -> None:
    """The small reader that runs at the start finds the same as the library."""
    theirs = {
        messages.first(message.id): messages.first(message.string)
        for message in messages.catalogue(domain)
        if message.id
    }

    assert theirs == known(domain)


_COUNTED = re.compile(
    r"\{n\} (?:more |new |watched )?(?:answers|articles|comments|files|images|lines|looks|pages|requests|sources)\b"
)


@pytest.mark.parametrize("domain", messages.DOMAINS)
def test_one_of_anything_is_said_in_the_singular(domain: str) -> None:
    """``1 comment``, not ``1 comments``: what is counted has both forms."""
    of_one_form = [
        message.id
        for message in messages.catalogue(domain)
        if isinstance(message.id, str) and _COUNTED.search(message.id)
    ]

    assert [] == of_one_form


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
    found = Catalogue(place)

    assert ["一", "两行\n在此", "%(n)d 条", None, None, None] == [
        found.get(message)
        for message in ("one", 'two "lines"\nhere', "%(n)d hit", "old", "empty", "new")
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


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8", "LC_MESSAGES": "en_US"}, "zh_CN"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh_CN:en"}, "zh_CN"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "zh_CN"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_language_of_the_environment(environ: dict[str, str], expected: str) -> None:
    """As for every program that uses gettext."""
    assert expected == i18n.of_environment(environ)


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


def test_a_message_is_english_until_somebody_reads_it() -> None:
    """What is stored is English; a message in a message, a list and a plural form are each said in
    the reader's language, and the words of others (a title) are not.
    """
    inner = mark("{place}: {what}", place="save", what=mark("Permission denied"))
    whole = mark("error: {what}", what=inner)
    with i18n.use("zh_CN"):
        said = i18n.gettext(whole)

    assert ("error: save: Permission denied", "错误：save：权限不够") == (whole, said)


def test_stored_sentences_are_recognised() -> None:
    """A sentence from the database, by this version or an earlier one, is said in the reader's
    language with its values; one that no message makes stays as it is.
    """
    with i18n.use("zh_CN"):
        said = [
            i18n.recognised(text)
            for text in (
                "an unexpected error at scraper.urls:7 (KeyError: x)",
                "error: Permission denied",
                "save: nothing new, 2 failed (1 deleted, 1 paid), 1 request in 2.9 s",
                "what nobody ever said",
                "",
            )
        ]
    assert [
        "在 scraper.urls:7 处出了意外（KeyError: x）",
        "错误：权限不够",
        "save：没有新内容、失败 2 个（已删除 1 个、付费 1 个）、1 个请求，用时 2.9 秒",
        "what nobody ever said",
        "",
    ] == said


def test_plural_forms() -> None:
    """One and many in English; the number stays in Chinese, which has one form."""
    assert ["1 page", "2 pages"] == [mark_plural("{n} page", "{n} pages", n) for n in (1, 2)]


@pytest.mark.parametrize(("label", "chinese"), messages.declared().items())
def test_a_label_has_the_chinese_that_stands_beside_it(label: str, chinese: str) -> None:
    """Formats and sources say both in one place; ``python -m tests.i18n.messages`` carries it over."""
    with i18n.use(i18n.CHINESE):
        assert chinese == i18n.gettext(label)


def test_the_pages_own_words_go_first_and_stored_ones_are_the_programs() -> None:
    """A word that stands in both catalogues is the page's on the page, in every process; what the
    program stored is said in the program's words everywhere."""
    script = (
        "from archive.i18n import gettext, recognised, use\n"
        "with use('zh_CN', 'web'):\n"
        "    print(gettext('fetch'), recognised('fetch'), gettext('article'))"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        ).stdout
        for seed in (1, 2, 3, 4)
    ]

    assert ["抓取 抓取失败 图文\n"] * 4 == said
