"""Every test runs as the product does: gevent-patched, one thread per math library."""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402

import gevent  # noqa: E402

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

if "PYTEST_XDIST_WORKER" in os.environ:
    # A worker waits for a thread of xdist to bring the next test; gevent takes a hub with nothing else
    # to wait for to be blocked forever.
    gevent.spawn(gevent.sleep, 24 * 3600)
