"""Tests of the fetcher: faults.md, rows 5–9, 11–13 and 23."""
