"""The softphone's end of the conversation: commands come in on one descriptor, reports go out on another."""

import os
import select
import time
from collections.abc import Iterator

from server.softphone.commands import Command, Quit
from server.softphone.events import Event, Failed, PhoneReport
from server.softphone.protocol import ProtocolError, decode_command, encode_report

LONGEST_LINE_BYTES = 65536


class Channel:
    """Never blocks on reading. The end of the input, or a driver that no longer reads, means quit."""

    def __init__(self, commands_fd: int, reports_fd: int) -> None:
        self._commands_fd = commands_fd
        self._reports_fd = reports_fd
        self._unfinished = b""
        self._open = True

    def fileno(self) -> int:
        return self._commands_fd

    def report(self, event: Event, at_s: float | None = None) -> None:
        """Say what happened, by default now."""
        now = time.monotonic()
        happened_at_s = now if at_s is None else at_s
        line = encode_report(PhoneReport(happened_at_s, time.time() - (now - happened_at_s), event))
        try:
            while line:
                line = line[os.write(self._reports_fd, line) :]
        except BrokenPipeError:
            self._open = False

    def commands(self) -> Iterator[Command]:
        """The commands that have arrived; a line that is none is answered with an error."""
        for line in self._lines():
            try:
                yield decode_command(line)
            except ProtocolError as error:
                self.report(Failed("command", str(error)))
        if not self._open:
            yield Quit()

    def _lines(self) -> list[bytes]:
        if not self._open or not select.select([self._commands_fd], [], [], 0)[0]:
            return []
        chunk = os.read(self._commands_fd, LONGEST_LINE_BYTES)
        self._open = bool(chunk)
        *lines, self._unfinished = (self._unfinished + chunk).split(b"\n")
        self._unfinished = self._unfinished[-LONGEST_LINE_BYTES:]
        return [line for line in lines if line.strip()]
