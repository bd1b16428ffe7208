"""The pages of accounts: login, one-time links, one's own account, users, the audit log.

Responsible for forms and for what is shown; they work without a script. What may be done is decided in
`controller.access.accounts`, who may come here by the gate.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, request
from werkzeug.exceptions import BadRequest

from controller.access.access import Access
from controller.access.api_keys import MAX_DAYS
from controller.access.model import AccessError, Role, UserState
from controller.access.passwords import MIN_CHARS
from controller.access.roles import Scope
from controller.gateway.login.desk import LoginDesk, go
from controller.gateway.login.paths import inside
from controller.gateway.pages import page

AUDIT_PAGE = 100
KEY_DAYS = (30, 90, 365)


def login_pages(access: Access) -> Blueprint:
    """The routes without `/api`."""
    pages = Blueprint("login", __name__)
    desk = LoginDesk(access)
    _add_login(pages, desk)
    _add_setup(pages, desk)
    _add_account(pages, desk)
    _add_users(pages, desk)
    return pages


def _add_login(pages: Blueprint, desk: LoginDesk) -> None:
    accounts = desk.access.accounts

    def shown(problem: AccessError | None = None) -> Response:
        asked = request.values.get("next", "")
        return _page(
            "login.html", problem, next=asked, name=request.form.get("name", ""), empty=accounts.empty()
        )

    @pages.get("/login")
    def login() -> Response:
        return shown()

    @pages.post("/login")
    def log_in() -> Response:
        try:
            _check_way(desk)
            token = accounts.log_in(
                _field("name"), _field("password"), desk.address, desk.browser, desk.old_session
            )
        except AccessError as problem:
            return shown(problem)
        return desk.logged_in(token, inside(_field("next")))

    @pages.post("/logout")
    def log_out() -> Response:
        accounts.log_out(desk.actor, desk.me.session)
        return desk.logged_out()


def _add_setup(pages: Blueprint, desk: LoginDesk) -> None:
    accounts = desk.access.accounts

    def shown(token: str, problem: AccessError | None = None) -> Response:
        user = None
        try:
            _, user = accounts.open_link(token)
        except AccessError as over:
            problem = over
        return _page("setup.html", problem, user=user, least=MIN_CHARS, name=_field("name"))

    @pages.get("/setup/<token>")
    def setup(token: str) -> Response:
        return shown(token)

    @pages.post("/setup/<token>")
    def set_up(token: str) -> Response:
        try:
            _check_way(desk)
            password = _twice()
            login = accounts.use_link(token, _field("name"), password, desk.address, desk.browser)
        except AccessError as problem:
            return shown(token, problem)
        return desk.logged_in(login)


def _add_account(pages: Blueprint, desk: LoginDesk) -> None:
    access = desk.access

    def shown(problem: AccessError | None = None, new_key: str = "") -> Response:
        return _page(
            "account.html",
            problem,
            keys=access.keys.of(desk.my_id),
            logins=access.sessions.of(desk.my_id),
            scopes=tuple(Scope),
            days=KEY_DAYS,
            new_key=new_key,
            least=MIN_CHARS,
        )

    @pages.get("/account")
    def account() -> Response:
        return shown()

    @pages.post("/account/password")
    def password() -> Response:
        try:
            new = _twice()
            token = access.accounts.change_password(
                desk.actor, desk.my_id, _field("old"), new, desk.browser
            )
        except AccessError as problem:
            return shown(problem)
        return desk.logged_in(token, "/account")

    @pages.post("/account/sessions/end")
    def end_logins() -> Response:
        access.accounts.end_other_logins(desk.actor, desk.my_id, desk.me.session)
        return go("/account")

    @pages.post("/account/keys")
    def make_key() -> Response:
        try:
            key, text = access.keys.make(
                desk.my_id, _field("name"), request.form.getlist("scope"), _days()
            )
        except AccessError as problem:
            return shown(problem)
        access.audit.note(desk.actor, "key_add", f"{key.id} {key.name} ({' '.join(key.scopes)})")
        return shown(new_key=text)

    @pages.post("/account/keys/<key_id>/revoke")
    def revoke_key(key_id: str) -> Response:
        try:
            access.keys.revoke(desk.my_id, key_id)
        except AccessError as problem:
            return shown(problem)
        access.audit.note(desk.actor, "key_revoke", key_id)
        return go("/account")


def _add_users(pages: Blueprint, desk: LoginDesk) -> None:
    accounts = desk.access.accounts

    def shown(problem: AccessError | None = None, link: str = "", name: str = "") -> Response:
        url = desk.setup_url(link) if link else ""
        return _page(
            "users.html", problem, users=accounts.users(), roles=tuple(Role), link=url, link_for=name
        )

    @pages.get("/users")
    def users() -> Response:
        return shown()

    @pages.post("/users")
    def add() -> Response:
        try:
            user, link = accounts.add_user(desk.actor, _field("name"), _role(_field("role")))
        except AccessError as problem:
            return shown(problem)
        return shown(link=link, name=user.name)

    @pages.post("/users/<user_id>")
    def change(user_id: str) -> Response:
        try:
            match _field("do"):
                case "role":
                    accounts.change_user(desk.actor, user_id, role=_role(_field("role")))
                case "disable":
                    accounts.change_user(desk.actor, user_id, state=UserState.DISABLED)
                case "enable":
                    accounts.change_user(desk.actor, user_id, state=UserState.ACTIVE)
                case "reset":
                    user = accounts.user(user_id)
                    return shown(link=accounts.reset(desk.actor, user_id), name=user.name)
                case _:
                    raise BadRequest("do must be role, disable, enable or reset")
        except AccessError as problem:
            return shown(problem)
        return go("/users")

    @pages.get("/audit")
    def audit() -> Response:
        before = request.args.get("before", "")
        number = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
        entries = desk.access.audit.read(AUDIT_PAGE, number)
        older = entries[-1].id if len(entries) == AUDIT_PAGE else None
        return _page("audit.html", None, entries=entries, older=older)


def _page(template: str, problem: AccessError | None, **values: Any) -> Response:
    """A page; with a problem its status says so, for who can't read."""
    response = make_response(page(template, problem=problem, **values))
    if problem is not None:
        response.status_code = problem.status
        if "seconds" in problem.facts:
            response.headers["Retry-After"] = str(problem.facts["seconds"])
    return response


def _field(name: str) -> str:
    return request.form.get(name, "")


def _twice() -> str:
    if _field("password") != _field("again"):
        raise AccessError("password_differs", "the two passwords are not the same")
    return _field("password")


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise AccessError("bad_role", f"role must be one of {', '.join(Role)}") from None


def _days() -> int | None:
    text = _field("days")
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else MAX_DAYS + 1


def _check_way(desk: LoginDesk) -> None:
    """A password must not travel in the open; the browser would not keep the cookie either."""
    if not desk.origins.private(request):
        raise AccessError("not_private", "a password is taken over https only", 403)
