"""The tables of who may do what: users, their logins and API keys, one-time links, the audit log.

Responsible for what a row is made of. Passwords, tokens and keys are here as hashes only. A change
needs a migration, as in `models`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from controller.storage.models import Base


class UserRow(Base):
    """A person; `name` in normal form. An empty `password_hash` is nobody's password."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[datetime]
    password_hash: Mapped[str] = mapped_column(Text)
    login_at: Mapped[datetime | None]


class LoginSessionRow(Base):
    """A login of one browser, under the hash of its cookie."""

    __tablename__ = "login_sessions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    address: Mapped[str]
    browser: Mapped[str] = mapped_column(Text)


class ApiKeyRow(Base):
    """A program's key, under its hash."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class LinkRow(Base):
    """A one-time link, under the hash of its token; without a user it is for the first admin."""

    __tablename__ = "one_time_links"

    digest: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]


class AuditRow(Base):
    """Who did what. No reference to the user: the entry outlives them."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    who: Mapped[str]
    action: Mapped[str]
    target: Mapped[str] = mapped_column(Text)
    address: Mapped[str]
    outcome: Mapped[str]
