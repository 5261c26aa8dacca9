"""Flows of a designer's own, in a running server, walked by a caller over SIP."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.interop.trunkline import Trunkline, command

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

SECRET = "4711"
FLOW = """
flow: welcome
start: hello
variables: {age: {type: number}, pin: {type: digits, secret: true}}
nodes:
  hello:
    - say: Hello.
    - collect: age
      prompt: How old are you?
      type: integer
      max: 120
    - collect: pin
      prompt: Your PIN?
      digits: 4
    - switch: {age >= 18 and pin == "4711": grown}
      otherwise: no_entry
  grown:
    - tag: [grown]
    - say: [You are, {number: "{age}"}, and pay, {money: "12.50 GBP"}]
    - survey: quick
      questions: {happy: {ask: "How happy are you, from one to five?"}}
    - hangup: busy
  no_entry: {hangup: rejected}
"""


async def test_steps_typed_entries_secrets_conditions_and_scores_work_in_a_call(tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "welcome.yaml").write_text(FLOW)
    (flows / "endless.yaml").write_text("flow: endless\nstart: a\nnodes:\n  a: {say: Again., loop: true}\n")
    settings = f'[flows]\ndirectory = "{flows}"'
    async with await Trunkline.start(tmp_path / "server", settings) as server:
        uri = f"sip:100@{server.host}:{server.port}"
        keys = ("--press", "42#", "--press", SECRET, "--press", "5")
        caller = await asyncio.create_subprocess_exec(*command("call", uri, *keys, "--stay", "25"))
        assert await caller.wait() == 0
        [contact] = await server.closed_contacts()
        events = await server.events(contact["contact"])
        assert not server.errors()
    told = [(event["kind"], event["fields"]) for event in events if event["kind"].startswith("flow.")]
    values = {fields["variable"]: fields["value"] for kind, fields in told if kind == "flow.variable_set"}
    assert values == {"age": "42", "pin": "****", "happy": "5"}
    assert [fields["cause"] for kind, fields in told if kind == "flow.ended"] == ["busy"]
    assert SECRET not in "".join(str(fields.get("digit", "")) for _, fields in told)
    assert SECRET not in json.dumps(told)
