"""`tag`: notes what the call was about; never waits."""

from dataclasses import dataclass

from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import Move
from ivr_flows.engine.run import Run
from ivr_flows.kinds.declare import Kind, key
from ivr_flows.kinds.values import NAMES, TARGET
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A contact may get many tags, in any order; a tag that it has already is no second one."""

    name: str
    tags: tuple[str, ...] = key(NAMES, "the resolution jobs, or any other tags", word="tag")
    next: str = key(TARGET, "where the caller goes on")


def finish(node: Tag, fields: Fields, _context: Context) -> Tag:
    if not node.tags:
        fields.complain("tag", "value-empty", "there is no tag", "write [billing], or delete the node")
    return node


def enter(run: Run, node: Tag) -> Move:
    run.note(Fact.TAGGED, ("tags", ",".join(dict.fromkeys(node.tags))))
    return run.leave(node.next)


TAG = Kind(
    word="tag",
    node=Tag,
    doc="notes what the call was about, for reports.",
    example="""
about:
  tag: [billing, refund]
  next: bye
bye: {hangup: normal}
""",
    enter=enter,
    finish=finish,
    may_end=lambda _node: False,
    waits=False,
)
