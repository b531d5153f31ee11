"""SQLite and the disk: opening, tables and migrations, the lock, checksums, files written whole or
not at all.
"""
