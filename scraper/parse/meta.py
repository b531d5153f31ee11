"""Everything a page says about its article, each field from an ordered list of places (notes: Where
each field stands).

cgiDataNew first, the scripts' assignments next, the DOM last. Where a page has a cgiDataNew that
names the article, its word is final: an empty author there is no author, and the tree of such a
page (2–4 MB) is never built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import takewhile
from typing import Final, TypeAlias

import lxml.etree

from scraper import urls
from scraper.models import Account, Album, Edit, Identity, Reprint
from scraper.parse import template, values
from scraper.parse.cgidata import PageData
from scraper.parse.fields import Fields
from scraper.parse.literal import Literal
from scraper.parse.parsed_page import ParsedPage, text_of
from scraper.parse.scripts import written
from scraper.patterns import lazy
from scraper.plain import decoded_line, several_lines, unescape_fully, without_tags

#: Field → places in order. ``cgi:`` top level of cgiDataNew; ``var:``, ``window:``, ``data:``
#: assignments of scripts (``data`` is ``d.X``/``cgiData.X`` of shared video and picture pages,
#: ``in`` a member of ``cgiData``); then the DOM: ``meta:`` name or property, ``id:``, ``class:``
#: (first element); ``early``: the first template's script.
_WRITTEN: Final[Mapping[str, str]] = {
    "title": (
        "cgi:title var:msg_title window:msg_title data:title window:title data:video_title in:video_title meta:og:title"
        " meta:twitter:title id:activity-name id:js_title_inner class:js_title_inner id:video_title"
        " class:common_share_title class:rich_media_title class:share_content_title"
    ),
    "name": (
        "cgi:nick_name var:nickname window:nickname data:nick_name window:nick_name window:name"
        " id:post-user id:js_name class:profile_nickname class:account_nickname_inner id:profileBt"
        " class:wx_follow_nickname class:original_primary_nickname"
    ),
    "user_name": "cgi:user_name var:user_name window:user_name data:user_name",
    "alias": "cgi:alias window:alias var:alias data:alias",
    "signature": "cgi:signature window:signature var:profile_signature data:signature",
    "biz": "cgi:bizuin var:biz window:biz data:biz var:appuin",
    "mid": "cgi:mid var:mid window:mid data:mid var:appmsgid window:appmsgid data:appmsgid",
    "idx": "cgi:idx var:idx window:idx data:idx var:itemidx window:itemidx data:itemidx",
    "sn": "cgi:sn var:sn window:sn data:sn",
    "link": "cgi:link var:msg_link window:msg_link data:msg_link meta:og:url early:link",
    "published": (
        "cgi:ori_create_time cgi:create_timestamp cgi:ori_send_time var:ct window:ct data:ct var:create_time"
        " data:create_time window:create_time window:ori_create_time cgi:create_time"
        " var:publish_time window:publish_time"
        " meta:article:published_time id:post-date id:publish_time"
    ),
    "modified": "cgi:modify_time var:modify_time window:modify_time data:modify_time meta:article:modified_time",
    "digest": (
        "cgi:desc var:msg_desc window:msg_desc window:desc data:desc data:msg_desc"
        " meta:og:description meta:twitter:description meta:description early:desc"
    ),
    "cover": (
        "cgi:cdn_url cgi:cdn_url_235_1 cgi:cdn_url_16_9 cgi:cdn_url_1_1 cgi:cdn_url_3_4"
        " var:msg_cdn_url window:msg_cdn_url data:cdn_url window:cdn_url in:cdn_url var:cdn_url_235_1 var:cdn_url_1_1"
        " meta:og:image meta:twitter:image early:imgUrl"
    ),
    "author": "cgi:author var:author window:author data:author id:js_author_name id:js_author_name_text",
    "category": "var:_ori_article_type window:_ori_article_type",
    "source_url": (
        "cgi:source_url var:msg_source_url window:msg_source_url data:source_link in:source_link early:sourceurl"
    ),
    "comment_id": "cgi:comment_id var:comment_id window:comment_id data:comment_id",
    "kind": "cgi:item_show_type var:item_show_type window:item_show_type data:item_show_type var:itemShowType",
    "real_kind": "cgi:real_item_show_type window:real_item_show_type var:real_item_show_type",
    "copyright_stat": "var:_copyright_stat window:_copyright_stat var:copyright_stat",
    "paid": "cgi:is_pay_subscribe var:isPaySubscribe window:isPaySubscribe var:is_pay_subscribe",
}
_Places: TypeAlias = tuple[tuple[str, str], ...]
#: The same, taken apart: field → (sort, name) of each place.
PLACES: Final[Mapping[str, _Places]] = {
    field: tuple(
        (sort, name) for sort, _, name in (place.partition(":") for place in written.split())
    )
    for field, written in _WRITTEN.items()
}
_SCRIPTS: Final = ("var", "window", "data")
#: Only those in cgiDataNew, which stand first but for one field; and only the others.
_IN_CGI: Final = {
    field: tuple(takewhile(lambda place: place[0] == "cgi", places))
    for field, places in PLACES.items()
}
_ELSEWHERE: Final = {
    field: tuple(place for place in places if place[0] != "cgi") for field, places in PLACES.items()
}


def raw(parsed: ParsedPage, field: str, *, anywhere: bool = False) -> Literal:
    """The first value that the places of ``field`` give and that is not empty, as the page has it.

    Of a page with cgiDataNew only that is asked, unless ``anywhere`` or it lacks the field that all
    pages have there. What cannot be the field's value (``mid`` is also a name in WeChat's
    monitoring) does not end the search.
    """
    key = field, anywhere
    if key not in parsed.known:
        parsed.known[key] = _first(parsed, field, anywhere=anywhere)
    return parsed.known[key]


def _first(parsed: ParsedPage, field: str, *, anywhere: bool) -> Literal:
    accept = _ACCEPTED.get(field)
    if parsed.cgi is None:
        return _first_at(parsed, _ELSEWHERE[field], accept)
    if not anywhere:
        value = _first_at(parsed, _IN_CGI[field], accept)
        if value is not None or not _lacks(parsed.cgi, field):
            return value
    return _first_at(parsed, PLACES[field], accept)


def _first_at(
    parsed: ParsedPage, places: _Places, accept: Callable[[Literal], object] | None
) -> Literal:
    for sort, name in places:
        value = _at(parsed, sort, name, accept)
        if value is not None:
            return value
    return None


def _at(
    parsed: ParsedPage, sort: str, name: str, accept: Callable[[Literal], object] | None
) -> Literal:
    """What the page has in one place, if it is ``accept``ed and not empty (zero is not)."""
    if sort in _SCRIPTS:
        return parsed.scripts.get(name, sort, accept)
    value = parsed.data(name) if sort == "cgi" else _around(parsed, sort, name)
    if value in (None, "", [], {}) or value is False:
        return None
    return value if accept is None or accept(value) else None


def _around(parsed: ParsedPage, sort: str, name: str) -> Literal:
    if sort == "in":
        return parsed.scripts.member("cgiData", name)
    if sort == "early":
        return parsed.scripts.property(name) if is_early(parsed) else None
    return _from_dom(parsed, sort, name)


#: Field → its names in cgiDataNew, of which every page has one; without any the template has
#: changed.
_ALWAYS_THERE: Final = {
    **{name: template.FIELDS[name] for name in ("title", "author", "published", "digest", "cover")},
    "name": template.FIELDS["account"],
    "link": template.FIELDS["url"],
    "source_url": template.FIELDS["source_url"],
    "comment_id": template.FIELDS["comment_id"],
    "kind": template.FIELDS["kind"],
}


def _lacks(data: PageData, field: str) -> bool:
    """Whether the data has lost a field that every page has there."""
    return field in _ALWAYS_THERE and not any(name in data for name in _ALWAYS_THERE[field])


def is_early(parsed: ParsedPage) -> bool:
    """Whether the page is of the template of 2012 to early 2014, which has no ``#js_content`` and
    hardly a variable.
    """
    return parsed.cgi is None and parsed.content is None and bool(parsed.by_class("page-content"))


def _from_dom(parsed: ParsedPage, sort: str, name: str) -> str | None:
    if sort == "meta":
        return parsed.meta(name)
    if sort == "id":
        return parsed.text_by_id(name)
    found = parsed.by_class(name)
    return text_of(found[0]) if found else None


def _string(parsed: ParsedPage, field: str) -> str | None:
    value = raw(parsed, field)
    if value is None or isinstance(value, bool | bytes | list | dict):
        return None
    return str(value)


def identity(
    parsed: ParsedPage, link: str | None
) -> tuple[Identity | None, str | None, str | None]:
    """``(identity, biz, sn)``: from the page's data, its own link, its scripts, the address asked
    for, in order.

    cgiDataNew lacks ``bizuin, mid, idx`` on pages that were fetched by a long address; its ``link``
    then has them.
    """
    biz, mid, idx = _completed(parsed, (None, None, None), anywhere=False)
    biz, mid, idx = _from_link(link, (biz, mid, idx))
    if parsed.cgi is not None and not (biz and mid and idx):
        biz, mid, idx = _completed(parsed, (biz, mid, idx), anywhere=True)
        biz, mid, idx = _from_link(
            values.address(raw(parsed, "link", anywhere=True)), (biz, mid, idx)
        )
    biz, mid, idx = _from_addresses(parsed, (biz, mid, idx))
    if biz and mid and not idx:
        idx = "1"
    sn = raw(parsed, "sn")
    sn = sn if isinstance(sn, str) and _SN.fullmatch(sn) else values.sn_of(link)
    return (Identity(biz, mid, idx) if biz and mid and idx else None), biz, sn


_Three = tuple[str | None, str | None, str | None]
_SN = re.compile(r"[0-9a-fA-F]{32}")


def _completed(parsed: ParsedPage, known: _Three, *, anywhere: bool) -> _Three:
    biz, mid, idx = known
    return (
        biz or values.biz(raw(parsed, "biz", anywhere=anywhere)),
        mid or values.digits(raw(parsed, "mid", anywhere=anywhere)),
        idx or values.digits(raw(parsed, "idx", anywhere=anywhere)),
    )


def _from_addresses(parsed: ParsedPage, known: _Three) -> _Three:
    """What the addresses add that the page was saved from or asked for by."""
    if not all(known):
        for asked in (parsed.saved_from(), parsed.url, parsed.page.url):
            known = _from_link(asked, known)
    return known


def _from_link(link: str | None, known: _Three) -> _Three:
    """What an address adds to what is known, if it is not about another article."""
    biz, mid, idx = known
    if biz and mid and idx:
        return known
    found = values.identity_of(link)
    if found is None or (biz and found.biz != biz) or (mid and found.mid != mid):
        return known
    return found.biz, found.mid, idx or found.idx


def account(parsed: ParsedPage, biz: str | None) -> Account:
    """Who published."""
    alias, signature = _string(parsed, "alias"), _string(parsed, "signature")
    if parsed.cgi is None:
        values = [text_of(element) for element in parsed.by_class("profile_meta_value")]
        alias = alias or (values[0] if values else None)
        signature = signature or (values[1] if len(values) > 1 else None)
    user_name = _string(parsed, "user_name")
    return Account(
        name=decoded_line(_string(parsed, "name")),
        biz=biz,
        user_name=user_name,
        alias=decoded_line(alias),
        signature=several_lines(signature),
    )


def author(parsed: ParsedPage, name: str | None) -> str | None:
    """署名; None where nobody signed. ``name`` is the account's, which some places give instead of
    nobody.
    """
    found = _no_label(decoded_line(_string(parsed, "author")))
    if found or (parsed.cgi is not None and "author" in parsed.cgi):
        return found
    found = _no_label(decoded_line(parsed.meta("author")))
    if found and found != name:
        return found
    return _shown_author(parsed, name) or (found if found and found != name else None)


def _no_label(found: str | None) -> str | None:
    """An author; ``None`` for a word of the page's own and for a place it was posted from."""
    return None if found and _LABEL().match(found) else found


def _shown_author(parsed: ParsedPage, name: str | None) -> str | None:
    """The author among the small print under the title (2014–2020), which has no name of its own
    there.
    """
    for element in parsed.by_class("rich_media_meta_text"):
        if _NOT_THE_AUTHORS().search(f"{element.get('id') or ''} {element.get('class') or ''}"):
            continue
        found = decoded_line(text_of(element))
        if found and values.moment(found) is None and not _LABEL().match(found):
            return _WRITTEN_BY().sub("", found).strip() or None
    return None


#: What stands beside the author under the title, by id or class. ``js_ip_wording_wrp`` ("发表于"
#: and a place that a script fills in) since 2022-07.
_NOT_THE_AUTHORS = lazy(
    r"post-date|publish_time|ip_wording|copyright_logo|create_time|modify_time|js_a11y|rich_media_meta_nickname"
)
_LABEL = lazy(
    r"(?:原创|转载|作者|Original|Repost(?:ed)?|Author|By|in|from)\s*[:：]?\s*$"
    r"|(?:发表于|發表於|发布于|發布於|发自|IP\s*属地|IP\s*屬地|收录于|收錄於)"
    r"|(?:Posted|Published|Publish|Updated|Modified|Location|Included)\b\s*(?:on|at|in|from|:)?",
    re.I,
)
_WRITTEN_BY = lazy(r"^(?:作者|文|撰文|Author)\s*[:：]\s*", re.I)


def _names_something(value: Literal) -> bool:
    return isinstance(value, dict) and any(
        isinstance(inner, str) and inner for inner in value.values()
    )


def place(parsed: ParsedPage) -> str | None:
    """IP 属地: the province, else the country; since May 2022."""
    in_cgi = parsed.cgi is not None
    value = (
        parsed.data("ip_wording")
        if in_cgi
        else parsed.scripts.get("ip_wording", accept=_names_something)
    )
    if isinstance(value, dict):
        for key in ("province_name", "provinceName", "country_name", "countryName"):
            found = decoded_line(str(value.get(key) or ""))
            if found:
                return found
    if parsed.cgi is None:
        shown = decoded_line(parsed.text_by_id("js_ip_wording"))
        return _LABEL().sub("", shown).strip() or None if shown else None
    return None


def copyright_info(parsed: ParsedPage) -> values.Data:
    """``copyright_info`` of cgiDataNew, or its parts from the scripts of older pages under the same
    names.
    """
    if parsed.cgi is not None:
        return values.mapping(parsed.data("copyright_info"))
    names = (
        "source_username",
        "source_encode_biz",
        "source_mid",
        "source_idx",
        "reprint_url",
        "platform",
    )
    return {
        **{name: parsed.scripts.get(name) for name in names},
        "copyright_stat": raw(parsed, "copyright_stat"),
        "ori_article_type": raw(parsed, "category"),
    }


def recommendation(parsed: ParsedPage, info: values.Data) -> str | None:
    """编者荐语: the sharing account's words, in ``guide_words``, or written into
    ``#js_share_notice`` by a script.
    """
    said = info.get("guide_words")
    if said is None and parsed.cgi is None:
        notice = parsed.by_id("js_share_notice")
        if notice is not None:
            said = next(filter(None, map(_written, notice.iter("script"))), None)
            # With a link in it, it is the line that names the original.
            if said is None and next(notice.iter("a"), None) is None:
                said = text_of(notice)
    return several_lines(said) if isinstance(said, str) else None


def _written(script: lxml.etree._Element) -> str | None:
    return written(script.text or "")


def original(parsed: ParsedPage, info: values.Data) -> bool | None:
    """True for 原创, False where the page says it is not, None where it says nothing."""
    stat = (
        values.whole(info.get("copyright_stat"))
        if info.get("copyright_stat") not in (None, "")
        else None
    )
    if stat is not None:
        return stat == 1
    if parsed.cgi is None and parsed.by_id("copyright_logo") is not None:
        return True
    return None


def reprint(parsed: ParsedPage, info: values.Data, own: Identity | None) -> Reprint | None:
    """Where a reprinted or shared article comes from; None for one that names nothing but itself
    (``own``).
    """
    url = values.address(info.get("reprint_url"))
    if url is None and parsed.cgi is None:
        shared = parsed.by_id("js_share_source")
        url = (
            values.address(shared.get("data-url") or shared.get("href"))
            if shared is not None
            else None
        )
    found = values.identity_of(url)
    biz = values.biz(info.get("source_encode_biz")) or (found.biz if found else None)
    mid = values.digits(info.get("source_mid")) or (found.mid if found else None)
    idx = values.digits(info.get("source_idx")) or (found.idx if found else None)
    user_name = info.get("source_username")
    user_name = user_name if isinstance(user_name, str) and user_name.startswith("gh_") else None
    platform = info.get("platform")
    name = decoded_line(platform) if isinstance(platform, str) else None
    if not (url or biz or user_name):
        return None
    if mid is None:
        idx = None
    if own is not None and (biz, mid) == (own.biz, own.mid):
        return None
    return Reprint(
        account=name,
        biz=biz,
        user_name=user_name,
        mid=mid,
        idx=idx,
        url=urls.clean_link(url) if url else None,
    )


def album(parsed: ParsedPage) -> Album | None:
    """The album (合集) that the page names as the article's own."""
    info = values.mapping(
        parsed.data("appmsgalbuminfo")
        if parsed.cgi is not None
        else parsed.scripts.get("album_info")
    )
    found = (
        values.digits(info.get("album_id_str"))
        or values.digits(info.get("album_id"))
        or values.digits(info.get("id"))
    )
    if not found:
        return None
    link = values.address(info.get("link"))
    title = info.get("title")
    size = values.whole(info.get("content_size"))
    previous, following = (
        values.address(info.get("pre_article_link")),
        values.address(info.get("next_article_link")),
    )
    return Album(
        id=found,
        title=decoded_line(title) if isinstance(title, str) else None,
        url=urls.clean_link(link) if link else None,
        size=size if size and size > 0 else None,
        previous=urls.clean_link(previous) if previous else None,
        next=urls.clean_link(following) if following else None,
    )


def tag_entries(parsed: ParsedPage) -> list[tuple[str | None, str | None]]:
    """``(name, address)`` of every tag and album the page lists under the article."""
    if parsed.cgi is not None:
        entries = values.sequence(values.mapping(parsed.data("public_tag_info")).get("tags"))
        found = [
            (values.mapping(entry).get("tag_name"), values.mapping(entry).get("tag_link"))
            for entry in entries
        ]
    else:
        found = [_shown_tag(element) for name in _TAG_CLASSES for element in parsed.by_class(name)]
    return [
        (decoded_line(name) if isinstance(name, str) else None, values.address(link))
        for name, link in found
        if name or link
    ]


#: A tag under the article (2020–2023), and the card that stands there when it is the only one.
_TAG_CLASSES: Final = ("article-tag__item-wrp", "article-tag-card", "album__item")


def _shown_tag(element: lxml.etree._Element) -> tuple[str | None, str | None]:
    name = next(
        (
            inner
            for inner in element.iter()
            if isinstance(inner.tag, str)
            and {"article-tag__item", "article-tag-card__title", "album__name"}
            & set((inner.get("class") or "").split())
        ),
        None,
    )
    return text_of(name), element.get("data-url") or element.get("href")


def tags(parsed: ParsedPage) -> tuple[str, ...]:
    """Names of tags, and of the topics (``#…``) that picture and text messages carry."""
    names = [name.lstrip("#") for name, _ in tag_entries(parsed) if name]
    if parsed.cgi is not None:
        for entry in values.sequence(values.mapping(parsed.data("hashtags")).get("hashtag")):
            name = decoded_line(entry) if isinstance(entry, str) else None
            # Bare numbers are references such as #175 in the text, which the page takes for topics.
            if name and not name.isdigit():
                names.append(name.lstrip("#"))
    return tuple(dict.fromkeys(name for name in names if name))


def claims(parsed: ParsedPage) -> tuple[str, ...]:
    """What the author declares about the content (AI-made, personal opinion, fiction …), in the
    page's words.
    """
    info = values.mapping(parsed.data("claim_source"))
    found = []
    for key in ("claim_source", "claim_source_desc", "wording"):
        value = info.get(key)
        if isinstance(value, str):
            found.append(decoded_line(value))
    return tuple(dict.fromkeys(claim for claim in found if claim))


def edits(parsed: ParsedPage) -> tuple[Edit, ...]:
    """WeChat's own record of edits: ``modify_detail``, oldest first."""
    detail = values.mapping(
        parsed.data("modify_detail")
        if parsed.cgi is not None
        else parsed.scripts.get("modify_detail")
    )
    versions = values.sequence(
        values.mapping(detail.get("modify_version_detail")).get("modify_version_list")
    )
    found = []
    for entry in versions:
        at = values.moment(values.mapping(entry).get("time"))
        found.append(Edit(at=at, note=_changes(values.mapping(entry).get("list"))))
    if not found and values.sequence(detail.get("list")):
        found.append(
            Edit(at=values.moment(raw(parsed, "modified")), note=_changes(detail.get("list")))
        )
    return tuple(sorted(found, key=lambda edit: edit.at or values.EARLIEST))


def _changes(value: Literal) -> str | None:
    """Positions and lengths as ``@2267+1 @2270-1``: what WeChat says about one edit."""
    parts = []
    for entry in values.sequence(value):
        at, length = (
            values.whole(values.mapping(entry).get("index_for_underline")),
            values.whole(values.mapping(entry).get("diff_length")),
        )
        if at is not None:
            parts.append(f"@{at}{length or 0:+d}")
    return " ".join(parts) or None


def kind(parsed: ParsedPage) -> int:
    """``item_show_type`` as the page gives it; where it says nothing 8 for a list of pictures
    alone, else 0.
    """
    for field in ("kind", "real_kind"):
        found = values.whole(raw(parsed, field))
        if found is not None:
            return found
    return PICTURES if _is_list_of_pictures(parsed) else 0


PICTURES: Final = 8


def _is_list_of_pictures(parsed: ParsedPage) -> bool:
    """Whether a page that names no kind has the pictures of kind 8 and no body of its own."""
    html = (parsed.cgi and parsed.cgi.html("content_noencode")) or parsed.content
    if html and _BODY.search(html):
        return False
    name = "picture_page_info_list"
    listed = parsed.scripts.get(name) if parsed.cgi is None else parsed.data(name)
    return bool(values.sequence(listed))


#: Elements that the words under pictures never have.
_BODY = re.compile(rb"<(?:p|section|img|h[1-6]|blockquote|table|mp-|iframe)[\s>/-]", re.I)


def permanent(
    parsed: ParsedPage, link: str | None, known: Identity | None, sn: str | None
) -> str | None:
    """The page's own ``link`` as it gives it, else one made of what the page says."""
    own = link if link and urls.HOST in link else parsed.saved_from()
    if own is not None:
        return urls.permanent(own)
    if known is not None:
        return urls.of_identity(known) + (f"&sn={sn}" if sn else "")
    return None


def _user_name(value: Literal) -> bool:
    return isinstance(value, str) and re.match(r"gh_\w+$", value) is not None


_ACCEPTED: Final[Mapping[str, Callable[[Literal], object]]] = {
    "biz": values.biz,
    "mid": values.digits,
    "idx": values.digits,
    "published": values.moment,
    "modified": values.moment,
    "cover": values.address,
    "user_name": _user_name,
}


def read(parsed: ParsedPage) -> Fields:
    """All fields of the page but those of its body and links."""
    link = values.address(raw(parsed, "link"))
    known, biz, sn = identity(parsed, link)
    who = account(parsed, biz)
    info = copyright_info(parsed)
    category = info.get("ori_article_type")
    comment = values.digits(raw(parsed, "comment_id"))
    target = values.address(raw(parsed, "source_url"))
    cover = values.address(raw(parsed, "cover"))
    published = raw(parsed, "published")
    at = values.moment(published)
    if at is None:
        published = raw(parsed, "published", anywhere=True)
        at = values.moment(published)
    return Fields(
        title=decoded_line(_string(parsed, "title")) or "",
        account=who,
        author=author(parsed, who.name),
        published=at,
        date_only=values.is_date_only(published),
        modified=values.moment(raw(parsed, "modified")),
        place=place(parsed),
        mid=known.mid if known else None,
        idx=known.idx if known else None,
        sn=sn,
        kind=kind(parsed),
        url=permanent(parsed, link, known, sn),
        digest=several_lines(without_tags(unescape_fully(_string(parsed, "digest") or ""))),
        recommendation=recommendation(parsed, info),
        cover=urls.without_tokens(cover) if cover else None,
        category=decoded_line(category) if isinstance(category, str) else None,
        original=original(parsed, info),
        reprint=reprint(parsed, info, known),
        source_url=urls.clean_link(target.removesuffix("#wechat_redirect")) if target else None,
        album=album(parsed),
        tags=tags(parsed),
        claims=claims(parsed),
        comment_id=comment,
        paid=bool(values.whole(raw(parsed, "paid"))),
        title_modified=bool(values.whole(parsed.data("is_title_modified"))),
        edits=edits(parsed),
    )
