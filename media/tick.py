"""The tick loop: every 5 ms the legs of one slot are received, played, mixed, recorded and sent.

A leg is heard once a frame, in its slot. What it hears itself is sent in the same slot, or in the slot of the
leg that it is bridged with, just after that leg was heard.
"""

from collections.abc import Callable
from typing import Final

from media import dtmf, outgoing, playout, receive, rooms, slots, talk, tones
from media.compiled import COMPILED, entry, source_digest, stage
from media.layout import (
    FRAME,
    GROUPS,
    HISTORY,
    MASKED,
    TICK_NS,
    Event,
    Memory,
    Words,
)
from media.octets import copy, fill
from media.orders import apply_commands
from media.recording_ring import record
from media.ring import post
from media.rtp import HEADER
from media.silence import silence_of
from media.syscalls import (
    CLOCK_MONOTONIC,
    CLOCK_REALTIME,
    CLOCK_THREAD_CPU,
    TIMER_ABSTIME,
    clock_gettime,
    clock_nanosleep,
    write,
)

_MOST_BEHIND: Final = 10 * GROUPS
_RTCP_POLL_FRAMES: Final = 50
_TICKS_A_SECOND: Final = 200


@stage
def read_clock(memory: Memory, clock: int) -> int:
    clock_gettime(clock, memory.hub["timespec_at"])
    return int(memory.hub["timespec"][0] * 1_000_000_000 + memory.hub["timespec"][1])


@stage
def sleep_until(memory: Memory, due_ns: int) -> None:
    memory.hub["timespec"][0] = due_ns // 1_000_000_000
    memory.hub["timespec"][1] = due_ns % 1_000_000_000
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, memory.hub["timespec_at"], 0)


@stage
def count_in(histogram: Words, duration_ns: int) -> None:
    """Bin k holds durations below 2**k microseconds."""
    microseconds = duration_ns // 1000
    index = 0
    while microseconds > 0 and index < len(histogram) - 1:
        microseconds >>= 1
        index += 1
    histogram[index] += 1


@stage
def hear(memory: Memory, row: int, frame: int, tick: int) -> None:
    """Twenty milliseconds of one leg, and of what it hears unless that comes from another leg."""
    leg = memory.legs[row]
    leg["served_before"] = leg["served_frame"]
    leg["served_frame"] = frame
    leg["served_tick"] = tick
    receive.drain(memory, row)
    playout.take(leg, memory.hub)
    if leg["rx_events"] < 0 and leg["connected"]:
        key = tones.detect(leg, memory.hub)
        if key >= 0:
            post(memory, Event.DIGIT, row, key, 0)
    if leg["shielded"]:
        fill(leg["frame"], HISTORY, FRAME, silence_of(leg["law"]))
        leg["marks"] = MASKED
        leg["wire_whole"] = 0
    if leg["bridge"] < 0:
        answer(memory, row, frame)
        if leg["room"] >= 0:
            rooms.give(memory, row, frame)
        keep(memory, row, frame)


@stage
def hand_on(memory: Memory, row: int, frame: int) -> None:
    """The edge of a bridge from this leg: the other one hears at once what this one has just said."""
    answer(memory, memory.legs[row]["bridge"], frame)
    keep(memory, row, frame)


@stage
def keep(memory: Memory, row: int, frame: int) -> None:
    leg = memory.legs[row]
    elapsed = frame - leg["opened_frame"]
    if leg["recording"] >= 0:
        _record(memory, row, elapsed)
    if leg["listen"] >= 0:
        _listen(memory, row, elapsed * FRAME)
    _keep_company(memory, row, frame, elapsed)


@stage
def answer(memory: Memory, row: int, frame: int) -> None:
    """Compose what the leg hears and send it, once a frame: its slot is another one since a bridge began."""
    leg = memory.legs[row]
    if leg["sent_frame"] >= frame:
        return
    leg["sent_frame"] = frame
    kept = (frame & 1) * FRAME
    leg["sent_frames"][frame & 1] = frame
    elapsed = frame - leg["opened_frame"]
    out = memory.hub["outgoing"]
    outgoing.mix(memory, row, frame)
    if not leg["connected"] or not leg["may_send"]:
        fill(leg["sent"], kept, FRAME, silence_of(leg["law"]))
    elif leg["tx_events"] >= 0 and dtmf.due(leg, elapsed * FRAME):
        outgoing.send_event(memory, leg)
        fill(leg["sent"], kept, FRAME, silence_of(leg["law"]))
    else:
        copy(leg["sent"], kept, out, HEADER, FRAME)
        outgoing.send_audio(memory, row, elapsed * FRAME)


@stage
def _record(memory: Memory, row: int, elapsed: int) -> None:
    leg = memory.legs[row]
    recording = memory.recordings[leg["recording"]]
    if recording["started_frame"] < 0:
        recording["started_frame"] = elapsed
        return
    number = leg["served_before"] - leg["opened_frame"] - recording["started_frame"]
    if not record(recording, number, leg):
        memory.hub["recording_dropped"] += 1


@stage
def _listen(memory: Memory, row: int, position: int) -> None:
    leg = memory.legs[row]
    listener = memory.listeners[leg["listen"]]
    energy = talk.hear(leg, listener, position, memory.hub)
    change = talk.detect(leg, listener["detector"], energy, position, memory.hub)
    if change == talk.STARTED:
        post(memory, Event.TALK_STARTED, row, leg["talk_start"], 0)
    elif change == talk.ENDED:
        post(memory, Event.TALK_ENDED, row, leg["talk_start"], leg["talk_end"])
    elif change == talk.CUT:
        post(memory, Event.TALK_CUT, row, leg["talk_start"], leg["talk_end"])


@stage
def _keep_company(memory: Memory, row: int, frame: int, elapsed: int) -> None:
    """RTCP and the watchdog, spread over the legs by their row numbers."""
    leg = memory.legs[row]
    if frame >= leg["rtcp_poll"]:
        leg["rtcp_poll"] = frame + _RTCP_POLL_FRAMES
        receive.drain_rtcp(memory, row)
        receive.watch(memory, row)
    if frame >= leg["rtcp_due"]:
        leg["rtcp_due"] = frame + outgoing.report_interval(memory.hub)
        if leg["connected"]:
            outgoing.report(memory, row, elapsed * FRAME, False)


@stage
def signal(memory: Memory) -> None:
    """Wake asyncio once per tick that has news."""
    if memory.hub["event_signal"]:
        memory.hub["event_signal"] = 0
        write(memory.hub["event_fd"], memory.hub["one_at"], 8)


@stage
def catch_up(memory: Memory, tick: int, late_ns: int) -> int:
    """Ticks up to 200 ms late run back to back, so that a stall of the machine costs delay and no sound.

    Beyond that whole frames are left out, for every leg alike.
    """
    count_in(memory.hub["lateness"], late_ns)
    if late_ns > TICK_NS:
        memory.hub["late_ticks"] += 1
    if late_ns <= _MOST_BEHIND * TICK_NS:
        return tick
    frames = late_ns // (GROUPS * TICK_NS)
    memory.hub["skipped_frames"] += frames
    return tick + frames * GROUPS


@stage
def wait(memory: Memory, tick: int, due_ns: int) -> int:
    """Sleep until a tick is due and note the time; the tick may be a later one, if it comes far too late."""
    now_ns = read_clock(memory, CLOCK_MONOTONIC)
    if now_ns < due_ns:
        sleep_until(memory, due_ns)
        now_ns = read_clock(memory, CLOCK_MONOTONIC)
    tick = catch_up(memory, tick, max(now_ns - due_ns, 0))
    memory.hub["tick"] = tick
    memory.hub["now_ns"] = now_ns
    memory.hub["real_ns"] = read_clock(memory, CLOCK_REALTIME)
    return tick


@stage
def run_one(memory: Memory, tick: int) -> None:
    """One tick, without its sleep."""
    frame = tick // GROUPS
    group = tick % GROUPS
    apply_commands(memory, frame)
    bridged = 0
    for place in range(memory.hub["active_count"][group]):
        row = memory.active[group, place]
        if memory.legs[row]["served_frame"] < frame:
            hear(memory, row, frame, tick)
            bridged |= memory.legs[row]["bridge"] >= 0
    if bridged:
        serve_bridges(memory, frame, tick)
    signal(memory)


@stage
def serve_bridges(memory: Memory, frame: int, tick: int) -> None:
    """After all legs of the slot have been heard; backwards, because legs may leave for another slot."""
    group = tick % GROUPS
    for place in range(memory.hub["active_count"][group] - 1, -1, -1):
        row = memory.active[group, place]
        leg = memory.legs[row]
        if leg["bridge"] < 0 or leg["served_tick"] != tick:
            continue
        hand_on(memory, row, frame)
        if leg["shift"] != 0:
            slot = group + leg["shift"]
            if slots.move(memory, row, slot % GROUPS):
                playout.moved(leg, slot)
            leg["shift"] = 0


@stage
def measure(memory: Memory, tick: int, busy_ns: int) -> None:
    """What this tick took; sums are read once a second."""
    hub = memory.hub
    count_in(hub["tick_time"], busy_ns)
    hub["busy_so_far_ns"] += busy_ns
    if tick % _TICKS_A_SECOND == 0:
        hub["busy_ns"] = hub["busy_so_far_ns"]
        hub["busy_so_far_ns"] = 0
        hub["cpu_ns"] = read_clock(memory, CLOCK_THREAD_CPU)


def _loop(digest: str) -> Callable[[Memory], int]:
    """The cached entry point; the digest, a free variable of the function, is part of its cache key.

    `by_hand` makes one tick, at the times that are written in the hub.
    """

    def run_ticks(memory: Memory) -> int:
        hub = memory.hub
        origin_ns = read_clock(memory, CLOCK_MONOTONIC)
        tick = hub["tick"]
        first = tick
        by_hand = hub["by_hand"]
        while hub["stop"] == 0:
            if by_hand == 0:
                tick = wait(memory, tick + 1, origin_ns + (tick + 1 - first) * TICK_NS)
            now_ns = hub["now_ns"]
            run_one(memory, tick)
            if by_hand:
                break
            measure(memory, tick, read_clock(memory, CLOCK_MONOTONIC) - now_ns)
        return len(digest)

    return entry(run_ticks) if COMPILED else run_ticks


run_ticks: Final = _loop(source_digest("tick"))
