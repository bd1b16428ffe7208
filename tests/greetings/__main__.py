"""`python -m tests.greetings [development|held_out]`: who was taken for whom, on both halves."""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import sys  # noqa: E402

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.greetings.greeting import HALVES, greetings  # noqa: E402
from tests.greetings.report import measure  # noqa: E402

for half in sys.argv[1:] or HALVES:
    print(f"\n{half}\n{measure(greetings(half)).table()}", flush=True)
