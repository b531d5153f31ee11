"""``/api/…``: the archive for any program. The same objects as ``--json`` gives, described by
``/api/openapi.json``.
"""
