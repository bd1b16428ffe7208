"""A gateway with no user yet, for the browser's tests of the login; its file `link` is for the first.

The pages, the gate and the database are the product's; only the kernel is a stand-in.
"""

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
import tempfile  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402

from controller.access.access import AccessOptions  # noqa: E402
from controller.access.softphone import PublicSoftphone  # noqa: E402
from controller.gateway.server import create_app, serve  # noqa: E402
from tests.login import make_access, open_store  # noqa: E402
from tests.unit.gateway.fakes import FakeOpener, make_deps  # noqa: E402


class NoAudio:
    """Audio ports that do nothing."""

    def frames(self) -> Any:
        return iter(())

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def main() -> None:
    """Serve on loopback, with one live session."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--public-softphone", type=PublicSoftphone, default=PublicSoftphone.AUTO)
    given = parser.parse_args()
    opener, ports = FakeOpener(), NoAudio()
    opener.open_session(entry="web", bot=None, audio_in=ports, audio_out=ports, variables={})
    with tempfile.TemporaryDirectory() as directory:
        options = AccessOptions(public_softphone=given.public_softphone)
        access = make_access(open_store(Path(directory)), options)
        Path("link").write_text(f"/setup/{access.accounts.first_link()}", encoding="ascii")
        serve(create_app(replace(make_deps(opener), access=access)), "127.0.0.1", given.port)
        gevent.wait()


if __name__ == "__main__":
    main()
