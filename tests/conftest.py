"""Every test runs as the product does: gevent-patched, one thread per math library."""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
from collections.abc import Iterator  # noqa: E402

import gevent  # noqa: E402
import pytest  # noqa: E402
import structlog  # noqa: E402

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

if "PYTEST_XDIST_WORKER" in os.environ:
    # A worker waits for a thread of xdist to bring the next test; gevent takes a hub with nothing else
    # to wait for to be blocked forever.
    gevent.spawn(gevent.sleep, 24 * 3600)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command run in this process sets its own log level: the next test must not inherit it."""
    yield
    structlog.reset_defaults()
