"""Which page of ours somebody is on, and may be led back to after a login.

Responsible for never leading to another site. Pure, but for the request it is given.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from flask import Request

HOME = "/sessions"


def inside(where: str) -> str:
    """`where` if it is a page of ours, else the first page: a link to our login must not lead on to
    another site."""
    plain = where.startswith("/") and not where.startswith("//") and where.isprintable()
    return where if plain and "\\" not in where else HOME


def page_of(asked: Request) -> str:
    """The page that somebody is on: the one asked for, or the one whose form or script asks."""
    if asked.method in ("GET", "HEAD"):
        return inside(asked.full_path.rstrip("?"))
    try:
        came = urlsplit(asked.headers.get("Referer", ""))
    except ValueError:
        return HOME
    if came.netloc.lower() != asked.host.lower():
        return HOME
    return inside(f"{came.path}?{came.query}" if came.query else came.path)


def to_login(asked: Request) -> str:
    """The login, which leads back to where they are."""
    return f"/login?next={quote(page_of(asked), safe='/')}"
