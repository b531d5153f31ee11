"""What is promised of the block at the head of a file, whoever writes it."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from archive.document import frontmatter

_TEXTS = st.text(max_size=12)
_NAMES = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)
_SCALARS = _TEXTS | st.integers(-(2**63), 2**63) | st.booleans() | st.floats(allow_nan=False)
_RECORDS = st.dictionaries(_NAMES, _SCALARS | st.lists(_TEXTS, max_size=3), max_size=3)
_VALUES = st.dictionaries(
    _NAMES,
    _SCALARS | st.lists(_SCALARS | _RECORDS, max_size=3) | _RECORDS,
    max_size=4,
)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML was built without libyaml")
@given(_VALUES)
def test_libyaml_and_pure_python_write_the_same_bytes(values: dict[str, Any]) -> None:
    """A file does not change with the machine that writes it."""
    fast = frontmatter.write(values)
    with mock.patch.object(yaml, "__with_libyaml__", False):
        assert frontmatter.write(values) == fast
