"""Every test runs as the product does: gevent-patched, one thread per math library."""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
