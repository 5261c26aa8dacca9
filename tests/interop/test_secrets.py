"""What a caller keys in confidence is in nothing that a server writes, shows or sends; what is plain is."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
from pathlib import Path

import pytest

from server.client.client import ApiClient
from tests.interop import library
from tests.interop.trunkline import Trunkline, command

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

PLAIN = "60718293"
SECRETS = {"collected": "83926517", "confirmed": "74815029", "slot": "91350684"}
FLOW = """
flow: welcome
start: plain
variables:
  order: ""
  collected: {secret: true}
  confirmed: {secret: true}
  slot: {secret: true}
  checked: {type: yes_no}
lists: {pins: ["83926517"]}
nodes:
  plain: {collect: order, prompt: Order?, digits: 8, next: first}
  first: {collect: collected, prompt: PIN?, digits: 8, listed: pins, next: second}
  second: {collect: confirmed, prompt: PIN?, digits: 8, confirm: Is that right?, next: third}
  third: {form: {slot: {ask: PIN?, digits: 8}}, next: check}
  check: {set: {checked: 'collected == "83926517"'}, next: tell}
  tell:
    notify: shop
    values: {order: order, checked: text_of}
    next: bye
  bye: {say: [Your order is, {digits: "{order}"}], next: end}
  end: {hangup: normal}
""".replace("checked: text_of", "from: caller_number")


async def test_digits_that_were_keyed_in_confidence_are_nowhere(tmp_path: Path) -> None:
    flows = library.folder_of_flows(tmp_path / "flows")
    (flows / "welcome.yaml").write_text(FLOW)
    library.variant(flows, "endless", "endless")
    with library.services() as (services, asked):
        settings = f'[flows]\ndirectory = "{flows}"\nhooks = {{ shop = "{services}/hook" }}'
        async with await Trunkline.start(tmp_path / "server", settings) as server:
            keys = (PLAIN, SECRETS["collected"], SECRETS["confirmed"], "1", SECRETS["slot"])
            presses = [word for each in keys for word in ("--press", each)]
            uri = f"sip:100@{server.address}"
            record = ("--record", str(tmp_path / "heard.wav"))
            caller = await asyncio.create_subprocess_exec(
                *command("call", uri, *presses, "--listen", "3", "--stay", "60", *record)
            )
            assert await caller.wait() == 0
            [contact] = await server.closed_contacts()
            events = await server.events(contact["contact"])
            nodes = [event["fields"]["node"] for event in events if event["kind"] == "flow.node_entered"]
            assert nodes[-1] == "end", nodes
            shown = await _shown(server, contact["contact"])
            assert not server.errors()
        log = "".join(server.lines)
    keyed = "".join(
        str(event["fields"].get("digit", "")) for event in events if event["kind"] == "flow.digit_accepted"
    )
    journal = _dumped(server.folder / "var" / "trunkline.db")
    for name, secret in SECRETS.items():
        assert secret not in log, name
        assert secret not in journal, name
        assert secret not in shown, name
        assert secret not in json.dumps(asked), name
        assert secret not in keyed, name
        assert [file for file in _files(server.folder / "var") if secret.encode() in file.read_bytes()] == []
    assert PLAIN in journal
    assert PLAIN in shown
    assert PLAIN in keyed
    assert PLAIN in json.dumps(asked)
    assert PLAIN not in log


async def _shown(server: Trunkline, contact: str) -> str:
    """Everything that the API and the commands give away about it."""
    client = ApiClient(server.folder / "var")
    said = [
        json.dumps(await asyncio.to_thread(client.get, path))
        for path in ("/status", f"/contacts/{contact}", "/contacts", "/recordings", "/queues", "/access/log")
    ]
    said.append(json.dumps(await server.ask("contacts", "show", contact)))
    said.append((await _metrics(server)).decode())
    for recording in json.loads(said[3]):
        said.append(json.dumps(await asyncio.to_thread(client.get, f"/recordings/{recording['recording']}")))
        case = io.BytesIO()
        await asyncio.to_thread(client.download, f"/recordings/{recording['recording']}/sound", case)
        said.append(case.getvalue().decode("latin-1"))
    return "\n".join(said)


async def _metrics(server: Trunkline) -> bytes:
    sink = io.BytesIO()
    await asyncio.to_thread(ApiClient(server.folder / "var").download, "/metrics", sink)
    return sink.getvalue()


def _dumped(database: Path) -> str:
    with sqlite3.connect(database) as connection:
        return "\n".join(connection.iterdump())


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]
