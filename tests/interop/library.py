"""The shipped flows as a test wants them: opening hours, who is there, what services say."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import ivr_flows

LIBRARY = Path(ivr_flows.__file__).parent / "library"
WEEK = re.compile(r"week:( \{mon-fri: .*\}|(\n      [a-z-]+: .*)+)")
CLOSED = re.compile(r"^    (closed: \[|holidays: ).*\n", re.MULTILINE)
HOURS = {
    "open": "week: {mon-sun: 00:00-24:00}",
    "closed": "week: {mon-sun: 00:00-00:01}",
    "pause": "week: {mon-sun: [00:00-00:01, 23:58-23:59]}",
    "holiday": 'week: {mon-sun: 00:00-24:00}\n    closed: ["2020-01-01 to 2099-12-31"]',
}
QUEUES = """
[[queues]]
name = "nobody"
no_agents = "overflow"
[[queues]]
name = "long"
no_agents = "wait"
[[agents]]
name = "nocturne"
skills = { night = 1 }
"""
"""In neither of these queues is anybody ever signed in who has what its callers need."""
SERVICE = "http://127.0.0.1:{port}"


def variant(
    folder: Path, flow: str, name: str, *, hours: str = "", queue: str = "support", services: str = ""
) -> str:
    """Writes a shipped flow under a name of its own; only what is around it is other."""
    text = (LIBRARY / f"{flow}.yaml").read_text(encoding="utf-8")
    text = text.replace(f"flow: {flow}\n", f"flow: {name}\n").replace("../../docs/", "")
    if hours:
        text = WEEK.sub(HOURS[hours], CLOSED.sub("", text))
    text = text.replace("queue: support", f"queue: {queue}")
    if queue != "support":
        text = text.replace("skills: {support: 1}", "skills: {night: 1}")
    if queue == "long":
        text = re.sub(r"max_wait: \S+", "max_wait: 2s", text)
    text = re.sub(r"https://(crm|clinic)\.example\.com", services or "http://127.0.0.1:9", text)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return name


def folder_of_flows(folder: Path) -> Path:
    """What flows have beside them."""
    folder.mkdir(parents=True)
    for beside in ("bank_customers.csv", "japan.ics"):
        shutil.copy(LIBRARY / beside, folder)
    shutil.copytree(LIBRARY / "texts", folder / "texts")
    return folder


class _Services(BaseHTTPRequestHandler):
    """A case system, and a clinic that has no room at the first attempt of a caller named `full`."""

    asked: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        self._answer(200, {"date": "2030-05-06", "time": "14:00"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        again = any(path == self.path and told == body for path, told in self.asked)
        self.asked.append((self.path, body))
        if body.get("caller") == "full" and not again:
            self._answer(409, {})
        else:
            self._answer(200, {"number": "20417", "time": "09:30"})

    def _answer(self, status: int, body: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- as the base has it
        """Nothing."""


@contextmanager
def services() -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """Their address, and what they are asked, until the context is left."""
    asked: list[tuple[str, dict[str, str]]] = []
    handler = type("Services", (_Services,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield SERVICE.format(port=server.server_port), asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
