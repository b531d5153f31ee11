"""The page: read, search and follow the archive in a browser. Imported by ``wechat-archive serve``
only.

``app.make_app`` puts together what the modules beside it are: ``routes`` (one table), ``security``
(what every request passes), one module a page, ``templates/`` and ``static/``. All of it reads
through ``archive.library.Library`` and writes through ``jobs``; nothing here speaks SQL.
"""
