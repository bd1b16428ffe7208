"""Roles, what a route may ask for, and whether somebody may pass.

Responsible for one decision, `verdict`. Must never know a request, nor how somebody was recognised.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from controller.access.model import Identity, Means, Role


class Right(StrEnum):
    """What a route asks of who comes. From VIEWER on: a login of that role or a higher one."""

    PUBLIC = "public"
    TOKEN = "token"  # noqa: S105 - a kind, not a secret
    """The path or query holds a token, which the route itself checks."""
    SOFTPHONE = "softphone"
    """Nothing while the softphone is public (see `Softphone`), else any login."""
    VIEWER = "viewer"
    AGENT = "agent"
    OPERATOR = "operator"
    ADMIN = "admin"


class Scope(StrEnum):
    """What an API key may be used for; never more than the role of its owner allows."""

    READ = "read"
    TALK = "talk"
    CALL = "call"
    MANAGE = "manage"
    METRICS = "metrics"
    ADMIN = "admin"


class Verdict(Enum):
    """The decision about one request."""

    PASS = auto()
    LOG_IN = auto()
    FORBIDDEN = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. `scope`: what an API key needs; None: no key will do."""

    right: Right
    scope: Scope | None = None


_LEAST = {
    Right.SOFTPHONE: Role.VIEWER,
    Right.VIEWER: Role.VIEWER,
    Right.AGENT: Role.AGENT,
    Right.OPERATOR: Role.OPERATOR,
    Right.ADMIN: Role.ADMIN,
}


def needs_nobody(rule: Rule, softphone_open: bool) -> bool:
    """Whether a stranger passes, so that nobody need be asked who they are."""
    return rule.right in (Right.PUBLIC, Right.TOKEN) or (
        rule.right is Right.SOFTPHONE and softphone_open
    )


def verdict(rule: Rule | None, who: Identity | None, softphone_open: bool) -> Verdict:
    """Whether `who` (None: a stranger) passes. Without a rule nobody does."""
    if rule is None:
        return Verdict.FORBIDDEN
    if needs_nobody(rule, softphone_open):
        return Verdict.PASS
    if who is None:
        return Verdict.LOG_IN
    if not who.role.includes(_LEAST[rule.right]):
        return Verdict.FORBIDDEN
    if who.by is not Means.COOKIE and (rule.scope is None or rule.scope not in who.scopes):
        return Verdict.FORBIDDEN
    return Verdict.PASS
