"""Sound and video in the store: known by an address that stays, stored once by content, never half
there.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from archive.db import file_checksums
from archive.db.migrations import ARCHIVE
from archive.db.opening import open_database
from archive.db.parts import STEP, PartFile
from archive.media.received import keep_received
from archive.store import Store
from archive.verify import check
from scraper.models import Media
from scraper.recordings import PLAY_URL, VOICE, at_address, recording_of
from tests.store.make import NOW, Download, article, keep, opened
from tests.store.older import without_tallies
from tests.weixin import media

VOICE_CARD = Media(type="audio", id="MzA_1=", title="早安", url=f"{VOICE}MzA_1=")
FILM_CARD = Media(type="video", id="wxv_1000000000000000001", title="片名")
FILM = f"{PLAY_URL}&vid=wxv_1000000000000000001"


@pytest.mark.parametrize(
    ("card", "address"),
    [
        (VOICE_CARD, f"{VOICE}MzA_1="),
        (Media(type="audio", id="x", url=f"{VOICE}a%2Bb&from=1"), f"{VOICE}a%2Bb"),
        (FILM_CARD, FILM),
        (
            Media(type="video", url="https://mpvideo.qpic.cn/0b.f10002.mp4?dis_k=1&vid=wxv_12345678"),
            f"{PLAY_URL}&vid=wxv_12345678",
        ),
        (
            Media(type="video", id="t0123abcdef", url="https://v.qq.com/iframe/preview.html?vid=t0123abcdef"),
            "https://v.qq.com/x/page/t0123abcdef.html",
        ),
        (Media(type="audio", url="https://a.example/1.mp3?x=1"), "https://a.example/1.mp3?x=1"),
        (Media(type="channels", id="export/1", url="https://channels.weixin.qq.com/1.mp4"), None),
        (Media(type="music", id="1", url="https://y.qq.com/song.mp3"), None),
        (Media(type="audio", id="1", url="https://mp.weixin.qq.com/mp/audio?id=1"), None),
        (Media(type="video", id="../../etc", url="javascript:1"), None),
        (Media(type="audio", url="https://[broken"), None),
    ],
)  # fmt: skip
def test_a_recording_goes_by_an_address_that_stays(card: Media, address: str | None) -> None:
    """However its card names it, and whenever its addresses expire; what has no public address is
    none.
    """
    found = recording_of(card)

    assert address == (found.address if found else None)


def test_an_older_archive_knows_its_recordings(tmp_path: Path) -> None:
    """Those of articles that were kept before there were any: found in the rows of their cards."""
    later = ("_recordings", "_tallies")  # what is counted of them came later still
    older = ARCHIVE.only(name for name, _ in ARCHIVE.steps if not name.endswith(later))
    with opened(tmp_path) as store:
        keep(store, article(1, media=(VOICE_CARD, FILM_CARD, VOICE_CARD)))
        expected = [(1, 0, f"{VOICE}MzA_1=", "audio"), (1, 1, FILM, "video")]
    with closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        without_tallies(conn)
        for table in ("recording_parts", "article_recordings", "recordings"):
            conn.execute(f"DROP TABLE {table}")
        conn.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '%_recordings'")
        conn.commit()
        assert ARCHIVE.applied(conn) == [name for name, _ in older.steps]
    file_checksums.set_aside(tmp_path / "archive.db")
    with open_database(tmp_path / "archive.db", readonly=True) as db:  # it opens as it is
        assert Store(db, tmp_path).recordings.of(1) == []
    assert [finding.what for finding in check(tmp_path)] == []

    with opened(tmp_path) as store:
        rows = store.db.conn.execute("SELECT * FROM article_recordings").fetchall()
        assert expected == [tuple(row) for row in rows]
        assert 1 == store.recordings.want(["audio"], NOW)
        assert [VOICE_CARD.url] == [found.address for found in store.recordings.due(NOW)]
    assert [finding.what for finding in check(tmp_path)] == []


def test_what_a_client_received_is_kept_once(tmp_path: Path) -> None:
    """A picture, a voice and a video, each under the address that articles have it by; the same
    bytes are one file; pages, scripts and pieces are left."""
    film, received = media.mp4(1), "https://mpvideo.qpic.cn/0b.f10002.mp4?vid={}&dis_t=1"
    with opened(tmp_path) as store:
        keep(store, article(1, media=(VOICE_CARD, FILM_CARD)))

        def kept(url: str, body: bytes) -> str | None:
            return keep_received(store, url, body, NOW)

        path = kept(received.format("wxv_1000000000000000001"), film)
        assert f"media/{hashlib.sha256(film).hexdigest()[:2]}" == (path or "")[:8]
        assert path == kept(received.format("wxv_22222222"), film)
        assert path == store.recordings.path_of(FILM)
        assert kept(f"{VOICE}MzA_1%3D", media.mp3()) == store.recordings.path_of(f"{VOICE}MzA_1=")
        assert kept("https://mmbiz.qpic.cn/mmbiz_png/A1/640", media.png(1)) is not None
        assert None is kept(f"{VOICE}MzA_2", b"<html>no</html>")
        assert None is kept(received.format("wxv_33333333"), film[:200])
        assert None is kept("https://mp.weixin.qq.com/s/x", media.mp3())
        assert 3 == store.db.conn.execute("SELECT count(*) FROM media").fetchone()[0]
        held = store.recordings.of(1)
    assert [("audio", "audio/mpeg"), ("video", "video/mp4")] == [(h.sort, h.type) for h in held]


def test_who_uses_a_file_can_be_asked(tmp_path: Path) -> None:
    """Before a file is removed: pictures under any of their sizes, covers, sound."""
    picture = "https://mmbiz.qpic.cn/mmbiz_png/A1/{}"
    with opened(tmp_path) as store:
        keep(store, article(1, images=(picture.format(640),)))
        keep(store, article(2, images=(picture.format(0),)))
        keep(store, article(3, cover=picture.format(640)))
        keep(store, article(4, media=(replace(VOICE_CARD, cover=picture.format(640)),)))
        keep(store, article(5, media=(VOICE_CARD,)))
        store.add_media(picture.format(640), Download(media.png(1)), NOW)
        store.recordings.add(f"{VOICE}MzA_1=", "audio", Download(b"a", "audio/mpeg", "mp3"), NOW)
        png, mp3 = (hashlib.sha256(body).hexdigest() for body in (media.png(1), b"a"))

        assert {png: {1, 2, 3, 4}, mp3: {4, 5}} == store.articles_using([png, mp3])


def test_a_part_file_is_gone_on_with_from_its_last_whole_step(tmp_path: Path) -> None:
    """What was flushed is trusted, the rest is fetched again: a power cut may have left nothing
    in it.
    """
    body = bytes(range(256)) * 10_000
    with opened(tmp_path) as store:
        keep(store, article(1, media=(FILM_CARD,)))
        store.recordings.want(["video"], NOW)
        state = store.recordings.begin_part(FILM, "/a.mp4", '"1"', len(body))
        with PartFile(store.files, state.file) as part:
            part.write(body[:2_500_000])
        with PartFile(store.files, state.file) as part:
            assert (2 * STEP, body[STEP : STEP + 9]) == (part.size, part.read(STEP, 9))
            part.write(body[part.size :])
            digest = part.finish()
        assert hashlib.sha256(body).hexdigest() == digest
        path = store.recordings.finish_part(FILM, digest, "video/mp4", "mp4", NOW)

        assert body == store.files.read(path)
        assert [] == [place.name for place in (tmp_path / ".tmp").iterdir()]


@pytest.mark.parametrize("moved", [False, True])
def test_a_kill_between_the_last_byte_and_the_name_loses_nothing(
    tmp_path: Path, moved: bool
) -> None:
    """The next command gives the file its place; what no row names is swept."""
    body = media.mp4(1)
    with opened(tmp_path) as store:
        keep(store, article(1, media=(FILM_CARD,)))
        store.recordings.want(["video"], NOW)
        state = store.recordings.begin_part(FILM, "/a.mp4", None, None)
        with PartFile(store.files, state.file) as part:
            part.write(body)
            digest = part.finish()
        path = f"media/{digest[:2]}/{digest}.mp4"
        store.db.conn.execute(
            "UPDATE recording_parts SET sha256 = ?, path = ?, type = 'video/mp4'", (digest, path)
        )
        store.db.conn.commit()
        leftover = tmp_path / ".tmp" / "recording-0123456789abcdef.part"
        leftover.write_bytes(b"x")
        if moved:
            (tmp_path / path).parent.mkdir(parents=True)
            (tmp_path / ".tmp" / state.file).rename(tmp_path / path)

        store.recordings.recover(NOW)

        assert (path, body) == (store.recordings.path_of(FILM), store.files.read(path))
        assert [] == list((tmp_path / ".tmp").iterdir())
        store.write_stale_files()
    assert [] == [finding.what for finding in check(tmp_path)]


def test_a_name_of_a_part_file_leads_nowhere_else(tmp_path: Path) -> None:
    """An archive from somebody else names what it likes."""
    with opened(tmp_path) as store:
        for name in ("../../x", "recording-0123456789abcdef.part/../x", "1-0123456789abcdef"):
            with pytest.raises(Exception, match="is not the name of a part file"):
                PartFile(store.files, name)


def test_a_damaged_recording_is_fetched_again(tmp_path: Path) -> None:
    """``verify`` names it, a repair marks it."""
    with opened(tmp_path) as store:
        keep(store, article(1, media=(VOICE_CARD,)))
        path = store.recordings.add(
            f"{VOICE}MzA_1=", "audio", Download(media.mp3(), "audio/mpeg", "mp3"), NOW
        )
        store.write_stale_files()
        (tmp_path / path).write_bytes(b"ID3 but other bytes")
        assert ["media"] == [finding.sort for finding in check(tmp_path)]
        digest = hashlib.sha256(media.mp3()).hexdigest()
        store.maintenance.forget_media(digest, path, NOW)

        assert [f"{VOICE}MzA_1="] == [w.address for w in store.recordings.due(NOW)]
        assert at_address(f"{VOICE}MzA_1=") == recording_of(VOICE_CARD)
        store.recordings.failed(f"{VOICE}MzA_1=", OSError("no"), NOW, NOW + timedelta(1))
        assert [] == store.recordings.due(NOW)
