"""Runs each check of checks.js inside Chromium: no Node is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from .conftest import Server

pytestmark = pytest.mark.browser

CHECKS = re.findall(
    r"^export (?:async )?function (\w+)", (Path(__file__).parent / "checks.js").read_text(), re.MULTILINE
)


@pytest.fixture(scope="module")
def blank(shared_browser: Browser, stub: Server) -> Iterator[Page]:
    page = shared_browser.new_page()
    page.goto(f"{stub.url}/readyz")
    yield page
    page.close()


@pytest.mark.parametrize("check", CHECKS)
def test_module(blank: Page, check: str) -> None:
    blank.evaluate("async (name) => (await import('/checks.js'))[name]()", check)
