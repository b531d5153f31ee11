"""The fixtures that bring the small internet into a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.weixin.server import Internet


@pytest.fixture
def internet() -> Iterator[Internet]:
    """A running small internet with nothing in it yet: script ``internet.site``, read
    ``internet.log``.
    """
    with Internet() as running:
        yield running
