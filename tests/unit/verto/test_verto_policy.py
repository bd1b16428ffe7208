"""Nothing of a page reaches FreeSWITCH but what is on the list; nor the other way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.verto.caller import Caller, Right
from controller.verto.messages import Code, RpcError
from controller.verto.policy import inward, inward_answer, outward

CALL = "4ad8a535-e948-474a-a5ae-47854aaf070e"
ADA = Caller("Ada", "1011", frozenset(Right))
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"


def params(**more: Any) -> dict[str, Any]:
    return {"dialogParams": {"callID": CALL, "destination_number": "7000"}, "sdp": SDP, **more}


def test_the_caller_id_is_ours_whatever_the_page_says() -> None:
    given = params()
    given["dialogParams"] |= {
        "caller_id_name": "The Bank",
        "caller_id_number": "911",
        "login": "1000@evil",
        "userVariables": {"x": "1"},
        "remote_caller_id_name": "<script>",
        "videoParams": {"a": 1},
    }
    dialog = outward("verto.invite", given, ADA)["dialogParams"]
    assert (dialog["caller_id_name"], dialog["caller_id_number"]) == ("Ada", "1011")
    assert dialog["remote_caller_id_name"] == "7000"
    assert not {"login", "userVariables", "videoParams"} & dialog.keys()


@pytest.mark.parametrize("method", ["verto.answer", "verto.attach", "verto.bye", "verto.info"])
def test_fields_that_are_not_on_the_list_are_dropped(method: str) -> None:
    passed = outward(method, params(dtmf="5", sessid="theirs", msg={"to": "1000"}, evil=1), ADA)
    assert passed.keys() <= {"sdp", "dialogParams", "dtmf", "cause", "causeCode"}
    assert passed["dialogParams"] == {"callID": CALL}


@pytest.mark.parametrize(
    "method",
    ["login", "jsapi", "echo", "verto.subscribe", "verto.broadcast", "verto.ping", "verto.punt", ""],
)
def test_other_methods_are_refused_in_mod_vertos_words(method: str) -> None:
    with pytest.raises(RpcError) as refused:
        outward(method, params(), ADA)
    assert refused.value.code == Code.DENIED == -32601


@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("verto.invite", {"sdp": "garbage"}),
        ("verto.invite", {"sdp": None}),
        ("verto.invite", {"sdp": "v=0" + "x" * 40_000}),
        ("verto.invite", {"dialogParams": None}),
        ("verto.invite", {"dialogParams": {"callID": CALL}}),
        ("verto.invite", {"dialogParams": {"callID": "../../etc", "destination_number": "7000"}}),
        ("verto.invite", {"dialogParams": {"callID": CALL.upper(), "destination_number": "7000"}}),
        ("verto.invite", {"dialogParams": {"callID": CALL, "destination_number": "7000 XML x"}}),
        ("verto.invite", {"dialogParams": {"callID": CALL, "destination_number": "٧٠٠٠"}}),
        ("verto.invite", {"dialogParams": {"callID": CALL, "destination_number": 7000}}),
        ("verto.info", {"dtmf": ""}),
        ("verto.info", {"dtmf": "5" * 33}),
        ("verto.info", {"dtmf": "hello"}),
        ("verto.info", {"dtmf": ["5"]}),
        ("verto.bye", {"causeCode": 999}),
        ("verto.bye", {"causeCode": [16]}),
        ("verto.modify", {"action": "eavesdrop"}),
        ("verto.modify", {"action": ["hold"]}),
        ("verto.modify", {"action": "transfer"}),
        ("verto.modify", {"action": "transfer", "destination": "sofia/gateway/x/1"}),
    ],
)
def test_what_is_out_of_form_is_refused(method: str, change: dict[str, Any]) -> None:
    with pytest.raises(RpcError) as refused:
        outward(method, params(**change), ADA)
    assert refused.value.code == Code.BAD_PARAMS


def test_the_page_sees_no_variables_sessions_or_logins() -> None:
    pushed = {
        "callID": CALL,
        "sdp": SDP,
        "variables": {"verto_user": "1019@x"},
        "sessid": "s",
        "caller_id_name": "<b>Eve</b>",
        "caller_id_number": "1",
        "callee_id_number": "1019",
    }
    seen = inward("verto.invite", pushed)
    assert seen is not None
    assert seen.keys() == {"callID", "sdp", "caller_id_name", "caller_id_number"}
    assert "1019" not in json.dumps(inward_answer({"sessid": "s", "message": "SENT", "login": "1019"}))


@pytest.mark.parametrize("method", ["verto.event", "verto.clientReady", "verto.punt", "verto.info"])
def test_what_else_mod_verto_says_stays_here(method: str) -> None:
    assert inward(method, {"callID": CALL}) is None
    assert inward("verto.bye", {"callID": 7}) is None
