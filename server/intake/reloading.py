"""Other settings and flows while calls run: applied whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from acd.agent_state import AcdError
from config.reader import ConfigError
from config.settings import Settings
from contacts.facts.fact import Fact
from contacts.facts.system import SettingsApplied
from media.errors import MediaError
from media.speech.errors import SpeechError
from server.access.passwords import AccountsError, passwords
from server.checks.reload import changed_flows
from server.checks.repertoire import Repertoire
from server.checks.rereading import Reread
from server.errors import StartError
from server.http.ports import ReloadOutcome
from server.intake.opening import OpenLine
from server.intake.prompts import Prompts
from server.journal.identity import settings_hash
from telephony.sip.digest import Password

log = structlog.get_logger(__name__)


class AppliedLog(Protocol):
    """The journal, told that other settings apply."""

    def apply(self, settings: str) -> None: ...

    def note(self, fact: Fact) -> None: ...


@dataclass(slots=True)
class Reloading:
    """`reread` is told the settings that apply, and reads and checks what would; it blocks, and raises with
    every mistake."""

    settings: Settings
    line: OpenLine
    prompts: Prompts
    journal: AppliedLog
    secrets: dict[str, Password]
    reread: Callable[[Settings], Reread]
    one_at_a_time: asyncio.Lock

    async def reload(self, by: str) -> ReloadOutcome:
        """Everything that can fail is done before anything is applied."""
        async with self.one_at_a_time:
            try:
                return await self._reload(by)
            except (StartError, ConfigError) as error:
                return ReloadOutcome(problems=error.problems)
            except (MediaError, SpeechError, OSError, AccountsError) as error:
                return ReloadOutcome(problems=(str(error),))

    async def _reload(self, by: str) -> ReloadOutcome:
        read = await asyncio.to_thread(self.reread, self.settings)
        found, repertoire, settings = read.found, read.repertoire, read.found.settings
        flows = changed_flows(self.line.intake.repertoire, repertoire)
        # What is known to be said is rendered before anybody can reach it.
        stock = await self.prompts.rendered(read.said, lambda done, total: None)
        accounts = await asyncio.to_thread(passwords, settings.agents, settings.server.data_directory)
        secrets = {name: Password(password.get_secret_value()) for name, password in accounts.items()}
        problems = self._apply(settings, repertoire, secrets)
        if problems:
            return ReloadOutcome(problems=problems)
        self.prompts.use(stock)
        changed = (*found.changed, *(f"flow {name}: its file is changed" for name in flows))
        if changed:
            self.journal.apply(settings_hash(settings))
            self.journal.note(SettingsApplied(tables=changed, by=by))
        log.info("settings.applied", changed=len(changed), restart_needed=len(found.restart_needed))
        return ReloadOutcome(changed, found.restart_needed)

    def _apply(
        self, settings: Settings, repertoire: Repertoire, secrets: dict[str, Password]
    ) -> tuple[str, ...]:
        """Two may refuse; the one that is easily told the old settings again is asked first."""
        try:
            self.line.endpoint.reconfigure(settings.sip)
        except ValueError as error:
            # Its certificate is read anew, and may be a file that nobody can use by now.
            return (str(error),)
        try:
            self.line.dispatcher.apply(settings.acd)
        except AcdError as error:
            self.line.endpoint.reconfigure(self.settings.sip)
            return (str(error),)
        self.line.dialler.gateway = settings.flows.number_gateway
        self.line.callbacks.apply(settings.callbacks, settings.flows.number_gateway)
        queues = [queue.name for queue in settings.queues]
        self.line.exchange.plan.reconfigure(settings.calls, settings.extensions, queues)
        self.line.lists.country = settings.calls.country or settings.callbacks.home_country
        self.line.outside.hooks = settings.flows.hooks
        self.line.intake.repertoire = repertoire
        self.secrets.clear()
        self.secrets.update(secrets)
        self.line.endpoint.drop_gone_phones()
        self.settings = settings
        return ()
