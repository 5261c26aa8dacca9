"""A server is not started with what it cannot use: all that is wrong is told at once, with its place."""

import os
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.reader import read_settings
from server.assembly import running
from server.cli import app
from server.commands.console import startable
from server.errors import StartError

CONFIGURATION = """\
[http]
port = 0
[sip]
port = 0
[numbers]
"100" = "welcome"
"""
GOOD_FLOW = "flow: x\nstart: a\nnodes:\n  a:\n    say: Hello.\n    next: b\n  b:\n    hangup: normal\n"


def write(folder: Path, old: str = "", new: str = "", flow: str = "") -> Path:
    """A settings file with one thing changed, and a flow of its own where one is given."""
    assert old in CONFIGURATION
    text = CONFIGURATION.replace(old, new) if old else CONFIGURATION + new
    if flow:
        (folder / "flows").mkdir()
        (folder / "flows" / "welcome.yaml").write_text(flow)
        text += '[flows]\ndirectory = "flows"\n'
    file = folder / "trunkline.toml"
    file.write_text(text)
    return file


def refused(file: Path) -> str:
    with pytest.raises(StartError) as caught:
        startable(file)
    return str(caught.value)


def test_what_is_right_is_not_refused(tmp_path: Path) -> None:
    assert startable(write(tmp_path, flow=GOOD_FLOW)).sip.port == 0


def test_a_broken_flow_file_is_refused_with_file_line_and_key(tmp_path: Path) -> None:
    said = refused(write(tmp_path, flow=GOOD_FLOW.replace("next", "nxet")))
    assert "flows/welcome.yaml:6:" in said
    assert "nxet" in said
    assert "next" in said


def test_a_missing_prompt_file_is_refused_with_its_place(tmp_path: Path) -> None:
    said = refused(write(tmp_path, flow=GOOD_FLOW.replace("Hello.", "{file: absent.wav}")))
    assert "welcome.yaml:5:" in said
    assert "absent.wav" in said


def test_an_unknown_skill_is_refused_with_its_place(tmp_path: Path) -> None:
    flow = "flow: x\nstart: a\nnodes:\n  a:\n    queue: support\n    skills: {juggling: 3}\n"
    said = refused(write(tmp_path, new='[[queues]]\nname = "support"\n', flow=flow))
    assert "welcome.yaml:6:" in said
    assert "juggling" in said


def test_a_queue_that_only_a_flow_knows_is_refused(tmp_path: Path) -> None:
    flow = "flow: x\nstart: a\nnodes:\n  a:\n    queue: sales\n"
    assert 'there is no queue "sales"' in refused(write(tmp_path, flow=flow))


def test_finding_34_a_number_whose_flow_is_missing_is_refused_with_its_line(tmp_path: Path) -> None:
    said = refused(write(tmp_path, '"welcome"', '"welcom"'))
    assert 'trunkline.toml:6: numbers.100: there is no flow "welcom"' in said
    assert 'did you mean "welcome"?' in said


def test_finding_34_mistakes_of_settings_flows_and_machine_are_told_in_one_run(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file = write(tmp_path, "[http]\nport = 0", f"[http]\nport = {port}\ncolour = 'blue'")
        file.write_text(file.read_text().replace('"welcome"', '"absent"'))
        said = refused(file)
    assert "http.colour" in said
    assert "http.port" in said
    assert 'no flow "absent"' in said


def test_u04_a_transfer_to_a_number_without_a_gateway_is_refused_with_its_line(tmp_path: Path) -> None:
    flow = "flow: x\nstart: a\nnodes:\n  a:\n    transfer: {number: '+4930123'}\n"
    assert "welcome.yaml:5:" in refused(write(tmp_path, flow=flow))


@pytest.mark.parametrize(("table", "kind"), [("sip", socket.SOCK_DGRAM), ("http", socket.SOCK_STREAM)])
def test_a_port_in_use_is_named(tmp_path: Path, table: str, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        if kind is socket.SOCK_STREAM:
            taken.listen()
        more = "\ntry_next_ports = 0" if table == "sip" else ""
        said = refused(write(tmp_path, f"[{table}]\nport = 0", f"[{table}]\nport = {port}{more}"))
    assert f"{table}.port" in said
    assert str(port) in said


def test_finding_35_an_administration_port_open_to_others_is_refused(tmp_path: Path) -> None:
    assert "http.address" in refused(write(tmp_path, "[http]", '[http]\naddress = "0.0.0.0"', flow=GOOD_FLOW))


@pytest.mark.parametrize("address", ["203.0.113.9", "nobody.invalid"])
def test_finding_34_an_address_for_sound_that_is_not_ours_is_named(tmp_path: Path, address: str) -> None:
    assert "media.address" in refused(
        write(tmp_path, new=f'[media]\naddress = "{address}"\n', flow=GOOD_FLOW)
    )


def test_certificates_that_cannot_be_used_are_told_together_before_anything_is_started(
    tmp_path: Path,
) -> None:
    for name in ("sip.crt", "sip.key", "web.crt", "web.key"):
        (tmp_path / name).write_text("no certificate")
    text = '[sip.tls]\nport = 0\ncertificate = "sip.crt"\nkey = "sip.key"\n'
    web = '[http]\ncertificate = "web.crt"\nprivate_key = "web.key"'
    said = refused(write(tmp_path, "[http]", web, flow=GOOD_FLOW).parent / "trunkline.toml")
    assert "http.certificate" in said and str(tmp_path / "web.crt") in said
    (tmp_path / "trunkline.toml").write_text((tmp_path / "trunkline.toml").read_text() + text)
    said = refused(tmp_path / "trunkline.toml")
    assert "http.certificate" in said and "sip.tls" in said


def test_a_sip_certificate_that_is_not_there_is_no_fault_for_one_is_made(tmp_path: Path) -> None:
    startable(
        write(tmp_path, new='[sip.tls]\nport = 0\ncertificate = "sip.crt"\nkey = "sip.key"\n', flow=GOOD_FLOW)
    )
    assert not (tmp_path / "sip.crt").exists(), "a look makes nothing"


def test_a_recordings_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = refused(write(tmp_path, new='[recordings]\ndirectory = "file/recordings"\n'))
    assert "recordings.directory" in said
    assert str(tmp_path / "file" / "recordings") in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_of_somebody_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o500)
    assert "server.data_directory" in refused(write(tmp_path))


def test_a_vocabulary_that_cannot_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    said = refused(write(tmp_path, new='[flows]\nvocabulary = ["absent.txt"]\n'))
    assert "trunkline.toml:8: flows.vocabulary" in said


async def test_nothing_is_left_behind_by_a_refused_start(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, '"welcome"', '"absent"'), {})
    with pytest.raises(StartError):
        async with running(settings, lambda _step: None):
            pass
    assert sorted(each.name for each in tmp_path.iterdir()) == ["trunkline.toml"]


async def test_finding_33_a_broken_database_is_one_message_before_anything_is_started(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, flow=GOOD_FLOW), {})
    (tmp_path / "var").mkdir()
    settings.server.database.write_bytes(b"no database at all" * 1000)
    steps = list[str]()
    with pytest.raises(StartError, match="not a database; move the file away"):
        async with running(settings, steps.append):
            pass
    assert steps == []


def test_a_refused_start_is_a_message_and_exit_code_two(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["serve", "--config", str(write(tmp_path, '"welcome"', '"absent"'))])
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit), "no traceback"
