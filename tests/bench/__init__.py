"""Benchmarks with simulated callers: `python -m tests.bench`, and a spoken demo, `.demo`."""
