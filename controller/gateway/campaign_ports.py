"""What the gateway needs of the dialer, given by the app.

Responsible for the shapes only. Values are JSON-like, in the form that `openapi_campaigns` documents; a
campaign is named by its id or its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

Json = Mapping[str, Any]


class CampaignRefused(Exception):
    """Something can't be done with campaigns. `status`: HTTP status; `code` is machine-readable; the
    text is fit to be shown."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ResultKind(StrEnum):
    """The files that results are given as."""

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class ListFile:
    """An uploaded list, and how it is to be read; "" : find out, or as the installation says.
    `columns`: own names for columns by the file's, "" leaves one out."""

    path: Path
    skip_bad: bool = False
    encoding: str = ""
    delimiter: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    zone: str = ""
    language: str = ""
    region: str = ""


class CampaignPort(Protocol):
    """Campaigns and the do-not-call list. Every method waits cooperatively and raises
    CampaignRefused."""

    def listed(self) -> Sequence[Json]:
        """All campaigns with their numbers, newest first."""

    def find(self, ref: str) -> Json:
        """One campaign: numbers, live calls, settings, its last import."""

    def defaults(self) -> Json:
        """The settings of a campaign that says nothing but its bot."""

    def create(self, name: str, settings: Json) -> Json:
        """A new draft."""

    def change(self, ref: str, changes: Json) -> Json:
        """Other settings; those not named stay."""

    def delete(self, ref: str) -> None:
        """Forget a campaign with its contacts and results."""

    def start(self, ref: str) -> Json:
        """Call."""

    def pause(self, ref: str) -> Json:
        """No new call from now on."""

    def resume(self, ref: str) -> Json:
        """Go on where it was."""

    def stop(self, ref: str, *, hang_up: bool = False) -> Json:
        """No new call, and the end of it; live calls finish, or are told goodbye with `hang_up`."""

    def preview(self, ref: str, file: ListFile) -> Json:
        """A list's beginning as it would be imported. Nothing changes."""

    def import_contacts(self, ref: str, file: ListFile) -> Json:
        """Bring a list's contacts into a campaign; the answer is its report. May take a minute."""

    def refused_rows(self, ref: str) -> Path:
        """All refused rows of the last import, as CSV."""

    def export(self, ref: str, kind: ResultKind, path: Path) -> None:
        """Write all results to `path`."""

    def do_not_call(self, after: str, limit: int) -> Sequence[Json]:
        """Entries by number, after that one."""

    def do_not_call_count(self) -> int:
        """How many numbers must not be called now."""

    def is_listed(self, number: str) -> Json:
        """Whether a number must not be called now, and its entry if so."""

    def forbid(self, number: str, reason: str, days: float | None) -> Json:
        """Put a number on the list, for `days` or for ever; effective when this returns."""

    def allow(self, number: str) -> Json:
        """Take a number off the list."""

    def import_do_not_call(self, path: Path, reason: str, days: float | None, region: str) -> Json:
        """Put a file's numbers on the list."""
