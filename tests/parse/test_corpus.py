"""Real pages of 2014–2026, where they are at hand: every field as the truths have it, everything
else clear.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import scraper
from tests.quality.fields import compared


def test_every_field_of_every_page_with_a_truth(corpus: Path) -> None:
    """All fields of all pages equal their truth, but for the truths that are wrong themselves."""
    wrong = []
    for path in sorted((corpus / "pages").glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        article = scraper.parse(
            scraper.Page(url=truth["url"], body=path.with_suffix(".html").read_bytes())
        )
        wrong += [(path.stem, *found) for *found, right in compared(article, truth) if not right]
    assert wrong == []


def test_pages_without_a_truth_are_read(corpus: Path) -> None:
    """Shared videos and pictures of 2018–2019 and a page kept as JSON give title, account, identity
    and a body.
    """
    for path in sorted((corpus / "pages").glob("*.html")):
        if path.with_suffix(".json").exists():
            continue
        article = scraper.parse(
            scraper.Page(url="https://mp.weixin.qq.com/s/unknown", body=path.read_bytes())
        )
        assert article.title, path
        assert article.account.name, path
        assert article.identity, path
        assert article.published, path
        assert article.text.strip() or article.images, path


@pytest.mark.parametrize("folder", ["browser-saved", "fragments"])
def test_copies_and_fragments_are_read(corpus: Path, folder: str) -> None:
    """What browsers and other programs saved gives a body, and whole pages their identity."""
    for path in sorted((corpus / folder).glob("*.html")):
        article = scraper.parse(scraper.Page(url=path.as_uri(), body=path.read_bytes()))
        assert article.title, path
        assert article.text.strip(), path
        if folder == "browser-saved":
            assert article.identity, path
            assert article.account.name, path


def test_status_pages_are_told_apart(corpus: Path) -> None:
    """Each status page raises what its name says."""
    expected = {
        "captcha": "blocked",
        "deleted": "deleted",
        "link-expired": "expired",
        "parameter-error": "parameter-error",
        "temporarily": "unavailable",
        "violation": "violation",
    }
    for path in sorted((corpus / "status").glob("*.html")):
        with pytest.raises(scraper.ScrapeError) as raised:
            scraper.parse(
                scraper.Page(url="https://mp.weixin.qq.com/s/unknown", body=path.read_bytes())
            )
        assert raised.value.code == next(
            code for name, code in expected.items() if path.name.startswith(name)
        )


def test_the_index_article_leads_to_all_its_reads(corpus: Path) -> None:
    """The 228 links of an index article all come out, each with its words."""
    path = corpus / "pages" / "20240404_t0_531014023.html"
    truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    article = scraper.parse(scraper.Page(url=truth["url"], body=path.read_bytes()))
    text = [link for link in article.links if link.relation == "text"]
    assert len({link.url for link in text}) == len(set(truth["links"])) == 228
    assert all(link.text for link in text)
