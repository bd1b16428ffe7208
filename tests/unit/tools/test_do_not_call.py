"""The tool for "don't call me again"."""

from __future__ import annotations

import pytest

from controller.tools.base import ToolContext, ToolError
from controller.tools.do_not_call import DoNotCallTool


class Busy(Exception):
    """The database is."""


def test_the_callers_number_is_listed_before_it_returns() -> None:
    listed: list[tuple[str, str]] = []
    tool = DoNotCallTool(lambda *entry: listed.append(entry))
    context = ToolContext("s1", "en", {"number": "+1"}, phone_number="+442079460000")
    assert tool.run({}, context) == {"listed": True}
    assert listed == [("+442079460000", "asked for in session s1")]
    assert not tool.cancellable
    assert tool.must_finish, "a caller who hangs up at once is listed all the same"


def test_what_anybody_may_claim_is_no_number() -> None:
    with pytest.raises(ToolError, match="no telephone number"):
        DoNotCallTool(lambda *_: pytest.fail("listed")).run({}, ToolContext("s1", "en", {"number": "1"}))


@pytest.mark.parametrize(("error", "code"), [(ValueError("no"), "bad_number"), (Busy(), "unavailable")])
def test_what_can_go_wrong_is_told(error: Exception, code: str) -> None:
    def add(_number: str, _reason: str) -> None:
        raise error

    with pytest.raises(ToolError) as refused:
        DoNotCallTool(add, Busy).run({}, ToolContext("s1", "en", phone_number="+442079460000"))
    assert (refused.value.code, refused.value.retryable) == (code, code == "unavailable")
