"""`why` over the API: the decisions about one contact, and how agents stand to it now."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI

from contacts.ids import ContactId
from server.http.errors import ApiError, answers
from server.http.ids import Id
from server.http.ports import ApiPorts
from server.http.why import AgentConsidered, WhyStep, as_considered, why


@dataclass(frozen=True, slots=True)
class Why:
    """`now` is what dispatch says of a contact that it has now; empty for any other."""

    contact: str
    steps: tuple[WhyStep, ...]
    whole: bool
    """False where more happened than is looked through; the last steps are then missing."""
    now: tuple[AgentConsidered, ...]


def add_decision_routes(app: FastAPI, ports: ApiPorts) -> None:
    """Reads the journal and tells it again beside the loop; asks the dispatch of now on it."""

    @app.get("/contacts/{contact}/why", responses=answers(404))
    async def explain_contact(contact: Id) -> Why:
        """For each decision every agent with the reason for or against them."""

        def told() -> tuple[tuple[WhyStep, ...], bool] | None:
            trace = ports.archive.dispatch_trace(contact)
            return None if trace is None else (why(trace.entries, ContactId(contact)), trace.whole)

        found = await ports.off_loop.run(told)
        if found is None:
            raise ApiError(404, f"no contact {contact}", "`trunkline contacts list` shows what there is")
        steps, whole = found
        now = as_considered(ports.dispatch.explain(ContactId(contact)), frozenset())
        return Why(contact, steps, whole, now)
