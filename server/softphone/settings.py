"""What a softphone process is told when it starts."""

import argparse
from dataclasses import dataclass
from enum import StrEnum

PASSWORD_VARIABLE = "TRUNKLINE_SOFTPHONE_PASSWORD"  # noqa: S105 (a name, not a secret)


class PhoneTransport(StrEnum):
    """What SIP travels over."""

    UDP = "udp"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """Who the phone is and where it listens. The password never travels on a command line."""

    identity: str
    registrar: str | None = None
    user: str | None = None
    password: str = ""
    address: str = "127.0.0.1"
    port: int = 0
    transport: PhoneTransport = PhoneTransport.UDP
    auto_answer_s: float | None = None

    def arguments(self) -> list[str]:
        """The command line that gives these settings back, but for the password."""
        words = ["--id", self.identity, "--address", self.address, "--port", str(self.port)]
        words += ["--transport", self.transport]
        if self.registrar is not None:
            words += ["--registrar", self.registrar]
        if self.user is not None:
            words += ["--user", self.user]
        if self.auto_answer_s is not None:
            words += ["--auto-answer", str(self.auto_answer_s)]
        return words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--id",
        required=True,
        metavar="URI",
        help="who calls: sip:anna@127.0.0.1, or with a display name",
    )
    parser.add_argument("--registrar", metavar="URI", help="where `register` registers: sip:127.0.0.1:5060")
    parser.add_argument(
        "--user", help=f"user name for digest authentication; the password comes from {PASSWORD_VARIABLE}"
    )
    parser.add_argument(
        "--address", default="127.0.0.1", help="local address of SIP and RTP (default %(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=0, help="local SIP port; 0 lets the system choose (default)"
    )
    parser.add_argument(
        "--transport", type=PhoneTransport, choices=list(PhoneTransport), default=PhoneTransport.UDP
    )
    parser.add_argument(
        "--auto-answer", type=float, metavar="SECONDS", help="ring that long, then answer by itself"
    )


def from_arguments(arguments: argparse.Namespace, password: str) -> PhoneSettings:
    return PhoneSettings(
        identity=arguments.id,
        registrar=arguments.registrar,
        user=arguments.user,
        password=password,
        address=arguments.address,
        port=arguments.port,
        transport=arguments.transport,
        auto_answer_s=arguments.auto_answer,
    )
