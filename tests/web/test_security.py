"""Who may ask, what may be sent, and what every answer carries."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from archive.errors import BadConfig
from archive.web import security
from archive.web.settings import Settings, is_loopback, read_token
from tests.command import wechat_archive
from tests.web.pages import HOME, TOKEN, filled, visiting

LAN = "http://192.168.1.5:8787"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with three articles."""
    place = tmp_path_factory.mktemp("archive")
    filled(place)
    return place


def fetch(client: TestClient, method: str, path: str, **headers: str) -> int:
    """The status of the answer."""
    return client.request(method, path, headers=headers).status_code


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/static/page.css", 200),
        ("GET", "/static/nothing", 404),
        ("GET", "/nowhere", 404),
        ("DELETE", "/", 405),
        ("GET", "/media/x", 404),
    ],
)
def test_every_answer_carries_the_headers(root: Path, method: str, path: str, status: int) -> None:
    """Also errors and redirects: nothing loads from elsewhere, nothing runs but our file, nobody
    frames us.
    """
    with visiting(root) as client:
        answer = client.request(method, path)

    assert status == answer.status_code
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "nosniff" == answer.headers["x-content-type-options"]
    assert "same-origin" == answer.headers["referrer-policy"]
    assert "server" not in answer.headers


def test_a_bug_becomes_a_page_with_the_headers(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected: status 500, a sentence, the same policy, and not a line of the
    traceback.
    """
    with visiting(root) as client:
        monkeypatch.setattr("archive.library.Library.newest", lambda *a, **k: 1 / 0)
        answer = client.get("/")

    assert 500 == answer.status_code
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "Nothing that was kept is lost" in answer.text
    assert "ZeroDivisionError" not in answer.text


def test_a_damaged_database_is_called_so(tmp_path: Path) -> None:
    """Damaged while it is served: every page says which file and what to do, as commands do, and
    none that nothing is lost.
    """
    filled(tmp_path, 1)
    pages = ("/", "/shelves", "/status", "/search?q=x", "/feeds/all.atom", "/api/articles")
    with visiting(tmp_path) as client:
        database = tmp_path / "archive.db"
        with database.open("r+b") as file:
            size = file.seek(0, 2)
            file.seek(4096)
            file.write(b"\xff" * (size - 4096))
        Path(f"{database}-wal").unlink(missing_ok=True)
        answers = {path: client.get(path) for path in pages}

    told = {
        path: (answer.status_code, "--repair" in answer.text) for path, answer in answers.items()
    }
    assert dict.fromkeys(pages, (500, True)) == told
    assert "<code>wechat-archive verify --repair</code>" in answers["/search?q=x"].text


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8787", "127.0.0.1", "localhost", "LOCALHOST:1", "[::1]:8787", "127.1.2.3"]
)
def test_its_own_names_are_answered(root: Path, host: str) -> None:
    """This machine, whatever the port."""
    with visiting(root) as client:
        assert 200 == fetch(client, "GET", "/", host=host)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "evil.example:8787",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.168.1.5",
        ),
        *(
            "localhost@evil.example",
            "evil.example/localhost",
            "evil.example#localhost",
            "[::1",
            "localhost:99999999",
        ),
        "0.0.0.0",
    ],
)
def test_foreign_names_are_refused(root: Path, host: str) -> None:
    """A name that somebody else points at this machine (DNS rebinding) opens nothing, not even the
    style sheet.
    """
    with visiting(root) as client:
        assert [421, 421] == [
            fetch(client, "GET", path, host=host) for path in ("/", "/static/page.css")
        ]


def test_names_can_be_allowed(root: Path) -> None:
    """Behind a proxy of one's own the server has another name."""
    with visiting(root, names=("archive.home",)) as client:
        assert [200, 421] == [
            fetch(client, "GET", "/", host=name) for name in ("archive.home", "other.home")
        ]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"origin": HOME}, 303),
        ({"sec-fetch-site": "same-origin", "origin": HOME}, 303),
        ({"sec-fetch-site": "none"}, 303),
        ({"origin": "null"}, 403),
        ({"origin": "https://mp.weixin.qq.com"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "http://127.0.0.1:8787.evil.example"}, 403),
        ({"origin": "ftp://127.0.0.1:8787"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": HOME}, 403),
    ],
)
def test_other_sites_change_nothing(root: Path, headers: dict[str, str], status: int) -> None:
    """A form or script on another page is refused by its Origin; programs send none."""
    with visiting(root) as client:
        assert status == client.post("/login", headers=headers).status_code


def test_bodies_are_bounded(root: Path) -> None:
    """By what they say and by what they bring."""

    def endless() -> object:
        for _ in range(20):
            yield b"x" * 65536

    with visiting(root, token=TOKEN) as client:
        said = client.post("/login", content=b"x" * (security.LARGEST_BODY + 1))
        brought = client.post("/login", content=endless())  # type: ignore[arg-type]
        nonsense = client.post("/login", headers={"content-length": "-5"}, content=b"")

    assert [413, 413, 413] == [said.status_code, brought.status_code, nonsense.status_code]


def test_a_token_is_asked_for(root: Path) -> None:
    """Nothing but the way in is shown without it, and not by a wrong one."""
    with visiting(root, base=LAN, host="0.0.0.0", token=TOKEN) as client:
        assert 401 == fetch(client, "GET", "/")
        assert 401 == fetch(client, "GET", "/?token=wrong")
        assert 401 == fetch(client, "GET", "/", authorization="Bearer wrong")
        assert 401 == fetch(client, "GET", "/", authorization=TOKEN)
        assert 401 == fetch(client, "GET", "/", cookie=f"{security.COOKIE}={TOKEN}")
        assert 401 == fetch(client, "GET", "/media/ab/x")
        assert 200 == fetch(client, "GET", "/static/page.css")
        assert 200 == fetch(client, "GET", "/", authorization=f"Bearer {TOKEN}")


def test_without_the_token_nothing_else_is_offered(root: Path) -> None:
    """No search, no other pages; a wrong token in the address is told like one that was typed."""
    with visiting(root, base=LAN, host="0.0.0.0", token=TOKEN) as client:
        none, wrong = client.get("/").text, client.get("/?token=wrong").text

    assert [False, True] == ["That is not the token" in text for text in (none, wrong)]
    for offered in ('role="search"', 'href="/shelves"', 'href="/feeds.opml"', "<kbd>"):
        assert offered not in wrong


def test_a_visit_with_the_token_is_remembered(root: Path) -> None:
    """By a cookie that no script reads and that is not the token; the token leaves the address
    bar.
    """
    with visiting(root, base=LAN, host="0.0.0.0", token=TOKEN) as client:
        first = client.get(f"/?order=published&token={TOKEN}")
        second = client.get("/")

    assert (303, "/?order=published", 200) == (
        first.status_code,
        first.headers["location"],
        second.status_code,
    )
    cookie = first.headers["set-cookie"]
    assert TOKEN not in cookie
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))


def test_the_form_lets_in(root: Path) -> None:
    """Once typed, remembered; a wrong one is told; ``back`` never leads to another site."""
    with visiting(root, base=LAN, host="0.0.0.0", token=TOKEN) as client:
        wrong = client.post("/login", data={"token": "wrong", "back": "/"})
        right = client.post("/login", data={"token": TOKEN, "back": "//evil.example/x"})
        after = client.get("/")

    assert (401, 303, 200) == (wrong.status_code, right.status_code, after.status_code)
    assert "That is not the token" in wrong.text
    assert "/evil.example/x" == right.headers["location"]


def test_a_token_in_the_address_opens_feeds_only(root: Path) -> None:
    """Feed readers cannot do otherwise; a picture in a feed has a signature that opens nothing
    else.
    """
    picture = "/media/ab/" + "ab" * 32 + ".png"
    other = "/media/cd/" + "cd" * 32 + ".png"
    with visiting(root, base=LAN, host="0.0.0.0", token=TOKEN) as client:
        found = [
            fetch(client, "GET", f"/feeds/all.atom?token={TOKEN}"),
            fetch(client, "GET", f"{picture}?sig={security.signature(TOKEN, picture)}"),
            fetch(client, "GET", f"{other}?sig={security.signature(TOKEN, picture)}"),
            fetch(client, "POST", f"/login2?token={TOKEN}"),
        ]

    assert 401 not in found[:2]
    assert [401, 401] == found[2:]


def test_a_token_in_a_header_needs_no_origin(root: Path) -> None:
    """A userscript on WeChat's page may save: no other page knows the token."""
    with visiting(root, base=LAN, host="0.0.0.0", token=TOKEN) as client:
        known = client.post(
            "/login",
            headers={"origin": "https://mp.weixin.qq.com", "authorization": f"Bearer {TOKEN}"},
        )

    assert 401 == known.status_code  # the form's own answer: it came through


def test_read_only_changes_nothing(root: Path) -> None:
    """Whatever is sent."""
    with visiting(root, read_only=True) as client:
        assert [405, 405] == [
            client.request(method, "/jobs").status_code for method in ("POST", "DELETE")
        ]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("127.9.9.9", True),
        ("0.0.0.0", False),
        ("::", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    """Which addresses never leave the machine."""
    assert expected == is_loopback(host) == Settings(host=host).is_local


def test_the_token_file(tmp_path: Path) -> None:
    """Made where there is none, for its owner alone; read again; refused when it could be
    guessed.
    """
    place = tmp_path / "token"
    token, made = read_token(place)
    again = read_token(place)

    assert (True, (token, False), 0o600) == (made, again, place.stat().st_mode & 0o777)
    assert len(token) >= 40
    for bad in ("short", "two words that are long", "口令口令口令口令口令口令口令口令口令", ""):
        place.write_text(bad, encoding="utf-8")
        with pytest.raises(BadConfig, match="must hold one token"):
            read_token(place)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--host", "0.0.0.0"], 64, "--token-file"),
        (["--every", "10s"], 64, "a minute"),
        (["--every", "1h", "--read-only"], 64, "one of them"),
        (["--host", "192.0.2.1", "--token-file", "TOKEN"], 78, "cannot listen"),
    ],
)
def test_serve_refuses_what_makes_no_sense(
    tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    """Before anything is opened to anybody."""
    arguments = [str(tmp_path / "token") if one == "TOKEN" else one for one in arguments]
    result = wechat_archive("--archive", str(tmp_path / "archive"), "serve", *arguments)

    assert (code, "") == (result.code, result.stdout)
    assert said in result.stderr
