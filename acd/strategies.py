"""Which of the free agents who qualify takes a contact: the strategies that a queue may have."""

from enum import Enum


class Strategy(Enum):
    """How a queue chooses among free agents of the same rank."""

    LONGEST_IDLE = "longest-idle"
    ROUND_ROBIN = "round-robin"
    FEWEST_CALLS = "fewest-calls"
    LEAST_OCCUPANCY = "least-occupancy"
    LINEAR = "linear"
    RANDOM = "random"
    RING_ALL = "ring-all"
    PROGRESSIVE = "progressive"


class IdleSince(Enum):
    """From when an agent's idle time counts."""

    AVAILABLE = "available"
    LAST_CALL = "last-call"
    LAST_OFFER = "last-offer"
    SIGN_IN = "sign-in"


class AgentOrder(Enum):
    """Orders of the free agents that are kept up to date, where some queue needs them."""

    AVAILABLE = "available"
    LAST_CALL = "last call"
    LAST_OFFER = "last offer"
    SIGN_IN = "sign-in"
    CALLS = "calls"
    OCCUPANCY = "occupancy"


_BY_IDLENESS = {
    IdleSince.AVAILABLE: AgentOrder.AVAILABLE,
    IdleSince.LAST_CALL: AgentOrder.LAST_CALL,
    IdleSince.LAST_OFFER: AgentOrder.LAST_OFFER,
    IdleSince.SIGN_IN: AgentOrder.SIGN_IN,
}


def order_of(strategy: Strategy, idle_since: IdleSince) -> AgentOrder | None:
    """None: the strategy needs none, it goes by the agents' places in the settings."""
    match strategy:
        case Strategy.FEWEST_CALLS:
            return AgentOrder.CALLS
        case Strategy.LEAST_OCCUPANCY:
            return AgentOrder.OCCUPANCY
        case Strategy.ROUND_ROBIN | Strategy.LINEAR | Strategy.RANDOM:
            return None
        case Strategy.LONGEST_IDLE | Strategy.RING_ALL | Strategy.PROGRESSIVE:
            return _BY_IDLENESS[idle_since]
