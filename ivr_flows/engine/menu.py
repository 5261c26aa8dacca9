"""`menu`: what a key or an utterance chooses."""

from ivr_flows.definition.nodes import Menu, Option
from ivr_flows.engine.verdict import Chosen, Open, Verdict
from ivr_flows.phrases import spoken_form

COMMIT_KEY = "#"


def judge(node: Menu, entry: str) -> Verdict:
    """Judge the keys so far: `1` is not chosen while `10` is still possible."""
    if any(_key(option).startswith(entry) and _key(option) != entry for option in node.options):
        return Open.MORE
    option = _by_key(node, entry)
    if option is None and entry.endswith(COMMIT_KEY):
        option = _by_key(node, entry[:-1])
    return Open.MISMATCH if option is None else Chosen(option)


def wants(node: Menu, key: str) -> bool:
    """Tell whether a key begins one of the options."""
    return any(_key(option).startswith(key) for option in node.options)


def judge_silence(node: Menu, entry: str) -> Verdict:
    """Judge when no further key came in time."""
    option = _by_key(node, entry)
    return Open.MISMATCH if option is None else Chosen(option)


def judge_speech(node: Menu, text: str, confidence: float) -> Verdict:
    """Find the option whose phrase is the utterance, or else the longest phrase contained in it."""
    if confidence < node.min_confidence:
        return Open.MISMATCH
    heard = f" {spoken_form(text)} "
    best: list[Option] = []
    best_length = 0
    for option in node.options:
        length = max((len(phrase) for phrase in option.phrases if f" {phrase} " in heard), default=0)
        if length > best_length:
            best, best_length = [option], length
        elif length and length == best_length:
            best.append(option)
    return Chosen(best[0]) if len(best) == 1 else Open.MISMATCH


def phrases(node: Menu) -> tuple[str, ...]:
    return tuple(phrase for option in node.options for phrase in option.phrases)


def _by_key(node: Menu, entry: str) -> Option | None:
    return next((option for option in node.options if option.key is not None and option.key == entry), None)


def _key(option: Option) -> str:
    return option.key or ""
