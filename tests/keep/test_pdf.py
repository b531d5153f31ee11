"""What is promised of ``export pdf``: a book with contents, bookmarks, page numbers and pictures, or
one file an article; nothing is fetched for it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from archive.errors import BadConfig
from archive.exporters import export
from archive.exporters.formulas import MOST_DRAWN
from archive.exporters.pdf import _with_formulas
from archive.exporters.tree import limited
from tests.command import wechat_archive
from tests.keep.archives import opened, three_linked
from tests.store.make import article, keep
from tests.traffic.test_har import SAID, day, run
from tests.weixin.site import Site

pypdf = pytest.importorskip("pypdf")


@pytest.fixture(autouse=True, scope="module")
def _set_by_weasyprint() -> None:
    # Without Pango its import ends in OSError, which importorskip lets through.
    probe = subprocess.run([sys.executable, "-c", "import weasyprint"], capture_output=True)
    if probe.returncode:
        pytest.skip("WeasyPrint or the system's Pango is not there")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three articles, 1 and 2 linked with each other, one picture held."""
    return three_linked(tmp_path / "a")


def _titles(root: Path) -> list[str]:
    with opened(root) as (store, _):
        return [stored.title for stored in store.articles(newest_first=False)]


def test_a_book_has_contents_bookmarks_numbers_and_pictures(root: Path, tmp_path: Path) -> None:
    """Title page, contents with the page of each, then each article on a page of its own with its
    picture; bookmarks lead to them, links between articles stay inside the book.
    """
    titles = _titles(root)

    report = export(root, "pdf", tmp_path / "book.pdf", title="三篇")
    book = pypdf.PdfReader(tmp_path / "book.pdf")

    assert (3, 1) == (report.articles, report.images)
    assert "三篇" in book.pages[0].extract_text()
    contents = book.pages[1].extract_text()
    for number, title in enumerate(titles, start=3):
        assert title in contents
        assert title in book.pages[number - 1].extract_text()
        assert str(number) in book.pages[number - 1].extract_text().split()
    assert titles == [entry.title for entry in _bookmarks(book) if entry.title in titles]
    assert 1 == len(_pictures(book))
    assert {"/GoTo", "/URI"} >= _actions(book)
    assert "三篇" == book.metadata.title


def _bookmarks(book: Any) -> list[Any]:
    return [entry for entry in book.outline if not isinstance(entry, list)]


def _pictures(book: Any) -> set[bytes]:
    return {image.data for sheet in book.pages for image in sheet.images}


def _actions(book: Any) -> set[str]:
    notes = [note.get_object() for sheet in book.pages for note in sheet.get("/Annots") or ()]
    return {note["/A"]["/S"] for note in notes if "/A" in note}


def test_one_file_an_article(root: Path, tmp_path: Path) -> None:
    """``--each`` fills a folder, each file under the name of the article's own."""
    with opened(root) as (store, _):
        names = {stored.path.removesuffix(".md") + ".pdf" for stored in store.articles()}

    done = wechat_archive("export", "pdf", str(tmp_path / "out"), "--each", "--archive", str(root))

    assert 0 == done.code, done.stderr
    found = {str(file.relative_to(tmp_path / "out")) for file in tmp_path.rglob("out/**/*.pdf")}
    assert names == found
    for name in names:
        assert "第" in pypdf.PdfReader(tmp_path / "out" / name).pages[0].extract_text()


def test_it_shows_what_a_person_wrote_and_the_comments(tmp_path: Path) -> None:
    """As a web page and an EPUB do: the file's text where it was edited, and comments behind it."""
    run(tmp_path, day(Site().article("一天的阅读")).har())
    root = tmp_path / "a"
    (file,) = (root / "articles").rglob("*.md")
    file.write_text(file.read_text("utf-8") + "\n我的想法\n", encoding="utf-8")

    done = wechat_archive("export", "pdf", str(tmp_path / "1.pdf"), "--archive", str(root))

    assert 0 == done.code, done.stderr
    shown = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(tmp_path / "1.pdf").pages)
    assert "我的想法" in shown
    assert SAID[0].text in shown


def test_formulas_are_drawn_and_stand_on_the_line(tmp_path: Path) -> None:
    """As signs and lines, not as TeX: in a line of text and on a line of their own. What the fonts of
    mathematics have no sign for, and what is no formula, is left as TeX; nothing grows without
    bounds.
    """
    pytest.importorskip("ziamath")
    tex = {
        r"\frac{a}{b}": "math", r"\sum_{i=1}^n i^2": "math-block", r"x_{\text{预测}}": "math",
        r"\frac{{{": "math", "y" * 3000: "math",
    }  # fmt: skip
    body = "".join(f'<p>前<code class="{kind}">{one}</code>后</p>' for one, kind in tex.items())
    drawn = _with_formulas(limited(body, image=lambda _: None, link=lambda _: None))

    left = re.findall(r'<code class="[^"]*">([^<]*)</code>', drawn)
    assert [r"x_{\text{预测}}", r"\frac{{{", "y" * 3000] == left
    assert 2 == drawn.count("<svg")
    assert 5 == drawn.count("</p>") == drawn.count("后</p>")
    assert {"svg", "g", "path", "rect", "line", "title"} >= set(re.findall(r"<(\w+)", drawn)) - {
        "p",
        "code",
    }
    assert "vertical-align:-" in drawn
    much = "".join(f"<p><code class='math'>{'z' * 900}{n}</code></p>" for n in range(40))
    root = limited(much, image=lambda _: None, link=lambda _: None)
    with mock.patch("archive.exporters.pdf.svg", return_value=b"<svg/>") as drawing:
        _with_formulas(root)
    assert MOST_DRAWN // 902 >= drawing.call_count >= MOST_DRAWN // 902 - 1

    with opened(tmp_path / "a") as (store, _):
        keep(store, article(1, body=body, text="前后"))
    export(tmp_path / "a", "pdf", tmp_path / "1.pdf")
    shown = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(tmp_path / "1.pdf").pages)
    assert (False, True) == ("frac{a}" in shown, "预测" in shown)


def test_the_same_articles_give_the_same_bytes(root: Path, tmp_path: Path) -> None:
    """So that a second export changes nothing, and a changed file is known as a person's."""
    export(root, "pdf", tmp_path / "1.pdf")
    export(root, "pdf", tmp_path / "2.pdf")

    assert (tmp_path / "1.pdf").read_bytes() == (tmp_path / "2.pdf").read_bytes()


def test_nothing_is_fetched_or_read_from_elsewhere(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture of another scheme in a changed body is refused: no request, no local file."""
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>SECRET</text></svg>')
    evil = f'<p>x</p><img src="{secret.as_uri()}"><img src="http://127.0.0.1:9/x.png">'
    monkeypatch.setattr("archive.exporters.pdf.inner", lambda _: evil)

    export(root, "pdf", tmp_path / "book.pdf")

    book = pypdf.PdfReader(tmp_path / "book.pdf")
    assert "SECRET" not in "".join(sheet.extract_text() for sheet in book.pages)
    assert set() == _pictures(book)


def test_without_the_extra_it_says_what_to_install(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback: the line to type."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)

    with pytest.raises(BadConfig, match=r"pip install 'wechat-archive\[pdf\]'"):
        export(root, "pdf", tmp_path / "book.pdf")

    assert not (tmp_path / "book.pdf").exists()


def test_each_is_for_pdf_alone(root: Path, tmp_path: Path) -> None:
    """Another format with ``--each`` is a misuse, told at once."""
    done = wechat_archive("export", "epub", str(tmp_path / "x"), "--each", "--archive", str(root))

    assert 64 == done.code
    assert "--each" in done.stderr
