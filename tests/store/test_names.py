"""Keys and file names."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.document.paths import (
    MAX_BYTES,
    clean,
    cut,
    folder_name,
    graphemes,
    identity_key,
    key_of,
    path_of,
)
from scraper.models import Account, Article, Identity, Image
from tests.store.make import article, long_address, nameless, short_address

WINDOWS = {
    "CON",
    "PRN",
    "AUX",
    "NUL",
    *(f"{name}{n}" for name in ("COM", "LPT") for n in "0123456789¹²³"),
}


def path_for(title: str, account: str = "号") -> str:
    return path_of(article(title=title, account=Account(name=account, biz="Mz==")))


def test_a_key_is_the_same_for_ever() -> None:
    """The key of an identity is a promise to every link anybody ever wrote down."""
    assert identity_key(Identity("MzIyMDA3MjMwNw==", "2455850242", "1")) == "788nxrcbh0"


def test_a_key_has_ten_characters_that_nobody_confuses() -> None:
    """No i, l, o or u, nothing in capitals."""
    for mid in range(200):
        key = key_of(article(mid))
        assert len(key) == 10
        assert set(key) <= set("0123456789abcdefghjkmnpqrstvwxyz")


def test_a_key_does_not_depend_on_anything_but_the_identity() -> None:
    """Title, time and tokens may change; the key does not."""
    assert key_of(article(7)) == key_of(article(7, title="x", published=None, url=short_address(7)))


def test_a_page_without_identity_gets_a_key_from_its_address() -> None:
    """However that address is written."""
    one = nameless(1, text="a")
    first = Article(title="t", address=short_address(9))
    again = Article(title="other", address=short_address(9).replace("https", "http") + "?scene=1")

    assert key_of(first) == key_of(again)
    assert key_of(one) == key_of(nameless(1, text="a")) != key_of(nameless(1, text="b"))


def test_the_path_is_account_year_date_title_key() -> None:
    """The date is China's: 23:30 UTC is the next day there."""
    found = article(1, title="标题", published=datetime(2022, 12, 31, 23, 30, tzinfo=UTC))

    assert path_of(found) == f"articles/投资实习所/2023/2023-01-01 标题 [{key_of(found)}].md"


def test_nothing_known_still_makes_a_path() -> None:
    """An article without account, time and title."""
    assert (
        path_of(Article(title="", text="x"), "0123456789")
        == "articles/unknown/undated/undated [0123456789].md"
    )


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("../../etc/passwd", "..／..／etc／passwd"),
        ('a/b\\c:d*e?f"g<h>i|j', "a／b＼c：d＊e？f＂g＜h＞i｜j"),
        ("文章。。。...", "文章。。。"),
        ("  两边 \u3000 空格\t\n", "两边 空格"),
        ("\u202e反转\u202c \u200f右", "反转 右"),
        ("零\u200b宽\ufeff度", "零宽度"),
        ("NUL\x00和\x1f控制", "NUL和控制"),
        ("e\u0301cole", "école"),
        ("#标签 [方括号] ^脚注", "＃标签 ［方括号］ ＾脚注"),
        ("一家👨‍👩‍👧‍👦人", "一家👨‍👩‍👧‍👦人"),
        ("悬空\u200d连接", "悬空连接"),
        ("\ud800半个", "半个"),
        ("...", ""),
    ],
)
def test_titles_become_names(title: str, expected: str) -> None:
    """What a filesystem refuses is replaced by what reads the same, or left out."""
    assert clean(title) == expected


@pytest.mark.parametrize("name", [*sorted(WINDOWS), "con.txt", "Nul", "aux.", "LPT1.x"])
def test_windows_devices_are_no_account_folders(name: str) -> None:
    """Windows opens a device under these names, whatever follows the dot."""
    assert folder_name(name).startswith("_")


def test_account_folders_are_never_hidden_nor_empty() -> None:
    """Leading dots hide a folder on Unix; trailing ones vanish on Windows."""
    assert [folder_name(name) for name in ("..", ".git", "名.", None)] == [
        "unknown",
        "git",
        "名",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("👨‍👩‍👧‍👦x", ["👨‍👩‍👧‍👦", "x"]),
        ("🇨🇳🇯🇵", ["🇨🇳", "🇯🇵"]),
        ("👍🏽好", ["👍🏽", "好"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("각", ["각"]),
        ("1️⃣2", ["1️⃣", "2"]),
        ("🏴󠁧󠁢󠁳󠁣󠁴󠁿!", ["🏴󠁧󠁢󠁳󠁣󠁴󠁿", "!"]),
        ("❤️‍🔥", ["❤️‍🔥"]),
        ("नमस्ते"[:2], ["न", "म"]),
        ("", []),
    ],
)
def test_graphemes_are_what_a_reader_takes_for_one_sign(text: str, expected: list[str]) -> None:
    """Families, flags, skin tones, accents, keycaps, Hangul."""
    assert list(graphemes(text)) == expected


def test_a_cut_never_goes_through_a_sign() -> None:
    """A family of four either stays or goes, as a whole."""
    family = "👨‍👩‍👧‍👦"
    for limit in range(len((family * 3).encode()) + 1):
        assert cut(family * 3, limit) in {"", family, family * 2, family * 3}


def assert_legal(path: str, other: str) -> None:
    parts = path.split("/")
    assert len(parts) == 4
    assert parts[0] == "articles"
    assert path == unicodedata.normalize("NFC", path)
    for part in parts:
        assert 0 < len(part.encode()) < 200
        assert part not in (".", "..")
        assert part[-1] not in ". "
        assert part[0] not in ". "
        assert not set(part) & set('/\\:*?"<>|\0')
        assert all(
            unicodedata.category(char) not in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for char in part
        )
        assert not any(unicodedata.category(char) == "Cf" and char != "\u200d" for char in part)
        assert part.split(".")[0].upper() not in WINDOWS
    assert path.casefold() != other.casefold()


def check_title(title: str) -> None:
    """One title, two articles: both legal, and apart on every filesystem."""
    one, two = (
        path_of(article(mid, title=title, account=Account(name=title, biz="Mz==")))
        for mid in (1, 2)
    )
    assert_legal(one, two)
    assert path_of(article(1, title=title, account=Account(name=title, biz="Mz=="))) == one


TITLES = st.one_of(
    st.text(max_size=200),
    st.text(
        alphabet=st.sampled_from(
            list("./\\:*?<>|[]#\u202e\u200d\u200b\u0301 👨👩🇨🇳🏽️각ᄀ한\ud800\x00Aａ")
        ),
        max_size=120,
    ),
    st.sampled_from(sorted(WINDOWS)).flatmap(
        lambda name: st.text(max_size=5).map(lambda rest: name + rest)
    ),
)


@given(TITLES)
@settings(max_examples=300)
def test_any_title_gives_a_legal_path(title: str) -> None:
    """Inside the archive, legal everywhere, never the path of another article."""
    check_title(title)


@pytest.mark.long
@given(TITLES)
@settings(max_examples=100_000)
def test_a_hundred_thousand_titles_give_legal_paths(title: str) -> None:
    """The same, as often as docs/reliability.md asks."""
    check_title(title)


def test_long_names_open_on_this_filesystem(tmp_path: Path) -> None:
    """The longest name that we make can be made."""
    path = path_for("长" * 500, "号" * 500)
    place = tmp_path / path
    place.parent.mkdir(parents=True)
    place.write_text("x")

    assert os.listdir(place.parent) == [path.rpartition("/")[2]]  # noqa: PTH208
    assert all(len(part.encode()) <= MAX_BYTES for part in path.split("/"))


def test_the_long_address_is_canonical_for_keys() -> None:
    """An identity in the address counts as much as one in the page."""
    assert key_of(Article(title="", url=long_address(3))) == key_of(
        Article(title="x", address=long_address(3) + "&x=1")
    )


def test_a_saved_page_without_an_address_has_one_key_wherever_its_file_lies() -> None:
    """On another machine, under another name; other words make another page."""
    one = Article(title="题", text="正文", address="file:///home/a/1.html")

    assert key_of(one) == key_of(replace(one, address="file:///mnt/b/2.html"))
    assert key_of(one) != key_of(replace(one, text="别的"))
    pictures = [
        replace(one, text="", images=(Image(url=f"https://x.example/{n}"),)) for n in (1, 2)
    ]
    assert key_of(pictures[0]) != key_of(pictures[1])
