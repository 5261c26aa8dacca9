"""Queues over the API: who waits, how long, and for whom."""

from __future__ import annotations

from fastapi import FastAPI

from server.http.errors import ApiError, answers
from server.http.guard import Who
from server.http.ids import Name
from server.http.live import LiveView
from server.http.status import QueueDetail, QueueStatus


def add_queue_routes(app: FastAPI, live: LiveView) -> None:
    """Reads only."""

    @app.get("/queues")
    async def list_queues() -> tuple[QueueStatus, ...]:
        """How many wait, the longest wait, and how many agents could take them."""
        return live.queues()

    @app.get("/queues/{queue}", responses=answers(404))
    async def show_queue(queue: Name, who: Who) -> QueueDetail:
        """Everybody in it, first in line first."""
        found = live.queue(queue, who.sees)
        if found is None:
            raise ApiError(404, f"no queue {queue}", "`trunkline queues` lists all")
        return found
