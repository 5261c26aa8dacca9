"""`trunkline flow fmt`: the same flow, written as it is written today. Comments and layout stay."""

from collections.abc import Iterable

from ivr_flows.reading.report import Upgrade


def formatted(text: str, upgrades: Iterable[Upgrade] = ()) -> str:
    """Return the text with older words replaced, without white space at the ends of lines and of the file."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    # from the end of a line backwards, so that the columns before stay right
    for upgrade in sorted(set(upgrades), key=lambda each: (each.place.line, -each.place.column)):
        lines[upgrade.place.line - 1] = _with(lines[upgrade.place.line - 1], upgrade)
    return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"


def _with(line: str, upgrade: Upgrade) -> str:
    at = upgrade.place.column - 1
    for written in (upgrade.old, f'"{upgrade.old}"', f"'{upgrade.old}'"):
        if line.startswith(written, at):
            return line[:at] + upgrade.new + line[at + len(written) :]
    return line
