"""Commands as clients of the running server."""

import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acd.effects import RingAgent
from acd.events import (
    AgentCallEnded,
    AgentRegistered,
    ContactEnqueued,
    ConversationHeld,
    OfferAnswered,
    TimePassed,
)
from config.reader import DEFAULT_FILE, read_settings
from contacts.facts.agent import AgentBecame
from contacts.facts.contact import ContactStarted
from contacts.facts.system import AccessRefused, AccessUsed
from contacts.ids import AgentId, ContactId, DeviceId, QueueId
from server.access.local_socket import listen_locally, socket_file
from server.access.roles import Role
from server.cli import COMMANDS, app
from server.client.client import ApiClient, ApiRefusedError, NoServerError
from server.client.data_folder import data_folder
from server.errors import StartError
from server.http.ports import ReloadOutcome
from tests.patience import PATIENCE_S, until
from tests.server.api import CALLER, HEALTHY, Api, aside, serving

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


async def said(api: Api, *arguments: str) -> str:
    """What a command prints that talks with this server."""
    result = await aside(lambda: run(api.folder, *arguments))
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def run(folder: Path, *arguments: str) -> Any:
    environment = {"TRUNKLINE_SERVER__DATA_DIRECTORY": str(folder)}
    return CliRunner().invoke(app, list(arguments), env=environment)


async def test_contacts_are_listed_with_what_a_person_looks_for(api: Api) -> None:
    text = await said(api, "contacts", "list")
    assert "contact0" in text and CALLER in text and "in progress" in text


async def test_a_list_goes_on_where_the_page_before_ended(api: Api) -> None:
    api.archive.count = 1200
    first = json.loads(await said(api, "contacts", "list", "--limit", "700", "--json"))
    assert len(first["contacts"]) == 700
    rest = json.loads(
        await said(api, "contacts", "list", "--limit", "700", "--after", first["next"], "--json")
    )
    assert [line["contact"] for line in rest["contacts"]] == [f"contact{n}" for n in range(700, 1200)]
    assert rest["next"] is None


async def test_a_list_is_narrowed_by_time_number_queue_agent_and_outcome(api: Api) -> None:
    narrowed = ["--caller", "3456", "--queue", "support", "--agent", "alice", "--outcome", "served"]
    await said(api, "contacts", "list", "--since", "2h", *narrowed)
    wanted = api.archive.wanted
    assert (wanted.caller, wanted.queue, wanted.agent, wanted.outcome) == (
        "3456",
        "support",
        "alice",
        "served",
    )
    assert wanted.since is not None
    result = await aside(lambda: run(api.folder, "contacts", "list", "--since", "soon"))
    assert (result.exit_code, "is no time" in result.stderr) == (2, True)
    result = await aside(lambda: run(api.folder, "contacts", "list", "--outcome", "great"))
    assert result.exit_code == 2


async def test_a_contact_is_shown_event_by_event(api: Api) -> None:
    assert "+0.00 s  call" in await said(api, "contacts", "show", "contact1")


async def test_what_is_not_there_is_said_with_where_to_look(api: Api) -> None:
    result = await aside(lambda: run(api.folder, "contacts", "show", "nobody"))
    assert result.exit_code == 2
    assert "no contact nobody; `trunkline contacts list`" in result.stderr


async def test_u9_agents_are_a_table_of_who_does_what(api: Api) -> None:
    api.dispatch.tell(AgentRegistered(AgentId("alice"), DeviceId("phone")))
    api.dispatch.tell(ContactEnqueued(ContactId("contact7"), QueueId("support")))
    api.line.callers["contact7"] = CALLER
    api.clock.now += 65
    text = await said(api, "agents")
    alice, bob = (line for line in text.splitlines() if line.startswith((" alice", " bob")))
    assert "ringing" in alice and "1:05" in alice and CALLER in alice and "contact7" in alice
    assert "offline" in bob


async def test_u9_held_customers_are_shown(api: Api) -> None:
    api.dispatch.tell(AgentRegistered(AgentId("alice"), DeviceId("phone")))
    effects = api.dispatch.tell(ContactEnqueued(ContactId("contact7"), QueueId("support")))
    [offer] = [effect.offer for effect in effects if isinstance(effect, RingAgent)]
    api.dispatch.tell(OfferAnswered(offer))
    api.dispatch.tell(ConversationHeld(offer, held=True))
    assert "(on hold)" in await said(api, "agents")


async def test_u7_an_agent_takes_a_break_and_comes_back(api: Api) -> None:
    api.dispatch.tell(AgentRegistered(AgentId("alice"), DeviceId("phone")))
    assert "alice: break (lunch)" in await said(api, "agents", "break", "alice", "--reason", "lunch")
    assert "alice: available" in await said(api, "agents", "back", "alice")
    assert "alice: available" in await said(api, "agents", "back", "alice")


async def test_a_wrap_up_is_extended_and_ended(api: Api) -> None:
    api.dispatch.tell(AgentRegistered(AgentId("alice"), DeviceId("phone")))
    effects = api.dispatch.tell(ContactEnqueued(ContactId("contact7"), QueueId("support")))
    [offer] = [effect.offer for effect in effects if isinstance(effect, RingAgent)]
    api.dispatch.tell(OfferAnswered(offer))
    api.dispatch.tell(AgentCallEnded(offer))
    assert "alice: wrap-up" in await said(api, "agents", "extend", "alice", "--by", "120")
    api.clock.now += 60
    api.dispatch.tell(TimePassed())
    assert "alice: wrap-up" in await said(api, "agents", "show", "alice")
    assert "alice: available" in await said(api, "agents", "ready", "alice")


async def test_u9_queues_show_who_waits_and_how_long(api: Api) -> None:
    api.dispatch.tell(ContactEnqueued(ContactId("contact7"), QueueId("support")))
    api.line.callers["contact7"] = CALLER
    api.clock.now += 42
    text = await said(api, "queues")
    assert "support" in text and "42 s" in text
    detail = await said(api, "queues", "show", "support")
    assert "nobody" in detail and CALLER in detail and "42 s" in detail


async def test_u8_customers_who_wait_for_nobody_are_pointed_out(api: Api) -> None:
    api.dispatch.tell(ContactEnqueued(ContactId("contact7"), QueueId("support")))
    assert "customers wait and nobody is signed in" in await said(api, "queues")
    api.dispatch.tell(AgentRegistered(AgentId("bob"), DeviceId("phone")))
    api.clock.now += 1
    assert "nobody is signed in" in await said(api, "queues"), "bob cannot take support calls"


async def test_trunks_show_their_calls_and_their_limit(api: Api) -> None:
    text = await said(api, "trunks")
    assert "carrier" in text and "30" in text and "192.0.2.0/24" in text


async def test_status_ends_with_1_when_something_is_wrong(api: Api) -> None:
    assert "well" in await said(api, "status")
    api.health = type(HEALTHY)(False, ("journal: disk full",), "1", 5.0, (), 0, False, ())
    result = await aside(lambda: run(api.folder, "status"))
    assert result.exit_code == 1
    assert "journal: disk full" in result.stdout


async def test_calls_are_turned_away_and_taken_again(api: Api) -> None:
    assert "takes no new calls" in await said(api, "drain")
    assert api.line.draining
    assert "takes calls" in await said(api, "drain", "--back")
    assert not api.line.draining


async def test_reload_tells_what_changed_or_every_mistake(api: Api) -> None:
    assert "agents" in await said(api, "reload")
    api.reloads.outcome = ReloadOutcome(problems=("a.toml:3: sip.port: no number", "b.yaml:1: no flow"))
    result = await aside(lambda: run(api.folder, "reload"))
    assert result.exit_code == 2
    assert "a.toml:3" in result.stderr and "b.yaml:1" in result.stderr


async def test_a_token_is_made_shown_once_listed_and_revoked(api: Api) -> None:
    token = (await said(api, "access", "tokens", "create", "grafana", "--role", "operator")).strip()
    assert await aside(lambda: api.remote(token).get("/agents"))
    text = await said(api, "access", "tokens", "list")
    assert "grafana" in text and token not in text
    identifier = api.tokens.all()[0].id
    assert "revoked" in await said(api, "access", "tokens", "revoke", identifier)
    with pytest.raises(ApiRefusedError):
        await aside(lambda: api.remote(token).get("/agents"))


async def test_the_journal_is_followed_on_the_command_line(api: Api) -> None:
    for number in range(2):
        api.facts.append(ContactStarted(contact=ContactId(f"contact{number}"), caller=CALLER))
    api.facts.append(AgentBecame(agent=AgentId("bob"), old="offline", new="available", cause="registered"))
    told = asyncio.create_task(
        aside(
            lambda: run(
                api.folder, "events", "--after", "0", "--kind", "contact.", "--kind", "agent.", "--json"
            )
        )
    )
    async with asyncio.timeout(PATIENCE_S):
        await until(lambda: api.feed.waiting)  # all of it is told
        api.feed.close()
        lines = [json.loads(line) for line in (await told).stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["contact.started", "contact.started", "agent.state"]


async def test_u11_who_saw_a_contact_is_listed_with_who_was_refused(api: Api) -> None:
    api.facts.append(
        AccessUsed(principal="eve", role="officer", action="GET /contacts/{contact}", subject="contact1")
    )
    api.facts.append(AccessRefused(source="192.0.2.1", action="GET /contacts", why="wrong token, 3 times"))
    api.archive.told = list(api.facts.entries)
    text = await said(api, "access", "log")
    assert "eve" in text and "contact1" in text
    assert "refused: wrong token, 3 times" in text
    assert "192.0.2.1" not in await said(api, "access", "log", "--subject", "contact1")


async def test_another_server_is_reached_by_address_and_token(api: Api, tmp_path: Path) -> None:
    token = api.token(Role.SUPERVISOR)
    elsewhere = tmp_path / "elsewhere"
    result = await aside(lambda: run(elsewhere, "agents", "--server", api.url, "--token", token))
    assert "alice" in result.stdout


def test_without_a_server_a_command_says_how_to_start_one(tmp_path: Path) -> None:
    result = run(tmp_path, "agents")
    assert result.exit_code == 2
    assert "trunkline serve" in result.stderr


def test_a_socket_that_a_dead_server_left_is_no_server(tmp_path: Path) -> None:
    listen_locally(tmp_path).close()
    assert socket_file(tmp_path).exists()
    with pytest.raises(NoServerError):
        ApiClient(tmp_path).get("/")
    listen_locally(tmp_path).close()


def test_a_long_path_to_the_data_folder_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 90) / ("b" * 90)
    folder.mkdir(parents=True)
    with listen_locally(folder) as listening, pytest.raises(ApiRefusedError, match="timed out"):
        ApiClient(folder, timeout_s=0.05).get("/")
        listening.accept()


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://x", "http://", "http://[::1", "http://x:99999"])
def test_what_is_no_address_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(StartError, match=r"http://127\.0\.0\.1:8080"):
        ApiClient(url)


def test_an_answer_that_is_no_http_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    import threading

    with listen_locally(tmp_path) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"I am no server\r\n")
                connection.shutdown(socket.SHUT_RDWR)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ApiRefusedError):
            ApiClient(tmp_path).get("/")
        thread.join()


@pytest.mark.parametrize(
    "text", ["", '[server]\ndata_directory = "data"\n', '[server]\ndata_directory = "/srv/x"\n']
)
def test_the_data_folder_is_the_one_that_the_settings_reader_finds(tmp_path: Path, text: str) -> None:
    file = tmp_path / "trunkline.toml"
    file.write_text(text)
    assert data_folder(file) == read_settings(file, {}).server.data_directory


def test_the_built_in_data_folder_is_that_of_the_built_in_settings() -> None:
    assert data_folder(None) == read_settings(DEFAULT_FILE, {}).server.data_directory


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_or_a_list(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert "Example:" in result.stdout or "Commands:" in result.stdout


def test_u10_a_command_imports_nothing_heavy() -> None:
    """What takes the time of a start is imports: seconds for the audio engine, a third for settings."""
    program = (
        "import sys; from typer.testing import CliRunner; from server.cli import app\n"
        "for name in ('contacts', 'agents', 'queues', 'status', 'access'):\n"
        "    CliRunner().invoke(app, [name, '--help'])\n"
        "heavy = ('numpy', 'numba', 'config.settings', 'sqlalchemy', 'fastapi')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


async def test_u10_a_command_answers_within_half_a_second(api: Api) -> None:
    environment = {**os.environ, "TRUNKLINE_SERVER__DATA_DIRECTORY": str(api.folder)}

    def cpu_s() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "server.cli", "agents"],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # CPU seconds, and the best of three: what else this machine does is not the command's.
    assert min([await aside(cpu_s) for _ in range(3)]) < 0.5


async def test_what_is_personal_of_a_contact_is_erased_and_its_story_says_by_whom(api: Api) -> None:
    assert "erased in 3 events" in await said(api, "contacts", "erase", "contact2", "--yes")
    assert api.erasures.erased == ["contact2"]
    [by] = api.erasures.by
    assert by


async def test_nothing_is_erased_without_a_yes_and_of_a_contact_in_progress(api: Api) -> None:
    unasked = await aside(lambda: run(api.folder, "contacts", "erase", "contact2"))
    assert unasked.exit_code == 1
    in_progress = await aside(lambda: run(api.folder, "contacts", "erase", "contact1", "--yes"))
    assert in_progress.exit_code != 0
    assert "in progress" in in_progress.output
    unknown = await aside(lambda: run(api.folder, "contacts", "erase", "nobody", "--yes"))
    assert unknown.exit_code != 0
    assert api.erasures.erased == []


@pytest.mark.parametrize("role", Role)
async def test_only_officers_and_administrators_erase(api: Api, role: Role) -> None:
    client = api.remote(api.token(role, agent="alice" if role is Role.AGENT else ""))
    if role in (Role.OFFICER, Role.ADMINISTRATOR):
        await aside(lambda: client.post("/contacts/contact2/erase"))
        assert api.erasures.erased == ["contact2"]
    else:
        with pytest.raises(ApiRefusedError):
            await aside(lambda: client.post("/contacts/contact2/erase"))
        assert api.erasures.erased == []
