"""Events as plain JSON values and back, so that what dispatch was told can be kept and told again."""

from typing import Any

import msgspec

from acd.agent_state import AcdError
from acd.events import Event
from acd.settings import AcdSettings


class NotAnEventError(AcdError):
    """A JSON value that is no event of dispatch."""


def event_to_json(event: Event) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(event, enc_hook=settings_to_json)
    return plain


def event_from_json(plain: object) -> Event:
    try:
        event: Event = msgspec.convert(plain, Event, dec_hook=settings_from_json)
    except (msgspec.ValidationError, ValueError) as error:
        raise NotAnEventError(str(error)) from None
    return event


def settings_to_json(value: Any) -> Any:
    """What msgspec asks for types that it does not know: settings have a JSON form of their own."""
    if isinstance(value, AcdSettings):
        return value.model_dump(mode="json")
    raise NotImplementedError(type(value).__name__)


def settings_from_json(kind: type, plain: Any) -> Any:
    """Validated, so that settings from an old journal are refused rather than half understood."""
    if kind is AcdSettings:
        return AcdSettings.model_validate(plain)
    raise NotImplementedError(kind.__name__)
