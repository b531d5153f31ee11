"""``python -m archive`` is ``wechat-archive``."""

from archive.cli import main

main()
