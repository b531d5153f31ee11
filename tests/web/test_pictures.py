"""Versions side by side, graphs, timelines, raw pages and files to take away."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from archive.run.history import Run
from archive.store.linking import Linked, Month
from archive.web import graph
from archive.web.diff import Row, by_words, side_by_side
from archive.web.routes import ROUTES
from archive.web.status import strip
from scraper.zone import CHINA
from tests.web.everything import Everything, build
from tests.web.pages import visiting


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    """An archive with one of everything."""
    return build(tmp_path_factory.mktemp("everything"))


def test_every_address_is_answered(held: Everything) -> None:
    """Each kind of page, in both languages, with the policy; what is missing is told."""
    for language in ("en", "zh-CN"):
        with visiting(held.root, language=language) as client:
            answers = {path: client.get(path) for path in held.paths}

        assert {"/nowhere": 404, "/search?q=kind:nonsense": 400} == {
            path: answer.status_code
            for path, answer in answers.items()
            if answer.status_code != 200
        }
        assert all(
            "default-src 'none'" in one.headers["content-security-policy"]
            for one in answers.values()
        )


def test_nothing_is_found_under_what_is_not_there(held: Everything) -> None:
    """404 for every address that names something, whatever follows."""
    missing = [
        route.path.replace("{name:path}", "zz")
        .replace("{name}", "zz")
        .replace("{number}", "1")
        .replace("{id}", "zz")
        for route in ROUTES
        if "{" in route.path
        and not route.path.startswith(("/tags", "/topics"))
        and "GET" in (route.methods or ())
    ]
    with visiting(held.root) as client:
        found = {path: client.get(path).status_code for path in missing}

    assert dict.fromkeys(missing, 404) == found
    assert len(missing) > 15


def test_files_to_take_away(held: Everything) -> None:
    """One web page and one book, each whole, offered for saving, unable to act."""
    with visiting(held.root) as client:
        page = client.get(f"/articles/{held.full}.html")
        book = client.get(f"/articles/{held.full}.epub")

    assert "岩茶的一生" in page.text
    assert "data:image/png" in page.text
    assert all("attachment" in answer.headers["content-disposition"] for answer in (page, book))
    assert all("sandbox" in answer.headers["content-security-policy"] for answer in (page, book))
    with zipfile.ZipFile(io.BytesIO(book.content)) as archive:
        assert "application/epub+zip" == archive.read("mimetype").decode()


def test_a_raw_page_has_its_own_policy(held: Everything) -> None:
    """It may show what it holds, and reach nothing; its source is text."""
    with visiting(held.root) as client:
        shown = client.get(f"/articles/{held.raw}/raw/1")
        source = client.get(f"/articles/{held.raw}/raw/1?source=1")
        page = client.get(f"/articles/{held.raw}/raw")

    policy = shown.headers["content-security-policy"]
    assert ("sandbox", "default-src 'none'") == (policy[-7:], policy[:18])
    assert "script-src" not in policy
    assert source.headers["content-type"].startswith("text/plain")
    assert "<script>" in source.text
    assert "<iframe sandbox " in page.text


def test_media_have_ranges_and_never_run(held: Everything) -> None:
    """Pictures by their content's name, for ever; a path that leads out is none."""
    (place,) = (held.root / "media").rglob("*.png")
    path = "/" + place.relative_to(held.root).as_posix()
    outside = [
        "/media/../archive.db",
        "/media/%2e%2e/archive.db",
        "/media/..%2farchive.db",
        "/media//etc/passwd",
    ]
    with visiting(held.root) as client:
        whole = client.get(path)
        part = client.get(path, headers={"range": "bytes=0-3"})
        wrong = [
            client.get(one).status_code
            for one in (*outside, path[:-4] + ".svg", path.replace("/", "\\"))
        ]

    assert (200, "image/png", place.read_bytes()) == (
        whole.status_code,
        whole.headers["content-type"],
        whole.content,
    )
    assert (206, b"\x89PNG") == (part.status_code, part.content)
    assert "sandbox" in whole.headers["content-security-policy"]
    assert "immutable" in whole.headers["cache-control"]
    assert [404] * 6 == wrong


def test_a_media_file_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    """A link in an archive that somebody else gave: its target is not shown."""
    held = build(tmp_path / "archive")
    (place,) = (held.root / "media").rglob("*.png")
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    place.unlink()
    place.symlink_to(tmp_path / "secret")
    with visiting(held.root) as client:
        assert 404 == client.get("/" + place.relative_to(held.root).as_posix()).status_code


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["a"], ["a"], [Row("same", (("a", False),), (("a", False),))]),
        (["a"], [], [Row("removed", (("a", True),), ())]),
        ([], ["a"], [Row("added", (), (("a", True),))]),
        (
            ["茶是绿的"],
            ["茶是红的"],
            [
                Row(
                    "changed",
                    (("茶是", False), ("绿", True), ("的", False)),
                    (("茶是", False), ("红", True), ("的", False)),
                )
            ],
        ),
    ],
)
def test_lines_side_by_side(old: list[str], new: list[str], expected: list[Row]) -> None:
    """What is the same, gone, new, or changed in some words."""
    assert expected == side_by_side(old, new)


def test_long_stretches_without_a_change_are_a_gap() -> None:
    """Two lines stay around a change, the rest is counted; nothing is lost."""
    old = [str(number) for number in range(20)]
    new = [*old[:10], "neu", *old[11:]]
    rows = side_by_side(old, new)

    assert [
        ("gap", 8),
        ("same", 0),
        ("same", 0),
        ("changed", 0),
        ("same", 0),
        ("same", 0),
        ("gap", 7),
    ] == [(row.kind, row.skipped) for row in rows]
    assert 20 == sum(row.skipped or 1 for row in rows)


def test_words_are_whole_and_unlike_lines_differ_wholly() -> None:
    """Latin words and numbers are not cut; two lines that share little are shown as two lines."""
    left, right = by_words("version 12 of it", "version 13 of it")
    unlike = by_words("春眠不觉晓", "a wholly different line")

    assert ((("version ", False), ("12", True), (" of it", False)), ("13", True)) == (
        left,
        right[1],
    )
    assert ((("春眠不觉晓", True),), (("a wholly different line", True),)) == unlike


def test_a_graph_is_laid_out() -> None:
    """At most thirty a side, the heaviest thickest, the others counted; an empty side takes no
    room.
    """
    many = [
        (f"账号{number}", f"/a/{number}", f"账号{number}", number) for number in range(40, 0, -1)
    ]
    found = graph.picture(many, [])

    assert (30, 0, 40, 10) == (len(found.left), len(found.right), found.incoming, found.hidden)
    assert (6, 2) == (found.left[0].weight, found.left[-1].weight)
    assert (0, 504) == (found.begin, found.width)
    assert all(0 < node.y < found.height for node in found.left)
    assert (456, 504) == (graph.picture([], many).begin, graph.picture([], many).width)


def test_accounts_that_link_to_each_other(held: Everything) -> None:
    """Counted in both directions."""
    with visiting(held.root) as client:
        library = client.app.state.site.library  # type: ignore[attr-defined]
        found = library.account_links(library.account("MzIyMDA3MjMwNw==").account_id)

    assert (Linked("MzA4MDE0NTcwMg==", "Tea & Co", 1),) == found.incoming
    assert () == found.outgoing


def test_months_of_an_account(held: Everything) -> None:
    """Published, edited and deleted, by months in China; empty months between are there, too."""
    with visiting(held.root) as client:
        library = client.app.state.site.library  # type: ignore[attr-defined]
        months = library.months(library.account("MzIyMDA3MjMwNw==").account_id)
    bars = graph.bars(months, '茶"号')

    assert [Month("2022-10", 3), Month("2023-01", 1), Month("2026-12", 0, 1, 1)] == months
    assert 51 == len(bars)
    assert [100, 33, 0, 33, 33] == [
        bars[0].up,
        bars[3].up,
        bars[1].up,
        bars[-1].edited,
        bars[-1].gone,
    ]
    assert 'account:"茶 号" after:2026-12 before:2027-01' == bars[-1].query


def test_the_strip_of_runs() -> None:
    """A day without a run, with one that found nothing, with news, with a failure."""
    today = date(2026, 11, 28)

    def run(back: int, saved: int = 0, code: int = 0) -> Run:
        started = datetime(2026, 11, 28, 1, 0, tzinfo=CHINA) - timedelta(days=back)
        return Run("run", started, started, code, saved, 0, 0, None)

    found = strip([run(0, saved=2), run(0), run(1, code=75), run(3)], today, days=5)

    assert [0, 1, 0, 3, 2] == [one.level for one in found]
    assert (date(2026, 11, 28), 2, 2) == (found[-1].day, found[-1].runs, found[-1].saved)
