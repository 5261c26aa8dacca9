"""What a flow notes reads as a sentence in the timeline, not as the name of a fact."""

import pytest

from contacts.facts.flow import FlowNoted
from contacts.folds.timeline import Timeline
from contacts.ids import ContactId


@pytest.mark.parametrize(
    ("about", "details", "words"),
    [
        ("flow.tagged", {"tags": "billing"}, "tagged: billing"),
        ("flow.scored", {"survey": "nps", "question": "again", "score": "9"}, "survey nps: again 9"),
        ("flow.requested", {"what": "http"}, "asked outside: http"),
        ("flow.request_done", {"outcome": "failed"}, "answer from outside: failed"),
        ("flow.recorded", {"item": "i7", "duration_s": "12"}, "statement i7 of 12 s"),
        ("flow.recorded", {"item": "", "duration_s": "0"}, "no statement was recorded"),
        (
            "flow.effort",
            {"effort": "8", "keys": "1", "prompts": "2", "repeats": "0", "handed_on": "1", "waited_s": "0"},
            "caller's effort 8: keys 1, prompts 2, repeated questions 0",
        ),
        ("flow.scored", {"score": "9"}, "flow.scored"),
        ("flow.something_new", {"x": "1"}, "flow.something new"),
    ],
)
def test_u19_a_note_of_a_flow_is_a_sentence(about: str, details: dict[str, str], words: str) -> None:
    note = FlowNoted(contact=ContactId("c1"), flow="welcome", about=about, details=details)
    assert Timeline().sentence(note).startswith(words)
