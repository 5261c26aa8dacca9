"""Options that vanished: to YAML `#: node` is a comment, to its author the key below the 9."""

import re

from ivr_flows.reading.report import Report
from ivr_flows.reading.tree import Place

_OPTION = re.compile(rb"(?:^|\n)([ \t]*)#[ \t]*:[ \t]+(?:\{.*\}|[^\W\d][\w-]*)[ \t]*(?=\r?\n|\r?$|#)")


def refuse_commented_keys(report: Report, data: bytes) -> None:
    """Find comments that read like an option of a menu."""
    for match in _OPTION.finditer(data):
        line = data.count(b"\n", 0, match.start(1)) + 1
        message = "to YAML this option is a comment, and the key # does nothing"
        place = Place(line, len(match[1]) + 1)
        report.add((), "key-commented", message, 'put the key in quotes: "#":', place=place)
