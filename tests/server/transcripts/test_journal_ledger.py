"""What the journal says of transcripts that are still to be made."""

from __future__ import annotations

from pathlib import Path

from contacts.facts.recording import RecordingFinished, StatementKept
from contacts.ids import ContactId
from recordings.segment import RecordingId
from server.transcripts.journal_ledger import JournalTranscripts
from tests.server.ground import closed, journalling, opened, started

CONTACT = ContactId("c1")


async def test_of_a_contact_with_several_recordings_those_without_a_transcript_are_still_to_be_made(
    tmp_path: Path,
) -> None:
    with opened(tmp_path / "trunkline.db") as (engine, writer):
        async with journalling(engine, writer) as journal:
            ledger = JournalTranscripts(journal, engine)
            journal.append(started(CONTACT))
            for name in ("first", "second"):
                journal.append(
                    RecordingFinished(contact=CONTACT, recording=name, duration_s=3.0, state="complete")
                )
            journal.append(
                StatementKept(
                    contact=CONTACT, recording="left", what="voicemail", duration_s=3.0, state="complete"
                )
            )
            journal.append(closed(CONTACT))
            await ledger.ready(CONTACT, RecordingId("first"), 4)
            assert await ledger.untranscribed() == ((CONTACT, "second"), (CONTACT, "left"))
            await ledger.failed(CONTACT, RecordingId("second"), "no worker")
            await ledger.ready(CONTACT, RecordingId("left"), 1)
            assert await ledger.untranscribed() == ()
