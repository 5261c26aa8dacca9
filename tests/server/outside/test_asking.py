"""What flows ask of the outside: bounded in time and size, and never a reason to hang up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.engine.inputs import RequestOutcome
from ivr_flows.engine.requests import (
    BotTurn,
    HttpRequest,
    NoticeRead,
    Notification,
    ProfileRead,
    ProfileWrite,
)
from server.outside.answers import MAX_VALUE, as_text, parts_of, values_of_bot
from server.outside.asking import Kept, OutsideAsking
from server.outside.kept_answers import KeptAnswers
from server.outside.profiles import ProfileError
from server.outside.web import MAX_ANSWER_BYTES, HttpWeb, WebError, WebReply
from server.tasks import Tasks
from tests.fakes.keeping import FakeNotices, FakeProfiles, FakeWeb, nothing_kept
from tests.fakes.stepped_loop import stepped

URL = "https://crm.example/customers/1"
ORDER = HttpRequest("GET", URL, take=(("state", "orders.0.state"), ("vip", "vip")))
ANSWER = {"vip": True, "orders": [{"state": "shipped"}]}


Asked = Callable[[OutsideAsking], Awaitable[None]]


async def asking(
    web: FakeWeb, then: Asked, hooks: Mapping[str, str] | None = None, kept: Kept | None = None
) -> None:
    async with Tasks() as tasks:
        await then(
            OutsideAsking(web, hooks or {}, kept or nothing_kept(), tasks, asyncio.get_running_loop().time)
        )


@stepped
async def test_s33_parts_of_the_answer_are_told_by_the_names_that_were_asked_for() -> None:
    async def then(outside: OutsideAsking) -> None:
        answer = await outside.ask(ORDER, 5)
        assert answer.outcome is RequestOutcome.DONE
        assert answer.values == (("state", "shipped"), ("vip", "yes"))

    await asking(FakeWeb([WebReply(200, ANSWER)]), then)


@stepped
async def test_s33_a_slow_service_costs_the_call_its_budget_and_no_more() -> None:
    async def then(outside: OutsideAsking) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await outside.ask(ORDER, 2)
        assert answer.outcome is RequestOutcome.FAILED
        assert loop.time() - began == pytest.approx(2, abs=0.01)

    await asking(FakeWeb([60.0]), then)


@stepped
async def test_a_refusal_is_an_answer_and_is_not_tried_again() -> None:
    web = FakeWeb([WebReply(404)])

    async def then(outside: OutsideAsking) -> None:
        answer = await outside.ask(HttpRequest("GET", URL, tries=3), 5)
        assert answer.outcome is RequestOutcome.REFUSED

    await asking(web, then)
    assert len(web.asked) == 1


@stepped
async def test_a_failure_is_tried_again_as_often_as_the_flow_says() -> None:
    web = FakeWeb([WebError("status 503"), WebError("status 503"), WebReply(200, ANSWER)])

    async def then(outside: OutsideAsking) -> None:
        assert (await outside.ask(HttpRequest("GET", URL, tries=3), 5)).outcome is RequestOutcome.DONE
        web.answers = [WebError("x"), WebError("x")]
        assert (await outside.ask(HttpRequest("GET", URL, tries=2), 5)).outcome is RequestOutcome.FAILED

    await asking(web, then)


@stepped
async def test_an_answer_is_told_again_while_it_is_fresh() -> None:
    web = FakeWeb([WebReply(200, ANSWER), WebReply(200, {"orders": [{"state": "lost"}]})])
    order = HttpRequest("GET", URL, take=(("state", "orders.0.state"),), cache_s=60)

    async def then(outside: OutsideAsking) -> None:
        assert (await outside.ask(order, 5)).values == (("state", "shipped"),)
        await asyncio.sleep(59)
        assert (await outside.ask(order, 5)).values == (("state", "shipped"),)
        await asyncio.sleep(2)
        assert (await outside.ask(order, 5)).values == (("state", "lost"),)

    await asking(web, then)


@stepped
async def test_s45_a_conversation_partner_hands_over_what_it_found_out() -> None:
    web = FakeWeb([WebReply(200, {"say": "Which router?", "done": False, "slots": {"product": "router"}})])

    async def then(outside: OutsideAsking) -> None:
        answer = await outside.ask(BotTurn(URL, "my router is broken", (("name", "Eve"),)), 5)
        assert answer.values == (("say", "Which router?"), ("done", "no"), ("product", "router"))

    await asking(web, then)
    assert web.asked == [("POST", URL, {"said": "my router is broken", "slots": {"name": "Eve"}})]


@stepped
async def test_s66_a_hook_is_called_once_and_nobody_waits_for_it() -> None:
    web = FakeWeb([3.0])

    async def then(outside: OutsideAsking) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await outside.ask(Notification("sms_link", (("to", "1"),)), 0.5)
        assert answer.outcome is RequestOutcome.DONE
        assert loop.time() == began

    await asking(web, then, {"sms_link": "https://sms.example/send"})
    assert web.asked == [("POST", "https://sms.example/send", {"to": "1"})]


@stepped
async def test_a_hook_that_fails_is_tried_again_and_then_given_up() -> None:
    web = FakeWeb([WebError("x"), WebError("x"), WebError("x")])

    async def then(outside: OutsideAsking) -> None:
        await outside.ask(Notification("sms_link", ()), 0.5)

    await asking(web, then, {"sms_link": "https://sms.example/send"})
    assert len(web.asked) == 3


@stepped
async def test_a_hook_that_nobody_named_is_refused() -> None:
    async def then(outside: OutsideAsking) -> None:
        assert (await outside.ask(Notification("nobody", ()), 1)).outcome is RequestOutcome.REFUSED

    await asking(FakeWeb([]), then)


@stepped
async def test_s17_a_notice_is_told_while_it_is_on() -> None:
    notices = FakeNotices({"strike": "No trains today."})
    kept = Kept(notices, FakeProfiles(), lambda: datetime.now(UTC))

    async def then(outside: OutsideAsking) -> None:
        answer = await outside.ask(NoticeRead("strike"), 1)
        assert answer.values == (("text", "No trains today."),)
        assert (await outside.ask(NoticeRead("flood"), 1)).outcome is RequestOutcome.REFUSED

    await asking(FakeWeb(), then, kept=kept)


@stepped
async def test_a_profile_is_told_by_the_names_that_were_asked_for() -> None:
    kept = Kept(FakeNotices(), FakeProfiles(), lambda: datetime.now(UTC))

    async def then(outside: OutsideAsking) -> None:
        assert (await outside.ask(ProfileRead("+44", ("name",)), 1)).outcome is RequestOutcome.REFUSED
        written = await outside.ask(ProfileWrite("+44", (("name", "Ada"), ("calls", "2"))), 1)
        assert written.outcome is RequestOutcome.DONE
        assert (await outside.ask(ProfileRead("+44", ("name", "age")), 1)).values == (("name", "Ada"),)
        assert (await outside.ask(ProfileRead("+45", ("name",)), 1)).outcome is RequestOutcome.REFUSED

    await asking(FakeWeb(), then, kept=kept)


@stepped
async def test_a_database_that_does_not_answer_fails_the_question_and_not_the_call() -> None:
    kept = Kept(FakeNotices(), FakeProfiles(error=ProfileError("gone")), lambda: datetime.now(UTC))

    async def then(outside: OutsideAsking) -> None:
        assert (await outside.ask(ProfileRead("+44", ("name",)), 1)).outcome is RequestOutcome.FAILED
        assert (
            await outside.ask(ProfileWrite("+44", (("name", "Ada"),)), 1)
        ).outcome is RequestOutcome.FAILED

    await asking(FakeWeb(), then, kept=kept)


def test_kept_answers_are_bounded() -> None:
    kept = KeptAnswers(lambda: 0.0, capacity=10)
    for number in range(100):
        kept.keep(HttpRequest("GET", f"{URL}/{number}", cache_s=60), ())
    assert kept.get(HttpRequest("GET", f"{URL}/0", cache_s=60)) is None
    assert kept.get(HttpRequest("GET", f"{URL}/99", cache_s=60)) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_any_answer_gives_bounded_text_for_what_was_asked(body: Any, take: list[tuple[str, str]]) -> None:
    values = (*parts_of(body, tuple(take)), *values_of_bot(body))
    assert all(isinstance(text, str) and len(text) <= MAX_VALUE for _, text in values)


def test_a_list_is_no_single_value() -> None:
    assert as_text([1]) is None
    assert as_text(True) == "yes"
    assert as_text(2.5) == "2.5"


def web_of(handler: Callable[[httpx.Request], httpx.Response]) -> HttpWeb:
    return HttpWeb(httpx.MockTransport(handler))


async def test_json_goes_out_and_json_comes_back() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=ANSWER)

    web = web_of(handler)
    reply = await web.send("POST", URL, (("X-Key", "k"),), {"a": 1})
    assert reply == WebReply(200, ANSWER)
    assert seen[0].headers["X-Key"] == "k"
    assert seen[0].read() == b'{"a":1}'
    await web.close()


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(503),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b" " * (MAX_ANSWER_BYTES + 1)),
        httpx.Response(200, content=b"[" * MAX_ANSWER_BYTES),
    ],
)
async def test_an_answer_that_cannot_be_used_is_an_error_of_its_own(response: httpx.Response) -> None:
    web = web_of(lambda request: response)
    with pytest.raises(WebError):
        await web.send("GET", URL, (), {})
    await web.close()


async def test_a_redirect_is_not_followed() -> None:
    web = web_of(lambda request: httpx.Response(302, headers={"Location": "http://169.254.169.254/"}))
    assert (await web.send("GET", URL, (), {})).refused
    await web.close()


@pytest.mark.parametrize("url", ["", "http://", "nonsense", "http://[::1", "http://\udcff/"])
async def test_an_address_that_is_none_is_an_error_of_its_own(url: str) -> None:
    web = web_of(lambda request: httpx.Response(200))
    with pytest.raises(WebError):
        await web.send("GET", url, (), {})
    await web.close()


async def test_a_service_that_is_not_there_is_an_error_of_its_own() -> None:
    web = HttpWeb()
    with pytest.raises(WebError):
        await web.send("GET", "http://127.0.0.1:9/", (), {})
    await web.close()
