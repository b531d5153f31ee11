"""Whether everything that is kept is still what was written, and mending what can be derived or
fetched again.
"""

from archive.verify.check import check
from archive.verify.findings import Finding
from archive.verify.repair import repair

__all__ = ["Finding", "check", "repair"]
