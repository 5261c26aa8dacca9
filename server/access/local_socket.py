"""The unix socket in the data folder: the door for whoever owns the server."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FILE_NAME = "api.sock"
BACKLOG = 128
_LONGEST_ADDRESS = 100  # the kernel takes 107 bytes


def socket_file(data_directory: Path) -> Path:
    return data_directory / FILE_NAME


def listen_locally(data_directory: Path) -> socket.socket:
    """A listening socket that only its own user may connect to. Raises OSError.

    Only one server may run in a data folder, so that a socket file found there is a dead server's.
    """
    with suppress(FileNotFoundError):
        socket_file(data_directory).unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The mode holds from the first moment: between bind and chmod others could connect.
        before = os.umask(0o177)
        try:
            with _address(data_directory) as address:
                listening.bind(address)
        finally:
            os.umask(before)
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def connect_locally(data_directory: Path, timeout_s: float | None) -> socket.socket:
    """Raises OSError; FileNotFoundError and ConnectionRefusedError mean that no server is there."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connected.settimeout(timeout_s)
        with _address(data_directory) as address:
            connected.connect(address)
    except OSError:
        connected.close()
        raise
    return connected


@contextmanager
def _address(data_directory: Path) -> Iterator[str]:
    """The file's path, by way of an open folder where it is too long for an address (unix(7))."""
    file = str(socket_file(data_directory))
    if len(os.fsencode(file)) <= _LONGEST_ADDRESS:
        yield file
        return
    folder = os.open(data_directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{FILE_NAME}"
    finally:
        os.close(folder)
