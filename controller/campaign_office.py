"""The gateway's view of the dialer: campaigns as JSON-like values, refusals with an HTTP status.

Stands between the two because neither knows the other. Decides nothing. Remembers for a moment what a
campaign's numbers were, for pages ask every second, and each campaign's last import while it lives.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controller.campaign_json import (
    LAST_CALLS,
    Json,
    added_json,
    call_json,
    entry_json,
    import_json,
    preview_json,
    progress_json,
    settings_json,
    status_json,
)
from controller.dialer.campaign import CampaignSettings
from controller.dialer.desk import CampaignDesk, ImportChoice, Status
from controller.dialer.desk import CampaignRefused as Nonsense
from controller.dialer.export import ExportFormat, TooManyRows
from controller.dialer.importing.importer import Hooks, Progress
from controller.dialer.importing.source import FileRefused
from controller.dialer.model import Campaign, CampaignState
from controller.dialer.numbers import BadNumber
from controller.dialer.ports import BadTransition, CampaignExists, StoreUnavailable, UnknownCampaign
from controller.gateway.campaign_ports import CampaignRefused, ListFile, ResultKind

FRESH_S = 0.5
"""The numbers of a campaign at work are read again after so long; of others after `IDLE_FRESH_S`."""
IDLE_FRESH_S = 5.0
REST = 5
"""And so many times as long as reading took: of a large list, some 0.14 s for 100,000 contacts."""
KEPT_IMPORTS = 50
_AT_WORK = (CampaignState.RUNNING, CampaignState.STOPPING, CampaignState.PAUSED)


@dataclass(slots=True)
class _Import:
    """A campaign's last import: under way, or over with a report."""

    report: Path
    progress: Json | None = None
    result: Json | None = None


@dataclass(slots=True)
class _Known:
    """What is remembered of a campaign."""

    status: Status
    until_s: float
    shown: Json = field(default_factory=dict)


class CampaignOffice:
    """Implements `controller.gateway.campaign_ports.CampaignPort` over the dialer's desk."""

    def __init__(self, desk: CampaignDesk, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._imports: dict[str, _Import] = {}
        self._reports = TemporaryDirectory(prefix="switchtalk-imports-")

    def close(self) -> None:
        """Forget the reports of imports."""
        self._reports.cleanup()

    # --- campaigns --------------------------------------------------------------------------

    def listed(self) -> Sequence[Json]:
        """All campaigns with their numbers, newest first."""
        with _refusals():
            campaigns = self._desk.list()
            self._known = {c.id: self._known[c.id] for c in campaigns if c.id in self._known}
            return [self._numbers(campaign).shown for campaign in campaigns]

    def find(self, ref: str) -> Json:
        """One campaign: numbers, live calls, settings, its last import."""
        with _refusals():
            campaign = self._found(ref)
            known = self._numbers(campaign)
            last = self._imports.get(campaign.id)
            return {
                **known.shown,
                "settings": settings_json(campaign),
                "live_calls": [call_json(attempt) for attempt in known.status.live],
                "last_calls": [
                    call_json(attempt)
                    for attempt in self._desk.recent(campaign.id, LAST_CALLS)
                    if attempt.ended_at is not None
                ],
                "import_progress": last.progress if last else None,
                "last_import": last.result if last else None,
            }

    def defaults(self) -> Json:
        """The settings of a campaign that says nothing but its bot."""
        return CampaignSettings(bot="-").model_dump(mode="json")

    def create(self, name: str, settings: Any) -> Json:
        """A new draft."""
        with _refusals():
            return self.find(self._desk.create(name, settings).id)

    def change(self, ref: str, changes: Any) -> Json:
        """Other settings; those not named stay."""
        with _refusals():
            return self.find(self._desk.change(self._found(ref).id, changes).id)

    def delete(self, ref: str) -> None:
        """Forget a campaign with its contacts and results."""
        with _refusals():
            campaign = self._found(ref)
            self._desk.delete(campaign.id)
            self._known.pop(campaign.id, None)
            self._forget_import(campaign.id)

    def start(self, ref: str) -> Json:
        """Call."""
        return self._moved(self._desk.start, ref)

    def pause(self, ref: str) -> Json:
        """No new call from now on."""
        return self._moved(self._desk.pause, ref)

    def resume(self, ref: str) -> Json:
        """Go on where it was."""
        return self._moved(self._desk.resume, ref)

    def stop(self, ref: str, *, hang_up: bool = False) -> Json:
        """No new call, and the end of it."""
        return self._moved(lambda found: self._desk.stop(found, hang_up=hang_up), ref)

    def _moved(self, move: Callable[[str], Campaign], ref: str) -> Json:
        with _refusals():
            return self._numbers(move(self._found(ref).id)).shown

    def _found(self, ref: str) -> Campaign:
        if not ref.isprintable():  # a database may choke on it
            raise UnknownCampaign(ref)
        return self._desk.find(ref)

    def _numbers(self, campaign: Campaign) -> _Known:
        known = self._known.get(campaign.id)
        now_s = self._clock()
        if known is None or known.status.campaign != campaign or known.until_s <= now_s:
            status = self._desk.status(campaign.id)
            took_s = self._clock() - now_s
            fresh_s = FRESH_S if campaign.state in _AT_WORK else IDLE_FRESH_S
            until_s = now_s + max(fresh_s, REST * took_s)
            known = self._known[campaign.id] = _Known(status, until_s, status_json(status))
        return known

    # --- lists ------------------------------------------------------------------------------

    def preview(self, ref: str, file: ListFile) -> Json:
        """A list's beginning as it would be imported. Nothing changes."""
        with _refusals():
            return preview_json(self._desk.preview(file.path, _choice(file), ref=self._found(ref).id))

    def import_contacts(self, ref: str, file: ListFile) -> Json:
        """Bring a list's contacts into a campaign; one at a time each."""
        with _refusals():
            campaign = self._found(ref)
            if (before := self._imports.get(campaign.id)) and before.progress is not None:
                raise CampaignRefused(409, "import_under_way", "a list is being imported already")
            return self._import(campaign, file, before)

    def _import(self, campaign: Campaign, file: ListFile, before: _Import | None) -> Json:
        report = Path(self._reports.name) / f"{campaign.id}-{time.monotonic_ns()}.csv"
        current = self._imports[campaign.id] = _Import(report, progress_json(Progress(0, 0, 0, 0)))

        def told(progress: Progress) -> None:
            current.progress = progress_json(progress)

        try:
            with report.open("w", encoding="utf-8-sig", newline="") as refused:
                hooks = Hooks(told, report=refused)
                result = self._desk.import_file(campaign.id, file.path, _choice(file), hooks)
        except BaseException:
            report.unlink(missing_ok=True)
            self._imports.pop(campaign.id, None)
            if before is not None:
                self._imports[campaign.id] = before
            raise
        if before is not None:
            before.report.unlink(missing_ok=True)
        current.progress, current.result = None, import_json(result, hooks.now())
        self._known.pop(campaign.id, None)
        self._forget_old_imports()
        return current.result

    def refused_rows(self, ref: str) -> Path:
        """All refused rows of the last import, as CSV."""
        with _refusals():
            last = self._imports.get(self._found(ref).id)
        if last is None or last.result is None:
            raise CampaignRefused(404, "not_found", "there was no import since the start")
        return last.report

    def _forget_old_imports(self) -> None:
        over = [campaign_id for campaign_id, last in self._imports.items() if last.progress is None]
        for campaign_id in over[:-KEPT_IMPORTS]:
            self._forget_import(campaign_id)

    def _forget_import(self, campaign_id: str) -> None:
        last = self._imports.pop(campaign_id, None)
        if last is not None:
            last.report.unlink(missing_ok=True)

    def export(self, ref: str, kind: ResultKind, path: Path) -> None:
        """Write all results to `path`."""
        with _refusals():
            self._desk.export(self._found(ref).id, path, ExportFormat(kind.value))

    # --- who must not be called -------------------------------------------------------------

    def do_not_call(self, after: str, limit: int) -> Sequence[Json]:
        """Entries by number, after that one."""
        with _refusals():
            return [entry_json(entry) for entry in self._desk.do_not_call_page(after, limit)]

    def is_listed(self, number: str) -> Json:
        """Whether a number must not be called."""
        with _refusals():
            entry = self._desk.do_not_call().entry(number)
            return {"number": number, "listed": bool(entry), "entry": entry and entry_json(entry)}

    def do_not_call_count(self) -> int:
        """How many must not be called now."""
        with _refusals():
            return self._desk.do_not_call().count()

    def forbid(self, number: str, reason: str, days: float | None) -> Json:
        """Put a number on the list."""
        with _refusals():
            return {"number": self._desk.do_not_call().add(number, reason, days), "listed": True}

    def allow(self, number: str) -> Json:
        """Take a number off the list."""
        with _refusals():
            if not self._desk.do_not_call().remove(number):
                raise CampaignRefused(404, "not_found", "the number is not on the list")
            return {"number": number, "listed": False}

    def import_do_not_call(self, path: Path, reason: str, days: float | None, region: str) -> Json:
        """Put a file's numbers on the list."""
        with _refusals():
            return added_json(self._desk.import_do_not_call(path, reason, days, region))


def _choice(file: ListFile) -> ImportChoice:
    return ImportChoice(
        skip_bad=file.skip_bad,
        encoding=file.encoding,
        delimiter=file.delimiter,
        columns=file.columns,
        zone=file.zone,
        language=file.language,
        region=file.region,
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """The dialer's errors as the gateway's."""
    try:
        yield
    except UnknownCampaign:
        raise CampaignRefused(404, "not_found", "there is no such campaign") from None
    except CampaignExists as error:
        raise CampaignRefused(409, "campaign_exists", str(error)) from error
    except BadTransition as error:
        raise CampaignRefused(409, "bad_transition", str(error)) from error
    except FileRefused as error:
        raise CampaignRefused(400, "file_refused", str(error)) from error
    except BadNumber as error:
        raise CampaignRefused(400, "bad_number", str(error)) from error
    except Nonsense as error:
        raise CampaignRefused(400, "campaign_refused", str(error)) from error
    except TooManyRows as error:
        raise CampaignRefused(400, "too_many_rows", str(error)) from error
    except StoreUnavailable as error:
        message = "the database can't be used right now; calls go on"
        raise CampaignRefused(503, "service_unavailable", message) from error
