"""``discuss``: comments, replies and counts with the reader's own credentials, over real sockets."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.config import Config
from archive.document.discussion import Discussion
from archive.run.discussing import Discussing
from archive.saved.credentials import read
from tests.command import wechat_archive
from tests.crawl.fakes import FakeClock
from tests.store.make import opened
from tests.weixin import media
from tests.weixin.recorded import Recording
from tests.weixin.server import Internet
from tests.weixin.site import Published
from tests.weixin.talk import COOKIE, SECRETS, SESSION, Said, Talk, with_session

SHOT = "https://mmbiz.qpic.cn/mmbiz_jpg/commentshot0123456/0"


class Place:
    """An archive with articles of the small internet, a talk around them, and credentials."""

    def __init__(self, home: Path, internet: Internet, count: int) -> None:
        self.home, self.root, self.internet = home, home / "a", internet
        site = internet.site
        self.articles = [site.article(f"第{n}篇") for n in range(1, count + 1)]
        self.talk = Talk(
            counts={"read_num": 1200, "old_like_num": 30, "like_num": 12, "share_num": 4}
        )
        self.talk.serve(site, *self.articles)
        self.file = home / "credentials.json"
        self.file.write_text(json.dumps([{
            "url": with_session(self.articles[0].long), "set_cookie": COOKIE, "timestamp": 1_790_000_000_000,
        }]))  # fmt: skip
        self.run("save", "--interval", "0", *(one.long for one in self.articles))
        internet.log.clear()

    def run(self, *argv: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of a command."""
        done = wechat_archive(*argv, "--archive", str(self.root))
        return done.code, done.stdout, done.stderr

    def discuss(self, *argv: str) -> dict[str, Any]:
        """What ``discuss --json`` says."""
        _, out, err = self.run(
            "discuss", "--credentials", str(self.file), "--interval", "0", "--json", *argv
        )
        assert out, err
        found: dict[str, Any] = json.loads(out)
        return found

    def held(self, article: Published) -> Discussion:
        """The comments that are held."""
        with opened(self.root) as store:
            found = store.discussions.of(store.get(article.long).article_id)
            assert found is not None
            return found


@pytest.fixture
def place(tmp_path: Path, internet: Internet, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Three articles."""
    for name, value in internet.env.items():
        monkeypatch.setenv(name, value)
    return Place(tmp_path, internet, 3)


def replies(count: int) -> list[Said]:
    """So many, in order."""
    return [Said(id=n, text=f"回复{n}", author=f"读者{n}") for n in range(1, count + 1)]


def test_everything_is_asked_for_and_kept(place: Place) -> None:
    """Comments page by page, every reply, counts; the pictures come with the next run."""
    place.internet.site.image(url=SHOT, body=media.jpeg(3))
    place.talk.page = 2
    place.talk.comments = [
        Said(id=11, text="第一", likes=9, pictures=[SHOT], replies=replies(5)),
        Said(id=12, text="第二"),
        Said(id=13, text="第三", own=True),
    ]

    report = place.discuss()
    code, _, err = place.run("run", "--interval", "0")

    assert (3, 0, 24, 0, 0) == tuple(
        report[name] for name in ("looked", "failed", "new", "left", "exit_code")
    )
    assert 0 == code, err
    for article in place.articles:
        held = place.held(article)
        assert ["第一", "第二", "第三"] == [one.comment.text for one in held.comments]
        assert [f"回复{n}" for n in range(1, 6)] == [
            one.comment.text for one in held.comments[0].replies
        ]
        assert (3, True) == (held.total, held.complete is not None)
    with opened(place.root) as store:
        last = store.counts.last(store.get(place.articles[0].long).article_id)
        assert last is not None
        assert (1200, 30, 12, 4, "discuss") == (
            last.counts.read, last.counts.like, last.counts.looking, last.counts.share, last.origin
        )  # fmt: skip
        assert store.media_path(SHOT) is not None
    assert 0 == place.run("verify")[0]


def test_it_ends_where_the_session_expires_and_goes_on_with_fresh_credentials(place: Place) -> None:
    """Exit code 77; what was looked at is not asked about again, what was not comes next."""
    place.talk.comments = [Said(id=11, text="第一")]
    place.talk.ret, place.talk.after = -3, 4  # two articles of two requests each

    first = place.discuss()
    place.talk.ret, place.talk.given = 0, 0
    second = place.discuss()
    third = place.discuss()

    assert (77, 2, 1) == (first["exit_code"], first["looked"], first["left"])
    assert (0, 1, 2) == (second["exit_code"], second["looked"], second["fresh"])
    assert (0, 0, 3, 0) == tuple(third[n] for n in ("exit_code", "looked", "fresh", "requests"))
    assert 2 == place.talk.given


def test_too_often_holds_for_a_day(place: Place) -> None:
    """Exit code 75, and no request by any later ``discuss`` until then, unless told to."""
    place.talk.ret = -6

    first = place.discuss()
    before = place.internet.log.count()
    code, _, err = place.run("discuss", "--credentials", str(place.file))
    after = place.internet.log.count()
    place.talk.ret = 0
    told = place.discuss("--now")

    assert (75, 1) == (first["exit_code"], len(first["results"]))
    assert (75, before) == (code, after)
    assert "too often" in err
    assert (0, 3) == (told["exit_code"], told["looked"])


@pytest.mark.parametrize("fault", ["stuck", "endless"])
def test_an_answer_without_end_is_left(place: Place, fault: str) -> None:
    """The same buffer again and again, and replies that never stop: some requests, then the next
    article.
    """
    place.talk.fault, place.talk.page = fault, 1
    place.talk.comments = [
        Said(id=11, text="第一", replies=replies(4)), Said(id=12, text="第二"),
    ]  # fmt: skip

    report = place.discuss()

    assert (0, 3) == (report["exit_code"], report["looked"])
    assert place.talk.given <= 3 * 8
    assert [2] * 3 == [place.held(article).present for article in place.articles]


def test_a_page_instead_of_json_fails_its_article_alone(place: Place) -> None:
    """All of them: nothing was understood (76); the next try has them."""
    place.talk.fault = "html"
    first = place.discuss()
    place.talk.fault, place.talk.comments = "", [Said(id=11, text="第一")]
    second = place.discuss()

    assert (76, 3) == (first["exit_code"], first["failed"])
    assert (0, 3) == (second["exit_code"], second["looked"])


def test_a_month_in_which_comments_come_and_go(place: Place) -> None:
    """Each look notes what came, what changed and what went, and nothing else."""
    article = place.articles[0]
    one, two, three = (Said(id=n, text=f"留言{n}") for n in (11, 12, 13))
    liked = Said(id=12, text="留言12", likes=5)
    clock, told = FakeClock(), []
    for number, said in enumerate([[one], [one, two], [two, three], [liked, three], [one]]):
        place.talk.comments = said
        place.talk.counts["read_num"] = 100 * (number + 1)
        about = Discussing(
            root=place.root, config=Config(interval=0), credentials=read(place.file), clock=clock
        )
        (looked,) = about.run([article.long]).results
        told.append((looked.new, looked.changed, looked.gone))
        clock.shift += timedelta(days=7)

    held = place.held(article)
    with opened(place.root) as store:
        reads = [look.counts.read for look in store.counts.of(store.get(article.long).article_id)]

    assert [(1, 0, 0), (1, 0, 0), (1, 0, 1), (0, 1, 0), (0, 1, 2)] == told
    assert {"11": True, "12": False, "13": False} == {
        kept.comment.id: kept.gone is None for kept in held.comments
    }
    assert [100, 200, 300, 400, 500] == reads


def test_only_articles_of_accounts_with_credentials_are_asked_about(place: Place) -> None:
    """The others are counted, and no request is made for them."""
    other = place.internet.site.article("别家的", biz="MzI5OTk5OTk5OQ==")
    place.run("save", "--interval", "0", other.long)
    place.internet.log.clear()

    report = place.discuss(other.long)

    assert (0, 1, 0) == (
        report["exit_code"], report["without_credentials"], place.internet.log.count(),
    )  # fmt: skip


def test_a_recording_gives_credentials_too(place: Place) -> None:
    """Those of the requests in it."""
    place.file = place.home / "day.har"
    place.file.write_bytes(Recording().page(place.articles[0]).har())
    place.talk.comments = [Said(id=11, text="第一")]

    report = place.discuss()

    assert (0, 3) == (report["exit_code"], report["looked"])


@pytest.mark.parametrize(
    ("text", "code"),
    [("[]", 78), ("not JSON", 78), ('[{"url": "https://mp.weixin.qq.com/s/abc"}]', 78), (None, 64)],
)
def test_a_file_without_credentials_is_told(place: Place, text: str | None, code: int) -> None:
    """Before anything is asked; nothing of the file is quoted."""
    place.file = place.home / "other.json"
    if text is not None:
        place.file.write_text(text)
    ended, _, err = place.run("discuss", "--credentials", str(place.file))

    assert (code, 0) == (ended, place.internet.log.count())
    assert "other.json" in err


def test_no_credential_is_left_anywhere(place: Place) -> None:
    """Not in the archive, not in what is said, also where it fails and with every log line."""
    place.talk.comments = [Said(id=11, text="第一", replies=replies(4))]
    said = [place.run("discuss", "--credentials", str(place.file), "--interval", "0", "-vv")]
    for fault in ("html", "stuck"):
        place.talk.fault = fault
        said.append(
            place.run(
                "discuss", "--credentials", str(place.file), "--interval", "0", "--again", "-vv"
            )
        )
    place.talk.ret = -3
    said.append(
        place.run("discuss", "--credentials", str(place.file), "--interval", "0", "--again", "-vv")
    )
    said += [place.run("show", place.articles[0].long, "--json"), place.run("status", "--json")]

    left = {str(one): one.read_bytes() for one in place.root.rglob("*") if one.is_file()}
    left |= {f"said {n}": (out + err).encode() for n, (_, out, err) in enumerate(said)}
    secrets = (*SECRETS, *SESSION.values())
    assert [] == [(at, one) for at, body in left.items() for one in secrets if one.encode() in body]


def test_requests_are_paced_as_pages_are(place: Place) -> None:
    """One at a time, with the pause between that the settings ask for."""
    place.talk.comments = [Said(id=11, text="第一")]
    done = wechat_archive(
        "discuss", "--credentials", str(place.file), "--interval", "0.2", "--limit", "2",
        "--archive", str(place.root),
    )  # fmt: skip

    assert 0 == done.code, done.stderr
    assert 1 == place.internet.log.peak("mp.weixin.qq.com")
    assert min(place.internet.log.gaps()) >= 0.2


def test_an_expired_session_is_an_alert(place: Place, tmp_path: Path) -> None:
    """Told by the next `run`, once; and when it opens what it should again."""
    told = tmp_path / "told"
    script = tmp_path / "note.py"
    script.write_text(
        "import json, sys\n"
        "for one in json.load(sys.stdin)['problems']:\n"
        "    print(one['kind'], one['subject'], one['state'], file=open(sys.argv[1], 'a'))\n"
    )
    run = ("run", "--exec", f"{sys.executable} {script} {told}", "--interval", "0")
    place.talk.ret, place.talk.after = -3, 4
    assert 77 == place.discuss()["exit_code"]
    for _ in range(2):
        place.run(*run)
    assert "login discuss begins\n" == told.read_text()

    place.talk.ret, place.talk.given = 0, 0
    assert 0 == place.discuss()["exit_code"]
    place.run(*run)
    assert "login discuss begins\nlogin discuss ends\n" == told.read_text()
