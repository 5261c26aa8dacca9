"""The example unit file fits the server's own settings."""

import configparser
from pathlib import Path

from config.settings import ServerSettings

UNIT = Path(__file__).parents[2] / "config" / "trunkline.service"


def test_u13_the_unit_lets_calls_be_finished_and_reloads_without_ending_them() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(UNIT.read_text(encoding="utf-8"))
    service = unit["Service"]
    assert int(service["TimeoutStopSec"]) > ServerSettings().drain_s
    assert service["KillMode"] == "mixed", "speech workers must live while calls are finished"
    assert service["ExecReload"].startswith("/bin/kill -HUP")
    assert " serve --config /" in service["ExecStart"]
    assert "MemoryDenyWriteExecute" not in service, "compiled code would not run"
