"""What hosts' certificates are checked against where the usual ones are not: the setting's file or
``$SSL_CERT_FILE``'s."""

from __future__ import annotations

import os
import ssl

from scraper.errors import BadSettings
from scraper.fetch.settings import FetchSettings
from scraper.messages import mark


def named(settings: FetchSettings) -> ssl.SSLContext | None:
    """Those of the file that somebody has named; None where nobody has. Raises BadSettings for a
    file that cannot be used.
    """
    path = settings.ca_file or os.environ.get("SSL_CERT_FILE")
    if not path:
        return None
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        said = (
            mark("it holds no certificate") if isinstance(error, ssl.SSLError) else error.strerror
        )
        raise BadSettings(
            mark(
                "the certificates file {path} (ca_file, $SSL_CERT_FILE) cannot be used: {said}",
                path=path,
                said=said,
            )
        ) from error
