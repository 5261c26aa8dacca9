"""`trunkline doctor`: the check of the start, and a hardening list that is true."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.access.local_socket import listen_locally
from server.checks.configuration import examine
from server.checks.doctor import Check, Grade, examine_installation
from server.cli import app

SECURE_TRUNK = """[sip.tls]
port = 5061
[[sip.trunks]]
name = "carrier"
networks = ["192.0.2.1"]
srtp = "require"
targets = ["{target}"]
"""


def found(file: Path, name: str) -> list[Check]:
    return [check for check in examine_installation(examine(file, {})) if check.name == name]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "trunkline.toml"
    file.write_text('[numbers]\n"100" = "welcome"\n')
    return file


def test_u04_doctor_says_of_settings_and_flows_what_serve_says(settings: Path) -> None:
    settings.write_text(
        '[sip]\nport = "x"\n[numbers]\n"100" = "absent"\n[flows]\nvocabulary = ["gone.txt"]\n'
    )
    bad = [check.found for check in found(settings, "settings")]
    assert bad == list(examine(settings, {}).problems)
    assert len(bad) == 3


def test_u04_doctor_refuses_what_serve_refuses_with_its_exit_code(settings: Path) -> None:
    settings.write_text('[numbers]\n"100" = "absent"\n')
    assert CliRunner().invoke(app, ["doctor", "--config", str(settings)]).exit_code == 2


def test_an_administration_port_open_to_others_is_bad(settings: Path) -> None:
    settings.write_text(settings.read_text() + '[http]\naddress = "0.0.0.0"\n')
    assert [check.verdict for check in found(settings, "administration")] == [Grade.BAD]


def test_passwords_in_a_file_that_all_may_read_are_bad(settings: Path) -> None:
    text = settings.read_text() + '[[agents]]\nname = "alice"\npassword = "short"\n'
    settings.write_text(text)
    settings.chmod(0o644)
    assert [check.verdict for check in found(settings, "settings file")] == [
        Grade.BAD,
        Grade.WARNING,
    ]
    settings.chmod(0o640)
    settings.write_text(text.replace("short", "a long enough one"))
    assert found(settings, "settings file") == []


def test_a_service_that_would_move_to_another_port_is_warned(settings: Path) -> None:
    text = settings.read_text() + '[media]\naddress = "0.0.0.0"\nadvertised_address = "203.0.113.1"\n'
    settings.write_text(text + '[sip]\naddress = "0.0.0.0"\nport = 0\ntry_next_ports = 10\n')
    assert [check.verdict for check in found(settings, "SIP port")] == [Grade.WARNING]


def test_a_port_that_the_running_server_holds_is_good(settings: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        settings.write_text(settings.read_text() + f"[sip]\nport = {port}\ntry_next_ports = 0\n")
        assert [check.verdict for check in found(settings, "SIP port")] == [Grade.WARNING]
        (settings.parent / "var").mkdir()
        with listen_locally(settings.parent / "var"):
            assert [check.verdict for check in found(settings, "SIP port")] == [Grade.GOOD]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", "good"),
        ('[sip.registrar]\nsrtp = "prefer"\n', "warning"),
        ('[sip.registrar]\nsrtp = "prefer"\n[sip.tls]\nport = 5061\n', "good"),
        (SECURE_TRUNK.format(target="carrier.example"), "warning"),
        (SECURE_TRUNK.format(target="carrier.example;transport=tls"), "good"),
    ],
)
def test_s_srtp_keys_that_would_cross_the_network_in_clear_are_warned_of(
    settings: Path, text: str, verdict: str
) -> None:
    settings.write_text(text)
    [check] = found(settings, "encryption of sound")
    assert check.verdict.value == verdict


def test_doctor_changes_nothing(settings: Path) -> None:
    examine_installation(examine(settings, {}))
    assert [each.name for each in settings.parent.iterdir()] == ["trunkline.toml"]
