"""What `trunkline bench speech` measures: a menu that hears synthetic voices."""

import json

import pytest
from typer.testing import CliRunner

from server.bench.speech import OUTSIDE, PHRASES, VOICES, SpeechCost, VoiceScore
from server.cli import app

pytestmark = pytest.mark.timing


def test_one_voice_is_understood_and_what_an_answer_takes_is_measured() -> None:
    """The demonstration engine's own limits are printed, not tested; this voice it knows well."""
    result = CliRunner().invoke(app, ["bench", "speech", "--voices", "1", "--json"])
    assert result.exit_code == 0, result.output
    cost = json.loads(result.stdout)
    assert cost["right"] >= 0.9
    [voice] = cost["voices"]
    assert (voice["said"], voice["outside"]) == (len(PHRASES), len(OUTSIDE))
    assert cost["cpu_ms"] > 0


def test_shares_are_those_of_all_voices_together() -> None:
    cost = SpeechCost((VoiceScore("a", 10, 9, 1, 4, 2), VoiceScore("b", 10, 5, 0, 4, 0)), 20.0)
    assert (cost.right, cost.mistaken) == (0.7, 0.25)
    assert SpeechCost((), 0.0).right == 0.0


def test_phrases_and_voices_are_each_there_once() -> None:
    assert len(set(PHRASES)) == 20
    assert len(set(VOICES)) == 15
    assert not set(PHRASES) & set(OUTSIDE)
