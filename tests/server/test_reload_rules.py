"""A reload: what changes at once, what waits for a restart."""

from pathlib import Path

from config.reader import read_settings
from config.settings import Settings
from server.checks.reload import changed_flows, reloadable
from server.checks.repertoire import load_repertoire

OLD = """\
[sip]
port = 5060
[[sip.trunks]]
name = "carrier"
networks = ["198.51.100.0/28"]
[numbers]
"100" = "welcome"
[[agents]]
name = "alice"
[[agents]]
name = "bob"
skills = { support = 1 }
"""


def settings(folder: Path, text: str) -> Settings:
    file = folder / "trunkline.toml"
    file.write_text(text)
    return read_settings(file, {})


def test_u03_trunks_agents_and_numbers_change_at_once_and_the_rest_waits(tmp_path: Path) -> None:
    old = settings(tmp_path, OLD)
    text = OLD.replace("198.51.100.0/28", "198.51.100.0/27").replace("5060", "5070").replace("bob", "carol")
    text = text.replace('"100" = "welcome"', '"100" = "endless"\n"200" = "welcome"')
    changes = reloadable(old, settings(tmp_path, text + "[media]\nmax_legs = 10\n"))
    assert changes.changed == (
        "sip.trunks: carrier is changed",
        "agents: carol is new, bob is gone",
        "numbers: 200 is new, 100 is changed",
    )
    assert changes.restart_needed == ("sip.port", "media.max_legs")
    assert changes.settings.sip.port == 5060
    assert changes.settings.sip.trunks[0].networks[0].prefixlen == 27
    assert [agent.name for agent in changes.settings.agents] == ["alice", "carol"]
    assert changes.settings.numbers == {"100": "endless", "200": "welcome"}


def test_the_same_settings_change_nothing(tmp_path: Path) -> None:
    old = settings(tmp_path, OLD)
    changes = reloadable(old, settings(tmp_path, OLD))
    assert changes.settings == old
    assert (changes.changed, changes.restart_needed) == ((), ())


def test_flows_are_compared_by_what_their_files_say(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    flow = tmp_path / "flows" / "welcome.yaml"
    flow.write_text(
        "flow: x\nstart: a\nnodes:\n  a:\n    say: Hello.\n    next: b\n  b:\n    hangup: normal\n"
    )
    both = settings(tmp_path, '[flows]\ndirectory = "flows"\n[numbers]\n"100" = "welcome"\n')
    before = load_repertoire(both)
    assert changed_flows(before, load_repertoire(both)) == ()
    flow.write_text(flow.read_text().replace("Hello", "Good day"))
    assert changed_flows(before, load_repertoire(both)) == ("welcome",)
