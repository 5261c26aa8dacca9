"""Where a dialled number leads: to a colleague, a number or queue of ours, or outside if allowed (pure).

What a REFER names is judged by the same rules as what a phone dials: only the user part counts, whatever host
stands after it, so that nothing can be reached by a transfer that could not be dialled.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import phonenumbers

from config.calls import CallSettings, DialRule
from contacts.ids import AgentId, QueueId
from server.checks.repertoire import ANY_NUMBER
from telephony.admission import Refusal

_HOUR_S = 3600.0

NO_SUCH = Refusal(404, "No such number", "dial.no-such-number")
NOT_YOURS = Refusal(403, "Not for this agent", "dial.agent-not-allowed")
NOT_A_NUMBER = Refusal(484, "Not a complete number", "dial.incomplete")
ABROAD = Refusal(403, "Country not allowed", "dial.country")
PREMIUM = Refusal(403, "Premium-rate number", "dial.premium")
TOO_MANY = Refusal(403, "Too many calls of this agent", "dial.calls-per-agent")
TOO_OFTEN = Refusal(403, "Too many calls within an hour", "dial.calls-per-hour")
RULE_FULL = Refusal(503, "All lines are busy", "dial.rule-full", retry_after_s=10)
ITSELF = Refusal(482, "That is your own phone", "dial.oneself")
OUTSIDE = Refusal(403, "Not allowed for callers", "transfer.outside-by-caller")


@dataclass(frozen=True, slots=True)
class ToColleague:
    """All phones of that agent."""

    agent: AgentId


@dataclass(frozen=True, slots=True)
class ToNumber:
    """The flow of a number of ours."""

    number: str


@dataclass(frozen=True, slots=True)
class ToQueue:
    """A queue by its name: transfers only, since a queue alone answers no call."""

    queue: QueueId


@dataclass(frozen=True, slots=True)
class Outside:
    """A number that a carrier is to reach."""

    number: str
    trunk: str
    caller_id: str | None = None
    rule: str = ""
    emergency: bool = False

    @property
    def uri(self) -> str:
        return f"sip:{self.number}@{self.trunk}"


Destination = ToColleague | ToNumber | ToQueue | Outside


class DialUsage:
    """Calls to the outside: those agents speak in, by rule those on the line, and those of the last hour.

    Where an agent sends a customer counts for the rule and the hour, though the agent speaks there no more.
    """

    def __init__(self) -> None:
        self.now_by_agent: Counter[AgentId] = Counter()
        self.now_by_rule: Counter[str] = Counter()
        self._made: dict[AgentId, deque[float]] = {}

    def begin(self, agent: AgentId, to: Outside, now: float) -> None:
        """Somebody outside is called; an emergency is counted nowhere."""
        if not to.emergency:
            self.now_by_rule[to.rule] += 1
            self._made.setdefault(agent, deque()).append(now)

    def end(self, to: Outside) -> None:
        """They are on the line no more, with whomever they were."""
        if not to.emergency:
            self.now_by_rule[to.rule] -= 1

    def within_hour(self, agent: AgentId, now: float) -> int:
        made = self._made.get(agent, deque())
        while made and now - made[0] >= _HOUR_S:
            made.popleft()
        return len(made)


class DialPlan:
    """Numbers of ours are told with every question, since flows come and go."""

    def __init__(
        self, settings: CallSettings, extensions: Mapping[str, str], queues: Collection[str]
    ) -> None:
        self.usage = DialUsage()
        self.reconfigure(settings, extensions, queues)

    def reconfigure(
        self, settings: CallSettings, extensions: Mapping[str, str], queues: Collection[str]
    ) -> None:
        """`extensions` are the agents by everything they can be dialled by."""
        self.settings = settings
        self._extensions = extensions
        self._queues = frozenset(queues)
        self._rules = tuple((rule.expression, rule) for rule in settings.dial)

    def dialled(
        self, text: str, agent: AgentId, numbers: Collection[str], now: float
    ) -> Destination | Refusal:
        """What an agent's phone called."""
        to = self._destination(text, agent, numbers, now)
        if to == ToColleague(agent):
            return ITSELF
        return NO_SUCH if isinstance(to, ToQueue) else to

    def transfer(
        self, text: str, agent: AgentId | None, numbers: Collection[str], now: float
    ) -> Destination | Refusal:
        """Where somebody wants a customer to go; None: the customer themselves."""
        to = self._destination(text, agent, numbers, now)
        return ITSELF if agent is not None and to == ToColleague(agent) else to

    def _destination(
        self, text: str, agent: AgentId | None, numbers: Collection[str], now: float
    ) -> Destination | Refusal:
        if text in self.settings.emergency and self.settings.emergency_trunk is not None:
            if agent is None:
                return OUTSIDE
            return Outside(text, self.settings.emergency_trunk, rule="emergency", emergency=True)
        if (colleague := self._extensions.get(text)) is not None:
            return ToColleague(AgentId(colleague))
        if text in numbers and text != ANY_NUMBER:
            return ToNumber(text)
        if text in self._queues:
            return ToQueue(QueueId(text))
        return self._outside(text, agent, now)

    def _outside(self, text: str, agent: AgentId | None, now: float) -> Destination | Refusal:
        fitting = [rule for expression, rule in self._rules if expression.fullmatch(text)]
        if not fitting:
            return NO_SUCH
        if agent is None:
            return OUTSIDE
        allowed = [rule for rule in fitting if not rule.agents or agent in rule.agents]
        if not allowed:
            return NOT_YOURS
        rule = allowed[0]
        number = rule.prefix + text[rule.strip :]
        to = Outside(number, rule.trunk, rule.caller_id, rule.pattern)
        return self._not_allowed(number) or self._too_many(rule, agent, now) or to

    def _not_allowed(self, number: str) -> Refusal | None:
        settings = self.settings
        try:
            parsed = phonenumbers.parse(number, settings.country)
        except phonenumbers.NumberParseException:
            return NOT_A_NUMBER
        if not phonenumbers.is_possible_number(parsed):
            return NOT_A_NUMBER
        region = phonenumbers.region_code_for_number(parsed)
        code = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
        allowed = settings.countries or (settings.country,)
        # A number that belongs to no region in particular (a new range) counts as its country code's.
        if (region or code) not in allowed:
            return ABROAD
        costly = phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.PREMIUM_RATE
        return PREMIUM if costly and not settings.premium else None

    def _too_many(self, rule: DialRule, agent: AgentId, now: float) -> Refusal | None:
        usage, settings = self.usage, self.settings
        if usage.now_by_agent[agent] >= settings.max_calls_per_agent:
            return TOO_MANY
        if usage.within_hour(agent, now) >= settings.max_calls_per_hour:
            return TOO_OFTEN
        if rule.max_calls is not None and usage.now_by_rule[rule.pattern] >= rule.max_calls:
            return RULE_FULL
        return None
