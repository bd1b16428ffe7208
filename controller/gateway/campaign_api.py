"""`/api/v1/campaigns` and `/api/v1/do-not-call`: outbound lists as JSON.

Responsible for checking the form of what is asked (documented in `openapi_campaigns`); what a campaign
may be is not decided here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal, TypeVar

import gevent
from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import BadRequest, NotFound

from controller.gateway.campaign_ports import CampaignPort, CampaignRefused, ListFile, ResultKind
from controller.gateway.uploads import Upload, uploaded

CHUNK_BYTES = 64 * 1024
MAX_ENTRIES = 1000
MIME_TYPES = {
    ResultKind.CSV: "text/csv; charset=utf-8",
    ResultKind.JSON: "application/json",
    ResultKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Short = Annotated[str, Field(max_length=64)]
Number = Annotated[str, Field(min_length=1, max_length=40)]
Days = Annotated[float, Field(gt=0, le=36_500)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _New(_Body):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    settings: dict[str, Any]


class _Changes(_Body):
    settings: dict[str, Any]


class _Nothing(_Body):
    pass


class _Stop(_Body):
    hang_up: bool = False


class _Forbidden(_Body):
    number: Number
    reason: Annotated[str, Field(max_length=200)] = ""
    days: Days | None = None


class _ListFields(_Body):
    preview: bool = False
    on_bad: Literal["refuse_all", "skip"] = "refuse_all"
    encoding: Short = ""
    delimiter: Annotated[str, Field(max_length=1)] = ""
    columns: dict[Short, Short] = {}
    time_zone: Short = ""
    language: Short = ""
    region: Annotated[str, Field(max_length=2)] = ""


class _NumbersFields(_Body):
    reason: Annotated[str, Field(max_length=200)] = ""
    days: Days | None = None
    region: Annotated[str, Field(max_length=2)] = ""


B = TypeVar("B", bound=_Body)


class NoCampaigns:
    """Stands for the dialer where there is none."""

    def __getattr__(self, name: str) -> Any:
        raise CampaignRefused(503, "no_dialer", "campaigns need a FreeSWITCH and a database")


def campaigns_blueprint(given: CampaignPort | None) -> Blueprint:
    """The routes about campaigns; without a dialer they say that there is none."""
    api = Blueprint("campaigns", __name__, url_prefix="/api/v1")
    port: CampaignPort = given or NoCampaigns()
    _add_campaigns(api, port)
    _add_files(api, port)
    _add_do_not_call(api, port)
    api.register_error_handler(CampaignRefused, _refused)
    return api


def _refused(error: CampaignRefused) -> tuple[Response, int]:
    return jsonify(error={"code": error.code, "message": str(error)}), error.status


def _add_campaigns(api: Blueprint, port: CampaignPort) -> None:
    @api.get("/campaigns")
    def listed() -> Response:
        return jsonify(campaigns=list(port.listed()))

    @api.post("/campaigns")
    def create() -> tuple[Response, int]:
        body = _body(_New)
        return jsonify(port.create(body.name, body.settings)), 201

    @api.get("/campaigns/<campaign_id>")
    def find(campaign_id: str) -> Response:
        return jsonify(port.find(campaign_id))

    @api.patch("/campaigns/<campaign_id>")
    def change(campaign_id: str) -> Response:
        return jsonify(port.change(campaign_id, _body(_Changes).settings))

    @api.delete("/campaigns/<campaign_id>")
    def delete(campaign_id: str) -> Response:
        port.delete(campaign_id)
        return jsonify(id=campaign_id, deleted=True)

    @api.post("/campaigns/<campaign_id>/start")
    def start(campaign_id: str) -> Response:
        _body(_Nothing)
        return jsonify(port.start(campaign_id))

    @api.post("/campaigns/<campaign_id>/pause")
    def pause(campaign_id: str) -> Response:
        _body(_Nothing)
        return jsonify(port.pause(campaign_id))

    @api.post("/campaigns/<campaign_id>/resume")
    def resume(campaign_id: str) -> Response:
        _body(_Nothing)
        return jsonify(port.resume(campaign_id))

    @api.post("/campaigns/<campaign_id>/stop")
    def stop(campaign_id: str) -> Response:
        return jsonify(port.stop(campaign_id, hang_up=_body(_Stop).hang_up))


def _add_files(api: Blueprint, port: CampaignPort) -> None:
    @api.post("/campaigns/<campaign_id>/contacts")
    def contacts(campaign_id: str) -> Response:
        port.find(campaign_id)  # before 50 MB are read
        with uploaded() as upload:
            fields = _fields(_ListFields, upload)
            file = ListFile(
                path=upload.path,
                skip_bad=fields.on_bad == "skip",
                encoding=fields.encoding,
                delimiter=fields.delimiter,
                columns=fields.columns,
                zone=fields.time_zone,
                language=fields.language,
                region=fields.region,
            )
            act = port.preview if fields.preview else port.import_contacts
            return jsonify(act(campaign_id, file))

    @api.get("/campaigns/<campaign_id>/contacts/refused.csv")
    def refused_rows(campaign_id: str) -> Response:
        path = port.refused_rows(campaign_id)
        return _download(path, "refused.csv", MIME_TYPES[ResultKind.CSV], lambda: None)

    @api.get("/campaigns/<campaign_id>/results.<kind>")
    def results(campaign_id: str, kind: str) -> Response:
        if kind not in MIME_TYPES:
            raise NotFound("results are given as csv, json or xlsx")
        # Written whole before it is sent: a database that goes away in the middle is an error then,
        # never a file that looks complete.
        folder = TemporaryDirectory(prefix="switchtalk-results-")
        path = Path(folder.name) / f"results.{kind}"
        try:
            port.export(campaign_id, ResultKind(kind), path)
        except BaseException:
            folder.cleanup()
            raise
        return _download(path, path.name, MIME_TYPES[ResultKind(kind)], folder.cleanup)


def _add_do_not_call(api: Blueprint, port: CampaignPort) -> None:
    @api.get("/do-not-call")
    def entries() -> Response:
        after = request.args.get("after", "")[:40]
        return jsonify(entries=list(port.do_not_call(after, _limit())))

    @api.post("/do-not-call")
    def forbid() -> tuple[Response, int]:
        body = _body(_Forbidden)
        return jsonify(port.forbid(body.number, body.reason, body.days)), 201

    @api.post("/do-not-call/import")
    def forbid_many() -> Response:
        with uploaded() as upload:
            fields = _fields(_NumbersFields, upload)
            added = port.import_do_not_call(upload.path, fields.reason, fields.days, fields.region)
            return jsonify(added)

    @api.get("/do-not-call/<number>")
    def is_listed(number: str) -> Response:
        return jsonify(port.is_listed(number))

    @api.delete("/do-not-call/<number>")
    def allow(number: str) -> Response:
        return jsonify(port.allow(number))


def _download(path: Path, name: str, mime_type: str, done: Callable[[], None]) -> Response:
    """`path` in chunks, open from now on: it may be removed meanwhile. Calls `done` at the end."""
    try:
        file = path.open("rb")
    except OSError:
        done()
        raise

    def chunks() -> Iterator[bytes]:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
            gevent.sleep(0)

    response = Response(chunks(), content_type=mime_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Length"] = str(path.stat().st_size)
    response.call_on_close(file.close)
    response.call_on_close(done)
    return response


def _body(kind: type[B]) -> B:
    """The request's JSON; nothing at all is an empty object. Raises BadRequest, saying what is wrong."""
    if not request.content_length and "Transfer-Encoding" not in request.headers:
        return _checked(kind, {})
    values: Any = request.get_json(silent=True)
    if not isinstance(values, dict):
        raise BadRequest("expected a JSON object, with Content-Type application/json")
    return _checked(kind, values)


def _fields(kind: type[B], upload: Upload) -> B:
    """The form's fields besides the file; `columns` is a JSON object. Raises BadRequest."""
    values: dict[str, Any] = dict(upload.fields)
    if "columns" in values:
        try:
            values["columns"] = json.loads(values["columns"])
        except ValueError:
            raise BadRequest('columns: expected a JSON object such as {"Notes": ""}') from None
    return _checked(kind, {name: value for name, value in values.items() if value != ""})


def _checked(kind: type[B], values: dict[str, Any]) -> B:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadRequest(f"{place}: {first['msg']}") from None


def _limit() -> int:
    text = request.args.get("limit", "100")
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_ENTRIES):
        raise BadRequest(f"limit must be a number from 1 to {MAX_ENTRIES}")
    return int(text)
