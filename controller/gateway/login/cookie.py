"""The cookie of a login.

Not for scripts (HttpOnly); encrypted ways only (Secure), but on this machine itself; Lax, so that a
link to a session works from a chat or a mail: what changes anything needs the form's token as well.
"""

from __future__ import annotations

from flask import Response

COOKIE = "switchtalk_login"


def set_cookie(response: Response, token: str, max_age_s: int, secure: bool) -> None:
    """Let the browser keep a login."""
    response.set_cookie(
        COOKIE, token, max_age=max_age_s, path="/", secure=secure, httponly=True, samesite="Lax"
    )


def clear_cookie(response: Response, secure: bool) -> None:
    """Let it forget."""
    response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="Lax")
