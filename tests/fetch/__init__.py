"""Tests of the fetcher: docs/reliability.md, rows 5–9, 11–13 and 23."""
