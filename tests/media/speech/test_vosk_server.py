"""The Vosk WebSocket protocol, both ends of it: words over the wire, and everything that goes wrong there."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from media.speech.errors import RecogniserFailed
from media.speech.recogniser import SpeechWorkers
from media.speech.server_session import ServerRecognizer
from media.speech.session import FinalHeard, NotHeard, PartialHeard, Recognizer, SessionEvent, SpokenChannel
from media.speech.synthesis import Synthesiser
from media.speech.vocabulary import General, Vocabulary
from media.speech.vosk_protocol import VoskConfig, config_message, parse_config, parse_reply
from media.speech.vosk_server import VoskServer
from media.speech.worker_session import WorkerRecognizer
from tests.fakes.recognizers import FakeRecognizer
from tests.patience import until

HOUSE = Vocabulary("house", ("please hold the line", "i want a refund for my order"))
CHANNEL = SpokenChannel("contact", "customer")
TOKEN = "a-token-of-the-test"
PIECE = 800


@asynccontextmanager
async def serving(
    recognizer: Recognizer, token: str | None = None, most: int = 64, port: int = 0
) -> AsyncIterator[tuple[VoskServer, str, int]]:
    server = VoskServer(recognizer, General(), token, most)
    async with server.listening("127.0.0.1", port) as listening:
        bound = next(iter(listening.sockets)).getsockname()[1]
        yield server, f"ws://127.0.0.1:{bound}", bound


@pytest.fixture
async def refund(synthesiser: Synthesiser, telephone: Any) -> NDArray[np.int16]:
    heard: NDArray[np.int16] = telephone.heard(await synthesiser.render("I want a refund for my order"), 0.2)
    return heard


async def said(recognizer: ServerRecognizer, pcm: NDArray[np.int16], at: int = 0) -> list[SessionEvent]:
    told: list[SessionEvent] = []
    session = recognizer.open(CHANNEL, HOUSE, told.append)
    for begin in range(0, len(pcm), PIECE):
        session.feed(at + begin, pcm[begin : begin + PIECE])
        await asyncio.sleep(0)
    session.end_utterance()
    await session.close()
    return told


async def test_words_come_over_the_wire_with_times_of_the_track(
    workers: SpeechWorkers, refund: NDArray[np.int16]
) -> None:
    await workers.prepare(HOUSE)
    async with serving(WorkerRecognizer(workers), TOKEN) as (_, url, _port):
        events = await said(ServerRecognizer(url, TOKEN), refund, at=80_000)
    assert isinstance(events[-1], FinalHeard)
    heard = events[-1].utterance
    assert "refund" in heard.text.split()
    assert (heard.start_s, heard.end_s) == (10.0, 10.0 + len(refund) / 8000)
    assert all(10.0 <= word.start_s < word.end_s <= heard.end_s for word in heard.words)


async def test_any_vosk_client_is_understood_utterance_by_utterance(
    workers: SpeechWorkers, refund: NDArray[np.int16]
) -> None:
    """One that knows nothing of ours: it streams, silence included, and reads one answer for each message."""
    await workers.prepare(HOUSE)
    pause = np.zeros(8000, np.int16)
    async with serving(WorkerRecognizer(workers)) as (_, url, _port), connect(url) as client:
        phrases = [*(" ".join(words) for words in HOUSE.spoken()), "[unk]"]
        await client.send(json.dumps({"config": {"sample_rate": 8000, "phrase_list": phrases}}))
        texts = []
        for pcm in (refund, pause, refund, pause):
            for begin in range(0, len(pcm), PIECE):
                await client.send(pcm[begin : begin + PIECE].tobytes())
                texts.append(json.loads(await client.recv()))
        await client.send('{"eof" : 1}')
        texts.append(json.loads(await client.recv()))
        with pytest.raises(ConnectionClosed):
            await client.recv()
    said = " ".join(answer.get("text", "") for answer in texts)
    assert said.split().count("refund") == 2


async def test_partial_answers_come_while_somebody_speaks() -> None:
    fake = FakeRecognizer()
    async with serving(fake) as (_, url, _port):
        told: list[SessionEvent] = []
        session = ServerRecognizer(url).open(CHANNEL, HOUSE, told.append)
        session.feed(0, np.ones(PIECE, np.int16))
        await until(lambda: fake.sessions and fake.sessions[0].fed)
        fake.sessions[0].partial("i want")
        session.feed(PIECE, np.ones(PIECE, np.int16))
        await until(lambda: told)
        assert told == [PartialHeard(0.0, "i want")]
        assert fake.sessions[0].channel == CHANNEL
        session.end_utterance()
        await session.close()
    assert isinstance(told[-1], NotHeard), "the fake was closed before it heard anything, and that is told"


async def test_without_its_token_nobody_is_let_in() -> None:
    async with serving(FakeRecognizer(), TOKEN) as (server, url, _port):
        for given_token in (None, "another-token"):
            events = await said(ServerRecognizer(url, given_token), np.ones(PIECE, np.int16))
            assert [type(event) for event in events] == [NotHeard]
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url):
                pass
        assert refused.value.response.status_code == 401
        assert server.refused == 3


async def test_a_client_too_many_is_refused_and_the_others_go_on() -> None:
    async with serving(FakeRecognizer(), most=1) as (server, url, _port), connect(url) as first:
        await until(lambda: server.clients == 1)
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url):
                pass
        assert refused.value.response.status_code == 503
        await first.send(b"\0" * 1600)
        assert json.loads(await first.recv()) == {"partial": ""}


async def test_a_server_that_goes_costs_an_utterance_and_is_found_again() -> None:
    clock = [0.0]
    fake = FakeRecognizer()
    async with serving(fake) as (_, url, port):
        recognizer = ServerRecognizer(url, now=lambda: clock[0])
        told: list[SessionEvent] = []
        session = recognizer.open(CHANNEL, HOUSE, told.append)
        session.feed(0, np.ones(PIECE, np.int16))
        await until(lambda: fake.sessions and fake.sessions[0].fed)
    session.end_utterance()
    await until(lambda: told)
    assert [type(event) for event in told] == [NotHeard]
    for number in (1, 2):
        session.feed(number * 8000, np.ones(PIECE, np.int16))
        session.end_utterance()
        await until(lambda number=number: len(told) == number + 1)  # type: ignore[misc]
    assert recognizer.reconnects == 1, "while it is left alone nobody knocks"
    clock[0] += 60.0
    async with serving(fake, port=port):
        session.feed(80_000, np.ones(PIECE, np.int16))
        await until(lambda: len(fake.sessions) == 2 and fake.sessions[1].fed)
        await session.close()
    assert told[-1].start_s == 10.0 if isinstance(told[-1], NotHeard) else False


async def test_what_the_server_could_not_hear_is_told_by_the_client() -> None:
    fake = FakeRecognizer()
    async with serving(fake) as (_, url, _port):
        events = await said(ServerRecognizer(url), np.ones(PIECE, np.int16))
    assert [type(event) for event in events] == [NotHeard]


@pytest.mark.parametrize(
    "message", ["", "[]", "nonsense", '{"config": 1}', '{"config": {"sample_rate": 1}}', b"odd"]
)
async def test_what_is_no_message_of_the_protocol_ends_that_connection_only(message: str | bytes) -> None:
    async with serving(FakeRecognizer()) as (server, url, _port):
        async with connect(url) as client:
            await client.send(message)
            with pytest.raises(ConnectionClosed):
                await client.recv()
        await until(lambda: server.clients == 0)
        async with connect(url) as client:
            await client.send(b"\0\0")
            assert "partial" in json.loads(await client.recv())


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_an_answer_of_any_server_is_read_or_refused(message: str | bytes) -> None:
    with suppress(RecogniserFailed):
        parse_reply(message, 1.0)


def test_a_config_is_read_as_it_was_written() -> None:
    told = parse_config(config_message(CHANNEL, ("hold the line",)))
    assert told == VoskConfig(8000, ("hold the line",), "contact", "customer", whole=True)
    assert parse_config('{"eof" : 1}') is None
