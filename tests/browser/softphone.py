"""The softphone page as a test sees it: what a person can do, hear and read there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page

OVER = ("ended", "error")


@dataclass(frozen=True)
class Softphone:
    """Wraps a page; every wait has a time limit."""

    page: Page

    def start(self, bot: str = "") -> None:
        """Choose a bot and press the one button."""
        if bot:
            self.page.select_option("#bot", bot)
        self.page.click("#call")

    def hang_up(self) -> None:
        """Press the same button again, and wait for the end."""
        self.page.click("#call")
        self.until("softphone.state === 'ended'")

    def until(self, expression: str, seconds: float = 10) -> None:
        """Wait for a JavaScript condition."""
        self.page.wait_for_function(f"() => {expression}", timeout=seconds * 1000)

    def until_heard(self, audible_ms: int = 200, seconds: float = 10) -> None:
        """Wait until the player has played that much more sound than silence."""
        before = self.stats.get("audibleSamples", 0)
        rate = self.stats["contextRate"] or 16000
        enough = before + audible_ms * rate // 1000
        self.until(f"softphone.stats.audibleSamples >= {enough}", seconds)

    def row(self, kind: str, text: str = "") -> Locator:
        """Rows of the transcript: caller, bot, tool, notice."""
        return self.page.locator(f"#transcript .row.{kind}", has_text=text)

    @property
    def stats(self) -> dict[str, Any]:
        return dict(self.page.evaluate("softphone.stats"))

    @property
    def state(self) -> str:
        return str(self.page.evaluate("softphone.state"))

    def fault(self) -> str:
        """Wait for the message that says what is wrong; gives all of its text."""
        self.page.locator("#fault").wait_for(timeout=5000)
        return self.page.locator("#fault").inner_text()
