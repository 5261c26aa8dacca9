"""The API keeps to its own document, whatever is sent: no bug, no answer that is not described."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from server.access.roles import Role
from server.access.routes import ROUTES
from tests.patience import PATIENCE_S
from tests.server.api import Api, serving

EXAMPLES = 12
# An endless answer: tests/server/test_events.py.
STREAMS = {"GET /events"}
ASKED = sorted(ROUTES.keys() - STREAMS)


class Served:
    """The API in a thread of its own, since the tool that asks blocks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ready, self._over = threading.Event(), threading.Event()
        self.api: Api | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Api:
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        assert self.api is not None
        return self.api

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    async def _serve(self) -> None:
        async with serving(self._folder) as self.api:
            self._ready.set()
            await asyncio.to_thread(self._over.wait)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with Served(tmp_path_factory.mktemp("schema")) as running:
        yield running


@pytest.mark.parametrize("route", ASKED)
def test_the_api_keeps_to_its_document(api: Api, route: str) -> None:
    method, path = route.split(" ")
    schema = schemathesis.openapi.from_url(f"{api.url}/openapi.json")
    headers = {"Authorization": f"Bearer {api.token(Role.ADMINISTRATOR)}"}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema[path][method].as_strategy())
    def kept(case: "schemathesis.Case[Any]") -> None:
        case.call_and_validate(headers=headers)

    kept()
