"""A contact's facts as lines that a person reads, one sentence for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contacts.facts import agent, callback, contact, flow, queue, recording, speech, system
from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.outcomes import EndedBy, QueueExit, TransferResult

Sentence = Callable[["Timeline", Any], str]
LOWEST_LEVEL = 1


class Timeline:
    """Told one contact's entries in order; it remembers who the participants are, and when all began."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._began: JournalEntry | None = None

    def line(self, entry: JournalEntry) -> str:
        """Local time, seconds since the contact began, and the sentence."""
        self._began = self._began or entry
        since_s = (entry.at - self._began.at).total_seconds()
        return f"{entry.at.astimezone():%H:%M:%S}  {since_s:+7.2f} s  {self.sentence(entry.fact)}"

    def sentence(self, fact: Fact) -> str:
        """What happened, in words."""
        if isinstance(fact, contact.ParticipantJoined):
            self._names[fact.participant] = _called(fact)
        return SENTENCES[type(fact)](self, fact)

    def name(self, participant: str) -> str:
        """As people call them."""
        return self._names.get(participant) or participant or "somebody"

    def whose(self, participant: str) -> str:
        return f"{self.name(participant)}'s"


def _called(fact: contact.ParticipantJoined) -> str:
    if fact.role is contact.ParticipantRole.CUSTOMER:
        return "caller"
    return fact.agent or fact.address or fact.role.value


def _with(*parts: str) -> str:
    """What there is of them, and nothing of what is empty."""
    return "".join(part for part in parts if part)


def _if(value: object, text: str) -> str:
    return text.format(value) if value else ""


_NOTED = {
    "flow.tagged": "tagged: {tags}",
    "flow.scored": "survey {survey}: {question} {score}",
    "flow.triaged": "complexity {complexity}, severity {severity}, effort {effort}: {treatment}",
    "flow.requested": "asked outside: {what}",
    "flow.request_done": "answer from outside: {outcome}",
    "flow.recorded": "statement {item} of {duration_s} s",
    "flow.effort": "caller's effort {effort}: keys {keys}, prompts {prompts}, repeated questions {repeats}",
}


def _noted(fact: flow.FlowNoted) -> str:
    """What a node tells that has no type of its own, in words where they are known."""
    if fact.about == "flow.recorded" and not fact.details.get("item"):
        return "no statement was recorded"
    try:
        return _NOTED[fact.about].format_map(fact.details)
    except KeyError:
        about = fact.about.replace("_", " ") or "the flow notes something"
        return _with(about, _if(_details(fact.details), ": {}"))


def _started(fact: contact.ContactStarted) -> str:
    who = _if(fact.caller, " {}") or " from a withheld number"
    match fact.origin:
        case contact.ContactOrigin.INCOMING:
            from_ = f" from{who}" if fact.caller else who
            return _with("call", from_, _if(fact.number, " to {}"), _if(fact.trunk, " over trunk {}"))
        case contact.ContactOrigin.PLACED:
            return _with(f"call to{who}", _if(fact.trunk, " over trunk {}"))
        case contact.ContactOrigin.INTERNAL:
            return f"call to{who}"
        case contact.ContactOrigin.CALLBACK:
            return f"a callback to{who} is due"


def _ended(line: Timeline, fact: contact.LegEnded) -> str:
    who = line.name(fact.participant)
    match fact.by:
        case EndedBy.PARTICIPANT:
            how = f"{who} hung up" if fact.duration_s else f"{who} did not take the call"
        case EndedBy.SERVER:
            how = f"the call with {who} is ended"
        case EndedBy.NETWORK:
            how = f"{who}'s phone is gone"
    lasted = f" after {fact.duration_s:.1f} s" if fact.duration_s else ""
    return _with(how, lasted, _if(fact.status, " (SIP {})"), _if(fact.reason, ": {}"))


def _talk(line: Timeline, fact: contact.ConversationStarted) -> str:
    waited = f" after waiting {fact.waited_s:.1f} s" if fact.waited_s else ""
    return f"talking with {line.name(fact.participant)}{waited} (sound after {fact.bridge_ms:.0f} ms)"


_TRANSFER = {
    TransferResult.ANSWERED: "the transfer to {} is over",
    TransferResult.BUSY: "{} is busy",
    TransferResult.NO_ANSWER: "{} does not answer",
    TransferResult.FAILED: "the transfer to {} failed",
    TransferResult.CALLER_LEFT: "the caller hung up before {} answered",
}

_EXIT = {
    QueueExit.ANSWERED: "an agent took the call",
    QueueExit.ABANDONED: "the caller hung up",
    QueueExit.SHORT_ABANDONED: "the caller hung up at once",
    QueueExit.OVERFLOWED: "waited as long as the queue allows",
    QueueExit.NOBODY: "nobody is there to serve them",
    QueueExit.TRANSFERRED: "sent elsewhere",
    QueueExit.FAILED: "something went wrong",
}


def _media(line: Timeline, fact: contact.MediaReported) -> str:
    lost_out = "" if fact.lost_by_peer is None else f", {fact.lost_by_peer} lost"
    quality = "" if fact.mos is None else f"; quality {fact.mos:g} of 4.4 (MOS)"
    return (
        f"{line.whose(fact.participant)} sound: {fact.packets_received} packets in, {fact.lost} lost, "
        f"{fact.late} late, {fact.concealed_ms:g} ms concealed, jitter {fact.jitter_ms:g} ms; "
        f"{fact.packets_sent} out{lost_out}{quality}"
    )


def _joined_queue(fact: queue.QueueJoined) -> str:
    needs = " and ".join(
        skill if level <= LOWEST_LEVEL else f"{skill} of level {level}"
        for skill, level in fact.skills.items()
    )
    return _with(f"waiting in queue {fact.queue}", _if(needs, ", needs skill {}"))


def _details(fields: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in fields.items() if value)


SENTENCES: dict[type[Fact], Sentence] = {
    contact.ContactStarted: lambda _, f: _started(f),
    contact.ParticipantJoined: lambda line, f: f"{line.name(f.participant)} takes part",
    contact.LegStarted: lambda line, f: f"call with {line.name(f.participant)}",
    contact.LegRinging: lambda line, f: f"{line.whose(f.participant)} phone rings",
    contact.LegAnswered: lambda line, f: (
        f"call with {line.name(f.participant)} answered after {f.setup_ms:.0f} ms"
    ),
    contact.LegEnded: _ended,
    contact.ConversationStarted: _talk,
    contact.ConversationEnded: lambda line, f: (
        f"talk with {line.name(f.participant)} over" + (": the phone is gone" if f.lost else "")
    ),
    contact.HoldStarted: lambda line, f: f"{line.name(f.participant)} holds",
    contact.HoldEnded: lambda line, f: f"{line.name(f.participant)} resumes",
    contact.TransferStarted: lambda line, f: (
        f"transfer to {line.name(f.participant)}, asked for by {'the flow' if f.by == 'flow' else f.by}"
    ),
    contact.FlowChanged: lambda _, f: _with(f"sent to the flow of {f.number}", _if(f.by, " by {}")),
    contact.TransferRefused: lambda line, f: f"{line.name(f.participant)} may not transfer: {f.rule}",
    contact.TransferFinished: lambda line, f: _TRANSFER[f.result].format(line.name(f.participant)),
    contact.PromptStarted: lambda _, f: f"next prompt {f.after_key_ms:.1f} ms after the key",
    contact.PromptFailed: lambda _, f: _with("a prompt could not be played", _if(f.reason, ": {}")),
    contact.SecretEntry: lambda _, f: "secret entry begins" if f.on else "secret entry is over",
    contact.MediaReported: _media,
    contact.SoundLost: lambda line, f: f"no sound from {line.name(f.participant)} for {f.for_s:g} s",
    contact.SoundRegained: lambda line, f: f"sound from {line.name(f.participant)} again",
    callback.CallbackPromised: lambda _, f: _with("a callback is promised", _if(f.number, " to {}")),
    callback.CallbackAttempted: lambda _, f: f"the customer is called, attempt {f.attempt}",
    callback.CallbackAnswered: lambda _, f: "the customer takes the callback",
    callback.CallbackMissed: lambda _, f: _with(
        "the customer is not reached" if f.placed else "no line is free to call the customer",
        _if(f.status, " (SIP {})"),
        _if(f.again_at, ", again at {:%Y-%m-%d %H:%M} UTC"),
    ),
    callback.CallbackGivenUp: lambda _, f: _with("the callback is given up", _if(f.reason, ": {}")),
    contact.ContactFailed: lambda _, f: _with("something of ours failed", _if(f.reason, ": {}")),
    contact.PersonalErased: lambda _, f: _with("numbers and names are erased", _if(f.by, " by {}")),
    contact.ContactClosed: lambda _, f: _with(f"contact closed: {f.outcome.value}", _if(f.reason, " ({})")),
    queue.QueueJoined: lambda _, f: _joined_queue(f),
    queue.QueuePositionTold: lambda _, f: _with(f"told: position {f.position}", _if(f.of, " of {}")),
    queue.QueuePlaceRegained: lambda _, f: f"back in queue {f.queue}, at the old place",
    queue.QueueExited: lambda _, f: f"left queue {f.queue} after {f.waited_s:.1f} s: {_EXIT[f.exit]}",
    queue.OfferMade: lambda _, f: _with(f"offered to {f.agent}", _if(f.rule, " ({})")),
    queue.OfferRefused: lambda _, f: _with(f"{f.agent} did not take it", _if(f.reason, ": {}")),
    queue.WrapUpStarted: lambda _, f: f"{f.agent} wraps up",
    queue.WrapUpFinished: lambda _, f: _with(f"{f.agent}: wrap-up finished", _if(f.code, " ({})")),
    flow.FlowStarted: lambda _, f: f"flow {f.flow} begins",
    flow.NodeEntered: lambda _, f: _with(f"flow {f.flow}: {f.node}", _if(f.node_kind, " ({})")),
    flow.PromptInterrupted: lambda _, f: _with("the prompt is cut short", _if(f.by, " by {}")),
    flow.DigitAccepted: lambda _, f: f"caller pressed {f.digit}" if f.digit else "caller pressed a key",
    flow.OptionChosen: lambda _, f: _with(f"caller chose {f.option}", _if(f.by, " by {}")),
    flow.VariableSet: lambda _, f: f"{f.variable} is {f.value or 'empty'}",
    flow.NoInput: lambda _, f: f"caller said nothing ({f.count})",
    flow.NoMatch: lambda _, f: f"caller's choice is none of those offered ({f.count})",
    flow.FellBack: lambda _, f: _with("fallback", _if(f.to, " to {}"), _if(f.reason, ": {}")),
    flow.Branched: lambda _, f: f"branch: {f.case or 'otherwise'}",
    flow.ConsentAnswered: lambda _, f: f"consent to be recorded ({f.rule}): {f.answer}",
    flow.LimitReached: lambda _, f: f"the flow has reached its limit of {f.limit}",
    flow.FlowFailed: lambda _, f: _with("the flow failed", _if(f.reason, ": {}")),
    flow.FlowNoted: lambda _, f: _noted(f),
    flow.FlowEnded: lambda _, f: _with("the flow ends the call", _if(f.cause, ": {}")),
    recording.RecordingStarted: lambda _, f: f"recording {f.recording} started",
    recording.RecordingFinished: lambda _, f: (
        f"recording {f.recording} saved: {f.duration_s:.1f} s, {f.state}"
    ),
    recording.RecordingBroken: lambda _, f: _with("recording failed", _if(f.reason, ": {}")),
    recording.StatementStarted: lambda _, f: f"{f.what}: caller speaks, recording {f.recording} started",
    recording.StatementKept: lambda _, f: (
        f"{f.what} saved as recording {f.recording}: {f.duration_s:.1f} s, {f.state}"
    ),
    recording.StatementLost: lambda _, f: _with(f"{f.what} could not be saved", _if(f.reason, ": {}")),
    recording.RecordingPaused: lambda _, f: _with("recording paused", _if(f.by, " by {}")),
    recording.RecordingResumed: lambda _, f: (
        f"recording resumed by itself after {f.masked_s:.0f} s: nobody did"
        if f.overdue
        else _with("recording resumed", _if(f.by, " by {}"), f" after {f.masked_s:.0f} s")
    ),
    recording.RecordingWithheld: lambda _, f: _with("not recorded", _if(f.reason, ": {}")),
    recording.ConsentWithdrawn: lambda _, f: _with(
        "consent to the recording withdrawn", _if(f.by, " by {}"), "; it is destroyed" if f.destroyed else ""
    ),
    recording.RecordingDestroyed: lambda _, f: f"recording {f.recording} destroyed: {f.reason}",
    recording.RecordingGap: lambda _, f: f"recording {f.recording} misses {f.frames} frames",
    recording.TranscriptReady: lambda _, f: f"transcript ready: {f.words} words",
    recording.TranscriptFailed: lambda _, f: _with("no transcript", _if(f.reason, ": {}")),
    speech.TranscriptPartial: lambda line, f: f"{line.name(f.participant)} is saying: {f.text}",
    speech.TranscriptFinal: lambda line, f: f"{line.name(f.participant)}: {f.text}",
    speech.TranscriptDeferred: lambda line, f: (
        f"what {line.name(f.participant)} says is transcribed later: {f.reason}"
    ),
    speech.TalkMeasured: lambda _, f: (
        f"of {f.joined_s:.0f} s together caller spoke {f.customer_s:.0f}, agent {f.agent_s:.0f}, "
        f"both {f.cross_talk_s:.1f}, nobody {f.silence_s:.0f}; "
        f"caller interrupted {f.customer_interruptions} times, agent {f.agent_interruptions}"
    ),
    speech.WordsSpotted: lambda line, f: _with(
        f"{f.rule}: {line.name(f.participant)} said", _if(f.phrase, " {}")
    ),
    agent.PhoneRegistered: lambda _, f: f"{f.agent}'s phone registered",
    agent.PhoneUnregistered: lambda _, f: f"{f.agent}'s phone is no longer registered",
    agent.AgentBecame: lambda _, f: f"{f.agent} is {f.new} ({f.cause})",
    system.ServerStarted: lambda _, f: f"Trunkline {f.program} started",
    system.ServerStopped: lambda _, _f: "the server stopped",
    system.SettingsApplied: lambda _, f: _with(
        f"settings changed: {', '.join(f.tables)}", _if(f.by, " by {}")
    ),
    system.NoticeSet: lambda _, f: _with(f"notice {f.name} is on until {f.until}", _if(f.by, ", by {}")),
    system.NoticeCleared: lambda _, f: _with(f"notice {f.name} is off", _if(f.by, ", by {}")),
    system.ProfileErased: lambda _, f: _with(
        f"{f.values} values of a caller's profile erased", _if(f.by, " by {}")
    ),
    system.NumberListed: lambda _, f: _with(
        f"entry {f.entry} is on the list {f.list}", _if(f.expires, " until {}"), _if(f.by, ", by {}")
    ),
    system.NumberUnlisted: lambda _, f: _with(
        f"entry {f.entry} is off the list {f.list}", _if(f.by, ", by {}")
    ),
    system.AccessUsed: lambda _, f: _with(f"{f.principal} ({f.role}): {f.action}", _if(f.subject, " {}")),
    system.OutboxRead: lambda _, f: f"{f.reader} has everything up to {f.sequence}",
    system.AccessRefused: lambda _, f: f"{f.action} refused to {f.source or 'somebody'}: {f.why}",
    system.DispatchTold: lambda _, f: f"dispatch was told something ({f.effects} consequences)",
    system.DispatchSnapshot: lambda _, _f: "the state of dispatch is saved",
    system.FactUnrecognised: lambda _, f: _with(
        f"{f.about.replace('.', ' ').replace('_', ' ')} (told by another version)",
        _if(_details(f.details), ": {}"),
    ),
}
"""Every type of fact has one; a test holds that."""
