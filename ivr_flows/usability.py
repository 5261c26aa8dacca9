"""What callers find hard, though a machine would not: long menus, and a long wait for the first choice."""

from datetime import date

from ivr_flows.definition.prompts import Prompt, TextTemplate
from ivr_flows.findings import Severity
from ivr_flows.kinds.faq import Faq
from ivr_flows.kinds.menu import Menu
from ivr_flows.known import Known
from ivr_flows.reading.flow import Reading
from ivr_flows.reading.report import Report
from ivr_flows.segments import Pause

MOST_OPTIONS = 5
LONGEST_BEFORE_OPTIONS_S = 20.0
LETTERS_PER_SECOND = 15.0


def check_usability(report: Report, reading: Reading, known: Known) -> None:
    """Warn of menus with more than five options, of such as talk for twenty seconds before the first, and of
    answers that are told no more."""
    for node in reading.flow.nodes.values():
        if isinstance(node, Menu):
            _menu(report, reading, node)
        elif isinstance(node, Faq) and known.today is not None:
            _answers(report, reading, node, known.today)


def _answers(report: Report, reading: Reading, node: Faq, today: date) -> None:
    for name, entry in node.questions.items():
        if entry.expires is not None and entry.expires <= today:
            path = (*reading.paths[node.name], "questions", name, "expires")
            message = f"this answer has expired, and callers do not hear it any more ({entry.expires})"
            mend = f"ask {entry.owner} for a new one" if entry.owner else "write a new one, or delete it"
            report.add(path, "answer-expired", message, mend, severity=Severity.WARNING)


def _menu(report: Report, reading: Reading, node: Menu) -> None:
    path = reading.paths[node.name]
    own = [option for option in node.options if not option.is_inherited and option.condition is None]
    if len(own) > MOST_OPTIONS:
        message = f"{len(own)} options are more than callers remember ({MOST_OPTIONS})"
        mend = "make two menus of it"
        report.add((*path, "options"), "menu-long", message, mend, severity=Severity.WARNING)
    takes_s = spoken_s(node.prompt)
    if takes_s > LONGEST_BEFORE_OPTIONS_S:
        message = f"about {takes_s:.0f} s of talking before a caller can choose"
        report.add((*path, "menu"), "menu-slow", message, "say less", severity=Severity.WARNING)


def spoken_s(prompt: Prompt) -> float:
    """Return about how long it takes to say a prompt."""
    texts = (part.template.source for part in prompt.segments if isinstance(part, TextTemplate))
    pauses = (part.duration_ms for part in prompt.segments if isinstance(part, Pause))
    return sum(map(len, texts)) / LETTERS_PER_SECOND + sum(pauses) / 1000
