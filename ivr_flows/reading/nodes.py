"""Nodes as written: the key that names what a node does tells its kind; a list of them is done in turn."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ivr_flows.definition.node import Node
from ivr_flows.findings import did_you_mean
from ivr_flows.kinds.catalogue import KINDS
from ivr_flows.reading.context import Context
from ivr_flows.reading.declared import read_declared
from ivr_flows.reading.fields import Fields
from ivr_flows.reading.report import Path, Report
from ivr_flows.reading.tree import Mapping, Sequence, Tree


@dataclass(frozen=True, slots=True)
class Step:
    """One node as written, with the name it has in the flow and the one that comes after it in a list."""

    name: str
    tree: Tree
    path: Path
    following: str | None = None


def steps_of(name: str, tree: Tree, path: Path) -> Iterator[Step]:
    """Return a node, or the steps of a list; all but the first get names that no author can write."""
    if not isinstance(tree, Sequence):
        yield Step(name, tree, path)
        return
    names = [name, *(f"{name}.{number}" for number in range(2, len(tree.items) + 1))]
    for number, (own, item) in enumerate(zip(names, tree.items, strict=False)):
        following = names[number + 1] if number + 1 < len(tree.items) else None
        yield Step(own, item, (*path, str(number + 1)), following)


def read_node(report: Report, step: Step, context: Context) -> Node | None:
    """Read one node; None when not even its kind can be told."""
    fields = Fields(report, step.tree, step.path)
    kinds = [kind for word, kind in KINDS.items() if word in fields]
    if len(kinds) != 1:
        words = [kind.word for kind in kinds]
        _complain_about_kind(report, fields, words, is_mapping=isinstance(step.tree, Mapping))
        return None
    [kind] = kinds
    if kind.needs and context.capabilities is not None and kind.needs not in context.capabilities:
        fields.complain(kind.word, "not-available", f'"{kind.word}" is not available on this server')
    context = replace(context, following=step.following)
    node: Node = kind.node(name=step.name, **read_declared(kind.node, fields, context))
    node = kind.finish(node, fields, context)
    fields.finish()
    return node


def _complain_about_kind(report: Report, fields: Fields, kinds: list[str], *, is_mapping: bool) -> None:
    if kinds:
        message = "a node does one thing, this one has " + " and ".join(f'"{kind}"' for kind in kinds)
        report.add(fields.path, "kind-several", message, "make two nodes of it")
    elif is_mapping:
        mend = _unknown_kind_mend(fields.names, tuple(KINDS))
        report.add(fields.path, "kind-missing", "nothing says what the node does", mend)


def _unknown_kind_mend(keys: tuple[str, ...], kinds: tuple[str, ...]) -> str:
    """Return the mend for a node without a kind: the kind that one of its keys may have been meant to be."""
    meant = (did_you_mean(key, kinds) for key in keys)
    return next((mend for mend in meant if mend.startswith("did")), "one of: " + ", ".join(kinds))
