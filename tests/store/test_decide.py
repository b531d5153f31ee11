"""What is a difference, what is not; and articles as JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import record
from archive.store.decide import (
    content_hash,
    differences,
    image_id,
    is_hollow,
    link_id,
    same_words,
)
from scraper.models import (
    Account,
    Album,
    Article,
    Edit,
    Image,
    Link,
    Loss,
    Media,
    Reprint,
    Transcoding,
)
from tests.store.make import article

IMAGE = "https://mmbiz.qpic.cn/mmbiz_png/THEID/640?wx_fmt=png&from=appmsg"


@pytest.mark.parametrize(
    "other",
    [
        "http://mmbiz.qpic.cn/mmbiz_png/THEID/640?wx_fmt=png",
        "https://mmbiz.qpic.cn/sz_mmbiz_jpg/THEID/0?wx_fmt=jpeg&tp=webp",
        "//mmecoa.qpic.cn/mmecoa_png/THEID/300",
        "https://mmbiz.qpic.cn/mmbiz_png/THEID/640?wx_fmt=png#imgIndex=3",
    ],
)
def test_host_size_and_format_do_not_make_another_picture(other: str) -> None:
    """Two fetches of one page name its pictures differently."""
    assert image_id(other) == image_id(IMAGE) == "THEID"


def test_other_hosts_name_their_pictures_by_the_whole_address() -> None:
    """There the query may well be the picture."""
    assert image_id("https://x.example/p?id=1") != image_id("https://x.example/p?id=2")
    assert image_id("http://x.example/p?id=1#a") == image_id("https://x.example/p?id=1")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "http://mp.weixin.qq.com/s?__biz=Mz==&mid=1&idx=1&sn=a",
            "https://mp.weixin.qq.com/s?mid=1&__biz=Mz==&idx=1&sn=b#rd",
        ),
        ("https://example.com/?a=1&b=2", "https://example.com/?b=2&a=1"),
        (
            "https://mp.weixin.qq.com/s/0123456789012345678901",
            "http://mp.weixin.qq.com/s/0123456789012345678901?scene=1",
        ),
    ],
)
def test_order_and_tracking_do_not_make_another_link(one: str, other: str) -> None:
    """Nor do the tokens of a linked article."""
    assert link_id(one) == link_id(other)


def test_a_picture_without_a_size_is_named_by_its_last_part() -> None:
    """Some emoji and avatars have none."""
    assert ["B", "B"] == [
        image_id(f"https://mmbiz.qpic.cn/{path}") for path in ("mmbiz_gif/B/640", "mmemoji/A/B")
    ]


def test_an_empty_value_in_a_link_is_a_part_of_it() -> None:
    """Its server may ask for it."""
    assert link_id("https://example.com/?b=1&a=") != link_id("https://example.com/?b=1")


def test_volatile_parts_are_no_difference() -> None:
    """Image hosts and sizes, order of a query, spaces, tokens of linked articles, CSS sizes."""
    one = replace(
        article(1, images=(IMAGE,), links=(2,)),
        cover="https://mmbiz.qpic.cn/mmbiz_jpg/COVER/0",
        text="一 二\n\n三",
    )
    two = replace(
        one,
        body=one.body.replace("mmbiz_png/THEID/640", "sz_mmbiz_jpg/THEID/0").replace("sn=", "sn=f"),
        images=(Image(url=IMAGE.replace("640", "0"), width=300),),
        cover="http://mmbiz.qpic.cn/mmbiz_png/COVER/640?wx_fmt=png",
        text="一  二\n三\n",
        sn="other",
        comment_id="9",
    )

    assert content_hash(one) == content_hash(two)
    assert differences(one, two) == {}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('<img src="{0}">', '<img src="{1}">', True),
        ('<img data-src="{0}" src="{0}">', '<img data-src="{1}" src="{1}">', True),
        ('<p>xsrc="{0}"</p>', '<p>xsrc="{1}"</p>', False),
        ('<p>图src="{0}"</p>', '<p>图src="{1}"</p>', False),
        ('<p>src="{0}</p>', '<p>src="{1}</p>', False),
        ('src="{0}" src="{0}"', 'src="{1}" src="{0}"', True),
        ('<img src="{0}" width="3">', '<img src="{0}" height="9">', True),
        ('<p>swidth="3"</p>', '<p>swidth="9"</p>', False),
    ],
)
def test_an_address_is_named_where_an_attribute_holds_it(one: str, other: str, same: bool) -> None:
    """By its picture, whatever host and size; in words that only look like one, every sign counts."""
    sizes = IMAGE, IMAGE.replace("640", "0")
    bodies = (replace(article(1), body=body.format(*sizes)) for body in (one, other))

    assert len({content_hash(found) for found in bodies}) == (1 if same else 2)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"title": "新"}, {"title": ["第1篇", "新"]}),
        ({"author": "某"}, {"author": [None, "某"]}),
        ({"digest": "摘"}, {"digest": [None, "摘"]}),
        (
            {"cover": "https://mmbiz.qpic.cn/a/B/0"},
            {"cover": [None, "https://mmbiz.qpic.cn/a/B/0"]},
        ),
        ({"text": "第1篇的正文\n多一行"}, {"text": {"added": 1, "removed": 0}}),
        ({"images": (Image(url=IMAGE),)}, {"images": {"added": 1, "removed": 0}}),
        ({"body": "<p><strong>第1篇的正文</strong></p>"}, {"markup": True}),
    ],
)
def test_what_an_author_changes_is_a_difference(
    change: dict[str, object], expected: dict[str, object]
) -> None:
    """Each of them makes another hash and is named."""
    one = article(1)
    two = replace(one, **change)  # type: ignore[arg-type]

    assert content_hash(one) != content_hash(two)
    assert differences(one, two) == expected


def test_what_is_told_of_two_contents() -> None:
    """Pictures and links that came and went, a cover that went; the cover is no picture of the
    text.
    """
    one = article(1, links=(7, 8), images=(IMAGE,), cover=IMAGE)
    two = article(1, links=(8, 9, 10), images=("https://mmbiz.qpic.cn/a/B/0",))
    covered = replace(one, images=(*one.images, Image(url="https://x.y/z", role="cover")))

    assert {
        "cover": [IMAGE, None],
        "images": {"added": 1, "removed": 1},
        "links": {"added": 2, "removed": 1},
    } == differences(one, two)
    assert ({}, content_hash(one)) == (differences(one, covered), content_hash(covered))


LETTERS = "".join(chr(0x4E00 + number) for number in range(200))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("", "", False),
        ("短", "短", True),
        ("短", "长", False),
        ("短", "短，还有", False),
        (LETTERS[:12], LETTERS[:12], True),
        (LETTERS[:12], LETTERS[:12] + "又多了几个字", True),
        (LETTERS[:12], LETTERS[20:32], False),
        (LETTERS[:12], LETTERS[20:44], False),
        (LETTERS[:60], "，".join(LETTERS[:60]), True),
        (LETTERS[:60], LETTERS[:119], True),
        (LETTERS[:60], LETTERS[:120], False),
        (LETTERS[:84] + "甲" * 36, LETTERS[:84] + "乙" * 36, True),
        (LETTERS[:72] + "甲" * 48, LETTERS[:72] + "乙" * 48, False),
    ],
)
def test_two_texts_of_one_article(one: str, other: str, same: bool) -> None:
    """Seven of ten pieces are the same, whatever marks stand between, and neither is twice as long
    as the other; what is shorter than a piece is the same letter by letter.
    """
    assert same == same_words(one, other) == same_words(other, one)


@pytest.mark.parametrize(
    ("fields", "hollow"),
    [
        ({}, True),
        ({"text": " \n\t", "body": "<p> </p>"}, True),
        ({"text": "x"}, False),
        ({"images": (Image(url="x"),)}, False),
        ({"media": (Media(type="video"),)}, False),
    ],
)
def test_a_page_with_nothing_in_it_is_hollow(fields: dict[str, object], hollow: bool) -> None:
    """A picture or a video is content; spaces are not."""
    assert is_hollow(Article(title="t", **fields)) is hollow  # type: ignore[arg-type]


TEXT = st.none() | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
)
TIMES = st.none() | st.datetimes(
    min_value=datetime(2012, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)
)
WORDS = TEXT.filter(lambda text: text is not None)


def tuples(values: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(values, max_size=3).map(tuple)


ARTICLES = st.builds(
    Article,
    title=WORDS,
    account=st.builds(Account, name=TEXT, biz=TEXT, user_name=TEXT, alias=TEXT, signature=TEXT),
    author=TEXT,
    published=TIMES,
    modified=TIMES,
    kind=st.integers(0, 99),
    original=st.none() | st.booleans(),
    reprint=st.none() | st.builds(Reprint, account=TEXT, url=TEXT),
    album=st.none() | st.builds(Album, id=WORDS, size=st.none() | st.integers(0, 10**6)),
    tags=tuples(WORDS),
    paid=st.booleans(),
    edits=tuples(st.builds(Edit, at=TIMES, note=TEXT)),
    body=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    images=tuples(st.builds(Image, url=WORDS, alt=TEXT, width=st.none() | st.integers(0, 9999))),
    media=tuples(
        st.builds(
            Media,
            type=WORDS,
            duration=st.none() | st.floats(0, 1e6),
            transcodings=tuples(
                st.builds(Transcoding, url=TEXT, size=st.none() | st.integers(0, 10**12))
            ),
            extra=tuples(st.tuples(WORDS, WORDS)),
        )
    ),
    links=tuples(st.builds(Link, url=WORDS, relation=WORDS, text=TEXT)),
    losses=tuples(st.builds(Loss, kind=WORDS, where=TEXT, count=st.integers(1, 9))),
)


@given(ARTICLES)
@settings(max_examples=200)
def test_any_article_survives_its_record(found: Article) -> None:
    """Written as JSON and read back, it is equal; and it is storable as it is."""
    assert record.loads(record.dumps(found), found.body, found.text) == found
    assert record.storable(found) is found


def test_a_record_of_a_later_program_can_be_read() -> None:
    """Names it does not know are passed over; names that are missing have their default."""
    assert record.loads('{"title":"t","later":1,"album":{"id":"1","new":2}}', "", "") == Article(
        title="t", album=Album(id="1")
    )
    with pytest.raises(ValueError):
        record.loads("[]", "", "")
