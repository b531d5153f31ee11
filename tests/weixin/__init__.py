"""A small mp.weixin.qq.com for the tests: real sockets, real TLS, scripted answers for the real
addresses.

In a test, the fixture ``internet`` is a running one; ``internet.site`` scripts it, ``internet.log``
tells what was asked. On the command line, ``python -m tests.weixin [SITE] -- COMMAND…`` runs any
command with it around.
"""

from __future__ import annotations

from tests.weixin.answer import Answer, Request
from tests.weixin.log import Log
from tests.weixin.server import Internet
from tests.weixin.site import Published, Site

__all__ = ["Answer", "Internet", "Log", "Published", "Request", "Site"]
