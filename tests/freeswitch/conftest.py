"""One private FreeSWITCH for all tests of this folder, phones for it, and a place for its calls."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.freeswitch.sip_phone import SipPhone
from tests.freeswitch.switch import FreeSwitch, find_program


@pytest.fixture(scope="session")
def freeswitch_home() -> None:
    """Skips where there is no FreeSWITCH: it is no PyPI package, and nothing stands in for it."""
    if find_program() is None:
        pytest.skip("no FreeSWITCH on the PATH: set FREESWITCH_HOME to where its bin/ is")


@pytest.fixture(scope="session")
def freeswitch(freeswitch_home: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreeSwitch]:
    """Running, idle; its calls to bots go to 127.0.0.1:`ports["controller"]`."""
    switch = FreeSwitch(tmp_path_factory.mktemp("freeswitch")).start()
    yield switch
    switch.stop()


@pytest.fixture
def phone() -> Iterator[Callable[..., SipPhone]]:
    """`phone(port, user, password)`: a phone at that port of this machine, closed after the test."""
    with ExitStack() as phones:
        yield lambda port, *who: phones.enter_context(SipPhone(("127.0.0.1", port), *who))


@pytest.fixture
def controller(freeswitch: FreeSwitch) -> Iterator[socket.socket]:
    """Where FreeSWITCH's calls to bots arrive."""
    with socket.create_server(("127.0.0.1", freeswitch.ports["controller"])) as server:
        server.settimeout(5)
        yield server
