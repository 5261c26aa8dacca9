"""The choice of agents for a contact: those of the best rank, with the skills preferred, by the strategy."""

from collections.abc import Iterator

from acd.agent_registry import AgentRegistry
from acd.agents import Agent
from acd.effects import Rule
from acd.matching import Matching
from acd.places import QueuedContact
from acd.strategies import Strategy, order_of

CONSIDERED_AT_RANDOM = 64
"""Of how many candidates, from a random one on, a weighted draw takes one."""

_RULES = {
    Strategy.LONGEST_IDLE: Rule.LONGEST_IDLE,
    Strategy.ROUND_ROBIN: Rule.ROUND_ROBIN,
    Strategy.FEWEST_CALLS: Rule.FEWEST_CALLS,
    Strategy.LEAST_OCCUPANCY: Rule.LEAST_OCCUPANCY,
    Strategy.LINEAR: Rule.LINEAR,
    Strategy.RANDOM: Rule.RANDOM,
    Strategy.RING_ALL: Rule.RING_ALL,
    Strategy.PROGRESSIVE: Rule.PROGRESSIVE,
}
_WORD = (1 << 64) - 1


class AgentChoice:
    """Looks at nobody but the free agents who qualify; at how many of them, the strategy bounds."""

    def __init__(self, registry: AgentRegistry) -> None:
        self.draws = 0
        """Random numbers drawn so far: the next is a function of it, so that a replay draws the same."""
        self._registry = registry

    def agents_for(self, contact: QueuedContact, matching: Matching) -> tuple[list[Agent], Rule]:
        """Whom to ring now: nobody, one, or, where the queue rings all, several."""
        settings = contact.queue.settings
        candidates = self._best(contact, matching)
        rule = Rule.NAMED if contact.group.key.only is not None else _RULES[settings.strategy]
        at_most = settings.ring_at_most if settings.strategy is Strategy.RING_ALL else 1
        chosen: list[Agent] = []
        while candidates and len(chosen) < at_most:
            agent = self._registry.numbered(self._pick(contact, candidates))
            chosen.append(agent)
            candidates &= ~(1 << agent.number)
        return chosen, rule

    def _best(self, contact: QueuedContact, matching: Matching) -> int:
        """Free and qualified; of these the best rank; of these, skill by skill, whoever has it too."""
        candidates = self._registry.availability.free & contact.group.qualified
        if not candidates:
            return 0
        for rank in matching.ranks(contact.queue.id):
            if candidates & rank:
                candidates &= rank
                break
        for skill, level in contact.preferred:
            if fonder := candidates & matching.agents_with(skill, level):
                candidates = fonder
        return candidates

    def _pick(self, contact: QueuedContact, candidates: int) -> int:
        settings = contact.queue.settings
        order = order_of(settings.strategy, settings.idle_since)
        if order is not None and (first := self._registry.availability.first(order, candidates)) is not None:
            return first
        if settings.strategy is Strategy.ROUND_ROBIN:
            return self._next_in_turn(contact, candidates)
        if settings.strategy is Strategy.RANDOM:
            return self._at_random(candidates)
        return _lowest(candidates)

    def _next_in_turn(self, contact: QueuedContact, candidates: int) -> int:
        queue = contact.queue
        last = self._registry.find(queue.last_rung) if queue.last_rung is not None else None
        number = next(_from(candidates, last.number + 1 if last else 0))
        queue.last_rung = self._registry.numbered(number).id
        return number

    def _at_random(self, candidates: int) -> int:
        start = self._draw() % candidates.bit_length()
        considered = [
            number for number, _ in zip(_from(candidates, start), range(CONSIDERED_AT_RANDOM), strict=False)
        ]
        weights = [self._registry.numbered(number).settings.weight for number in considered]
        drawn = self._draw() % sum(weights)
        for number, weight in zip(considered, weights, strict=True):
            drawn -= weight
            if drawn < 0:
                return number
        raise AssertionError("the weights add up to more than what was drawn")

    def _draw(self) -> int:
        """SplitMix64 of how many were drawn before."""
        self.draws += 1
        z = self.draws * 0x9E3779B97F4A7C15 & _WORD
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _WORD
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _WORD
        return z ^ z >> 31


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _from(mask: int, start: int) -> Iterator[int]:
    """The numbers in the mask from a start upwards, then those below it."""
    above = mask >> start << start
    for part in (above, mask ^ above):
        left = part
        while left:
            yield _lowest(left)
            left &= left - 1
