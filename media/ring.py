"""Single-producer, single-consumer rings of eight-word entries between asyncio and the tick.

Each index counts entries for ever and has one writer. The producer writes the entry, then a fence, then its index; the
consumer reads the index, then a fence, then the entry, and publishes its own index after another fence. What this
relies on: aligned 64-bit loads and stores do not tear (x86-64, aarch64), and a sequentially consistent fence keeps
compiler and processor from moving accesses across it. On x86-64 it costs about 20 ns, once per batch.
"""

from media.compiled import entry, fence, stage
from media.layout import CONTROL_WORDS, Memory, Slot, Words


@entry
def push_commands(commands: Words, words: Words, batch: Words, count: int) -> bool:
    """Publish `count` commands at once, so that the tick sees all or none; False if there is no room for all."""
    written = words[Slot.COMMAND_WRITTEN]
    size = len(commands) // CONTROL_WORDS
    if written + count - words[Slot.COMMAND_READ] > size:
        return False
    fence()
    for entry_index in range(count):
        at = (written + entry_index) % size * CONTROL_WORDS
        for k in range(CONTROL_WORDS):
            commands[at + k] = batch[entry_index * CONTROL_WORDS + k]
    fence()
    words[Slot.COMMAND_WRITTEN] = written + count
    return True


@entry
def pop_events(events: Words, words: Words, batch: Words) -> int:
    """Move waiting events into `batch`, as many as fit; returns how many."""
    read = words[Slot.EVENT_READ]
    size = len(events) // CONTROL_WORDS
    count = min(words[Slot.EVENT_WRITTEN] - read, len(batch) // CONTROL_WORDS)
    fence()
    for entry_index in range(count):
        at = (read + entry_index) % size * CONTROL_WORDS
        for k in range(CONTROL_WORDS):
            batch[entry_index * CONTROL_WORDS + k] = events[at + k]
    fence()
    words[Slot.EVENT_READ] = read + count
    return count


@stage
def post(memory: Memory, kind: int, row: int, first: int, second: int) -> None:
    """Report an event; if asyncio has fallen a whole ring behind, the event is counted and lost."""
    words = memory.words
    written = words[Slot.EVENT_WRITTEN]
    size = len(memory.events) // CONTROL_WORDS
    words[Slot.EVENT_SIGNAL] = 1
    if written - words[Slot.EVENT_READ] >= size:
        words[Slot.EVENT_DROPPED] += 1
        return
    at = written % size * CONTROL_WORDS
    memory.events[at] = kind
    memory.events[at + 1] = row
    memory.events[at + 2] = memory.legs[row]["generation"]
    memory.events[at + 3] = first
    memory.events[at + 4] = second
    fence()
    words[Slot.EVENT_WRITTEN] = written + 1
