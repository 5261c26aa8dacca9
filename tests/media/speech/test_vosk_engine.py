"""vosk: what can be shown without a model, which is every way of refusing, and the reading of its answers."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError

from media.speech.errors import RecogniserFailed
from media.speech.model_files import ModelFiles, ModelKind
from media.speech.recogniser import SpeechWorkers
from media.speech.settings import SpeechSettings
from media.speech.utterance import Word
from media.speech.vosk_engine import VoskEngine, VoskStream, checked_model, parse_result


def test_vosk_without_a_model_directory_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(ValidationError, match="vosk_model_dir is required"):
        SpeechSettings.model_validate({"engine": "vosk"})


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecogniserFailed, match="nowhere is not a directory"):
        VoskEngine(tmp_path / "nowhere")


def test_a_directory_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecogniserFailed, match="holds no vosk model"):
        VoskEngine(tmp_path)


def test_both_published_layouts_pass_the_check(tmp_path: Path) -> None:
    for name in ("new/am/final.mdl", "old/final.mdl"):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.touch()
    assert checked_model(tmp_path / "new") == tmp_path / "new"
    assert checked_model(tmp_path / "old") == tmp_path / "old"


def test_a_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "final.mdl").touch()
    monkeypatch.setitem(sys.modules, "vosk", None)
    with pytest.raises(RecogniserFailed, match=r"pip install 'trunkline\[vosk\]'"):
        VoskEngine(tmp_path)


def test_a_broken_model_is_refused_by_vosk_itself(tmp_path: Path) -> None:
    pytest.importorskip("vosk", reason="the extra trunkline[vosk] is not installed")
    (tmp_path / "am").mkdir()
    (tmp_path / "am" / "final.mdl").touch()
    with pytest.raises(RecogniserFailed, match="cannot load"):
        VoskEngine(tmp_path)


async def test_a_worker_that_cannot_load_its_engine_tells_the_parent_why(tmp_path: Path) -> None:
    settings = SpeechSettings.model_validate(
        {"engine": "vosk", "vosk_model_dir": tmp_path, "cache_dir": tmp_path}
    )
    workers = SpeechWorkers(settings)
    with pytest.raises(RecogniserFailed, match="holds no vosk model"):
        await workers.start()
    assert workers.statistics().pids == ()


def test_an_answer_is_read_without_what_lies_outside_the_grammar() -> None:
    heard = parse_result(
        '{"result": [{"conf": 0.8, "end": 0.9, "start": 0.3, "word": "sales"},'
        ' {"conf": 1.0, "end": 1.2, "start": 0.9, "word": "[unk]"},'
        ' {"conf": 0.6, "end": 2.1, "start": 1.2, "word": "please"}], "text": "sales [unk] please"}',
        2.0,
    )
    assert heard.text == "sales please"
    assert heard.words == (Word("sales", 0.3, 0.9, 0.8), Word("please", 1.2, 2.0, 0.6))
    assert heard.confidence == pytest.approx(0.7)


def test_an_answer_without_words_is_empty() -> None:
    assert parse_result('{"text": ""}', 1.0).text == ""


class FakeKaldi:
    """What `vosk.KaldiRecognizer` answers, by the thousand samples it was given."""

    def __init__(self) -> None:
        self.pieces: list[int] = []
        self.words_on = False

    def SetWords(self, on: bool) -> None:
        self.words_on = on

    def AcceptWaveform(self, data: bytes) -> int:
        self.pieces.append(len(data) // 2)
        return int(sum(self.pieces) == 4000)

    def Result(self) -> str:
        return '{"result": [{"conf": 0.9, "end": 0.4, "start": 0.1, "word": "sales"}], "text": "sales"}'

    def PartialResult(self) -> str:
        return '{"partial": "please [unk]"}' if sum(self.pieces) > 4000 else '{"partial": ""}'

    def FinalResult(self) -> str:
        return '{"result": [{"conf": 0.7, "end": 1.0, "start": 0.6, "word": "please"}], "text": "please"}'


def test_a_stream_goes_in_pieces_of_100_ms_and_its_words_come_while_it_goes_on() -> None:
    kaldi = FakeKaldi()
    stream = VoskStream(kaldi)
    assert stream.feed(np.zeros(1600, np.int16)) is None
    assert stream.feed(np.zeros(2400, np.int16)) == "sales"
    assert stream.feed(np.zeros(800, np.int16)) == "sales please"
    assert stream.feed(np.zeros(800, np.int16)) is None, "it sounds like what was told already"
    heard = stream.finish()
    assert heard.text == "sales please"
    assert (heard.start_s, heard.end_s) == (0.0, 0.7)
    assert set(kaldi.pieces[:-1]) == {800}


def test_the_vocabulary_of_a_house_is_the_grammar_of_its_live_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "final.mdl").touch()
    grammars: list[str] = []

    def recogniser(_model: object, _rate: int, grammar: str = "") -> FakeKaldi:
        grammars.append(grammar)
        return FakeKaldi()

    library = SimpleNamespace(
        SetLogLevel=lambda _level: None, Model=lambda _path: object(), KaldiRecognizer=recogniser
    )
    monkeypatch.setitem(sys.modules, "vosk", library)
    engine = VoskEngine(tmp_path)
    house = ModelFiles("key", ModelKind.VOCABULARY, ("i want a refund", "hold the line"))
    engine.stream(house)
    engine.stream(ModelFiles("general", ModelKind.GENERAL))
    assert grammars == ['["i want a refund", "hold the line", "[unk]"]', ""]


def test_the_library_has_what_is_asked_of_it() -> None:
    vosk = pytest.importorskip("vosk", reason="the extra trunkline[vosk] is not installed")
    used = ("AcceptWaveform", "Result", "PartialResult", "FinalResult", "SetWords")
    assert all(callable(getattr(vosk.KaldiRecognizer, name)) for name in used)
    assert callable(vosk.Model)
    assert callable(vosk.SetLogLevel)
