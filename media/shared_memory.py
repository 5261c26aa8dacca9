"""Memory without a name, reached by a file descriptor: it goes with its last process, even by kill -9."""

import mmap
import os
import sys
import tempfile


def nameless(name: str, size: int) -> int:
    """A descriptor of so many zeros; pages are used when they are written."""
    if sys.platform == "linux":
        descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


def mapped(descriptor: int, size: int, offset: int = 0, *, writable: bool = False) -> mmap.mmap:
    access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
    return mmap.mmap(descriptor, size, access=access, offset=offset)
