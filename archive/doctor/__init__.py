"""What is around the program: whether this machine and this archive's folder are as they should be.

Reads and asks the machine alone, never the network; changes nothing.
"""

from __future__ import annotations

from archive.doctor.examine import Surroundings, examine
from archive.doctor.finding import Finding, exit_code

__all__ = ["Finding", "Surroundings", "examine", "exit_code"]
