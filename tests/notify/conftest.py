"""The disk of whoever runs the tests says nothing here."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """``free``: MiB that every disk has."""
    found = SimpleNamespace(free=10_000)

    def disk_usage(path: object) -> SimpleNamespace:
        return SimpleNamespace(free=found.free << 20)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    return found
