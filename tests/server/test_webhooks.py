"""Webhooks: signed, in order, at least once, whatever the receiver does."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.reader import ConfigError, read_settings
from config.settings import WebhookSettings
from contacts.facts.contact import ContactStarted
from contacts.facts.system import OutboxRead
from contacts.ids import ContactId
from server.http.event_feed import EventFeed
from server.http.off_loop import OffLoop
from server.journal.reading import newest_outbox_read
from server.webhooks import sender as sender_module
from server.webhooks.message import signature
from server.webhooks.poster import HttpPoster
from server.webhooks.retries import LONGEST_PAUSE_S, MAX_REFUSALS, Retries
from server.webhooks.sender import WebhookClocks, WebhookSender
from tests.patience import PATIENCE_S
from tests.server.api import CALLER, Clock, FactBook
from tests.server.ground import journalling, opened

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def settings(**changes: object) -> WebhookSettings:
    return WebhookSettings.model_validate(
        {"name": "crm", "url": "https://crm.example/hook", "secret": SECRET, **changes}
    )


class Receiver:
    """Answers as it is told, and remembers what it took."""

    def __init__(self, *answers: int | None) -> None:
        self.answers = list(answers)
        self.taken: list[str] = []
        self.asked: list[tuple[dict[str, str], bytes]] = []

    async def post(self, headers: dict[str, str], body: bytes) -> int | None:
        self.asked.append((headers, body))
        answer = self.answers.pop(0) if self.answers else 204
        if answer == 204:
            self.taken.append(json.loads(body)["data"]["contact"])
        return answer


class Hook:
    """A webhook over a journal in memory, with a clock that passes while it waits."""

    def __init__(self, receiver: Receiver, cursor: int = 0, **changes: object) -> None:
        self.book, self.clock, self.receiver = FactBook(), Clock(), receiver
        self.feed = EventFeed(self.book, OffLoop())
        self.waited: list[float] = []
        clocks = WebhookClocks(self.clock.monotonic, lambda: 1_700_000_000 + self.clock.now, self._sleep)
        self.sender = WebhookSender(settings(**changes), self.feed, self.book, receiver, clocks, cursor)

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.clock.now += seconds
        await asyncio.sleep(0)

    def contacts(self, *numbers: int) -> None:
        for number in numbers:
            self.book.append(ContactStarted(contact=ContactId(f"contact{number}"), caller=CALLER))

    async def until(self, done: Callable[[], bool]) -> None:
        running = asyncio.create_task(self.sender.run())
        async with asyncio.timeout(PATIENCE_S):
            while not done():
                await asyncio.sleep(0)
        self.feed.close()
        await running

    def cursors(self) -> list[int]:
        return [fact.sequence for fact in self.book.facts if isinstance(fact, OutboxRead)]


async def test_events_arrive_in_order_signed_and_without_what_is_personal() -> None:
    hook = Hook(Receiver())
    hook.contacts(1, 2, 3)
    await hook.until(lambda: len(hook.receiver.taken) == 3)
    assert hook.receiver.taken == ["contact1", "contact2", "contact3"]
    headers, body = hook.receiver.asked[0]
    assert CALLER.encode() not in body
    expected = signature(b"k" * 32, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    assert headers["webhook-signature"] == expected
    assert headers["webhook-id"] == "one-1"


async def test_numbers_leave_only_where_the_settings_say_so() -> None:
    hook = Hook(Receiver(), personal=True)
    hook.contacts(1)
    await hook.until(lambda: len(hook.receiver.taken) == 1)
    assert CALLER.encode() in hook.receiver.asked[0][1]


async def test_an_outage_loses_nothing_and_changes_no_order() -> None:
    hook = Hook(Receiver(None, 500, 503, 204))
    hook.contacts(1, 2)
    await hook.until(lambda: len(hook.receiver.taken) == 2)
    assert hook.receiver.taken == ["contact1", "contact2"]
    assert hook.waited == [1.0, 2.0, 4.0]
    assert len({headers["webhook-id"] for headers, _ in hook.receiver.asked[:4]}) == 1, "the same event again"
    assert hook.sender.status().problem == ""


async def test_an_event_that_is_refused_for_good_holds_up_no_other() -> None:
    hook = Hook(Receiver(*[422] * MAX_REFUSALS))
    hook.contacts(1, 2)
    await hook.until(lambda: len(hook.receiver.taken) == 1)
    assert hook.receiver.taken == ["contact2"]
    assert hook.sender.status().let_go == 1


async def test_a_webhook_goes_on_where_it_ended_and_tells_where_that_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender_module, "TOLD_EVERY_S", 0.0)
    hook = Hook(Receiver(), cursor=2)
    hook.contacts(1, 2, 3, 4)
    await hook.until(lambda: len(hook.receiver.taken) == 2)
    assert hook.receiver.taken == ["contact3", "contact4"]
    assert max(hook.cursors()) >= 4


async def test_a_quiet_journal_is_not_filled_with_cursors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "TOLD_EVERY_S", 0.0)
    monkeypatch.setattr(sender_module, "IDLE_S", 0.001)
    hook = Hook(Receiver())
    hook.contacts(1, 2)
    rounds = iter(range(200))
    await hook.until(lambda: next(rounds) == 199)
    assert len(hook.cursors()) <= 3


async def test_kinds_choose_what_is_sent() -> None:
    hook = Hook(Receiver(), kinds=("queue.",))
    hook.contacts(1, 2)
    await hook.until(lambda: hook.sender.status().sequence == 2)
    assert hook.receiver.asked == []


async def test_a_cursor_is_found_again_in_the_journal_on_disk(tmp_path: Path) -> None:
    with opened(tmp_path / "trunkline.db") as ground:
        async with journalling(*ground) as journal:
            for sequence in (10, 20):
                journal.append(OutboxRead(reader="crm", sequence=sequence))
            journal.append(OutboxRead(reader="other", sequence=30))
            await journal.durable()
        assert newest_outbox_read(ground[0], "crm", 0) == 20
        assert newest_outbox_read(ground[0], "new", 0) is None


def test_pauses_double_up_to_a_bound_and_an_outage_has_an_end() -> None:
    retries, now, pauses = Retries(give_up_after_s=3600, began=0.0), 0.0, []
    while (pause_s := retries.failed(None, now)) is not None:
        pauses.append(pause_s)
        now += pause_s
    assert pauses[:4] == [1, 2, 4, 8]
    assert max(pauses) == LONGEST_PAUSE_S
    assert now >= 3600


def test_too_many_requests_is_a_delay_and_no_refusal() -> None:
    retries = Retries(give_up_after_s=3600, began=0.0)
    assert all(retries.failed(429, 0.0) is not None for _ in range(3 * MAX_REFUSALS))


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the Standard Webhooks libraries."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "short"},
        {"secret": "whsec_" + base64.b64encode(b"short").decode()},
        {"secret": "whsec_!!!"},
        {"url": "ftp://crm.example"},
        {"url": "https://"},
        {"url": "https://crm.example/a b"},
        {"name": "two words"},
    ],
)
def test_settings_of_a_webhook_are_judged(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)


def test_a_wrong_secret_is_not_shown_in_the_mistake(tmp_path: Path) -> None:
    file = tmp_path / "trunkline.toml"
    file.write_text('[[webhooks]]\nname = "crm"\nurl = "https://crm.example"\nsecret = "hunter2hunter2"\n')
    with pytest.raises(ConfigError) as mistakes:
        read_settings(file, {})
    assert "hunter2" not in str(mistakes.value)
    assert "whsec_" in str(mistakes.value)


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def listening(answer: Answer) -> tuple[asyncio.Server, str]:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?x=1"


async def test_posts_keep_one_connection_and_follow_no_redirect() -> None:
    connections, lines = 0, []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while line := await reader.readline():
            lines.append(line)
            while (await reader.readline()).strip():
                pass
            await reader.readexactly(2)
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server, url = await listening(answer)
    poster = HttpPoster(url, 5.0)
    assert [await poster.post({}, b"{}") for _ in range(3)] == [302, 302, 302]
    assert connections == 1
    assert lines[0] == b"POST /hook?x=1 HTTP/1.1\r\n"
    poster.close()
    server.close()


async def test_no_answer_and_no_http_are_no_status() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"I am no server\r\n\r\n")
        writer.close()

    server, url = await listening(answer)
    poster = HttpPoster(url, 5.0)
    assert await poster.post({}, b"{}") is None
    server.close()
    await server.wait_closed()
    assert await poster.post({}, b"{}") is None
    poster.close()


async def test_a_receiver_that_never_answers_does_not_hold_up_the_stop() -> None:
    asked = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.set()
        await asyncio.sleep(30)
        writer.close()

    server, url = await listening(answer)
    poster = HttpPoster(url, 30.0)
    posting = asyncio.create_task(poster.post({}, b"{}"))
    await asked.wait()
    poster.close()
    async with asyncio.timeout(PATIENCE_S):
        assert await posting is None
    server.close()
