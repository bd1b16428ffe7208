"""The dialer's values as JSON-like ones, in the form that the gateway's OpenAPI document tells.

Responsible for that form only. Must never ask a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.dialer.campaign import CampaignSettings
from controller.dialer.desk import Status
from controller.dialer.do_not_call import Added
from controller.dialer.estimate import Estimate
from controller.dialer.importing.columns import LANGUAGE, NAME, NUMBER, ZONE, Columns
from controller.dialer.importing.importer import ImportResult, Progress
from controller.dialer.importing.preview import Preview
from controller.dialer.importing.rows import Refusal
from controller.dialer.model import Attempt, Campaign, ContactState, DoNotCallEntry, NewContact

Json = dict[str, Any]
SHOWN_REFUSALS = 100
LAST_CALLS = 20


def status_json(status: Status) -> Json:
    """A campaign in numbers, without who is called."""
    campaign, counts = status.campaign, status.counts
    state = counts.contacts
    return {
        "id": campaign.id,
        "name": campaign.name,
        "state": campaign.state.value,
        "why": campaign.why,
        "created_at": campaign.created_at.isoformat(),
        "changed_at": campaign.changed_at.isoformat(),
        "bot": str(campaign.settings.get("bot", "")),
        "contacts": status.contacts,
        "done": status.done,
        "waiting": state.get(ContactState.WAITING, 0) + state.get(ContactState.LEASED, 0),
        "live": len(status.live),
        "calls": sum(counts.attempts.values()),
        "dispositions": {kind.value: count for kind, count in counts.done.items()},
        "call_dispositions": {kind.value: count for kind, count in counts.attempts.items()},
        "per_minute": round(status.per_minute, 1),
        "estimate": estimate_json(status.estimate) if status.estimate else None,
    }


def estimate_json(estimate: Estimate) -> Json:
    """When it will be done, as far as can be known."""
    return {
        "done_at": _moment(estimate.done_at),
        "calls": estimate.calls,
        "per_hour": round(estimate.per_hour, 1),
        "left": estimate.left,
    }


def settings_json(campaign: Campaign) -> Json:
    """All settings, also those that were never said."""
    try:
        return CampaignSettings.model_validate(campaign.settings).model_dump(mode="json")
    except ValueError:  # of an older version, or changed in the database: shown as they stand
        return dict(campaign.settings)


def call_json(attempt: Attempt) -> Json:
    """A call that is live, or was."""
    return {
        "attempt_id": attempt.id,
        "number": attempt.called,
        "attempt": attempt.number,
        "state": attempt.state.value,
        "began_at": attempt.began_at.isoformat(),
        "answered_at": _moment(attempt.answered_at),
        "ended_at": _moment(attempt.ended_at),
        "disposition": attempt.disposition.value if attempt.disposition else None,
        "cause": attempt.cause,
        "session_id": attempt.session_id,
    }


def preview_json(preview: Preview) -> Json:
    """How a list is read, and its first rows."""
    titles = preview.form.header or (NUMBER,)
    fields = _fields(preview.columns)
    return {
        "encoding": preview.form.encoding.removesuffix("-sig"),
        "delimiter": preview.form.delimiter,
        "columns": [{"title": title, "field": fields.get(place)} for place, title in enumerate(titles)],
        "rows": [
            {"refusal": refusal_json(row)}
            if isinstance(row, Refusal)
            else {"contact": contact_json(row)}
            for row in preview.rows
        ],
    }


def contact_json(contact: NewContact) -> Json:
    """A row that was read."""
    return {
        "line": contact.line,
        "number": contact.number,
        "name": contact.name,
        "time_zones": list(contact.zones),
        "language": contact.language,
        "variables": dict(contact.variables),
    }


def refusal_json(refusal: Refusal) -> Json:
    """A row that was not taken."""
    return {
        "line": refusal.line,
        "reason": refusal.reason.value,
        "detail": refusal.detail,
        "number": refusal.number,
    }


def import_json(result: ImportResult, at: datetime) -> Json:
    """What became of an import."""
    return {
        "at": at.isoformat(),
        "committed": result.committed,
        "rows": result.rows,
        "accepted": result.accepted,
        "refused": result.refused,
        "reasons": {reason.value: count for reason, count in result.reasons.items()},
        "refusals": [refusal_json(refusal) for refusal in result.refusals[:SHOWN_REFUSALS]],
    }


def progress_json(progress: Progress) -> Json:
    """How far an import is."""
    return {
        "bytes_read": progress.bytes_read,
        "bytes_total": progress.bytes_total,
        "good": progress.good,
        "refused": progress.refused,
    }


def entry_json(entry: DoNotCallEntry) -> Json:
    """A number that must not be called."""
    return {
        "number": entry.number,
        "reason": entry.reason,
        "added_at": entry.added_at.isoformat(),
        "expires_at": _moment(entry.expires_at),
    }


def added_json(added: Added) -> Json:
    """What an import put on the do-not-call list."""
    refusals = [{"line": line, "detail": why} for line, why in added.refusals[:SHOWN_REFUSALS]]
    return {"read": added.read, "new": added.new, "refused": added.refused, "refusals": refusals}


def _fields(columns: Columns) -> Mapping[int | None, str]:
    known = {columns.number: NUMBER, columns.name: NAME, columns.zone: ZONE, columns.language: LANGUAGE}
    return {**known, **{place: name for name, place in columns.variables.items()}}


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
