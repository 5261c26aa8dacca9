"""Nodes as written: the key that names what a node does tells its kind."""

import re
from collections.abc import Callable, Mapping

from ivr_flows.definition.causes import WRITABLE_CAUSES, HangupCause
from ivr_flows.definition.nodes import (
    AgentTarget,
    Hangup,
    HoursBranch,
    Node,
    NumberTarget,
    Queue,
    Say,
    SipTarget,
    SkillLevel,
    Transfer,
    TransferTarget,
    VariableBranch,
)
from ivr_flows.findings import did_you_mean
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields, parse_whole
from ivr_flows.reading.questions import read_collect, read_menu, unknown_kind_mend
from ivr_flows.reading.report import Path, Report
from ivr_flows.reading.tree import Mapping as MappingTree
from ivr_flows.reading.tree import Scalar, Sequence, Tree
from ivr_flows.segments import Music

MAX_SKILL_LEVEL = 10
MAX_PRIORITY = 100
DAY_S = 24 * 3600.0
_NUMBER = re.compile(r"\+?[0-9][0-9 ()/.-]{0,30}")
_SIP = re.compile(r"sips?:[^\s<>\"]{1,200}")


def read_node(report: Report, name: str, tree: Tree, path: Path, context: Context) -> Node | None:
    """Read one node; None when not even its kind can be told."""
    fields = Fields(report, tree, path)
    kinds = [kind for kind in READERS if kind in fields]
    if len(kinds) != 1:
        _complain_about_kind(report, fields, kinds, path, is_mapping=isinstance(tree, MappingTree))
        return None
    node = READERS[kinds[0]](fields, name, context)
    fields.finish()
    return node


def _complain_about_kind(
    report: Report, fields: Fields, kinds: list[str], path: Path, *, is_mapping: bool
) -> None:
    if kinds:
        message = "a node does one thing, this one has " + " and ".join(f'"{kind}"' for kind in kinds)
        report.add(path, "kind-several", message, "make two nodes of it")
    elif is_mapping:
        report.add(
            path,
            "kind-missing",
            "nothing says what the node does",
            unknown_kind_mend(fields.names, tuple(READERS)),
        )


def _say(fields: Fields, name: str, context: Context) -> Say:
    prompt = context.prompts.required(fields, "say")
    loop = fields.flag("loop", False)
    next_node = fields.optional_name("next")
    if next_node is None and not loop and "next" not in fields:
        fields.report.add(fields.path, "dead-end", "nothing follows the prompt", "add next: or a hangup node")
    barge_in = fields.flag("barge_in", context.defaults.barge_in)
    type_ahead = fields.flag("type_ahead", barge_in and context.defaults.type_ahead)
    if loop and not barge_in and next_node is not None:
        mend = "allow barge_in, or leave one of loop: and next: out"
        fields.complain("next", "loop-never-ends", "a loop that no key may interrupt never leads on", mend)
    return Say(name, prompt, next_node, barge_in, type_ahead, loop, fields.optional_name("failed"))


def _queue(fields: Fields, name: str, context: Context) -> Queue:
    music_tree = fields.take("music")
    music = None if music_tree is None else context.prompts.music(music_tree, fields.sub("music"))
    return Queue(
        name=name,
        queue=fields.name("queue"),
        skills=_skills(fields),
        priority=fields.whole("priority", 0, 0, MAX_PRIORITY),
        music=music or Music("hold"),
        announce_every_s=fields.duration("announce_every", None, 5.0, 3600.0),
        max_wait_s=fields.duration("max_wait", None, 1.0, DAY_S),
        next=fields.optional_name("next"),
        overflow=fields.optional_name("overflow"),
        otherwise=fields.optional_name("otherwise"),
        failed=fields.optional_name("failed"),
    )


def _skills(fields: Fields) -> tuple[SkillLevel, ...]:
    tree = fields.take("skills")
    if tree is None:
        return ()
    path = fields.sub("skills")
    if isinstance(tree, Scalar | Sequence):
        names = tree.items if isinstance(tree, Sequence) else (tree,)
        return tuple(_skill(fields.report, item, path) for item in names)
    written = Fields(fields.report, tree, path)
    return tuple(SkillLevel(skill, _level(written, skill)) for skill in written.names)


def _skill(report: Report, tree: Tree, path: Path) -> SkillLevel:
    if not isinstance(tree, Scalar):
        mend = "write skills: {support: 3}, or skills: [support]"
        report.add(path, "value-type", "the name of a skill is expected here", mend, place=tree.place)
        return SkillLevel("", 1)
    report.mark((*path, tree.text), tree.place)
    return SkillLevel(tree.text, 1)


def _level(fields: Fields, skill: str) -> int:
    text = fields.text(skill)
    level = parse_whole(text, 1, MAX_SKILL_LEVEL)
    if level is None:
        mend = f"write a level from 1 to {MAX_SKILL_LEVEL}"
        fields.complain(skill, "skill-level", f'"{text[:40]}" is no level of a skill', mend)
    return level or 1


def _transfer(fields: Fields, name: str, _context: Context) -> Transfer:
    tree = fields.expect("transfer")
    ring_for_s = fields.duration("ring_for", 30.0, 1.0, 600.0)
    return Transfer(
        name=name,
        target=SipTarget("") if tree is None else _target(fields.report, tree, fields.sub("transfer")),
        ring_for_s=ring_for_s or 30.0,
        next=fields.optional_name("next"),
        failed=fields.optional_name("failed"),
    )


def _target(report: Report, tree: Tree, path: Path) -> TransferTarget:
    if isinstance(tree, Scalar):
        return _plain_target(report, tree.text.strip(), path)
    fields = Fields(report, tree, path)
    agent, sip, number = (fields.optional_text(key) for key in ("agent", "sip", "number"))
    given = [value for value in (agent, sip, number) if value is not None]
    fields.finish()
    if len(given) != 1:
        report.add(path, "transfer-target", "one target is needed", "write agent:, sip: or number:")
    if agent is not None:
        return AgentTarget(agent)
    return _plain_target(report, given[0], path) if given else SipTarget("")


def _plain_target(report: Report, text: str, path: Path) -> TransferTarget:
    if _SIP.fullmatch(text):
        return SipTarget(text)
    if _NUMBER.fullmatch(text):
        return NumberTarget("".join(char for char in text if char in "+0123456789"))
    mend = "write sip:name@host, a number like +442079460000, or agent: NAME below transfer:"
    report.add(path, "transfer-target", f'"{text[:60]}" is neither a SIP address nor a number', mend)
    return SipTarget("")


def _hangup(fields: Fields, name: str, context: Context) -> Hangup:
    tree = fields.take("hangup")
    # `hangup:` with nothing behind it is the commonest way to write it
    text = tree.text if isinstance(tree, Scalar) else ""
    allowed = {cause.value: cause for cause in WRITABLE_CAUSES}
    cause = HangupCause.NORMAL if text in ("", "~", "null") else allowed.get(text)
    if cause is None or not isinstance(tree, Scalar):
        message = f'"{text[:40]}" is no cause'
        fields.complain("hangup", "value-choice", message, did_you_mean(text, allowed), at=tree)
    return Hangup(name, cause or HangupCause.NORMAL, context.prompts.optional(fields, "prompt"))


def _branch(fields: Fields, name: str, _context: Context) -> Node | None:
    tree = fields.expect("branch")
    if tree is None:
        return None
    on = Fields(fields.report, tree, fields.sub("branch"))
    by_hours, by_variable = "hours" in on, "variable" in on
    if by_hours == by_variable:
        mend = "write branch: {hours: CALENDAR} or branch: {variable: NAME}"
        fields.complain("branch", "branch-condition", "a branch needs one thing to decide on", mend, at=tree)
        return None
    calendar_or_variable = on.name("hours" if by_hours else "variable")
    on.finish()
    if by_hours:
        return HoursBranch(name, calendar_or_variable, fields.name("open"), fields.name("closed"))
    return VariableBranch(name, calendar_or_variable, _cases(fields), fields.name("otherwise"))


def _cases(fields: Fields) -> dict[str, str]:
    tree = fields.expect("cases")
    if tree is None:
        return {}
    cases = Fields(fields.report, tree, fields.sub("cases"))
    return {value: cases.name(value) for value in cases.names}


READERS: Mapping[str, Callable[[Fields, str, Context], Node | None]] = {
    "say": _say,
    "menu": read_menu,
    "collect": read_collect,
    "queue": _queue,
    "transfer": _transfer,
    "hangup": _hangup,
    "branch": _branch,
}
