"""Bindings of phones (RFC 3261 section 10.3) and who may make them."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from telephony.registrar.authorization import Authorized, authorize
from telephony.registrar.bindings import (
    AddressOfRecord,
    Binding,
    BindingAdded,
    BindingExpired,
    BindingRefreshed,
    BindingRemoved,
    Outcome,
    Registrar,
)
from telephony.settings import RegistrarSettings
from telephony.sip.digest import Password, Secret, answer_challenge, choose_challenge
from telephony.sip.digest_server import DigestServer
from telephony.sip.hop import ConnectionId, Hop, Transport
from telephony.sip.message import Headers, Request

ALICE = AddressOfRecord("alice")
PHONE = Hop(Transport.UDP, "192.0.2.50", 41000)
LIMITS = RegistrarSettings(
    min_expires_s=60, default_expires_s=600, max_expires_s=3600, max_contacts=2, max_bindings=3
)


def register(
    *contacts: str, cseq: int = 1, call_id: str = "a", expires: str | None = None, to: str = "<sip:alice@pbx>"
) -> Request:
    items = [("To", to), ("From", f"{to};tag=1"), ("Call-ID", call_id), ("CSeq", f"{cseq} REGISTER")]
    items += [("Contact", contact) for contact in contacts]
    if expires is not None:
        items.append(("Expires", expires))
    return Request("REGISTER", "sip:pbx", Headers(tuple(items)))


@pytest.fixture
def registrar() -> Registrar:
    return Registrar(LIMITS)


def contacts_of(outcome: Outcome) -> list[str]:
    return [value for name, value in outcome.headers if name == "Contact"]


def held(registrar: Registrar, now: float, aor: AddressOfRecord = ALICE) -> list[str]:
    return [str(binding.contact) for binding in registrar.bindings(aor, now)]


def test_a_phone_registers_and_is_reached_where_it_came_from(registrar: Registrar) -> None:
    source = Hop(Transport.TCP, "192.0.2.50", 41000, ConnectionId(3))
    outcome = registrar.register(ALICE, register("<sip:alice@10.0.0.9:5062;ob>"), source, 0.0)
    binding = registrar.bindings(ALICE, 0.0)[0]
    assert outcome.status == 200
    assert outcome.effects == (BindingAdded(binding),)
    assert contacts_of(outcome) == ["<sip:alice@10.0.0.9:5062;ob>;expires=600"]
    assert binding.hop == source
    assert str(binding.contact) == "sip:alice@10.0.0.9:5062;ob"


@pytest.mark.parametrize(
    ("contact", "expires", "granted_s"),
    [
        ("<sip:a@x>", None, 600),
        ("<sip:a@x>", "120", 120),
        ("<sip:a@x>;expires=90", "120", 90),
        ("<sip:a@x>;expires=99999", None, 3600),
        ("<sip:a@x>;expires=4294967295", None, 3600),
        ("<sip:a@x>;expires=soon", None, 3600),
        ("<sip:a@x>;expires=99999999999999999999", None, 3600),
    ],
)
def test_the_time_granted(registrar: Registrar, contact: str, expires: str | None, granted_s: int) -> None:
    outcome = registrar.register(ALICE, register(contact, expires=expires), PHONE, 5.0)
    assert contacts_of(outcome) == [f"<sip:a@x>;expires={granted_s}"]
    assert registrar.next_expiry() == 5.0 + granted_s


def test_a_time_too_short_is_refused_with_the_least_we_grant(registrar: Registrar) -> None:
    outcome = registrar.register(ALICE, register("<sip:a@x>;expires=59"), PHONE, 0.0)
    assert (outcome.status, outcome.headers) == (423, (("Min-Expires", "60"),))
    assert not held(registrar, 0.0)


def test_a_refresh_moves_the_binding(registrar: Registrar) -> None:
    registrar.register(ALICE, register("<sip:a@x>"), PHONE, 0.0)
    elsewhere = Hop(Transport.UDP, "192.0.2.51", 42000)
    outcome = registrar.register(ALICE, register("<sip:%61@X;ob>", cseq=2), elsewhere, 100.0)
    binding = registrar.bindings(ALICE, 100.0)[0]
    assert outcome.effects == (BindingRefreshed(binding),)
    assert (binding.hop, binding.expires_at) == (elsewhere, 700.0)
    assert len(held(registrar, 100.0)) == 1


def test_a_binding_ends_in_its_time_and_not_before(registrar: Registrar) -> None:
    registrar.register(ALICE, register("<sip:a@x>", expires="60"), PHONE, 0.0)
    binding = registrar.bindings(ALICE, 59.9)[0]
    assert registrar.expire(59.9) == ()
    assert held(registrar, 60.0) == []
    assert registrar.expire(60.0) == (BindingExpired(binding),)
    assert registrar.expire(61.0) == ()


def test_a_refreshed_binding_outlives_its_first_deadline(registrar: Registrar) -> None:
    registrar.register(ALICE, register("<sip:a@x>", expires="60"), PHONE, 0.0)
    registrar.register(ALICE, register("<sip:a@x>", expires="60", cseq=2), PHONE, 50.0)
    assert registrar.expire(60.0) == ()
    assert held(registrar, 60.0) == ["sip:a@x"]
    assert len(registrar.expire(110.0)) == 1


def test_expires_0_takes_one_phone_away(registrar: Registrar) -> None:
    registrar.register(ALICE, register("<sip:a@x>", "<sip:a@y>"), PHONE, 0.0)
    outcome = registrar.register(ALICE, register("<sip:a@x>;expires=0", cseq=2), PHONE, 1.0)
    assert [type(effect) for effect in outcome.effects] == [BindingRemoved]
    assert contacts_of(outcome) == ["<sip:a@y>;expires=599"]


def test_a_star_takes_all_away(registrar: Registrar) -> None:
    registrar.register(ALICE, register("<sip:a@x>, <sip:a@y>"), PHONE, 0.0)
    outcome = registrar.register(ALICE, register("*", cseq=2, expires="0"), PHONE, 1.0)
    assert len(outcome.effects) == 2
    assert contacts_of(outcome) == []
    assert held(registrar, 1.0) == []


@pytest.mark.parametrize(
    "request_",
    [
        register("*"),
        register("*", expires="60"),
        register("*", "<sip:a@x>", expires="0"),
        register("*, <sip:a@x>", expires="0"),
        register("sip:a@x?Route=%3Csip:b%3E"),
        register("<name:John_Smith>"),
        register("<sip:a@x>", "<sip:a@y>", "<sip:a@z>"),
        register("nonsense"),
        register("<sip:a@x>", expires="soon"),
    ],
)
def test_a_broken_request_changes_nothing(registrar: Registrar, request_: Request) -> None:
    registrar.register(ALICE, register("<sip:a@old>", call_id="old"), PHONE, 0.0)
    outcome = registrar.register(ALICE, request_, PHONE, 1.0)
    assert (outcome.status, outcome.effects) == (400, ())
    assert held(registrar, 1.0) == ["sip:a@old"]


def test_without_contacts_the_bindings_are_only_told(registrar: Registrar) -> None:
    registrar.register(ALICE, register("<sip:a@x>"), PHONE, 0.0)
    outcome = registrar.register(ALICE, register(cseq=2), PHONE, 10.5)
    assert outcome.effects == ()
    assert contacts_of(outcome) == ["<sip:a@x>;expires=590"]


@pytest.mark.parametrize("cseq", [4, 5])
def test_a_request_that_came_late_is_refused_as_a_whole(registrar: Registrar, cseq: int) -> None:
    registrar.register(ALICE, register("<sip:a@x>", cseq=5), PHONE, 0.0)
    for late in (
        register("<sip:a@new>", "<sip:a@x>;expires=0", cseq=cseq),
        register("*", cseq=cseq, expires="0"),
    ):
        outcome = registrar.register(ALICE, late, PHONE, 1.0)
        assert (outcome.status, outcome.effects) == (500, ())
        assert held(registrar, 1.0) == ["sip:a@x"]


def test_another_call_id_starts_a_new_order(registrar: Registrar) -> None:
    registrar.register(ALICE, register("<sip:a@x>", cseq=5), PHONE, 0.0)
    outcome = registrar.register(ALICE, register("<sip:a@x>", cseq=1, call_id="after-reboot"), PHONE, 1.0)
    assert outcome.status == 200


def test_two_agents_do_not_share_phones(registrar: Registrar) -> None:
    bob = AddressOfRecord("bob")
    registrar.register(ALICE, register("<sip:a@x>"), PHONE, 0.0)
    registrar.register(bob, register("<sip:b@x>"), PHONE, 0.0)
    assert held(registrar, 0.0) == ["sip:a@x"]
    assert held(registrar, 0.0, bob) == ["sip:b@x"]


def test_one_phone_too_many_puts_the_oldest_out(registrar: Registrar) -> None:
    for index, contact in enumerate(("<sip:a@1>", "<sip:a@2>")):
        registrar.register(ALICE, register(contact, call_id=contact), PHONE, float(index))
    outcome = registrar.register(ALICE, register("<sip:a@3>", call_id="3"), PHONE, 5.0)
    removed = [effect.binding for effect in outcome.effects if isinstance(effect, BindingRemoved)]
    assert [str(binding.contact) for binding in removed] == ["sip:a@1"]
    assert held(registrar, 5.0) == ["sip:a@2", "sip:a@3"]


def test_the_whole_table_is_bounded_and_refreshes_still_pass(registrar: Registrar) -> None:
    for user in ("a", "b", "c"):
        assert registrar.register(AddressOfRecord(user), register("<sip:u@x>"), PHONE, 0.0).status == 200
    assert registrar.register(AddressOfRecord("d"), register("<sip:u@x>"), PHONE, 1.0).status == 503
    assert registrar.register(AddressOfRecord("a"), register("<sip:u@x>", cseq=2), PHONE, 1.0).status == 200
    registrar.expire(700.0)
    assert registrar.register(AddressOfRecord("d"), register("<sip:u@x>"), PHONE, 700.0).status == 200


class TestAuthorize:
    """Digest comes before every change."""

    def secret_of(self, user: str) -> Secret | None:
        return Password("wonderland") if user in ("alice", "o'neil") else None

    def outcome(self, request: Request, digest: DigestServer) -> Authorized | Outcome:
        return authorize(request, digest, self.secret_of, 1.0)

    def signed(self, request: Request, digest: DigestServer, user: str, password: str) -> Request:
        demand = self.outcome(request, digest)
        assert isinstance(demand, Outcome)
        assert demand.status == 401
        challenge = choose_challenge(value for name, value in demand.headers if name == "WWW-Authenticate")
        assert challenge is not None
        value = answer_challenge(
            challenge, "REGISTER", request.uri, user=user, password=password, cnonce="c", nc=1
        )
        return request.with_headers(request.headers.extending((("Authorization", value),)))

    def test_without_credentials_a_challenge_per_algorithm(self) -> None:
        outcome = self.outcome(register("<sip:a@x>"), DigestServer("pbx", b"k" * 32))
        assert isinstance(outcome, Outcome)
        assert outcome.status == 401
        assert [name for name, _ in outcome.headers] == ["WWW-Authenticate"] * 2

    def test_a_phone_that_gives_up_at_sha_256_is_asked_for_md5_only(self) -> None:
        request = register("<sip:a@x>")
        phone = request.with_headers(
            request.headers.extending((("User-Agent", "baresip v1.0.0 (x86_64/linux)"),))
        )
        digest = DigestServer("pbx", b"k" * 32)
        outcome = authorize(phone, digest, self.secret_of, 1.0, ("baresip v1.",))
        assert isinstance(outcome, Outcome)
        assert ["algorithm=MD5" in value for _, value in outcome.headers] == [True]
        other = authorize(request, digest, self.secret_of, 1.0, ("baresip v1.",))
        assert isinstance(other, Outcome)
        assert len(other.headers) == 2

    def test_the_right_password_opens_the_users_own_address(self) -> None:
        digest = DigestServer("pbx", b"k" * 32)
        request = self.signed(register("<sip:a@x>"), digest, "alice", "wonderland")
        assert self.outcome(request, digest) == Authorized(ALICE)

    def test_escapes_in_the_address_do_not_hide_the_user(self) -> None:
        digest = DigestServer("pbx", b"k" * 32)
        request = self.signed(register(to="<sip:o%27neil@pbx>"), digest, "o'neil", "wonderland")
        assert self.outcome(request, digest) == Authorized(AddressOfRecord("o'neil"))

    @pytest.mark.parametrize(
        ("to", "user", "password", "status"),
        [
            ("<sip:alice@pbx>", "alice", "wrong", 401),
            ("<sip:alice@pbx>", "mallory", "wonderland", 401),
            ("<sip:bob@pbx>", "alice", "wonderland", 403),
            ("isbn:2983792873", "alice", "wonderland", 404),
            ("<sip:pbx>", "alice", "wonderland", 404),
        ],
    )
    def test_everything_else_is_refused(self, to: str, user: str, password: str, status: int) -> None:
        digest = DigestServer("pbx", b"k" * 32)
        outcome = self.outcome(self.signed(register(to=to), digest, user, password), digest)
        assert isinstance(outcome, Outcome)
        assert outcome.status == status

    def test_a_broken_to_is_a_bad_request(self) -> None:
        assert self.outcome(register(to="nonsense"), DigestServer("pbx", b"k" * 32)) == Outcome(
            400, rule_id="registrar.malformed"
        )


class TestDevices:
    """Whoever counts phones by what the registrar tells sees the same phone from first to last."""

    def effects(
        self, registrar: Registrar, contact: str, cseq: int, now: float = 0.0
    ) -> list[tuple[str, str]]:
        outcome = registrar.register(ALICE, register(contact, cseq=cseq), PHONE, now)
        return [(type(effect).__name__, effect.binding.device) for effect in outcome.effects]

    def test_finding_24_a_phone_keeps_its_name_however_it_writes_its_contact(
        self, registrar: Registrar
    ) -> None:
        [(added, device)] = self.effects(registrar, "<sip:alice@192.0.2.1:5062;ob>", 1)
        again = self.effects(registrar, "<sip:alice@192.0.2.1:5062>", 2)
        gone = self.effects(registrar, "<sip:%61lice@192.0.2.1:5062;transport=udp;ob>;expires=0", 3)
        left = self.effects(registrar, "<sip:%61lice@192.0.2.1:5062;ob>;expires=0", 4)
        assert (added, again, gone, left) == (
            "BindingAdded",
            [("BindingRefreshed", device)],
            [],
            [("BindingRemoved", device)],
        )

    def test_finding_24_an_instance_that_comes_back_at_another_port_is_no_second_phone(
        self, registrar: Registrar
    ) -> None:
        instance = ';+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'
        [(_, device)] = self.effects(registrar, f"<sip:alice@192.0.2.1:5062>{instance}", 1)
        again = self.effects(registrar, f"<sip:alice@192.0.2.1:40001>{instance}", 2)
        assert again == [("BindingRefreshed", device)]
        assert held(registrar, 1.0) == ["sip:alice@192.0.2.1:40001"]

    def test_two_flows_of_one_instance_are_two_bindings(self, registrar: Registrar) -> None:
        for number in (1, 2):
            self.effects(
                registrar, f'<sip:a@192.0.2.{number}>;reg-id={number};+sip.instance="<urn:x>"', number
            )
        assert len(held(registrar, 1.0)) == 2

    def test_a_contact_that_matches_two_phones_replaces_both_and_says_so(self, registrar: Registrar) -> None:
        self.effects(registrar, "<sip:alice@192.0.2.1;x=1>", 1)
        self.effects(registrar, "<sip:alice@192.0.2.1;x=2>", 2)
        merged = self.effects(registrar, "<sip:alice@192.0.2.1>", 3)
        assert merged == [
            ("BindingRemoved", "sip:alice@192.0.2.1;x=1"),
            ("BindingRefreshed", "sip:alice@192.0.2.1;x=2"),
        ]

    def test_finding_09_phones_behind_a_connection_that_is_lost_are_gone(self, registrar: Registrar) -> None:
        flow = ConnectionId(7)
        hop = Hop(Transport.TCP, "192.0.2.9", 40000, flow)
        registrar.register(ALICE, register("<sip:alice@10.0.0.1;transport=tcp>"), hop, 0.0)
        registrar.register(ALICE, register("<sip:alice@10.0.0.2>", call_id="b"), PHONE, 0.0)
        assert registrar.uses(flow)
        [gone] = registrar.connection_lost(flow)
        assert isinstance(gone, BindingRemoved)
        assert held(registrar, 1.0) == ["sip:alice@10.0.0.2"]
        assert not registrar.uses(flow)
        assert registrar.connection_lost(flow) == ()

    def test_a_phone_that_does_not_answer_is_forgotten_unless_it_came_back(
        self, registrar: Registrar
    ) -> None:
        registrar.register(ALICE, register("<sip:a@x>"), PHONE, 0.0)
        [old] = registrar.bindings(ALICE, 0.0)
        registrar.register(ALICE, register("<sip:a@x>", cseq=2), PHONE, 1.0)
        assert registrar.forget(old) == ()
        [new] = registrar.bindings(ALICE, 1.0)
        assert registrar.forget(new) == (BindingRemoved(new),)
        assert registrar.bindings(ALICE, 1.0) == ()


class Registrations(RuleBasedStateMachine):
    """Whatever phones do: effects tell exactly how the table changed, and its bounds hold."""

    def __init__(self) -> None:
        super().__init__()
        self.registrar = Registrar(LIMITS)
        self.now = 0.0
        self.cseq = 0
        self.model: dict[tuple[str, str], Binding] = {}

    def note(self, effects: tuple[object, ...]) -> None:
        for effect in effects:
            assert isinstance(effect, BindingAdded | BindingRefreshed | BindingRemoved | BindingExpired)
            key = (effect.binding.aor, effect.binding.device)
            assert (key in self.model) != isinstance(effect, BindingAdded)
            if isinstance(effect, BindingAdded | BindingRefreshed):
                self.model[key] = effect.binding
            else:
                del self.model[key]

    @rule(
        user=st.sampled_from("ab"),
        contacts=st.lists(st.sampled_from(["1", "2", "2;ob", "3", "3;x=1", "3;x=2"]), max_size=2),
        expires=st.sampled_from(["0", "60", "3600", "1"]),
        star=st.booleans(),
    )
    def register(self, user: str, contacts: list[str], expires: str, star: bool) -> None:
        self.cseq += 1
        lines = ["*"] if star else [f"<sip:u@{contact}>" for contact in contacts]
        request = register(*lines, cseq=self.cseq, expires=expires)
        self.note(self.registrar.register(AddressOfRecord(user), request, PHONE, self.now).effects)

    @rule(passed_s=st.sampled_from([0.5, 60.0, 4000.0]))
    def expire(self, passed_s: float) -> None:
        self.now += passed_s
        self.note(self.registrar.expire(self.now))

    @invariant()
    def the_table_is_what_the_effects_said(self) -> None:
        told: list[Binding] = []
        for user in "ab":
            bindings = self.registrar.bindings(AddressOfRecord(user), self.now)
            assert len(bindings) <= LIMITS.max_contacts
            told += bindings
        assert {(binding.aor, binding.device): binding for binding in told} == self.model
        assert len(told) <= LIMITS.max_bindings

    @invariant()
    def the_next_expiry_is_never_late(self) -> None:
        if self.model:
            upcoming = self.registrar.next_expiry()
            assert upcoming is not None
            assert upcoming <= min(binding.expires_at for binding in self.model.values())


TestRegistrations = Registrations.TestCase
TestRegistrations.settings = settings(max_examples=30, stateful_step_count=25)
