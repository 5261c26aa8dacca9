"""Carries a flow's questions outside, within the time that its caller is ready to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

import structlog

from ivr_flows.engine.inputs import RequestOutcome
from ivr_flows.engine.requests import (
    BotTurn,
    CallbackCheck,
    CallbackWanted,
    HttpRequest,
    NoticeRead,
    Notification,
    OutsideRequest,
    ProfileRead,
    ProfileWrite,
)
from server.outside.answers import parts_of, values_of_bot
from server.outside.kept_answers import KeptAnswers
from server.outside.notices import NoticesToTell
from server.outside.profiles import ProfileError, Profiles
from server.outside.web import Web, WebError, WebReply
from server.tasks import Tasks

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 0.2
MAX_NOTIFICATIONS = 256  # under way at once; what comes on top is dropped, counted and logged

Values = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class OutsideAnswer:
    """What a question came to, as the flow is told."""

    outcome: RequestOutcome
    values: Values = field(default=(), repr=False)


FAILED = OutsideAnswer(RequestOutcome.FAILED)
REFUSED = OutsideAnswer(RequestOutcome.REFUSED)
DONE = OutsideAnswer(RequestOutcome.DONE)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the server itself knows that flows ask for."""

    notices: NoticesToTell
    profiles: Profiles
    utc: Callable[[], datetime]


class OutsideAsking:
    """`hooks` are the addresses of notifications, by name; they may be exchanged at any time."""

    def __init__(
        self, web: Web, hooks: Mapping[str, str], kept: Kept, tasks: Tasks, now: Callable[[], float]
    ) -> None:
        self.hooks = hooks
        self.dropped = 0
        self._web = web
        self._own = kept
        self._tasks = tasks
        self._kept = KeptAnswers(now)
        self._notifying = 0

    async def ask(self, request: OutsideRequest, timeout_s: float) -> OutsideAnswer:
        """Never raises, and never takes longer than `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._ask(request)
        except TimeoutError:
            log.warning("outside.too_slow", request=type(request).__name__, timeout_s=timeout_s)
        except (WebError, ProfileError) as error:
            log.warning("outside.failed", request=type(request).__name__, reason=str(error))
        return FAILED

    async def _ask(self, request: OutsideRequest) -> OutsideAnswer:
        match request:
            case HttpRequest():
                return await self._http(request)
            case BotTurn():
                return await self._bot(request)
            case Notification():
                return self._notify(request)
            case NoticeRead(notice):
                text = self._own.notices.text(notice, self._own.utc())
                return REFUSED if text is None else OutsideAnswer(RequestOutcome.DONE, (("text", text),))
            case ProfileRead(caller, names):
                values = await self._own.profiles.read(caller)
                wanted = tuple(each for each in values if each[0] in names)
                return OutsideAnswer(RequestOutcome.DONE, wanted) if wanted else REFUSED
            case ProfileWrite(caller, values):
                await self._own.profiles.write(caller, values)
                return DONE
            case CallbackCheck() | CallbackWanted():
                # These belong to the contact that asks, whose port answers them.
                return FAILED
            case _:
                assert_never(request)

    async def _http(self, request: HttpRequest) -> OutsideAnswer:
        kept = self._kept.get(request) if request.cache_s else None
        if kept is not None:
            return OutsideAnswer(RequestOutcome.DONE, kept)
        reply = await self._tried(request)
        if reply.refused:
            return REFUSED
        values = parts_of(reply.body, request.take)
        if request.cache_s:
            self._kept.keep(request, values)
        return OutsideAnswer(RequestOutcome.DONE, values)

    async def _tried(self, request: HttpRequest) -> WebReply:
        """A refusal (4xx) is an answer; no answer, or a 5xx, is tried again as often as the flow says."""
        for left in range(request.tries - 1, -1, -1):
            try:
                return await self._web.send(request.method, request.url, request.headers, dict(request.body))
            except WebError:
                if not left:
                    raise
            await asyncio.sleep(RETRY_AFTER_S)
        raise WebError("not tried")

    async def _bot(self, turn: BotTurn) -> OutsideAnswer:
        reply = await self._web.send("POST", turn.url, (), {"said": turn.said, "slots": dict(turn.slots)})
        if reply.refused:
            return REFUSED
        return OutsideAnswer(RequestOutcome.DONE, values_of_bot(reply.body))

    def _notify(self, notification: Notification) -> OutsideAnswer:
        url = self.hooks.get(notification.hook)
        if url is None:
            return REFUSED
        if self._notifying >= MAX_NOTIFICATIONS:
            self.dropped += 1
            log.error("outside.notification_dropped", hook=notification.hook, dropped=self.dropped)
            return FAILED
        self._notifying += 1
        self._tasks.start(self._deliver(notification.hook, url, dict(notification.values)))
        return DONE

    async def _deliver(self, hook: str, url: str, values: Mapping[str, object]) -> None:
        """Three tries, each later than the one before; the caller has long gone on."""
        try:
            for after_s in (0.0, 1.0, 5.0):
                await asyncio.sleep(after_s)
                try:
                    async with asyncio.timeout(10):
                        await self._web.send("POST", url, (), values)
                except (WebError, TimeoutError):
                    continue
                return
            log.error("outside.notification_failed", hook=hook)
        finally:
            self._notifying -= 1
