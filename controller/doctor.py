"""`switchtalk doctor`: checks the whole installation and says how to mend what is wrong.

Each check is one small function that gives findings; a check that breaks is itself a finding.
"""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from time import perf_counter

from controller.settings import Settings

MIN_FREE_MB = 500


class Verdict(Enum):
    """How bad a finding is."""

    GOOD = "good"
    NOTE = "note"  # worth knowing, nothing to mend
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was seen, what to do about it."""

    what: str
    verdict: Verdict
    says: str
    remedy: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Run every check, in the order in which things are needed."""
    for check in (_python, _directories, _database, _port, _exposure, _bots, _freeswitch):
        yield from _guarded(check, settings)


def _guarded(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except Exception as error:  # noqa: BLE001 - a broken check is what the doctor is for
        name = check.__name__.strip("_")
        yield Finding(name, Verdict.BAD, f"{type(error).__name__}: {error}", "run `make install` again")


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    yield Finding(
        "Python", Verdict.GOOD if good else Verdict.BAD, version, "" if good else "install 3.11+"
    )


def _directories(settings: Settings) -> Iterator[Finding]:
    where = settings.var_dir.resolve()
    try:
        where.mkdir(parents=True, exist_ok=True)
        probe = where / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        yield Finding(
            "var_dir", Verdict.BAD, f"{where}: {error.strerror}", "set var_dir to a writable place"
        )
        return
    free_mb = shutil.disk_usage(where).free // 2**20
    enough = free_mb >= MIN_FREE_MB
    yield Finding(
        "var_dir",
        Verdict.GOOD if enough else Verdict.BAD,
        f"{where}, {free_mb} MB free",
        "" if enough else f"free at least {MIN_FREE_MB} MB",
    )


def _database(settings: Settings) -> Iterator[Finding]:
    from controller.storage.engine import StorageError
    from controller.storage.migrations import migrate

    try:
        migrate(settings.database_url)
    except StorageError as error:
        yield Finding("database", Verdict.BAD, str(error), "check database.url")
        return
    yield Finding("database", Verdict.GOOD, settings.database_url.split("@")[-1])


def _port(settings: Settings) -> Iterator[Finding]:
    http = settings.http
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((http.host, http.port))
        except OSError as error:
            yield Finding(
                "HTTP port",
                Verdict.BAD,
                f"{http.host}:{http.port}: {error.strerror}",
                "stop what listens there, or set http.port",
            )
            return
    yield Finding("HTTP port", Verdict.GOOD, f"{http.host}:{http.port} is free")


def _exposure(settings: Settings) -> Iterator[Finding]:
    if not settings.loopback_only:
        yield Finding(
            "exposure",
            Verdict.NOTE,
            f"{settings.http.host} is reachable from other machines, without a login",
            "put a proxy with TLS and a login before it; browsers give the microphone to https only",
        )


def _bots(settings: Settings) -> Iterator[Finding]:
    from controller.bots import Bots
    from media.pool import EnginePool

    pool = EnginePool(settings.engines.workers, settings.engines.max_waiting)
    try:
        bots = Bots(settings, pool)
    except Exception as error:  # noqa: BLE001 - factories say what to do in their own words
        yield Finding("bots", Verdict.BAD, str(error) or type(error).__name__, "mend that bot's section")
        return
    for name, warm_up in list(bots.warm_ups()):
        began = perf_counter()
        try:
            pool.run(warm_up)
        except Exception as error:  # noqa: BLE001
            yield Finding(
                name, Verdict.BAD, str(error), "run `make install` again, or pull another model"
            )
            continue
        yield Finding(name, Verdict.GOOD, f"loaded in {perf_counter() - began:.1f} s")
    for bot in bots:
        engines = f"{bot.recogniser.name} → {bot.settings.strategy} → {bot.synthesiser.name}"
        poor = bot.synthesiser.name == "espeak"
        yield Finding(
            f"bot {bot.profile.name}",
            Verdict.NOTE if poor else Verdict.GOOD,
            f"{bot.profile.language}: {engines}",
            "espeak-ng is barely natural: `switchtalk models list` has better voices" if poor else "",
        )


def _freeswitch(settings: Settings) -> Iterator[Finding]:
    freeswitch = settings.freeswitch
    if not freeswitch.host:
        yield Finding(
            "FreeSWITCH", Verdict.NOTE, "not configured", "set freeswitch.host for phone calls"
        )
        return
    address = (freeswitch.host, freeswitch.port)
    try:
        with socket.create_connection(address, timeout=3) as connection:
            greeting = connection.recv(64)
    except OSError as error:
        yield Finding(
            "FreeSWITCH",
            Verdict.BAD,
            f"{address[0]}:{address[1]}: {error}",
            "start it, or check mod_event_socket's listen-ip and ACL",
        )
        return
    # FreeSWITCH says this before anything else; a refused address gets rude-rejection instead
    good = greeting.startswith(b"Content-Type: auth/request")
    yield Finding(
        "FreeSWITCH",
        Verdict.GOOD if good else Verdict.BAD,
        f"{address[0]}:{address[1]} answers" if good else f"unexpected greeting {greeting[:40]!r}",
        "" if good else "allow this address in the event socket's ACL",
    )
