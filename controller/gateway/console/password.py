"""The console's password: the one that is set, or one made up once and kept.

Responsible for that choice and its file only.
"""

from __future__ import annotations

import secrets
from pathlib import Path

FILE_NAME = "console-password"
MAX_CHARS = 127
"""fs_cli cuts a longer password."""


def console_password(setting: str, var_dir: Path) -> str:
    """The password in force.

    An empty `setting` means `var_dir/console-password` (mode 0600), made with 192 random bits when it
    is not there yet. Raises ValueError for a password that can't be sent in one line of at most 127
    bytes, and OSError when the file can't be read or written.
    """
    if setting:
        return _checked(setting, "console.password")
    path = var_dir / FILE_NAME
    try:
        kept = path.read_text("utf-8").strip()
    except FileNotFoundError:
        kept = ""
    return _checked(kept, str(path)) if kept else _make(path)


def _make(path: Path) -> str:
    password = secrets.token_urlsafe(24)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)  # an empty file may have lain there; no word is in it before this
    path.write_text(password + "\n", "utf-8")
    return password


def _checked(password: str, where: str) -> str:
    sendable = password == password.strip() and password.isprintable()
    if not sendable or len(password.encode()) > MAX_CHARS:
        raise ValueError(
            f"the password in {where} must be one line of at most {MAX_CHARS} bytes,"
            " without blanks at its ends or control characters"
        )
    return password
