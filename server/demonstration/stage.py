"""The demonstration as its audience sees it: every step told, then figures and checks."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from contacts.facts.contact import ConversationStarted
from contacts.folds.timeline import Timeline
from media.speech.errors import SynthesisError
from recordings.files import RecordingFiles
from recordings.transcripts import Transcripts, render_transcript
from recordings.wav import play_path, read_wav
from server.access.passwords import passwords
from server.commands.console import out
from server.demonstration.callback_performance import CallbackPerformance
from server.demonstration.cast import NUMBER, Cast, StepFailedError
from server.demonstration.feed import Feed
from server.demonstration.performance import Heard, Performance
from server.demonstration.script import Turn, rehearse
from server.demonstration.verdict import Exhibits, Proof, judge, key_to_prompt_ms

if TYPE_CHECKING:
    from server.assembly import Trunkline


async def show(server: Trunkline, stop: asyncio.Event, *, callback: bool = False) -> bool:
    """Ctrl-C ends the demonstration; that is a failure of it."""
    showing = asyncio.create_task(_perform(server, callback))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({showing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in (showing, stopping):
        task.cancel()
    await asyncio.gather(showing, stopping, return_exceptions=True)
    return not showing.cancelled() and showing.result()


async def _perform(server: Trunkline, callback: bool) -> bool:
    timeline = Timeline()
    feed = Feed(lambda entry: out.print(timeline.line(entry), markup=False))
    secrets = passwords(server.settings.agents, server.settings.server.data_directory)
    with tempfile.TemporaryDirectory(prefix="trunkline-demo-") as folder:
        unsubscribe = server.journal.subscribe(feed.told)
        try:
            turns = await rehearse(server.prompts.synthesiser, Path(folder))
            cast = Cast(server, secrets, turns, feed, Path(folder), _announce)
            heard = await (CallbackPerformance(cast) if callback else Performance(cast)).run()
        except (StepFailedError, SynthesisError) as failure:
            out.print(str(failure), style="bold red", markup=False)
            return False
        finally:
            unsubscribe()
        return await _report(server, turns, heard, feed)


async def _report(server: Trunkline, turns: tuple[Turn, ...], heard: Heard, feed: Feed) -> bool:
    # Of a callback there are two: the call in which it was asked for, and the one that was promised.
    entry = max(server.catalogue.list(contact_id=feed.contact), key=lambda each: each.started_at)
    kept = server.settings.recordings
    wav = play_path(RecordingFiles.open(kept.directory, kept.key_directory), entry)
    transcript = Transcripts(server.catalogue).of(entry.recording_id)
    flow = server.intake.repertoire.flow_for(NUMBER)
    voice = None if flow is None else flow.voice
    exhibits = Exhibits(
        turns,
        heard,
        entry,
        read_wav(wav).samples,
        transcript,
        await server.prompts.position(1, voice),
        server.prompts.hold_music(),
    )
    out.print(f"\nrecording   {wav.resolve()}", markup=False)
    out.print("transcript", end="\n")
    out.print(render_transcript(transcript), markup=False, end="")
    _print_figures(exhibits, feed)
    proofs = judge(exhibits)
    out.print("\nchecks")
    for proof in proofs:
        _print_proof(proof)
    failed = [proof.claim for proof in proofs if not proof.holds]
    if failed:
        out.print(f"step failed: {failed[0]}", style="bold red", markup=False)
    return not failed


def _print_figures(exhibits: Exhibits, feed: Feed) -> None:
    talk = feed.seen(ConversationStarted)[0]
    out.print(f"\nmeasured    (caller and agents on {exhibits.heard.stack})", markup=False)
    out.print(f"  INVITE to 200            {exhibits.heard.invite_to_ok_ms:8.1f} ms  at the caller's phone")
    after_key_ms = key_to_prompt_ms(exhibits)
    if after_key_ms is not None:
        out.print(f"  key press to next prompt {after_key_ms:8.1f} ms  at the caller's ear")
    out.print(f"  wait in the queue        {talk.waited_s:8.1f} s")
    out.print(f"  bridge delay             {talk.bridge_ms:8.1f} ms  from the agent's answer")


def _print_proof(proof: Proof) -> None:
    style = "green" if proof.holds else "bold red"
    out.print("  passed" if proof.holds else "  FAILED", style=style, end="  ")
    out.print(f"{proof.claim}: {proof.measured}", markup=False)


def _announce(step: str) -> None:
    out.print(f"-- {step}", style="bold", markup=False)


def explain(server: Trunkline, program: str) -> None:
    """How to call it yourself; `program` is how whoever sits at this terminal starts trunkline."""
    host, port = server.sip
    secrets = passwords(server.settings.agents, server.settings.server.data_directory)
    out.print("\nCall it yourself", style="bold")
    out.print(f"  dial            sip:{NUMBER}@{host}:{port}", markup=False)
    out.print(f"  without a phone {program} call sip:{NUMBER}@{host}:{port} --press 1", markup=False)
    for name, secret in secrets.items():
        out.print(
            f"  agent account   {name}, password {secret.get_secret_value()}, registrar {host}:{port}",
            markup=False,
        )
    for flow in server.intake.repertoire.flows():
        out.print(f"  flow to edit    {flow.path}", markup=False)
    out.print(f"  status          {server.web}/healthz and {server.web}/metrics", markup=False)
    out.print("Serving until Ctrl-C.")
