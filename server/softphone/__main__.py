"""`python -m server.softphone`: commands come as JSON lines, events go as JSON lines."""

import argparse
import importlib.util
import os
import signal
import sys
from typing import assert_never

import structlog

from server.softphone.channel import Channel
from server.softphone.events import Stack
from server.softphone.settings import PASSWORD_VARIABLE, PhoneSettings, add_arguments, from_arguments


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m server.softphone",
        description="A SIP softphone without a sound card, driven by JSON lines.",
        epilog='For instance: {"kind": "call", "uri": "sip:100@127.0.0.1:5060"}; {"kind": "quit"} ends it.',
    )
    add_arguments(parser)
    parser.add_argument(
        "--stack", type=Stack, choices=list(Stack), help="default: pjsua2 where it is installed"
    )
    arguments = parser.parse_args()
    settings = from_arguments(arguments, os.environ.pop(PASSWORD_VARIABLE, ""))
    # A Ctrl-C in the terminal is the driver's to handle; it then ends its phones.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return run(settings, arguments.stack or default_stack())


def default_stack() -> Stack:
    return Stack.TRUNKLINE if importlib.util.find_spec("pjsua2") is None else Stack.PJSUA2


def run(settings: PhoneSettings, stack: Stack) -> int:
    # pjsip writes to standard output from C; only reports may go there.
    reports_fd = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    channel = Channel(sys.stdin.fileno(), reports_fd)
    # Each stack is loaded only where it is used: pjsua2 is an optional extra, ours brings an engine.
    match stack:
        case Stack.PJSUA2:
            from server.softphone import pjsua2_phone  # noqa: PLC0415

            return pjsua2_phone.run(settings, channel)
        case Stack.TRUNKLINE:
            from server.softphone import own_phone  # noqa: PLC0415

            configure_logs()
            return own_phone.run(settings, channel)
        case _:
            assert_never(stack)


def configure_logs() -> None:
    """What goes wrong goes to standard error; the driver puts its last lines into failure messages."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
