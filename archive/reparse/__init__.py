"""Everything derived, made again from the raw pages: after the parser learnt something, and without
any network.
"""

from __future__ import annotations

from archive.reparse.job import reparse
from archive.reparse.report import Change, ReparseReport

__all__ = ["Change", "ReparseReport", "reparse"]
