"""`return`: back to the flow that this one was begun by."""

from dataclasses import dataclass

from ivr_flows.engine.moves import Back, Move
from ivr_flows.engine.run import Run
from ivr_flows.kinds.declare import Kind, Value, key
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields
from ivr_flows.reading.tree import Scalar


def _read_nothing(fields: Fields, word: str, _context: Context, _default: object) -> None:
    tree = fields.take(word)
    if not isinstance(tree, Scalar) or tree.text not in ("", "~", "null"):
        fields.complain(
            word, "value-type", "nothing may stand here", "write return: and nothing behind it", at=tree
        )


NOTHING = Value("nothing", _read_nothing, {"type": "null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Go back; in a flow that callers dial, the call ends."""

    name: str
    nothing: None = key(NOTHING, "nothing stands behind it", word="return")


def enter(_run: Run, _node: Return) -> Move:
    return Back()


RETURN = Kind(
    word="return",
    node=Return,
    doc="goes back to the flow that began this one with `transfer: {flow: NAME}`; without one the call ends.",
    example="""
back:
  return:
""",
    enter=enter,
    may_end=lambda _node: True,
)
