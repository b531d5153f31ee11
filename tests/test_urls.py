"""What is promised about addresses: any form that people have is understood, and nothing else
is.
"""

from __future__ import annotations

import base64
import random
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scraper import urls
from scraper.errors import NotAnAddress
from scraper.models import Identity

BIZ = "MzI0ODE5NDU5Mw=="
SN, CHKSM = "538a41a6dde784810ad2489a4a868bdf", "f038fa3b42cbf82314aa28bb002a83"
IDENTITY = Identity(BIZ, "2649548786", "2")
QUERY = f"__biz={BIZ}&mid=2649548786&idx=2&sn={SN}&chksm={CHKSM}&scene=27"
LONG = f"https://mp.weixin.qq.com/s?{QUERY}"
NAME = f"https://mp.weixin.qq.com/s?__biz={BIZ}&mid=2649548786&idx=2"
SHORT = "https://mp.weixin.qq.com/s/bRt0seqxnIuoQnASJTU-8w"
OTHER = "https://mp.weixin.qq.com/s/-5nDudSQhEet3nepxuxGeA"
ENCODED = "https%3A%2F%2Fmp.weixin.qq.com%2Fs%3F" + QUERY.replace("=", "%3D").replace("&", "%26")

LONG_FORMS = {
    "as it is": LONG,
    "http": LONG.replace("https", "http"),
    "#rd": LONG + "#rd",
    "#wechat_redirect": LONG + "#wechat_redirect",
    "&amp;": LONG.replace("&", "&amp;"),
    "&amp; twice": LONG.replace("&", "&amp;amp;"),
    "\\x26amp;": LONG.replace("&", "\\x26amp;"),
    "\\x26": LONG.replace("&", "\\x26"),
    "\\u0026": LONG.replace("&", "\\u0026"),
    "JSON": LONG.replace("/", "\\/"),
    "%3D": LONG.replace("==", "%3D%3D"),
    "%253D": LONG.replace("==", "%253D%253D"),
    "padding cut": LONG.replace("==", ""),
    "in 「」": f"「{LONG}」",
    "in “”": f"“{LONG}”",
    "in 《》": f"《{LONG}》",
    "in （）": f"（{LONG}）",
    "Markdown": f"[标题]({LONG})",
    "HTML": f'<a href="{LONG}">x</a>',
    "escaped HTML": f"&lt;a href=&quot;{LONG}&quot;&gt;x&lt;/a&gt;",
    "JavaScript": f"\\x3ca href=\\x22{LONG}\\x22\\x3ex\\x3c/a\\x3e",
    "a sentence": f"大家看看这篇{LONG}写得真好。",
    "full stop": f"Look at {LONG}.",
    "zero-width": f"\ufeff{LONG[:30]}\u200b{LONG[30:]}",
    "a broken line": LONG.replace("&idx", "\r\n  &idx").replace("&chksm", "\n> &chksm"),
    "no scheme": LONG.removeprefix("https://"),
    "no scheme //": LONG.removeprefix("https:"),
    "port": LONG.replace("qq.com", "qq.com:443"),
    "capitals": LONG.replace("https://mp.weixin", "HTTPS://MP.Weixin"),
    "slash": LONG.replace("/s?", "/s/?"),
    "reader's": LONG + "&key=777&uin=MTIz&pass_ticket=abc&exportkey=x&wx_header=1",
    "order": f"https://mp.weixin.qq.com/s?scene=27&chksm={CHKSM}&sn={SN}&idx=2&mid=2649548786&__biz={BIZ}",
    "captcha": f"https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?poc_token=HJx&target_url={ENCODED}",
    "captcha, more behind": f"https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?target_url={ENCODED}&poc_token=HJx",
    "captcha, plain": f"https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?poc_token=HJx&target_url={LONG}",
    "captcha, twice": f"https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?target_url={ENCODED.replace('%', '%25')}",
    "a checking page": f"https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxcheckurl?requrl={ENCODED}&skey=1",
    "a reading proxy": f"https://r.example/{LONG}",
    "full width": "".join(chr(ord(c) + 0xFEE0) if c in ":/.?=&" else c for c in LONG),
    "all full width": "".join(chr(ord(c) + 0xFEE0) for c in LONG[:24]) + LONG[24:],
    "full-width query": LONG.replace("?", "？").replace("&", "＆") + "，后面还有字",
    "Chinese stops": LONG.replace("mp.weixin.qq.com", "mp。weixin。qq。com"),
    "defused": LONG.replace("https", "hxxps").replace("mp.weixin.qq.com", "mp[.]weixin[.]qq[.]com"),
    "marks of direction": f"\u202a{LONG[:60]}\u200e{LONG[60:]}\u202c",
    "a stored mail": "=\r\n".join(re.findall(".{1,40}", LONG.replace("=", "=3D"))),
}


@pytest.mark.parametrize("text", LONG_FORMS.values(), ids=LONG_FORMS)
def test_every_form_of_a_long_address_is_the_same_one(text: str) -> None:
    """However it was pasted, it names the article, and what is fetched keeps ``chksm`` and
    ``scene``.
    """
    address = urls.parse(text)
    assert (NAME, LONG, "long", IDENTITY) == (
        address.canonical,
        address.fetch,
        address.form,
        address.identity,
    )


SHORT_FORMS = [
    SHORT,
    SHORT.replace("https", "http"),
    SHORT + "#rd",
    SHORT + "?scene=1&key=abc",
    SHORT + "/",
    SHORT + ".",
    f"{SHORT}，后面还有字",
    f"看「{SHORT}」",
    f"看过{SHORT}？真好",
    SHORT.replace("/", "／").replace(":", "：") + "：后面",
    SHORT.replace("https", "hxxps"),
    f"Content-Transfer-Encoding: quoted-printable\n\n{SHORT[:30]}=\n{SHORT[30:]}",
    "mp.weixin.qq.com/s/bRt0seqxnIuoQnASJTU-8w",
    f"https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?poc_token=1&target_url={SHORT}",
]


@pytest.mark.parametrize("text", SHORT_FORMS)
def test_every_form_of_a_short_address_is_the_same_one(text: str) -> None:
    """A short address is its 22 characters; it carries no identity."""
    address = urls.parse(text)
    assert (SHORT, SHORT, "short", None) == (
        address.canonical,
        address.fetch,
        address.form,
        address.identity,
    )


def test_other_forms() -> None:
    """Temporary, 2012's ``/mp/appmsg/show`` and album addresses are known for what they are."""
    show = urls.parse(
        f"http://mp.weixin.qq.com/mp/appmsg/show?__biz={BIZ}&appmsgid=2649548786&itemidx=2&sign=ab1#wechat_redirect"
    )
    assert ("show", IDENTITY, NAME) == (show.form, show.identity, show.canonical)
    assert (
        f"https://mp.weixin.qq.com/mp/appmsg/show?__biz={BIZ}&appmsgid=2649548786&itemidx=2&sign=ab1"
        == show.fetch
    )
    preview = urls.parse(
        f"http://mp.weixin.qq.com/s?__biz={BIZ}&tempkey=MTAwX3%2Babc&chksm=ffee&#rd"
    )
    assert ("temporary", None, BIZ) == (preview.form, preview.identity, preview.biz)
    assert (
        f"https://mp.weixin.qq.com/s?__biz={BIZ}&tempkey=MTAwX3%2Babc&chksm=ffee" == preview.fetch
    )
    sogou = urls.parse(
        "https://mp.weixin.qq.com/s?src=11&timestamp=1700000000&ver=4900&signature=rr*Zp-YN@F&new=1"
    )
    assert ("temporary", None) == (sogou.form, sogou.identity)
    assert (
        "https://mp.weixin.qq.com/s?src=11&timestamp=1700000000&ver=4900&signature=rr*Zp-YN@F&new=1"
        == sogou.fetch
    )
    album = urls.parse(
        f"https://mp.weixin.qq.com/mp/appmsgalbum?action=getalbum&__biz={BIZ}&scene=1&album_id=1348&uin=3"
    )
    assert ("album", "1348", BIZ) == (album.form, album.album_id, album.biz)
    assert (
        f"https://mp.weixin.qq.com/mp/appmsgalbum?__biz={BIZ}&action=getalbum&album_id=1348"
        == album.fetch
    )


def test_find_takes_every_address_once_and_in_order() -> None:
    """Several in one text, also glued together; the second form of one already found does not
    count.
    """
    text = f"一、{SHORT}{OTHER}；二、{LONG} 三、{LONG.replace('&', '&amp;')}#rd https://example.com/s/bRt0seqxnIuoQnASJTU-8w"
    assert [SHORT, OTHER, NAME] == [address.canonical for address in urls.find(text)]


NOT_ADDRESSES = {
    "": "nothing was given",
    "今天天气很好": "no address",
    "https://example.com/s?__biz=1&mid=2": "no address",
    "https://mp.weixin.qq.com@evil.example/s/bRt0seqxnIuoQnASJTU-8w": "no address",
    "https://evilmp.weixin.qq.com/s/bRt0seqxnIuoQnASJTU-8w": "no address",
    "https://mp.weixin.qq.com.evil.example/s/bRt0seqxnIuoQnASJTU-8w": "no address",
    "https://mp.weixin.qq.com/": "neither an article nor an album",
    "https://mp.weixin.qq.com/s/abc": "cut off",
    f"https://mp.weixin.qq.com/s?__biz={BIZ}&idx=1": "no mid",
    "https://mp.weixin.qq.com/s?mid=1&idx=1": "no __biz",
    f"https://mp.weixin.qq.com/mp/homepage?__biz={BIZ}&hid=1": "not supported",
    f"https://mp.weixin.qq.com/mp/profile_ext?action=home&__biz={BIZ}": "only inside WeChat",
    "https://mp.weixin.qq.com/mp/wappoc_appmsgcaptcha?poc_token=HJx": "verification page",
    f"https://mp.weixin.qq.com/mp/appmsgalbum?__biz={BIZ}": "no album_id",
}


@pytest.mark.parametrize(("text", "said"), NOT_ADDRESSES.items())
def test_what_is_no_address_is_said_to_be_none(text: str, said: str) -> None:
    """The message says what it is instead; no token in it."""
    with pytest.raises(NotAnAddress, match=said) as caught:
        urls.parse(text)
    assert "HJx" not in str(caught.value) + str(caught.value.url)
    assert [] == urls.find(text)


LINKS = {
    f"http://mp.weixin.qq.com/s?{QUERY}&token=1&key=2#wechat_redirect": LONG.removesuffix(
        "&scene=27"
    ),
    f"/s?{QUERY}": LONG.removesuffix("&scene=27"),
    SHORT + "?nwr_flag=1#rd": SHORT,
    "https://example.com/a?key=word&token=x&b=%E4%B8%AD&amp;c=2#top": "https://example.com/a?key=word&token=x&b=%E4%B8%AD&c=2#top",
    "https://example.com/a?b=1&key=2&uin=3&pass_ticket=4": "https://example.com/a?b=1",
    "https://v.qq.com/x?vid=1&key=2&scene=3": "https://v.qq.com/x?vid=1&scene=3",
    "//example.com/a b\n": "https://example.com/a%20b",
    "javascript:void(0)": "javascript:void(0)",
    "https://mp.weixin.qq.com/mp/readtemplate?t=a&vid=3&scene=1&pass_ticket=9": "https://mp.weixin.qq.com/mp/readtemplate?t=a&vid=3",
    "http://[bad": "http://[bad",
}


@pytest.mark.parametrize(("link", "kept"), LINKS.items())
def test_links_lose_tokens_and_nothing_else(link: str, kept: str) -> None:
    """Articles keep what opens them; other hosts every byte but readers' tokens."""
    assert kept == urls.clean_link(link, base=SHORT)


def test_permanent_keeps_the_pages_own_form() -> None:
    """原文链接: scheme, ``chksm`` and ``#rd`` stay; tracking and tokens go."""
    given = f"http://mp.weixin.qq.com/s?__biz={BIZ}\\x26amp;mid=1\\x26amp;idx=1\\x26amp;sn=ab\\x26amp;chksm=cd\\x26amp;scene=2\\x26amp;key=3#rd"
    assert f"http://mp.weixin.qq.com/s?__biz={BIZ}&mid=1&idx=1&sn=ab&chksm=cd#rd" == urls.permanent(
        given
    )
    assert SHORT == urls.permanent(SHORT + "?nwr_flag=1")
    assert "https://mp.weixin.qq.com/s/x" == urls.permanent("https://mp.weixin.qq.com/s/x")


@pytest.mark.parametrize(
    "url", [LONG, LONG.replace("==", "%3D%3D"), f"https://mp.weixin.qq.com/mp/homepage?__biz={BIZ}"]
)
def test_account_of_any_page_of_wechat(url: str) -> None:
    """``__biz`` as WeChat writes it, from any page of mp.weixin.qq.com; None elsewhere."""
    assert BIZ == urls.account_of(url)
    assert urls.account_of(SHORT) is None
    assert urls.account_of(f"https://example.com/?__biz={BIZ}") is None


PIECES = (
    "https:// mp.weixin.qq.com /s? /s/ __biz= &mid=1 %25 %3D &amp; \\x26 \\ target_url= "
    "#rd 「 http%3A%2F%2F & = \x00 \ud800"
)
parts = st.sampled_from([*LONG_FORMS.values(), *SHORT_FORMS, *NOT_ADDRESSES, *PIECES.split()])
texts = st.lists(parts | st.text(max_size=8), max_size=6).map("".join)


@given(texts)
@example("https://mp.weixin.qq.com/s?__biz=%&mid=1")
@example("http%3A%2F%2Fmp.weixin.qq.com%2Fs%3F")
def test_reading_any_text_is_stable(text: str) -> None:
    """Nothing but NotAnAddress is ever raised, and a canonical form is its own canonical form."""
    urls.account_of(text)
    once = urls.clean_link(text)
    urls.permanent(text)
    assert urls.clean_link(once, base=SHORT) is not None
    for address in urls.find(text):
        assert address.canonical == urls.canonical(address.canonical)
        again = urls.parse(address.fetch)
        assert (address.fetch, address.canonical, address.form) == (
            again.fetch,
            again.canonical,
            again.form,
        )
        assert not any(
            token in address.fetch for token in ("key=", "uin=", "pass_ticket", "poc_token")
        ) or ("tempkey=" in address.fetch)


@given(texts)
@example(SHORT)
@example("nothing of that kind")
def test_what_is_read_as_an_address_is_one_that_was_found(text: str) -> None:
    """One address is read where one is found, and nowhere else."""
    found = urls.find(text)
    try:
        read = urls.parse(text)
    except NotAnAddress as error:
        assert (found, error.code) == ([], "not-an-address")
    else:
        assert read.canonical in {address.canonical for address in found}


def test_a_long_text_is_read_in_linear_time() -> None:
    """Four megabytes of near misses take well under a second a megabyte."""
    text = (
        "https://mp.weixin.qq.com/s?url=" * 60_000 + "mp.weixin.qq.com" * 60_000 + "&amp;" * 100_000
    )
    began = time.process_time()
    assert [] == urls.find(text)
    assert time.process_time() - began < 20  # read in quadratic time it takes hours


def test_the_quick_way_reads_as_the_careful_one() -> None:
    """A long address as WeChat writes it is the same address whichever way it is read."""
    rng = random.Random(5)
    for _ in range(500):
        biz = base64.b64encode(str(rng.randrange(10 ** rng.randint(6, 12))).encode()).decode()
        biz = rng.choice((biz, biz.rstrip("="), biz[:-3], "A+/" * 4))
        text = f"http{rng.choice(('', 's'))}://mp.weixin.qq.com/s?__biz={biz}"
        text += f"&mid={rng.randrange(10**10)}&idx={rng.randint(1, 8)}"
        text += rng.choice(("", f"&sn={rng.getrandbits(128):032x}"))
        text += rng.choice(("", f"&chksm={rng.getrandbits(200):x}"))
        text += rng.choice(("", f"&scene={rng.randrange(200)}")) + rng.choice(("", "#rd"))
        (careful,) = urls.find(text)

        assert urls.parse(text) == careful


@pytest.mark.parametrize("end", ["", "#rd", "#wechat_redirect", "?scene=1", "&scene=1", "."])
def test_a_short_address_is_the_same_whichever_way_it_is_read(end: str) -> None:
    """As WeChat writes it, and with what stands behind it; also as a link of a page, where a blank
    before it has it read with care."""
    text = SHORT.replace("https", "http") + end
    (careful,) = urls.find(text)

    assert urls.parse(text) == careful
    assert urls.clean_link(text) == urls.clean_link(" " + text)
