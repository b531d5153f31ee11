"""bs4, imported without what it only needs for CSS selectors and for guessing encodings.

soupsieve compiles 30 long patterns when it is imported (40 ms of CPU, a tenth of the start of
`save`), charset_normalizer takes 10 ms more; writing Markdown uses neither. They are put off, not
taken away: whoever uses them in the same process gets them then.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

_PUT_OFF = ("soupsieve", "charset_normalizer")


class _Finder:  # of importlib.abc.MetaPathFinder nothing is needed, and it takes 2 ms to import
    """Finds them so that they are executed when one of their attributes is first used."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(fullname, path) if fullname in _PUT_OFF else None
        if found is not None and found.loader is not None:
            found.loader = LazyLoader(found.loader)
        return found


if "bs4" not in sys.modules:
    _finder = _Finder()
    sys.meta_path.insert(0, _finder)
    try:
        import bs4  # noqa: F401 - for its being imported
    finally:
        sys.meta_path.remove(_finder)
