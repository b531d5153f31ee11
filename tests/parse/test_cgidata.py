"""The page's own data is read in its whole grammar, lazily, and anything else falls back without
harm.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.parse import cgidata, literal

TAG = b'<script type="text/javascript" h5only nonce="1" reportloaderror>'


def page(
    members: str, *, before: str = "try { ", after: str = "; } catch (e) {}</script>"
) -> bytes:
    """A page whose cgiDataNew has these members."""
    return TAG + f"{before}window.cgiDataNew = {{{members}}}{after}<p>text</p>".encode()


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("JsDecode('a\\x3cb\\x22')", 'a<b"'),
        (
            "JsDecode('\\x5cx3cb')",
            "<b",
        ),  # written twice escaped: what the page's own JsDecode is for
        ("'plain\\x0a二'", "plain\n二"),
        ("'it\\'s \\\\'", "it's \\"),
        ("'\\u4e2d\\ud83d\\ude00\\ud83d'", "中😀\ufffd"),
        ("'12' * 1", 12),
        ("'12345678901234567890' * 1", 12345678901234567890),
        ("'0.5' * 1", 0.5),
        ("'' * 1", 0),
        ("'x' * 1", None),
        ("true", True),
        ("'true' === 'true' ? 1 : 0", 1),
        ("'' === 'true' ? 1 : 0", 0),
        ("'1' * 1 ? true : false", True),
        ("'' || ''", ""),
        ("'' || 'b' || 'c'", "b"),
        ("'a&amp;amp;b'.html(false)", "a&amp;b"),
        ("[]", []),
        ("[JsDecode('a'), 'b', ]", ["a", "b"]),
        ("{a: 'x', b: '1' * 1, c: {d: [],},}", {"a": "x", "b": 1, "c": {"d": []}}),
        (
            "[{a: 'true' === 'true' ? 1 : 0, b: '' || 'y', c: false},]",
            [{"a": 1, "b": "y", "c": False}],
        ),
        ("{a: 5, b: [1, -2.5, 'x']}", {"a": 5, "b": [1, -2.5, "x"]}),
        ("{'quoted key': 'v'}", {"quoted key": "v"}),
        ("{a: window.enterid, b: 'kept'}", {"a": None, "b": "kept"}),
        ("window.enterid", None),
    ],
)
def test_every_form_of_a_value_is_read(code: str, value: object) -> None:
    """Each form seen on real pages, and some near them, gives the value that a browser would
    have.
    """
    found = cgidata.find(page(f"title: 't', x: {code}, last: 'z',"))
    assert found is not None
    assert (found.get("x"), found.get("last"), found.get("absent")) == (value, "z", None)


def test_only_the_top_level_answers() -> None:
    """Nested names (``title`` of a card, ``nick_name`` of an advertisement) never stand in for the
    article's.
    """
    data = cgidata.find(
        page("ad: {title: '微信广告', nick_name: 'x'}, list: [{title: 'y'}], title: 'mine'")
    )
    assert data is not None
    assert (data.get("title"), data.get("nick_name"), data.keys()) == (
        "mine",
        None,
        ("ad", "list", "title"),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"<p>window.cgiDataNew = {title: 'x'}</p>",
        b"<script>var a = 1;</script><p>window.cgiDataNew = {title: 'x'};</p><script></script>",
        TAG + b"window.cgiDataNew.title;</script>",
        TAG + b"window.cgiDataNew = {title: 'x', a: {</script>",
        TAG + b'window.cgiDataNew = {title: "x"};</script>',
        TAG + b"window.cgiDataNew = [1];</script>",
        b"",
    ],
)
def test_what_is_not_the_data_is_none(body: bytes) -> None:
    """Text that quotes it, uses of it, and broken or foreign forms are no data: the DOM is asked
    then.
    """
    assert cgidata.find(body) is None


def test_order_of_attributes_and_place_do_not_matter() -> None:
    """Both orders of ``h5only`` are on real pages; the object stands early or late in 4 MB."""
    for tag in (TAG, b'<script h5only type="text/javascript">', b"<script>"):
        for before, after in ((0, 3_000_000), (3_000_000, 0), (1_500_000, 1_500_000)):
            body = (
                b" " * before
                + tag
                + b"window.cgiDataNew = {title: '\xe9\x9b\xa8'};</script>"
                + b" " * after
            )
            found = cgidata.find(body)
            assert found is not None
            assert found.get("title") == "雨"


@pytest.mark.parametrize("hundredth", [0, 7, 14, 79, 87])
def test_no_place_of_a_large_page_is_left_out(hundredth: int) -> None:
    """A page is looked through in the order of likelihood: what stands on a seam is found, too."""
    size = 200_000
    data = TAG + b"window.cgiDataNew = {title: 'x'};</script>"
    seam = size * hundredth // 100 - data.index(b"window")
    for at in range(max(0, seam - 20), max(0, seam) + 4):
        found = cgidata.find((b" " * at + data).ljust(size))
        assert found is not None, at


def test_html_comes_as_bytes() -> None:
    """A body is handed on as UTF-8 bytes, escapes resolved, whatever form its string has."""
    for form in (
        "JsDecode('\\x3cp\\x3e雨\\x3c/p\\x3e')",
        "'\\x3cp\\x3e雨\\x3c/p\\x3e'",
        "'' || '<p>雨<\\/p>'",
    ):
        found = cgidata.find(page(f"content_noencode: {form}"))
        assert found is not None
        assert found.html("content_noencode") == "<p>雨</p>".encode()


#: Any text but NUL, which no page may hold.
TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
JSON = st.recursive(
    TEXT | st.integers(min_value=0, max_value=10**20) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), inner, max_size=4)
    ),
    max_leaves=25,
)


def written(value: object, form: str) -> str:
    """A value as WeChat's template writes it; ``form`` is how it writes a string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"'{value}' * 1"
    if isinstance(value, str):
        return form % "".join(f"\\x{ord(c):02x}" if c in "'\"<>&\n\r\\" else c for c in value)
    if isinstance(value, list):
        return "[\n" + "".join(f"  {written(item, form)},\n" for item in value) + "]"
    assert isinstance(value, dict)
    return (
        "{\n" + "".join(f"  {name}: {written(item, form)},\n" for name, item in value.items()) + "}"
    )


@given(JSON)
def test_what_a_template_writes_is_what_is_read(value: object) -> None:
    """Any data in the template's form comes back as it was, by the fast way and by the thorough
    one.
    """
    found = cgidata.find(
        page(f"first: 'a', x: {written(value, chr(39) + '%s' + chr(39))}, title: 't',")
    )
    assert found is not None
    assert (found.get("x"), found.get("title")) == (value, "t")
    assert literal.read(written(value, '"%s"').encode())[0] == value


@given(JSON.filter(lambda value: "\\x" not in repr(value)))
def test_decoded_strings_come_back_too(value: object) -> None:
    """The same inside ``JsDecode``, which only ever changes what is written twice escaped."""
    found = cgidata.find(
        page(
            f"first: 'a', x: {written(value, 'JsDecode(' + chr(39) + '%s' + chr(39) + ')')}, title: 't',"
        )
    )
    assert found is not None
    assert (found.get("x"), found.get("title")) == (value, "t")


@given(st.binary(max_size=400))
def test_no_bytes_crash_the_reader(tail: bytes) -> None:
    """Whatever stands where the data should, the answer is data or nothing."""
    found = cgidata.find(TAG + b"window.cgiDataNew = {title: 'x', y: " + tail)
    if found is not None:
        names = found.keys()
        assert [found.get(name) and found.html(name) and None for name in names] == [
            None for _ in names
        ] or names


@given(st.text(alphabet="{}[]'\\\",:ab*1|=?. ()JsDecode", max_size=200))
def test_no_code_crashes_the_reader(code: str) -> None:
    """Nor does any mixture of the grammar's own signs."""
    found = cgidata.find(page(f"title: 'x', y: {code}"))
    if found is not None:
        names = found.keys()
        assert [found.get(name) and found.html(name) and None for name in names] == [
            None for _ in names
        ] or names


def test_depth_and_length_are_bounded() -> None:
    """A million brackets or alternatives cost no recursion and no minutes."""
    for code in (
        "[" * 300_000,
        "'' || " * 100_000 + "'x'",
        "(" * 300_000,
        "{a:" * 300_000,
        "'a' * " * 100_000 + "'1'",
    ):
        found = cgidata.find(page(f"title: 'x', y: {code}"))
        assert found is None or found.get("y") in (None, "x")
