"""Functions of C that are called by their address, without the interpreter.

No address is in the compiled code, so that its cache is good whatever is installed. An address of 0 is a
function that is missing: the caller asks before it calls.
"""

import ctypes
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from media.compiled import COMPILED, stage

MISSING: Final = 0

if COMPILED:

    @intrinsic
    def _call(_typing_context: Any, address: Any, first: Any, second: Any, third: Any, fourth: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            words = ir.FunctionType(ir.IntType(32), [ir.IntType(64)] * 4)
            function = builder.inttoptr(arguments[0], words.as_pointer())
            return builder.call(function, arguments[1:])

        return types.int32(types.int64, types.int64, types.int64, types.int64, types.int64), generate

    @stage
    def call(address: int, first: int, second: int, third: int, fourth: int) -> int:
        """An int from a function of up to four integers and pointers; what it does not take it does not see.

        On x86-64 and aarch64 the first arguments travel in registers of 64 bits, whatever their width.
        """
        return int(_call(address, first, second, third, fourth))  # type: ignore[call-arg]

else:
    _PROTOTYPE: Final = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_int64] * 4)

    def call(address: int, first: int, second: int, third: int, fourth: int) -> int:
        """As above, through ctypes."""
        return int(_PROTOTYPE(int(address))(int(first), int(second), int(third), int(fourth)))
