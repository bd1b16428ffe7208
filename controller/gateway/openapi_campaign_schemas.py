"""What campaigns, their calls, imports and the do-not-call list look like in the OpenAPI document."""

from __future__ import annotations

from controller.gateway.openapi_parts import (
    ANY,
    COUNT,
    MAYBE_MOMENT,
    MOMENT,
    TEXT,
    list_of,
    record,
    ref,
)

_COUNTS = {"type": "object", "additionalProperties": COUNT}
_NUMBER = {"type": "number", "minimum": 0}
_STATES = ["draft", "running", "paused", "stopping", "stopped", "done"]
_ESTIMATE = record(
    "done_at calls per_hour left",
    done_at={**MAYBE_MOMENT, "description": "null: it will end before everybody was called"},
    calls={**COUNT, "description": "that it still takes"},
    per_hour={**_NUMBER, "description": "calls, while all windows are open"},
    left={**COUNT, "description": "contacts that will not be reached"},
)
_CAMPAIGN = record(
    "id name state why created_at changed_at bot contacts done waiting live calls dispositions"
    " call_dispositions per_minute estimate",
    id=TEXT,
    name=TEXT,
    state={"enum": _STATES},
    why={"type": "string", "description": "the reason of its state; may be empty"},
    created_at=MOMENT,
    changed_at=MOMENT,
    bot=TEXT,
    contacts={**COUNT, "description": "all that were imported"},
    done={**COUNT, "description": "contacts that will not be called again"},
    waiting=COUNT,
    live={**COUNT, "description": "calls that go on"},
    calls={**COUNT, "description": "calls that ended"},
    dispositions={**_COUNTS, "description": "contacts that are done, by how their last call ended"},
    call_dispositions={**_COUNTS, "description": "calls that ended, by how they did"},
    per_minute={**_NUMBER, "description": "calls that ended, of the last five minutes"},
    estimate={"anyOf": [_ESTIMATE, {"type": "null"}]},
)
_CALL = record(
    "attempt_id number attempt state began_at answered_at ended_at disposition cause session_id",
    attempt_id={"type": "string", "description": "the uuid of its channel too"},
    number=TEXT,
    attempt={**COUNT, "description": "which call of the contact it is, from 1"},
    state={"enum": ["dialling", "ringing", "talking", "ended"]},
    began_at=MOMENT,
    answered_at=MAYBE_MOMENT,
    ended_at=MAYBE_MOMENT,
    disposition={"type": ["string", "null"], "description": "how it ended; null until then"},
    cause=TEXT,
    session_id=TEXT,
)
_REFUSED_ROW = record("line reason detail number", line=COUNT, reason=TEXT, detail=TEXT, number=TEXT)
_IMPORT = record(
    "at committed rows accepted refused reasons refusals",
    at=MOMENT,
    committed={"type": "boolean", "description": "false: nothing has changed"},
    rows=COUNT,
    accepted={**COUNT, "description": "contacts that now wait"},
    refused=COUNT,
    reasons={**_COUNTS, "description": "refused rows by reason"},
    refusals={**list_of(ref("RefusedRow")), "description": "the first 100"},
)
_PROGRESS = record(
    "bytes_read bytes_total good refused",
    bytes_read=COUNT,
    bytes_total=COUNT,
    good=COUNT,
    refused=COUNT,
)
_DETAIL = {
    "allOf": [
        ref("Campaign"),
        record(
            "settings live_calls last_calls import_progress last_import",
            settings=ANY,
            live_calls=list_of(ref("CampaignCall")),
            last_calls={**list_of(ref("CampaignCall")), "description": "that ended, newest first"},
            import_progress={"anyOf": [_PROGRESS, {"type": "null"}]},
            last_import={"anyOf": [ref("Import"), {"type": "null"}]},
        ),
    ]
}
_CONTACT = record(
    "line number name time_zones language variables",
    line=COUNT,
    number=TEXT,
    name=TEXT,
    time_zones=list_of(TEXT),
    language=TEXT,
    variables={"type": "object", "additionalProperties": TEXT},
)
_PREVIEW = record(
    "encoding delimiter columns rows",
    encoding=TEXT,
    delimiter=TEXT,
    columns=list_of(
        record(
            "title field",
            title=TEXT,
            field={
                "type": ["string", "null"],
                "description": "number, name, time_zone, language or a variable; null: left out",
            },
        )
    ),
    rows=list_of(
        {"anyOf": [record("contact", contact=_CONTACT), record("refusal", refusal=ref("RefusedRow"))]}
    ),
)
_ENTRY = record(
    "number reason added_at expires_at",
    number=TEXT,
    reason=TEXT,
    added_at=MOMENT,
    expires_at={**MAYBE_MOMENT, "description": "null: for ever"},
)
CAMPAIGN_SCHEMAS = {
    "Campaign": _CAMPAIGN,
    "CampaignDetail": _DETAIL,
    "CampaignCall": _CALL,
    "Import": _IMPORT,
    "ImportPreview": _PREVIEW,
    "RefusedRow": _REFUSED_ROW,
    "DoNotCallEntry": _ENTRY,
}
