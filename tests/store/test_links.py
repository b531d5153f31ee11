"""Links between kept articles, and their images."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

from archive.document.frontmatter import read
from scraper.errors import Refused, TimedOut
from scraper.models import Album, Link
from tests.store.make import (
    LATER,
    NOW,
    Download,
    article,
    keep,
    list_album,
    long_address,
    opened,
    short_address,
    snapshot,
)

PICTURE = "https://mmbiz.qpic.cn/mmbiz_png/AAAAID/640?wx_fmt=png&from=appmsg"


def test_links_lead_to_local_files_in_both_directions(tmp_path: Path) -> None:
    """The older file is written again when the article that it links to arrives."""
    with opened(tmp_path) as store:
        one = keep(store, article(1, links=(2,)))
        assert long_address(2) in (tmp_path / one.path).read_text(encoding="utf-8")
        two = keep(store, article(2, links=(1,)))

        for source, target in ((one, two), (two, one)):
            text = (tmp_path / source.path).read_text(encoding="utf-8")
            link = text.rpartition("](")[2].partition(")")[0]
            assert ((tmp_path / source.path).parent / unquote(link)).resolve() == (
                tmp_path / target.path
            ).resolve()


def test_a_link_by_short_address_is_known_when_that_address_is(tmp_path: Path) -> None:
    """Which may be long after the article came."""
    to = short_address(2)
    linker = article(
        1, body=f'<p><a href="{to}">二</a></p>', edges=(Link(url=to, relation="text", text="二"),)
    )
    with opened(tmp_path) as store:
        one = keep(store, linker)
        two = keep(store, article(2))
        assert [edge.target_id for edge in store.edges(one.article_id)] == [None]
        store.remember(to, two.article_id, NOW)
        store.write_stale_files()

        assert [edge.target_id for edge in store.edges(one.article_id)] == [two.article_id]
        assert to not in (tmp_path / one.path).read_text(encoding="utf-8").partition("\n# ")[
            2
        ].replace("原文", "")


def test_an_article_may_link_to_itself(tmp_path: Path) -> None:
    """Its own file, then."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1, links=(1,)))

        assert f"](2022-10-27%20第1篇%20%5B{kept.key}%5D.md)" in (tmp_path / kept.path).read_text(
            encoding="utf-8"
        )
        assert store.backlinks(kept.article_id) == []


def test_every_edge_is_kept_with_its_relation_and_words(tmp_path: Path) -> None:
    """Also those that no text shows, and those that lead elsewhere."""
    links = (
        Link(url=long_address(2), relation="text", text="文中"),
        Link(url=long_address(2), relation="ainfos", text="相关"),
        Link(url="https://example.com/?b=1&a=2", relation="source"),
        Link(url=short_address(3), relation="album_next", text="下一篇"),
    )
    with opened(tmp_path) as store:
        two = keep(store, article(2))
        one = keep(store, article(1, body="<p>x</p>", edges=links))
        edges = store.edges(one.article_id)

        assert [(edge.relation, edge.text, edge.target_id) for edge in edges] == [
            ("text", "文中", two.article_id),
            ("ainfos", "相关", two.article_id),
            ("source", None, None),
            ("album_next", "下一篇", None),
        ]
        assert [edge.url for edge in edges] == [link.url for link in links]
        assert [edge.address is None for edge in edges] == [False, False, True, False]
        assert [(link.key, link.relation) for link in store.backlinks(two.article_id)] == [
            (one.key, "ainfos"),
            (one.key, "text"),
        ]


def test_files_that_a_kill_left_behind_are_written_by_the_next_run(tmp_path: Path) -> None:
    """Which files are behind is in the database before any of them is touched."""
    with opened(tmp_path, eager=False) as store:
        one = keep(store, article(1, links=(2,)))
        keep(store, article(2))
        assert long_address(2) in (tmp_path / one.path).read_text(encoding="utf-8")
    with opened(tmp_path) as store:
        assert store.write_stale_files() == 1
        assert store.write_stale_files() == 0
        assert "第2篇%20" in (tmp_path / one.path).read_text(encoding="utf-8")


def test_the_same_bytes_are_stored_once(tmp_path: Path) -> None:
    """However many articles and addresses show them; the name is the hash, the ending the true
    type.
    """
    body = b"\x89PNG same"
    digest = hashlib.sha256(body).hexdigest()
    other = PICTURE.replace("AAAAID", "BBBBID")
    with opened(tmp_path) as store:
        paths = {store.add_media(url, Download(body), NOW) for url in (PICTURE, other)}
        kept = keep(store, article(1, images=(PICTURE, other)))

        assert paths == {f"media/{digest[:2]}/{digest}.png"}
        assert (tmp_path / paths.pop()).read_bytes() == body
        assert (tmp_path / kept.path).read_text(encoding="utf-8").count(
            f"](../../../media/{digest[:2]}/{digest}.png)"
        ) == 2


def test_another_size_or_host_of_a_held_picture_is_held(tmp_path: Path) -> None:
    """Two fetches of one article name the same picture differently."""
    with opened(tmp_path) as store:
        path = store.add_media(PICTURE, Download(b"png"), NOW)

        assert store.media_path("http://mmecoa.qpic.cn/sz_mmecoa_jpg/AAAAID/0?wx_fmt=webp") == path
        assert store.media_path("https://mmbiz.qpic.cn/mmbiz_png/OTHERID/640") is None


def test_an_ending_that_is_none_is_never_a_path(tmp_path: Path) -> None:
    """Nothing in a download decides where it is written."""
    with opened(tmp_path) as store:
        path = store.add_media(PICTURE, Download(b"x", extension="../../evil"), NOW)

        assert path.startswith("media/")
        assert path.endswith(".bin")


def test_a_failed_image_keeps_its_far_address_and_a_note(tmp_path: Path) -> None:
    """And is tried again when it is due, never before, never where the failure is final."""
    other = PICTURE.replace("AAAAID", "BBBBID")
    with opened(tmp_path) as store:
        store.media_failed(PICTURE, TimedOut("no answer in 120 s"), NOW, NOW + timedelta(hours=1))
        store.media_failed(other, Refused("404"), NOW, None)
        kept = keep(store, article(1, images=(PICTURE, other)))
        values, rest = read((tmp_path / kept.path).read_text(encoding="utf-8"))

        assert rest.count("](https://mmbiz.qpic.cn/") == 2
        assert [image["why"] for image in values["missing_images"]] == ["no answer in 120 s", "404"]
        assert store.missing_media(NOW) == []
        assert [image.url for image in store.missing_media(LATER)] == [PICTURE]

        store.add_media(PICTURE, Download(b"png"), LATER)
        store.write_stale_files()

        values, rest = read((tmp_path / kept.path).read_text(encoding="utf-8"))
        assert rest.count("](../../../media/") == 1
        assert [image["why"] for image in values["missing_images"]] == ["404"]
        assert store.missing_media(LATER) == []


def test_images_nobody_asked_for_yet_can_be_found(tmp_path: Path) -> None:
    """Articles kept with --images remote can have their pictures later."""
    with opened(tmp_path) as store:
        keep(store, article(1, images=(PICTURE,)))

        assert store.missing_media(NOW) == []
        assert [image.url for image in store.missing_media(NOW, untried=True)] == [PICTURE]


def test_albums_know_their_members_before_they_are_held(tmp_path: Path) -> None:
    """And find them when they come."""
    album = Album(
        id="1234", title="合集", url="https://mp.weixin.qq.com/mp/appmsgalbum?album_id=1234", size=2
    )
    members = [(short_address(1), "一"), (long_address(2), "二")]
    with opened(tmp_path) as store:
        list_album(store, album, members)
        one = keep(store, article(1), short_address(1))
        two = keep(store, article(2, album=Album(id="1234")))
        list_album(store, album, members)

        assert [found.key for found in store.articles(album="合集")] == [two.key, one.key]


def test_a_damaged_article_stops_no_other_file(tmp_path: Path) -> None:
    """Its own file stays as it is; those that are sound show the newest links."""
    with opened(tmp_path, eager=False) as store:
        one = keep(store, article(1, links=(3,)))
        two = keep(store, article(2, links=(3,)))
        store.db.conn.execute("UPDATE articles SET text = 'x' WHERE id = ?", (one.article_id,))
        before = (tmp_path / one.path).read_bytes()
        keep(store, article(3))
        store.write_stale_files()

        assert before == (tmp_path / one.path).read_bytes()
        assert "[第3篇](2022" in (tmp_path / two.path).read_text(encoding="utf-8")


def test_nothing_changes_when_nothing_has_changed(tmp_path: Path) -> None:
    """Settling and rerendering leave files alone that are as they should be."""
    with opened(tmp_path) as store:
        kept = keep(store, article(1, links=(2,), images=(PICTURE,)))
        keep(store, article(2, links=(1,)))
        before = snapshot(tmp_path)
        store.rerender(kept.article_id)
        store.write_stale_files()

        assert snapshot(tmp_path) == before


def test_a_link_with_another_token_is_a_link_to_the_same_article(tmp_path: Path) -> None:
    """By its identity, whichever of the two comes first, and where its page names no address."""
    other = Link(url=long_address(1).replace("sn=", "sn=0"), relation="text", text="一")
    with opened(tmp_path) as store:
        before = keep(store, article(5, edges=(other,)))
        one = keep(store, article(1, url=None, address=None), short_address(1))
        after = keep(store, article(6, edges=(other,)))

        for linking in (before, after):
            (edge,) = store.edges(linking.article_id)
            assert one.article_id == edge.target_id
