"""The end of an agent's work after a call, and what they say that it was about."""

from acd.agent_state import AcdError, AgentState
from acd.agents import Agent
from acd.effects import Effect, WrapUpCoded
from acd.events import AgentEvent, WrapUpDone, WrapUpExtended
from acd.settings import QueueSettings

LONGEST_EXTENSION_S = 600.0


class WrapUpCodeError(AcdError):
    """The wrap-up cannot end with this code, or not without one."""


def bounded(event: AgentEvent) -> AgentEvent:
    """Nobody wraps up for ever by one request."""
    if isinstance(event, WrapUpExtended):
        return WrapUpExtended(event.agent, min(max(event.by_s, 0.0), LONGEST_EXTENSION_S))
    return event


def judge_code(agent: Agent, queue: QueueSettings | None, event: WrapUpDone) -> tuple[Effect, ...]:
    """What follows from the code; raises `WrapUpCodeError` with those that the queue knows."""
    known = queue.wrap_up_codes if queue is not None else ()
    if event.code and event.code not in known:
        raise WrapUpCodeError(f"no code {event.code!r}; choose one of: {', '.join(known) or 'none'}")
    wraps_up = agent.state is AgentState.WRAP_UP or agent.facts.wrap_up_open
    if not event.code and wraps_up and queue is not None and queue.wrap_up_code_required:
        raise WrapUpCodeError(f"a code is required; choose one of: {', '.join(known)}")
    if not event.code or agent.wraps_up is None:
        return ()
    return (WrapUpCoded(agent.wraps_up, agent.id, event.code),)
