"""Calls recorded by FreeSWITCH itself, in stereo: caller left, bot right.

Responsible for asking for the recording and for telling where it is. The directory is shared with
FreeSWITCH, which may see it under another path.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import gevent
import structlog

from controller.session.registry import LiveSession
from controller.telephony.call_line import CallLine
from controller.telephony.commands import (
    Api,
    BadArgument,
    check_path,
    uuid_record_start,
    uuid_record_stop,
    uuid_setvar,
)
from controller.telephony.esl.errors import EslError

WRITTEN_WITHIN_S = 5.0
"""FreeSWITCH closes the file as the channel goes; its header is complete then."""
LOOK_EVERY_S = 0.2

log = structlog.get_logger(__name__)


class CallRecordings:
    """`wanted(bot)`: whether this bot's calls are recorded; `saved(session_id, path)` is told."""

    def __init__(
        self,
        ours: Path,
        theirs: str,
        *,
        wanted: Callable[[str], bool],
        saved: Callable[[str, Path], None],
    ) -> None:
        self._ours = ours.absolute()
        self._theirs = PurePosixPath(theirs or str(self._ours))
        self._wanted = wanted
        self._saved = saved

    def begin(self, line: CallLine, uuid: str, live: LiveSession) -> Path | None:
        """Start recording; our path of the file, or None when there is no recording."""
        if not self._wanted(live.bot):
            return None
        name = f"{live.session_id}.wav"
        try:
            self._ours.mkdir(parents=True, exist_ok=True)
            there = check_path(str(self._theirs / name))
            line.api(uuid_setvar(uuid, "RECORD_STEREO", "true"))
            line.api(uuid_record_start(uuid, there))  # at once; an application would wait its turn
        except (EslError, BadArgument, OSError) as error:
            log.error("the call is not recorded", session_id=live.session_id, error=str(error))
            return None
        return self._ours / name

    def stop(self, ask: Callable[[Api], str], uuid: str, path: Path) -> None:
        """The channel goes on without us: what follows is not ours to record."""
        try:
            ask(uuid_record_stop(uuid, str(self._theirs / path.name)))
        except EslError as error:
            log.warning("the recording could not be stopped", call=uuid, error=str(error))

    def end(self, session_id: str, path: Path) -> None:
        """The call is over: tell where its recording is, once FreeSWITCH has closed it."""
        gevent.spawn(self._tell, session_id, path)

    def _tell(self, session_id: str, path: Path) -> None:
        waited, size = 0.0, -1
        while waited < WRITTEN_WITHIN_S:
            before, size = size, path.stat().st_size if path.is_file() else -1
            if size == before and size > 0:  # nothing was added for a while: it is complete
                self._saved(session_id, path)
                return
            gevent.sleep(LOOK_EVERY_S)
            waited += LOOK_EVERY_S
        log.error("FreeSWITCH wrote no recording", session_id=session_id, path=str(path))
