"""A gateway with the usual limits, and one with little patience."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.gateway.limits import WebLimits
from tests.integration.gateway.client import (
    QUICK,
    Gateway,
    start_gateway,
)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    yield from start_gateway(WebLimits(goodbye_s=0.5))


@pytest.fixture
def quick() -> Iterator[Gateway]:
    yield from start_gateway(QUICK)
