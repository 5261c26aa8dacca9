"""`trunkline recordings` as a compliance officer meets it: through the API of the running server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contacts.facts.system import AccessUsed
from recordings.life import RecordingLife
from recordings.retention import Retention
from recordings.saved_recordings import SavedRecordings
from recordings.search import TranscriptSearch
from recordings.transcripts import Speaker, SpokenWord, Transcripts, Utterance
from recordings.wav import read_wav
from server.access.roles import Role
from server.cli import app
from server.client.client import ApiRefusedError
from tests.recordings.evidence.conftest import Vault, vault
from tests.server.api import Api, aside, serving

__all__ = ["vault"]

SAID = Utterance(
    Speaker.CALLER,
    1.0,
    2.5,
    "I want a refund",
    "vosk",
    0.9,
    (SpokenWord("I", 1.0, 1.2, 0.9), SpokenWord("want", 1.3, 1.5, 0.9), SpokenWord("refund", 2.0, 2.4, 0.9)),
)


@dataclass
class Office:
    """A running API over a vault of three recordings, and its command line."""

    api: Api
    vault: Vault

    @property
    def folder(self) -> Path:
        return self.vault.folder.parent

    def id(self, number: int) -> str:
        return self.vault.entries[number].recording_id

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        config = ("--config", str(self.folder / "trunkline.toml"))
        done = await aside(lambda: CliRunner().invoke(app, [*arguments, *config]))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    async def recordings(self, *arguments: str) -> tuple[int, str, str]:
        return await self.run("recordings", *arguments)

    async def told(self, *arguments: str) -> Any:
        code, told, complaint = await self.recordings(*arguments, "--json")
        assert code in {0, 3}, complaint
        return json.loads(told)


@pytest.fixture
async def office(vault: Vault) -> AsyncIterator[Office]:
    folder = vault.folder.parent
    (folder / "trunkline.toml").write_text('[server]\ndata_directory = "."\n')
    Transcripts(vault.catalogue).replace(vault.entries[1].recording_id, Speaker.CALLER, [SAID])
    kept = SavedRecordings(
        vault.archive,
        TranscriptSearch(vault.catalogue.engine),
        RecordingLife(vault.catalogue, vault.files, vault.keeper),
        vault.files,
        vault.keeper,
        lambda contact: [{"at": "2026-01-01", "text": f"{contact} rings"}],
        Retention(0),
    )
    async with serving(folder) as api:
        api.recordings = cache(lambda: kept)
        yield Office(api, vault)


def damage(office: Office) -> None:
    file = office.vault.folder / office.vault.entries[1].path
    octets = bytearray(file.read_bytes())
    octets[20_000:24_000] = bytes(4000)
    file.write_bytes(octets)


async def test_recordings_are_listed_newest_first(office: Office) -> None:
    found = await office.told("list")
    assert [line["recording"] for line in found] == [office.id(2), office.id(1), office.id(0)]
    assert {line["state"] for line in found} == {"complete"}
    assert "complete" in (await office.recordings("list", "--limit", "1"))[1]


async def test_u1_verify_names_the_span_and_ends_with_3(office: Office) -> None:
    assert await office.recordings("verify", office.id(0)) == (0, f"{office.id(0)}  intact\n", "")
    damage(office)
    code, told, _ = await office.recordings("verify", "--all")
    assert code == 3
    assert f"{office.id(1)}  damaged from 0:01.0 to 0:01.5: " in told
    assert "3 verified, 1 not intact" in told
    (verdict,) = await office.told("verify", office.id(1))
    assert (verdict["intact"], verdict["faults"][0]["start_s"]) == (False, 1.0)
    assert "damaged" in (await office.recordings("list"))[1]


async def test_u1_a_damaged_recording_still_plays_says_so_and_ends_with_3(office: Office) -> None:
    damage(office)
    code, path, complaint = await office.recordings("play-path", office.id(1))
    assert code == 3
    assert read_wav(Path(path.strip())).duration_s == 3.0
    assert "damaged from 0:01.0 to 0:01.5" in complaint


async def test_u1_a_file_that_is_gone_is_listed_as_missing(office: Office) -> None:
    (office.vault.folder / office.vault.entries[1].path).unlink()
    assert [line["state"] for line in await office.told("list")] == ["complete", "missing", "complete"]
    assert (await office.recordings("verify", office.id(1)))[0] == 3


async def test_u10_what_was_said_is_found_and_heard_from_that_second(office: Office, tmp_path: Path) -> None:
    (hit,) = await office.told("search", "refund", "--since", "2025-01-01", "--speaker", "caller")
    assert (hit["recording"], hit["at_s"]) == (office.id(1), 2.0)
    code, told, _ = await office.recordings("search", "refund")
    assert code == 0
    assert "0:02" in told
    out = tmp_path / "rest.wav"
    assert (await office.recordings("play", office.id(1), "--from", "0:02", "--to", str(out)))[0] == 0
    assert read_wav(out).duration_s == 1.0
    assert await office.told("search", "refund", "--caller", "99") == []


async def test_the_transcript_is_shown_by_speaker(office: Office) -> None:
    _, told, _ = await office.recordings("show", office.id(1))
    assert "0:01  caller  I want a refund" in told


async def test_u11_an_export_is_verified_without_the_server(office: Office, tmp_path: Path) -> None:
    case = tmp_path / "case.zip"
    code, _, complaint = await office.recordings(
        "export", office.id(1), "--to", str(case), "--reason", "case 17"
    )
    assert code == 0, complaint
    public = office.folder / "keys" / "signing.pub"
    checked = CliRunner().invoke(app, ["vault", "verify-case", str(case), "--public-key", str(public)])
    assert (checked.exit_code, checked.stdout) == (0, f"recording {office.id(1)}: 0 faults\n")
    octets = bytearray(case.read_bytes())
    octets[len(octets) // 2] ^= 1
    case.write_bytes(octets)
    assert CliRunner().invoke(app, ["vault", "verify-case", str(case)]).exit_code in {2, 3}


async def test_u11_hold_release_and_delete_with_a_reason(office: Office) -> None:
    name = office.id(0)
    assert (await office.recordings("hold", name, "--reason", "case 17"))[0] == 0
    assert "case 17" in (await office.recordings("show", name))[1]
    code, _, complaint = await office.recordings("delete", name, "--reason", "asked to")
    assert (code, "case 17" in complaint) == (2, True)
    assert (await office.recordings("release", name, "--reason", "closed"))[0] == 0
    assert (await office.recordings("delete", name, "--reason", "asked to"))[0] == 0
    assert len(await office.told("list")) == 2
    (erased,) = await office.told("erasures")
    assert (erased["recording_id"], erased["reason"]) == (name, "asked to")


async def test_u11_a_dry_run_erases_nothing(office: Office) -> None:
    assert len(await office.told("due", "--days", "30")) == 3
    assert len(await office.told("list")) == 3


async def test_u11_every_access_is_in_the_journal_with_its_reason(office: Office) -> None:
    await office.recordings("show", office.id(1), "--reason", "the caller complained")
    used = [fact for fact in office.api.facts.facts if isinstance(fact, AccessUsed)]
    assert (used[-1].subject, used[-1].reason) == (office.id(1), "the caller complained")


async def test_who_may_not_hear_is_turned_away(office: Office) -> None:
    operator = office.api.remote(office.api.token(Role.OPERATOR))
    supervisor = office.api.remote(office.api.token(Role.SUPERVISOR))
    for client, path in ((operator, "/recordings"), (supervisor, f"/recordings/{office.id(0)}/case")):
        with pytest.raises(ApiRefusedError) as refused:
            await aside(lambda client=client, path=path: client.get(path))  # type: ignore[misc]
        assert refused.value.status == 403


async def test_mistakes_say_what_to_do(office: Office) -> None:
    for arguments in (
        ("verify", "nothing"),
        ("verify",),
        ("play", office.id(0), "--from", "soon", "--to", "x.wav"),
        ("search", "?!"),
        ("list", "--since", "someday"),
    ):
        code, _, complaint = await office.recordings(*arguments)
        assert (code, bool(complaint)) == (2, True), arguments
