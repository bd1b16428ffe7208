"""The sandbox that templates and expressions run in, and how values look from inside.

No attribute of a Python object is ever read: there are slots (`Spoken`), text, numbers, lists and
mappings. What a template puts out is held aside, so that it can be put in when the sentences are cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jinja2 import ChainableUndefined, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from controller.dialogue.flow.plain import Exact, plain_text
from controller.dialogue.slots import Match

FIRST_HELD = 0xE000
HELD = "_held"
"""What the scope calls the list of values held aside."""
SLOT_PARTS = frozenset({"value", "spoken"})
TESTS = frozenset(
    "defined undefined none number string in eq equalto ne gt ge lt le greaterthan lessthan".split()
)
_PLAIN_FILTERS = frozenset("default lower upper capitalize trim round length".split())


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """A filled slot in a template: prints as it is spoken; `value` is the form for machines."""

    spoken: str
    value: object

    def __str__(self) -> str:
        return self.spoken

    def __eq__(self, other: object) -> bool:
        return self.spoken == (other.spoken if isinstance(other, Spoken) else other)

    def __hash__(self) -> int:
        return hash(self.spoken)

    def __bool__(self) -> bool:
        return self.value is not False and self.value != ""


def seen(match: Match) -> Spoken:
    """An answer as templates see it: `value` is a number, true or false where it is one, else text."""
    value = match.value
    if isinstance(value, Decimal):
        value = Exact.of(value, match.raw) if "." in match.raw else int(value)
    if not isinstance(value, bool | int | float):
        value = match.raw
    return Spoken(match.spoken, value)


class _Missing(ChainableUndefined):
    """What is not there: prints as nothing, is false and compares false."""

    def _compares(self, _other: object) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _compares  # type: ignore[assignment]


class _Sandbox(ImmutableSandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Spoken) and argument in SLOT_PARTS:
            return obj.spoken if argument == "spoken" else obj.value
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, list | tuple) and type(argument) is int and 0 <= argument < len(obj):
            return obj[argument]
        return _Missing(name=str(argument))


def make_sandbox(filters: Mapping[str, Callable[..., Any]]) -> ImmutableSandboxedEnvironment:
    """A sandbox with these filters besides the plain ones."""
    sandbox = _Sandbox(undefined=_Missing, finalize=_hold, autoescape=False)
    sandbox.globals = {}
    sandbox.filters = {**{name: sandbox.filters[name] for name in _PLAIN_FILTERS}, **filters}
    sandbox.tests = {name: sandbox.tests[name] for name in TESTS}
    return sandbox


@pass_context
def _hold(context: Context, value: object) -> str:
    """Keep a value aside until the sentences are cut."""
    held: list[str] = context.parent[HELD]
    held.append(plain_text(value))
    return chr(FIRST_HELD + len(held) - 1)
