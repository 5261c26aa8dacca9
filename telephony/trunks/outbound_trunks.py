"""Trunks that we call out through: their targets and their health, how to log in, and staying registered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from telephony.session.login import Login
from telephony.settings import SipSettings, TrunkSettings
from telephony.sip.hop import Hop
from telephony.sip.uri import Uri
from telephony.trunks.destination import destination
from telephony.trunks.probing import TargetProbe
from telephony.trunks.registration import (
    Account,
    Registrant,
    Registration,
    RegistrationRefused,
    RequestUnanswered,
)
from telephony.trunks.route import Route

log = structlog.get_logger(__name__)

_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 300.0
_GOODBYE_S = 1.0


@dataclass(frozen=True, slots=True)
class OutboundTrunk:
    """One trunk with somewhere to call to."""

    name: str
    domain: str
    route: Route
    login: Login | None
    max_calls: int | None
    registers: bool

    def uri(self, user: str | None) -> Uri:
        """How the carrier names that number."""
        return Uri("sip", user, host=self.domain)


class OutboundTrunks:
    """By name. Registration goes on for as long as the trunk is in the settings; `registered` tells of it."""

    def __init__(self, settings: SipSettings, registrant: Registrant, now: Callable[[], float]) -> None:
        self._registrant = registrant
        self._now = now
        self._settings: dict[str, TrunkSettings] = {}
        self._trunks: dict[str, OutboundTrunk] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._probes: dict[str, asyncio.Task[None]] = {}
        self.registered: dict[str, bool] = {}
        self._started = False
        self.reconfigure(settings)

    def get(self, name: str) -> OutboundTrunk | None:
        return self._trunks.get(name)

    def start(self) -> None:
        """Begins to register; needs the running loop."""
        self._started = True
        for trunk in self._trunks.values():
            self._keep_registered(trunk)
            self._keep_probed(trunk)

    def reconfigure(self, settings: SipSettings) -> None:
        """A trunk whose settings are as before keeps its registration and what is known of its targets."""
        wanted = {trunk.name: trunk for trunk in settings.trunks if trunk.targets}
        for name in [name for name, held in self._settings.items() if wanted.get(name) != held]:
            self._drop(name)
        for name, trunk in wanted.items():
            if name not in self._trunks:
                self._settings[name] = trunk
                self._trunks[name] = _outbound(trunk)
                if self._started:
                    self._keep_registered(self._trunks[name])
                    self._keep_probed(self._trunks[name])

    async def stop(self) -> None:
        """Says good-bye where we are registered; takes a second at most."""
        tasks = (*self._tasks.values(), *self._probes.values())
        for name in tuple(self._trunks):
            self._drop(name)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._started = False

    def _drop(self, name: str) -> None:
        self._settings.pop(name)
        self._trunks.pop(name)
        probe = self._probes.pop(name, None)
        if probe is not None:
            probe.cancel()
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
        else:
            self.registered.pop(name, None)

    def _keep_registered(self, trunk: OutboundTrunk) -> None:
        if trunk.registers and trunk.name not in self._tasks:
            self.registered[trunk.name] = False
            self._tasks[trunk.name] = asyncio.get_running_loop().create_task(self._register(trunk))

    def _keep_probed(self, trunk: OutboundTrunk) -> None:
        every_s = self._settings[trunk.name].probe_every_s
        if every_s is not None and trunk.name not in self._probes:
            probe = TargetProbe(trunk.name, trunk.domain, trunk.route, self._registrant, self._now)
            self._probes[trunk.name] = asyncio.get_running_loop().create_task(probe.keep_asking(every_s))

    async def _register(self, trunk: OutboundTrunk) -> None:
        """From one target to the next; longer and longer pauses while none of them will have us."""
        login = trunk.login or Login("", "")
        pause_s = _FIRST_PAUSE_S
        while True:
            hop = trunk.route.hops(self._now())[0]
            registration = Registration(self._registrant, Account(trunk.uri(login.user), login, hop))
            try:
                await registration.register()
                log.info("trunk.registered", trunk=trunk.name, hop=str(hop))
                self.registered[trunk.name] = True
                trunk.route.worked(hop)
                pause_s = _FIRST_PAUSE_S
                await registration.keep_on()
            except (RegistrationRefused, RequestUnanswered) as error:
                log.warning("trunk.not_registered", trunk=trunk.name, hop=str(hop), reason=str(error))
                trunk.route.failed(hop, self._now())
            except asyncio.CancelledError:
                with contextlib.suppress(RegistrationRefused, RequestUnanswered, TimeoutError):
                    if self.registered.pop(trunk.name, False):
                        await asyncio.wait_for(registration.unregister(), _GOODBYE_S)
                raise
            self.registered[trunk.name] = False
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _outbound(trunk: TrunkSettings) -> OutboundTrunk:
    hops = tuple(_hop(target) for target in trunk.targets)
    login = None
    if trunk.user is not None:
        login = Login(trunk.user, "" if trunk.password is None else trunk.password.get_secret_value())
    return OutboundTrunk(
        trunk.name, trunk.domain or hops[0].host, Route(hops), login, trunk.max_calls, trunk.register_there
    )


def _hop(target: str) -> Hop:
    return destination(target if target.startswith(("sip:", "sips:")) else f"sip:{target}").hop
