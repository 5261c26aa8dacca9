"""Who is asking, as the door knows them."""

from __future__ import annotations

import os
import pwd
import socket
import struct
from dataclasses import dataclass

from contacts.privacy import Privacy
from server.access.roles import SEES, Role

_UCRED = struct.Struct("iII")
_ROOT = 0


@dataclass(frozen=True, slots=True)
class PeerCredentials:
    """The process at the other end of a unix socket, as the kernel vouches for it (unix(7), SO_PEERCRED)."""

    pid: int
    uid: int

    @classmethod
    def of(cls, connection: socket.socket) -> PeerCredentials | None:
        """None for a socket of another family."""
        if connection.family != socket.AF_UNIX:
            return None
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        pid, uid, _gid = _UCRED.unpack(raw)
        return cls(pid, uid)

    @property
    def owns_the_server(self) -> bool:
        """Its user could read the data folder anyway: the one the server runs as, or root."""
        return self.uid in (os.geteuid(), _ROOT)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was let in. `agent` is set for tokens of agents, who act for themselves only."""

    name: str
    role: Role
    agent: str = ""

    @property
    def sees(self) -> Privacy:
        return SEES[self.role]

    def acts_for(self, agent: str) -> bool:
        """Everybody but agents may act for any agent whom their role lets them act for."""
        return self.role is not Role.AGENT or self.agent == agent


def local_administrator(peer: PeerCredentials) -> Principal:
    """Whoever reaches the socket as the server's own user."""
    try:
        name = pwd.getpwuid(peer.uid).pw_name
    except KeyError:
        name = f"uid {peer.uid}"
    return Principal(name, Role.ADMINISTRATOR)
