"""The lines between a softphone process and its driver: one JSON object each, whatever the SIP stack."""

from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from server.softphone.commands import Command
from server.softphone.events import Event, PhoneReport


class ProtocolError(Exception):
    """A line is not what the protocol says."""


_COMMANDS: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="kind")])
_REPORTS: TypeAdapter[PhoneReport[Event]] = TypeAdapter(
    PhoneReport[Annotated[Event, Field(discriminator="kind")]]
)


def encode_command(command: Command) -> bytes:
    return _COMMANDS.dump_json(command) + b"\n"


def decode_command(line: bytes) -> Command:
    try:
        return _COMMANDS.validate_json(line)
    except ValidationError as error:
        raise ProtocolError(_first_mistake(error)) from error


def encode_report(report: PhoneReport[Event]) -> bytes:
    return _REPORTS.dump_json(report) + b"\n"


def decode_report(line: bytes) -> PhoneReport[Event]:
    try:
        return _REPORTS.validate_json(line)
    except ValidationError as error:
        raise ProtocolError(_first_mistake(error)) from error


def _first_mistake(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
