"""``python -m archive.cli`` is ``wechat-archive``."""

from archive.cli import main

main()
