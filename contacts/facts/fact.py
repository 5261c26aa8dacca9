"""What every fact is: frozen, versioned, with a kind that names it for ever and a promise of durability."""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar, Self

import msgspec

from contacts.privacy import ERASED, Privacy, privacy_of


class Promise(Enum):
    """When a fact is durable, that is: survives kill -9 and loss of power."""

    FIRST = "before anybody outside sees or hears its consequence"
    SOON = "within 100 ms of its happening, while the disk answers"


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=""):
    """Something that happened. Its JSON form is an object with `kind` and the fields by name.

    A field is added with a default, so that older facts can be read; one whose meaning changes makes a new
    version of the kind. Nothing is removed.
    """

    version: ClassVar[int] = 1
    promise: ClassVar[Promise] = Promise.SOON

    @classmethod
    def kind(cls) -> str:
        return str(cls.__struct_config__.tag)

    @property
    def contact_id(self) -> str | None:
        """The contact that the fact is about; None for those of an agent or the system alone."""
        return getattr(self, "contact", None)

    def shown(self, most: Privacy = Privacy.PUBLIC) -> dict[str, Any]:
        """The fields that readers of that class may see, as plain JSON values."""
        order = list(Privacy)
        allowed = {n for n, p in privacy_of(type(self)).items() if order.index(p) <= order.index(most)}
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in plain.items() if name in allowed}

    def erased(self) -> Self:
        """The same fact without what is personal or secret."""
        private = {n for n, p in privacy_of(type(self)).items() if p is not Privacy.PUBLIC}
        changes = {name: _blank(getattr(self, name)) for name in private}
        return msgspec.structs.replace(self, **changes)


def _blank(value: object) -> object:
    """What stands in the place of a private value: text says that it is gone, anything else is empty."""
    if isinstance(value, str):
        return ERASED if value else ""
    return type(value)()
