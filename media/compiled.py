"""How the stages of the tick are compiled, and the one memory fence the rings rely on.

A stage is a plain function over arrays. With NUMBA_DISABLE_JIT=1 the same text runs as ordinary Python: that
is the oracle the tests compare with, and a slow fallback for a leg or two.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from numba import types
from numba.extending import intrinsic

_IMPORTS: Final = re.compile(r"^from media(?:\.(\w+))? import (\([^)]*\)|.+)$", re.MULTILINE)
_NAMES: Final = re.compile(r"\w+")

Function = TypeVar("Function", bound=Callable[..., Any])

COMPILED: Final = not bool(getattr(numba.config, "DISABLE_JIT", 0))

# Without Numba's run-time, references to arrays are not counted (a tenth of the tick); nothing allocates.
_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "_nrt": False}
# A third of the time to compile goes into what lets Python call a function.
_INSIDE: Final[dict[str, Any]] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def stage(function: Function) -> Function:
    """Compile without a cache of its own, for compiled callers only: stages end up in the cached loop."""
    return cast(Function, numba.njit(**_OPTIONS, **_INSIDE)(function))


def from_python(inside: Function) -> Function:
    """A stage once more, so that Python can call it: for tests."""
    return cast(Function, numba.njit(**_OPTIONS)(getattr(inside, "py_func", inside)))


def entry(function: Function) -> Function:
    """Compile and keep the machine code: beside the source, else in the user's cache or NUMBA_CACHE_DIR."""
    try:
        return cast(Function, numba.njit(**_OPTIONS, cache=True)(function))
    except RuntimeError:
        # no folder for a cache is writable, not even the user's: compile at every start
        return cast(Function, numba.njit(**_OPTIONS)(function))


def source_digest(module: str) -> str:
    """Numba's cache notices changes only in the file of the cached function; this covers its callees."""
    digest = hashlib.sha256()
    for name in sorted(imported_by(module)):
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()


def imported_by(module: str) -> set[str]:
    """The module and all of this package that it needs, at any depth, by what their texts say."""
    reached: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        source = Path(__file__).with_name(f"{name}.py")
        if name in reached or not source.exists():
            continue
        reached.add(name)
        for inside, names in _IMPORTS.findall(source.read_text(encoding="utf-8")):
            waiting |= {inside} if inside else set(_NAMES.findall(names))
    return reached


if COMPILED:

    @intrinsic
    def _fence(_typing_context: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
            builder.fence("seq_cst")
            return context.get_dummy_value()

        return types.void(), generate

    @stage
    def fence() -> None:
        """Order memory accesses before and after, for the processor and the compiler alike."""
        _fence()  # type: ignore[call-arg]

else:

    def fence() -> None:
        """Nothing to do: interpreted code of one process is ordered by the interpreter lock."""
