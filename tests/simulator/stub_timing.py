"""When the stub server stops and answers: known to the test and to the stub, which patches gevent."""

START_MS, END_SILENCE_MS, THINK_MS = 120, 300, 100
