"""What an operator does with campaigns, the same from the command line, REST, the page and the console.

Responsible for one call being one wish, checked before anything changes, and for a campaign's state in
numbers. Must never know who asks. Works on the database alone: whichever dialer runs sees it within a
second, and none needs to.

Every method waits cooperatively, and raises StoreUnavailable when the database can't be used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import phonenumbers
from pydantic import ValidationError

from controller.dialer.aside import Aside, here
from controller.dialer.campaign import CampaignSettings, problems
from controller.dialer.dialer import HANG_UP
from controller.dialer.do_not_call import Added, DoNotCall
from controller.dialer.export import ExportFormat, export
from controller.dialer.importing.importer import (
    Hooks,
    ImportOptions,
    ImportResult,
    OnBad,
    import_contacts,
)
from controller.dialer.importing.number_list import read_numbers
from controller.dialer.importing.preview import Preview, preview
from controller.dialer.model import (
    Attempt,
    Campaign,
    CampaignState,
    Contact,
    DoNotCallEntry,
)
from controller.dialer.numbers import NumberReader
from controller.dialer.ports import CampaignExists, DialerStore
from controller.dialer.screening import LISTED, USUAL, Kind
from controller.dialer.status import Status as Status
from controller.dialer.status import look

STALE_AFTER = timedelta(days=1)
"""A staged import so old has died."""


class CampaignRefused(ValueError):
    """What was asked for makes no sense. `reasons`: all of it, in words fit to be shown."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class Place:
    """What is so at this installation. `own`: our numbers, never called; `internal`: a regular
    expression of extensions that are dialled as they stand; `kinds`: of number, that may be called;
    `region` and `zone`: of numbers that don't tell theirs, "" to refuse those."""

    bots: Collection[str]
    own: Collection[str] = ()
    internal: str = ""
    kinds: Collection[Kind] = USUAL
    region: str = ""
    zone: str = ""
    languages: frozenset[str] = frozenset({"en", "zh"})


@dataclass(frozen=True, slots=True)
class ImportChoice:
    """How a file is to be read; "" and None: find out, or as the installation says."""

    skip_bad: bool = False
    encoding: str = ""
    delimiter: str = ""
    header: bool | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    zone: str = ""
    language: str = ""
    region: str = ""


class CampaignDesk:
    """Campaigns are named by `ref`: their id or their name. Raises UnknownCampaign for others. `aside`:
    where files are read."""

    def __init__(
        self,
        store: DialerStore,
        place: Place,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        aside: Aside = here,
    ) -> None:
        self._store = store
        self._place = place
        self._now = now
        self._aside = aside

    # --- campaigns --------------------------------------------------------------------------

    def find(self, ref: str) -> Campaign:
        """One campaign."""
        found = self._store.campaigns.find(ref)
        return found if found is not None else self._store.campaigns.get(ref)

    def list(self) -> tuple[Campaign, ...]:
        """All, newest first."""
        return self._store.campaigns.listed()

    def create(self, name: str, settings: Mapping[str, Any]) -> Campaign:
        """A new draft. Raises CampaignRefused, CampaignExists."""
        checked = self._checked(settings)
        try:
            return self._store.campaigns.create(name, checked, self._now())
        except CampaignExists:
            raise
        except ValueError as error:
            raise CampaignRefused([str(error)]) from error

    def change(self, ref: str, changes: Mapping[str, Any]) -> Campaign:
        """Other settings from now on; those not named stay. A part (`retry`, `over_dial`, …) is named as
        a whole. Raises CampaignRefused."""
        campaign = self.find(ref)
        checked = self._checked({**campaign.settings, **changes})
        return self._store.campaigns.change(campaign.id, checked, self._now())

    def delete(self, ref: str) -> None:
        """Forget it with its contacts and results. Raises BadTransition while it is at work."""
        self._store.campaigns.delete(self.find(ref).id)

    # --- at work ----------------------------------------------------------------------------

    def start(self, ref: str) -> Campaign:
        """Call. Raises CampaignRefused, BadTransition."""
        campaign = self.find(ref)
        wrong = self._problems(CampaignSettings.model_validate(campaign.settings))
        if not self._store.contacts.waiting(campaign.id):
            wrong = [*wrong, "nobody waits to be called; import contacts first"]
        if wrong:
            raise CampaignRefused(wrong)
        return self._move(campaign, CampaignState.RUNNING)

    def pause(self, ref: str, why: str = "paused by an operator") -> Campaign:
        """No new call from now on; live ones go on. Raises BadTransition."""
        return self._move(self.find(ref), CampaignState.PAUSED, why)

    def resume(self, ref: str) -> Campaign:
        """Go on where it was: what `start` does. Raises CampaignRefused, BadTransition."""
        return self.start(ref)

    def stop(self, ref: str, *, hang_up: bool = False) -> Campaign:
        """No new call from now on, and the end of it; live calls finish, or are told goodbye with
        `hang_up`. Raises BadTransition."""
        campaign = self.find(ref)
        if campaign.state is CampaignState.DRAFT:
            return self._move(campaign, CampaignState.STOPPED)
        stopping, why = CampaignState.STOPPING, HANG_UP if hang_up else ""
        again = stopping if campaign.state is stopping and hang_up else None  # enough of waiting
        now, campaigns = self._now(), self._store.campaigns
        campaign = campaigns.move(campaign.id, stopping, now, why, expected=again)
        # no attempt begins any more: when none is open there is nothing that a dialer has to wait for
        if campaign.state is CampaignState.STOPPING and not self._store.attempts.open(campaign.id):
            campaign = self._move(campaign, CampaignState.STOPPED)
        return campaign

    # --- looking ----------------------------------------------------------------------------

    def status(self, ref: str) -> Status:
        """How far it is."""
        return look(self._store, self.find(ref), self._now())

    def recent(self, ref: str, limit: int = 50) -> tuple[Attempt, ...]:
        """The newest attempts first."""
        return self._store.attempts.recent(self.find(ref).id, limit)

    def contacts(
        self, ref: str, after: int = 0, limit: int = 100, state: str | None = None
    ) -> tuple[Contact, ...]:
        """Contacts after that id, in the list's order."""
        return self._store.contacts.page(self.find(ref).id, after, limit, state)

    # --- files ------------------------------------------------------------------------------

    def preview(self, path: Path, choice: ImportChoice, rows: int = 20, ref: str = "") -> Preview:
        """A file's beginning as it would be imported (into that campaign). Raises FileRefused."""
        options = self._options(choice, self.find(ref) if ref else None)
        return self._aside(lambda: preview(path, options, rows))

    def import_file(
        self, ref: str, path: Path, choice: ImportChoice, hooks: Hooks | None = None
    ) -> ImportResult:
        """Bring a file's contacts into a campaign; a campaign that is done can be started again then.
        Raises FileRefused; then nothing has changed."""
        campaign = self.find(ref)
        self._store.contacts.discard_stale(self._now() - STALE_AFTER)
        options = self._options(choice, campaign)
        hooks = replace(hooks or Hooks(), aside=self._aside)
        return import_contacts(path, options, self._store.contacts, campaign.id, hooks)

    def export(self, ref: str, path: Path, kind: ExportFormat) -> int:
        """Write all results; how many lines. Raises OSError, TooManyRows."""
        campaign = self.find(ref)
        return export(lambda: self._store.campaigns.results(campaign.id), path, kind)

    def _options(self, choice: ImportChoice, campaign: Campaign | None) -> ImportOptions:
        region = choice.region or str(campaign.settings.get("region", "") if campaign else "")
        return ImportOptions(
            numbers=self._numbers(region),
            on_bad=OnBad.SKIP if choice.skip_bad else OnBad.REFUSE_ALL,
            encoding=choice.encoding,
            delimiter=choice.delimiter,
            header=choice.header,
            columns=choice.columns,
            default_zone=choice.zone or self._place.zone,
            default_language=choice.language,
            languages=self._place.languages,
        )

    def _numbers(self, region: str = "", *, to_list: bool = False) -> NumberReader:
        """`to_list`: for the do-not-call list, on which any number may be put that there is."""
        place = self._place
        own, kinds = ((), LISTED.union(place.kinds)) if to_list else (place.own, place.kinds)
        try:
            return NumberReader(region or place.region, own, place.internal, kinds)
        except ValueError as error:
            raise CampaignRefused([str(error)]) from error

    # --- who must not be called -------------------------------------------------------------

    def do_not_call(self, region: str = "") -> DoNotCall:
        """The list: `add`, `remove`, `is_listed`."""
        return DoNotCall(self._store.do_not_call, self._numbers(region, to_list=True), self._now)

    def do_not_call_page(self, after: str = "", limit: int = 100) -> tuple[DoNotCallEntry, ...]:
        """Entries by number, after that one."""
        return self._store.do_not_call.page(after, limit)

    def import_do_not_call(
        self, path: Path, reason: str = "", days: float | None = None, region: str = ""
    ) -> Added:
        """Put a file's numbers on the list. Raises FileRefused, ValueError (days)."""
        return self.do_not_call(region).add_all(read_numbers(path), reason, days, self._aside)

    # --- checks -----------------------------------------------------------------------------

    def _checked(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings as they are kept: what is not said stays unsaid, so that defaults may change."""
        try:
            checked = CampaignSettings.model_validate(settings)
        except ValidationError as error:
            raise CampaignRefused(list(_in_words(error))) from error
        if wrong := self._problems(checked):
            raise CampaignRefused(wrong)
        return checked.model_dump(mode="json", exclude_unset=True)

    def _problems(self, settings: CampaignSettings) -> Sequence[str]:
        place = self._place
        return problems(
            settings, bots=place.bots, regions=phonenumbers.SUPPORTED_REGIONS, now=self._now()
        )

    def _move(self, campaign: Campaign, to: CampaignState, why: str = "") -> Campaign:
        return self._store.campaigns.move(campaign.id, to, self._now(), why)


def _in_words(error: ValidationError) -> Iterator[str]:
    """What pydantic found, a line each: where, and what is wrong."""
    for each in error.errors(include_url=False):
        where = ".".join(str(part) for part in each["loc"])
        said = each["msg"].removeprefix("Value error, ")
        yield f"{where}: {said}" if where else said
