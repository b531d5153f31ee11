"""A queue of the tests' own, and workers in it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from archive.fleet import schema
from tests.fleet.crew import Crew, cluster, make_tables
from tests.fleet.nursery import Nursery
from tests.fleet.postgres import Cluster
from tests.weixin.server import Internet


@pytest.fixture(scope="session")
def server() -> Iterator[Cluster]:
    """One PostgreSQL for all the tests of a process."""
    with cluster() as running:
        yield running


@pytest.fixture
def queue(server: Cluster) -> str:
    """The address of an empty queue."""
    with psycopg.connect(server.url, autocommit=True) as conn:
        conn.execute(f"DROP SCHEMA IF EXISTS {schema.SCHEMA} CASCADE")
    make_tables(server.url)
    return server.url


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Starts processes quickly."""
    running = Nursery()
    yield running
    running.close()


@pytest.fixture
def crew(nursery: Nursery, queue: str, internet: Internet) -> Iterator[Crew]:
    """Workers of that queue in the small internet; they end with the test."""
    with Crew(nursery, queue, internet) as hired:
        yield hired
