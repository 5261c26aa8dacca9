"""How hard a caller has it: an index of keys, prompts, repeated questions, waiting and being handed on."""

from ivr_flows.engine.state import State

PER_KEY, PER_PROMPT, PER_REPEAT, PER_HAND_OVER, PER_MINUTE_WAITED = 1, 1, 3, 5, 2


def effort(state: State) -> int:
    """Points since the beginning of the call; what is known until now, and never less than before."""
    waited_min = int(waited_s(state) / 60)
    return (
        PER_KEY * state.keys
        + PER_PROMPT * state.playback
        + PER_REPEAT * state.repeats
        + PER_HAND_OVER * state.handed_on
        + PER_MINUTE_WAITED * waited_min
    )


def waited_s(state: State) -> float:
    """In queues, and while others are called."""
    present_s = 0.0 if state.spending_since is None else state.now - state.spending_since
    return max(0.0, state.now - state.started_at - state.spent_s - present_s)
