"""What the house style says and a program can check."""

import ast
from pathlib import Path

from tests.architecture.conftest import Module

LONGEST_MODULE_LINES = 400
# RFC grammars and tables may be longer; each is named here.
LONG_MODULES = frozenset[str]()

EMPTY_NAMES = {"utils", "helpers", "common", "base", "manager", "misc", "util", "helper"}

# Where `except Exception` is the edge of something that must not take the rest along.
EDGES = {
    "acd/dispatcher.py": "one order or ledger entry that fails must not cost other contacts theirs",
    "ivr_flows/reading/tree.py": "the YAML parser raises errors of its own kind at malformed input",
    "media/leg.py": "a handler of one leg must not stop the events of the others",
    "media/speech/vosk_engine.py": "vosk raises bare Exception",
    "recordings/disk_threads.py": "one recording's trouble must not end the thread that writes the others",
    "recordings/drain.py": "one recording's trouble must not stop the drain of the others",
    "server/bus/connection.py": "one command that trips over a bug must not end the bus",
    "server/intake/fork.py": "a phone that cannot be called must not keep the others from ringing",
    "server/intake/mailbox.py": "an order that fails ends this contact and no other",
    "server/intake/contact_recording.py": "a contact must close whatever became of its sound",
    "server/intake/flow_run.py": "the edge of a flow: it ends this contact and no other",
    "server/intake/statements.py": "a contact must close whatever became of what its caller left",
    "server/live_transcripts/following.py": "a fault of ours in one track must not silence the others",
    "server/journal/rows.py": "a row that our own bug spoils must not keep all others from the disk",
    "server/journal/journal.py": "one broken listener must not silence the others",
    "server/softphone/pjsua2_call.py": "an exception that crossed into C++ would end the process",
    "server/store/writer.py": "one work that fails must not end the thread that writes for all",
    "server/store/nightly.py": "what could not be erased tonight is tried again in an hour",
    "server/tasks.py": "background work that fails must not end the task group of everybody",
    "server/transcripts/transcription.py": "a transcript that fails leaves the recording untouched",
    "telephony/call.py": "a handler of one call must not disturb the signalling of the others",
    "telephony/liveness.py": "a call whose sound cannot be asked must not cost the others their turn",
    "telephony/endpoint.py": "a call that nobody could take is refused, and costs no other",
    "telephony/signalling.py": "a message that trips over a bug costs that message only",
}

# The shells: they may await, read clocks, open sockets, start threads and log. Every other module of these
# packages is a core: it takes events and `now`, and returns effects.
SHELLS = {
    "acd": {"dispatcher.py"},
    "ivr_flows": {"driver.py"},
    "media": {
        "engine.py",
        "leg.py",
        "libraries.py",
        "memory.py",
        "sockets.py",
        "syscalls.py",
        "ticker.py",
        "speech/",
    },
    "recordings": {
        "disk_threads.py",
        "evidence/keeper.py",
        "finalizer.py",
        "folder.py",
        "keyring.py",
        "local_vault.py",
        "recorder.py",
        "recovery.py",
        "saved_recordings.py",
        "writer.py",
    },
    "telephony": {
        "call.py",
        "endpoint.py",
        "gate.py",
        "liveness.py",
        "trunks/outbound_trunks.py",
        "transport/own_address.py",
        "trunks/probing.py",
        "trunks/registration.py",
        "registrar/desk.py",
        "settled.py",
        "transport/resolver.py",
        "signalling.py",
        "transport/tcp_connection.py",
        "transport/sip_transport.py",
        "transport/source_filter.py",
        "transport/udp_socket.py",
    },
}
OF_SHELLS = {
    *("asyncio", "random", "secrets", "select", "selectors", "signal", "socket", "structlog", "subprocess"),
    *("multiprocessing", "threading", "time"),
}


def test_modules_are_named_by_the_thing(modules: list[Module]) -> None:
    empty = [module.name for module in modules if EMPTY_NAMES & set(Path(module.name).with_suffix("").parts)]
    assert not empty, f"name these by what is in them: {empty}"


def test_modules_can_be_read_in_one_sitting(modules: list[Module]) -> None:
    long = {module.name: module.text.count("\n") for module in modules if module.name not in LONG_MODULES}
    long = {name: lines for name, lines in long.items() if lines > LONGEST_MODULE_LINES}
    assert not long, f"longer than {LONGEST_MODULE_LINES} lines; find the missing concept: {long}"


def test_every_module_says_what_it_is(modules: list[Module]) -> None:
    silent = [module.name for module in modules if not ast.get_docstring(module.tree)]
    assert not silent, f"no docstring: {silent}"


def test_only_the_command_line_prints(modules: list[Module]) -> None:
    printing = [
        f"{module.name}:{node.lineno}"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not printing, f"log, or write through server/commands/console.py: {printing}"


def test_everything_is_caught_only_at_listed_edges(modules: list[Module]) -> None:
    catching = {module.name for module in modules if any(map(_catches_all, ast.walk(module.tree)))}
    assert not catching - EDGES.keys(), f"catch what can be handled: {sorted(catching - EDGES.keys())}"
    assert not EDGES.keys() - catching, f"no longer needed in EDGES: {sorted(EDGES.keys() - catching)}"


def _catches_all(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler):
        return False
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    names = {each.id for each in caught if isinstance(each, ast.Name)}
    # A handler that only lets go of something and raises again catches nothing.
    raises_again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
    return (node.type is None or bool({"Exception", "BaseException"} & names)) and not raises_again


def test_cores_read_no_clock_open_no_socket_and_do_not_log(modules: list[Module]) -> None:
    impure = {
        module.name: sorted(module.imports & OF_SHELLS)
        for module in modules
        if _is_core(module) and module.imports & OF_SHELLS
    }
    assert not impure, f"pass `now` in and effects out, or list the module as a shell: {impure}"


def _is_core(module: Module) -> bool:
    package, _, inside = module.name.partition("/")
    if package not in SHELLS:
        return False
    return not any(
        inside == shell or (shell.endswith("/") and inside.startswith(shell)) for shell in SHELLS[package]
    )


def test_listed_shells_exist(root: Path) -> None:
    gone = [f"{package}/{shell}" for package, shells in SHELLS.items() for shell in shells]
    gone = [name for name in gone if not (root / name).exists()]
    assert not gone, f"no longer needed in SHELLS: {gone}"


def test_no_task_is_started_without_an_owner(modules: list[Module]) -> None:
    bare = [
        f"{module.name}:{node.lineno}"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _starts_task(node.value.func)
    ]
    assert not bare, f"keep the task and await it, or use a task group: {bare}"


def _starts_task(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute) or function.attr not in {"create_task", "ensure_future"}:
        return False
    owner = function.value
    return isinstance(owner, ast.Name) and owner.id in {"asyncio", "loop"}
