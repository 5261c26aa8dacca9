"""Every kind of fact, in one visible union: what the journal holds is decoded by it, and by nothing else."""

from __future__ import annotations

from contacts.facts import agent, callback, contact, flow, queue, recording, speech, system

AnyFact = (
    contact.ContactStarted
    | contact.ParticipantJoined
    | contact.LegStarted
    | contact.LegRinging
    | contact.LegAnswered
    | contact.LegEnded
    | contact.ConversationStarted
    | contact.ConversationEnded
    | contact.HoldStarted
    | contact.HoldEnded
    | contact.TransferStarted
    | contact.TransferFinished
    | contact.FlowChanged
    | contact.TransferRefused
    | callback.CallbackPromised
    | callback.CallbackAttempted
    | callback.CallbackAnswered
    | callback.CallbackMissed
    | callback.CallbackGivenUp
    | contact.PromptStarted
    | contact.PromptFailed
    | contact.SecretEntry
    | contact.MediaReported
    | contact.SoundLost
    | contact.SoundRegained
    | contact.ContactFailed
    | contact.PersonalErased
    | contact.ContactClosed
    | queue.QueueJoined
    | queue.QueuePositionTold
    | queue.QueuePlaceRegained
    | queue.QueueExited
    | queue.OfferMade
    | queue.OfferRefused
    | queue.WrapUpStarted
    | queue.WrapUpFinished
    | flow.FlowStarted
    | flow.NodeEntered
    | flow.PromptInterrupted
    | flow.DigitAccepted
    | flow.OptionChosen
    | flow.VariableSet
    | flow.NoInput
    | flow.NoMatch
    | flow.FellBack
    | flow.Branched
    | flow.ConsentAnswered
    | flow.LimitReached
    | flow.FlowFailed
    | flow.FlowNoted
    | flow.FlowEnded
    | recording.RecordingStarted
    | recording.RecordingFinished
    | recording.RecordingBroken
    | recording.StatementStarted
    | recording.StatementKept
    | recording.StatementLost
    | recording.RecordingPaused
    | recording.RecordingResumed
    | recording.RecordingWithheld
    | recording.ConsentWithdrawn
    | recording.RecordingDestroyed
    | recording.RecordingGap
    | recording.TranscriptReady
    | recording.TranscriptFailed
    | speech.TranscriptPartial
    | speech.TranscriptFinal
    | speech.TranscriptDeferred
    | speech.WordsSpotted
    | speech.TalkMeasured
    | agent.PhoneRegistered
    | agent.PhoneUnregistered
    | agent.AgentBecame
    | system.ServerStarted
    | system.ServerStopped
    | system.SettingsApplied
    | system.NoticeSet
    | system.NoticeCleared
    | system.ProfileErased
    | system.NumberListed
    | system.NumberUnlisted
    | system.AccessUsed
    | system.AccessRefused
    | system.OutboxRead
    | system.DispatchTold
    | system.DispatchSnapshot
    | system.FactUnrecognised
)
