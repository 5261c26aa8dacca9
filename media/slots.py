"""Which legs are served in which tick of a frame: a list of rows for each slot."""

from typing import Final

from media.compiled import stage
from media.layout import GROUPS, Memory

_FEW: Final = 16


@stage
def emptiest(memory: Memory) -> int:
    """The slot of a new leg."""
    best = 0
    for group in range(1, GROUPS):
        if memory.hub["active_count"][group] < memory.hub["active_count"][best]:
            best = group
    return best


@stage
def enter(memory: Memory, row: int, group: int) -> None:
    leg = memory.legs[row]
    leg["group"] = group
    leg["place"] = memory.hub["active_count"][group]
    memory.active[group, leg["place"]] = row
    memory.hub["active_count"][group] += 1


@stage
def leave(memory: Memory, row: int) -> None:
    """The last row of the slot takes the place."""
    leg = memory.legs[row]
    group = leg["group"]
    last = memory.hub["active_count"][group] - 1
    moved = memory.active[group, last]
    memory.active[group, leg["place"]] = moved
    memory.legs[moved]["place"] = leg["place"]
    memory.hub["active_count"][group] = last


@stage
def move(memory: Memory, row: int, group: int) -> bool:
    """False if the slot is twice as full as the others: in it everybody would wait longer."""
    total = 0
    for each in range(GROUPS):
        total += memory.hub["active_count"][each]
    if memory.hub["active_count"][group] > _FEW + 2 * total // GROUPS:
        return False
    leave(memory, row)
    enter(memory, row, group)
    return True
