"""Sound and video of articles: kept whole or not yet, gone on with where they broke off, and never
at the cost of an article. On real sockets, against the small WeChat.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from archive.config import Config
from archive.db.parts import STEP
from archive.run.inputs import read
from archive.run.report import RunReport
from archive.run.runner import Runner
from archive.status import collect
from archive.verify import check
from tests.crawl.fakes import FakeClock
from tests.store.make import opened
from tests.weixin import media
from tests.weixin.answer import Answer
from tests.weixin.recordings import Recordings, cut, instead, promised_short
from tests.weixin.server import Internet
from tests.weixin.site import Published, captcha

ID = "wxv_1000000000000000001"
FILM = media.mp4(1, 3 * STEP + 5000)
SMALL = media.mp4(2, 4000)
SOUND = media.mp3(1) * 40


class World:
    """An archive, a small internet with one film and one voice, and a clock that jumps."""

    def __init__(self, root: Path, internet: Internet) -> None:
        self.root, self.internet, self.clock = root, internet, FakeClock()
        self.site = internet.site
        self.recordings = Recordings(self.site)
        forms = self.recordings.video(ID, {360: SMALL, 720: FILM, 1080: FILM + media.mp4(3)})
        self.film = self.site.article("一段视频", kind=5, video_id=ID, transcodings=forms)
        self.voice = self.site.article(
            "一段声音", body="<p>听。</p>" + self.recordings.voice("MzA_1", SOUND)
        )

    def runner(self, **given: Any) -> Runner:
        where = {"proxy": self.internet.proxy, "ca_file": self.internet.ca_file}
        settings: dict[str, Any] = {"interval": 0.0, "recheck": "off", "media": "all", **where}
        return Runner(root=self.root, config=Config(**{**settings, **given}), clock=self.clock)

    def save(self, *articles: Published, **given: Any) -> RunReport:
        return self.runner(**given).save(read([article.short for article in articles]))

    def run(self, **given: Any) -> RunReport:
        return self.runner(**given).run()

    def held(self) -> dict[str, str]:
        """Which recordings are held: the hash of each by its sort, and whether all is sound."""
        with opened(self.root) as store:
            rows = store.db.conn.execute(
                "SELECT r.sort, m.path, m.sha256 FROM recordings r JOIN media m ON m.sha256 = r.sha256"
            ).fetchall()
            for row in rows:
                assert row["sha256"] == store.files.sha256(row["path"])
        assert [] == [finding.what for finding in check(self.root)]
        return {row["sort"]: row["sha256"] for row in rows}

    def missing(self) -> list[str]:
        """What went wrong with those that are not held."""
        with opened(self.root) as store:
            sql = "SELECT error FROM recordings WHERE sha256 IS NULL"
            return [row["error"] for row in store.db.conn.execute(sql)]

    def leftovers(self) -> list[str]:
        return [place.name for place in (self.root / ".tmp").iterdir()]

    @property
    def ranges(self) -> list[str | None]:
        return [asked for _, asked in self.recordings.served]


def sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@pytest.fixture
def world(tmp_path: Path, internet: Internet) -> World:
    return World(tmp_path / "archive", internet)


@pytest.mark.parametrize(
    ("media_setting", "expected"),
    [
        ("none", {}),
        ("audio", {"audio": sha(SOUND)}),
        ("all", {"audio": sha(SOUND), "video": sha(FILM)}),
    ],
)
def test_the_setting_says_what_is_kept(
    world: World, media_setting: str, expected: dict[str, str]
) -> None:
    """Nothing, sound alone, or all; of a video the best form of at most 720 lines."""
    report = world.save(world.film, world.voice, media=media_setting)

    assert (0, len(expected), 0) == (report.exit_code, report.media, report.media_missing)
    assert expected == world.held()
    assert [] == world.leftovers()


def test_limits_choose_the_form(world: World) -> None:
    """A lower limit takes a lower form; where none is low or small enough it is said which setting
    forbids it."""
    world.save(world.film, max_height=480)
    assert {"video": sha(SMALL)} == world.held()

    other = world.recordings.video("wxv_2000000000000000002", {480: FILM})
    article = world.site.article("另一段", kind=5, video_id="wxv_2000000000000000002", transcodings=other)  # fmt: skip
    report = world.save(article, max_media=1000_000)
    assert (0, 1) == (report.exit_code, report.media_missing)
    (error,) = world.missing()
    assert "no form of this video is within max_height (720) and max_media (1 MB)" in error
    assert [] == world.recordings.asked


def test_old_articles_get_theirs_by_a_run(world: World) -> None:
    """Kept before anybody wanted sound and video: the next run has their facts already, and asks no
    page again."""
    world.save(world.film, world.voice, media="none")
    world.internet.log.clear()
    report = world.run()

    assert (0, 2) == (report.exit_code, report.media)
    assert {"audio": sha(SOUND), "video": sha(FILM)} == world.held()
    assert [] == [r.url for r in world.internet.log.requests() if "/s" == r.path[:2]]
    world.internet.log.clear()
    assert (0, []) == (world.run().exit_code, world.internet.log.requests())


def test_addresses_are_asked_for_again_when_they_have_expired(world: World) -> None:
    """Those of the page are tried first: an answer of WeChat's costs a request that is counted."""
    world.save(world.film, media="none")
    world.recordings.expire()
    report = world.run()

    assert (1, [ID], 1) == (report.media, world.recordings.asked, report.requests)
    assert {"video": sha(FILM)} == world.held()


def test_a_broken_download_goes_on_where_it_was(world: World) -> None:
    """Cut in the middle, then expired: only what is missing is fetched, from the new address."""

    def expired_meanwhile(request: Any, answer: Answer) -> Answer:
        world.recordings.expire()
        return cut(2 * STEP)(request, answer)

    world.recordings.faults.append(expired_meanwhile)
    report = world.save(world.film)

    assert (0, 1) == (report.exit_code, report.media)
    assert {"video": sha(FILM)} == world.held()
    assert [None, "expired", f"bytes={2 * STEP}-"] == world.ranges
    assert [ID] == world.recordings.asked


def test_a_later_command_goes_on_too(world: World) -> None:
    """What came lies in a part file; the next run asks for the rest of the same file."""
    world.recordings.faults += [cut(2 * STEP + 10), *[instead(Answer(status=503))] * 2]
    report = world.save(world.film)
    assert (0, 1) == (report.exit_code, report.media_missing)
    assert 1 == len(world.leftovers())
    begun = len(world.ranges)

    world.clock.time += 3600
    assert 1 == world.run().media
    assert [f"bytes={2 * STEP}-"] == world.ranges[begun:]
    assert {"video": sha(FILM)} == world.held()
    assert [] == world.leftovers()


def test_two_files_never_meet_in_one(world: World) -> None:
    """The file changed on the server between two pieces: it is begun anew."""
    other = media.mp4(9, len(FILM) - 100)

    def changed(request: Any, answer: Answer) -> Answer:
        world.recordings.video(ID, {720: other})
        return cut(2 * STEP)(request, answer)

    world.recordings.faults.append(changed)
    world.save(world.film)

    assert {"video": sha(other)} == world.held()
    assert [None, f"bytes={2 * STEP}-"] == world.ranges


def test_a_server_that_has_less_than_what_is_here_has_another_file(world: World) -> None:
    """It answers 416 to being asked for the rest: what came is given up, and all is asked for."""
    shorter = Answer(status=416, headers={"Content-Range": "bytes */10"})
    world.recordings.faults += [cut(2 * STEP), instead(shorter)]
    world.save(world.film)

    assert {"video": sha(FILM)} == world.held()
    assert [None, f"bytes={2 * STEP}-", None] == world.ranges


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (instead(Answer(body="<html>安全验证</html>")), "by its bytes this is no video"),
        (instead(Answer(body=media.png(1), type="video/mp4")), "by its bytes this is no video"),
        (instead(Answer(body=b"", type="video/mp4")), "the answer was empty"),
        (promised_short(STEP), "ends inside one of its parts"),
        (instead(Answer(status=403)), "403"),
        (instead(Answer(body=FILM, type="video/mp4", headers={"Content-Encoding": "br"})), "packed"),
    ],
)  # fmt: skip
def test_what_is_no_whole_film_is_never_kept(
    world: World, fault: Any, said: str, tmp_path: Path
) -> None:
    """A page instead of the film, another file, an empty one, one cut by a proxy: the article is
    kept, what is missing is said, and a later run has it."""
    world.recordings.faults += [fault] * 6
    report = world.save(world.film)

    assert (0, 1, 1) == (report.exit_code, report.saved, report.media_missing)
    assert said in world.missing()[0]
    assert {} == world.held()
    assert [] == list((world.root / "media").rglob("*.mp4"))

    world.recordings.faults.clear()
    world.clock.time += 14 * 24 * 3600
    assert 1 == world.run().media
    assert {"video": sha(FILM)} == world.held()


def test_nothing_larger_than_allowed_comes(world: World) -> None:
    """Promised or not: the answer is left where it passes max_media, and nothing of it stays."""
    world.recordings.faults += [instead(Answer(body=SOUND, type="audio/mpeg", unsized=True))] * 3
    report = world.save(world.voice, max_media=len(SOUND) - 1)
    assert 1 == report.media_missing
    assert "more than the" in world.missing()[0]
    assert [] == world.leftovers()


def test_equal_recordings_are_one_file(world: World) -> None:
    """Two articles that play one voice ask once; two voices of the same bytes are stored once."""
    card = world.recordings.voice("MzA_2", SOUND)
    again = world.site.article("又一段", body=world.recordings.voice("MzA_1", SOUND) + card)
    report = world.save(world.voice, again)

    assert (2, 2) == (report.media, len(world.recordings.served))
    assert 1 == len(list((world.root / "media").rglob("*.mp3")))


def test_a_failing_one_rests_longer_and_longer(world: World) -> None:
    """As pictures do: the next run at once, later ones ever less often; it never fails a run."""
    world.recordings.faults += [instead(Answer(status=503))] * 100
    assert 0 == world.save(world.voice).exit_code
    tries = []
    for _ in range(12):
        before = len(world.recordings.served)
        assert 0 == world.run().exit_code
        tries.append(len(world.recordings.served) > before)
        world.clock.time += 1800

    assert (True, True) == (tries[0], any(tries[1:4]))
    assert sum(tries) < 6


def test_a_pause_that_wechat_asks_for_is_kept(world: World) -> None:
    """A captcha at the question for addresses ends questions until it is over; the voice comes all
    the same."""
    world.save(world.film, world.voice, media="none")
    world.recordings.expire()
    world.site.fault("https://mp.weixin.qq.com/mp/videoplayer", captcha("x"))
    report = world.run()
    assert (1, 1) == (report.media, report.media_missing)
    world.internet.log.clear()
    world.run()
    assert [] == world.internet.log.requests()

    world.clock.time += 2 * 3600
    assert 1 == world.run().media
    assert {"audio": sha(SOUND), "video": sha(FILM)} == world.held()


def test_the_budget_of_a_run_counts_the_questions(world: World) -> None:
    """``max_requests`` is about mp.weixin.qq.com, whatever is asked there."""
    world.save(world.film, media="none")
    world.recordings.expire()
    report = world.run(max_requests=0)

    assert (0, 1, []) == (report.requests, report.media_missing, world.recordings.asked)


def test_what_is_held_and_missing_is_told(world: World) -> None:
    """By ``status``: how many, and when the next try is."""
    world.recordings.no_addresses = True
    world.save(world.film, world.voice, media="none")
    world.recordings.expire()
    world.run()
    with opened(world.root) as store:
        found = collect(store.db.conn, world.root, world.clock.now())["media"]

    assert (1, 1, 0) == (found["held"], found["missing"], found["lost"])
    assert len(SOUND) == found["bytes"]
    assert "WeChat gives no address for this video" in found["errors"][0]["example"]
