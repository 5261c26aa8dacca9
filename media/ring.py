"""Single-producer, single-consumer rings of entries between asyncio and the tick.

Each index counts entries for ever and has one writer. The producer writes the entry, then a fence, then its
index; the consumer reads the index, then a fence, then the entry, and publishes its own index after another.
Relied on: aligned 64-bit loads and stores do not tear (x86-64, aarch64), and a sequentially consistent fence
keeps compiler and processor from moving accesses across it. On x86-64 it costs 20 ns, once a batch.
"""

import numpy as np

from media.compiled import entry, fence, stage
from media.layout import EVENT_WORDS, ORDER_WORDS, Memory, Words


@entry
def push_commands(hub: np.void, batch: Words, count: int) -> bool:
    """Publish `count` commands at once, so that the tick sees all or none; False if they do not all fit."""
    written = hub["command_written"]
    commands = hub["commands"]
    size = len(commands) // ORDER_WORDS
    if written + count - hub["command_read"] > size:
        return False
    fence()
    for entry_index in range(count):
        at = (written + entry_index) % size * ORDER_WORDS
        for k in range(ORDER_WORDS):
            commands[at + k] = batch[entry_index * ORDER_WORDS + k]
    fence()
    hub["command_written"] = written + count
    return True


@entry
def pop_events(hub: np.void, batch: Words) -> int:
    """Move waiting events into `batch`, as many as fit; returns how many."""
    read = hub["event_read"]
    events = hub["events"]
    size = len(events) // EVENT_WORDS
    count = min(hub["event_written"] - read, len(batch) // EVENT_WORDS)
    fence()
    for entry_index in range(count):
        at = (read + entry_index) % size * EVENT_WORDS
        for k in range(EVENT_WORDS):
            batch[entry_index * EVENT_WORDS + k] = events[at + k]
    fence()
    hub["event_read"] = read + count
    return int(count)


@stage
def post(memory: Memory, kind: int, row: int, first: int, second: int) -> None:
    """Report an event; if asyncio has fallen a whole ring behind, the event is counted and lost."""
    hub = memory.hub
    events = hub["events"]
    written = hub["event_written"]
    size = len(events) // EVENT_WORDS
    hub["event_signal"] = 1
    if written - hub["event_read"] >= size:
        hub["event_dropped"] += 1
        return
    at = written % size * EVENT_WORDS
    events[at] = kind
    events[at + 1] = row
    events[at + 2] = memory.legs[row]["generation"]
    events[at + 3] = first
    events[at + 4] = second
    events[at + 5] = hub["now_ns"]
    fence()
    hub["event_written"] = written + 1
