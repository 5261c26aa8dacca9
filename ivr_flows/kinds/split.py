"""`split`: a share of all callers goes each way, the same caller always the same; never waits."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from ivr_flows.definition.node import Exit
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import Move
from ivr_flows.engine.run import Run
from ivr_flows.kinds.declare import Kind, Value, key
from ivr_flows.kinds.values import TEXT
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields

MAX_SHARE = 1000


def _read_shares(fields: Fields, word: str, _context: Context, _default: object) -> Mapping[str, int]:
    tree = fields.expect(word)
    if tree is None:
        return {}
    written = Fields(fields.report, tree, fields.sub(word))
    shares = {node: written.whole(node, 0, 0, MAX_SHARE) for node in written.names}
    if not any(shares.values()):
        fields.complain(word, "value-empty", "nobody goes anywhere", "write shares like {a: 50, b: 50}")
    return shares


SHARES = Value(
    "a share for each node",
    _read_shares,
    {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": "integer", "minimum": 0, "maximum": MAX_SHARE},
    },
    exits=lambda word, shares: tuple(Exit((word, node), node) for node in shares),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The way depends on the caller's number, or on the contact where there is none, and on the seed."""

    name: str
    shares: Mapping[str, int] = key(SHARES, "nodes with their shares", word="split")
    seed: str = key(TEXT, "another text shuffles the callers anew", default="")


def enter(run: Run, node: Split) -> Move:
    variables = run.state.variables
    who = variables.get("caller_number") or variables.get("contact", "")
    digest = hashlib.sha256(f"{node.seed}\0{node.name}\0{who}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") % max(1, sum(node.shares.values()))
    for target, share in node.shares.items():
        if place < share:
            run.note(Fact.BRANCHED, ("case", target))
            return run.leave(target)
        place -= share
    return run.leave(None)


SPLIT = Kind(
    word="split",
    node=Split,
    doc="sends a share of the callers each way; the same caller always goes the same way.",
    example="""
trial:
  split: {new_menu: 10, old_menu: 90}
  seed: spring
new_menu: {hangup: normal}
old_menu: {hangup: normal}
""",
    enter=enter,
    may_end=lambda _node: False,
    waits=False,
)
