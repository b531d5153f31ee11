"""The figures of issue 3, held: on our small pages always, on the real ones where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.quality import gate
from tests.quality.measure import FAULTS, SHARES

#: What issue 3 asks of all pages together.
ASKED = {
    "recall": 0.9995, "worst recall": 0.99, "precision": 0.9999, "lines": 0.999, "bold": 0.98,
    "images": 1.0, "links": 1.0, "code": 1.0, "cards": 1.0, "fields": 1.0,
    "stray": 0, "noise": 0, "raw_html": 0, "false_bold": 0,
}  # fmt: skip


def test_our_small_pages_keep_their_floor() -> None:
    """Bold, code, lists, tables, cards, footnotes: every figure at least where it was."""
    found = gate.figures(gate.measure(gate.HERE / "pages"))
    assert gate.regressions(found, gate.floors()["small"]) == []


@pytest.mark.long
def test_real_pages_keep_their_floor_and_meet_what_was_asked(corpus: Path) -> None:
    """Every figure at least where it was, and all that the issue asks for."""
    found = gate.figures(gate.measure(corpus / "pages"))
    assert gate.regressions(found, gate.floors()["corpus"]) == []
    assert gate.regressions(found, ASKED) == []


def test_a_floor_is_never_lowered_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--pin`` refuses while anything fell, raises otherwise, and lowers only when told to."""
    monkeypatch.setattr(gate, "FLOORS", tmp_path / "floors.json")
    assert gate.pin("small", {"recall": 0.9, "stray": 1}) == []
    assert gate.pin("small", {"recall": 0.95, "stray": 2}) == ["stray: 2, was 1"]
    assert gate.floors()["small"] == {"recall": 0.9, "stray": 1}
    assert gate.pin("small", {"recall": 0.95, "stray": 0}) == []
    assert gate.pin("small", {"recall": 0.8, "stray": 0}, allow_regression=True) == []
    assert gate.floors()["small"] == {"recall": 0.8, "stray": 0}


def test_every_excuse_names_a_figure() -> None:
    """An excuse is for one figure of one page and says why."""
    assert all(
        figure in (*SHARES, *FAULTS) and len(why) > 20 for (_, figure), why in gate.EXCUSED.items()
    )
