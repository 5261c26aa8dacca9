"""Vocabularies, menus, pronunciations and the files a worker loads."""

import os
from itertools import count
from pathlib import Path

import pytest

from media.speech.errors import VocabularyError
from media.speech.lexicon import guess, lexicon
from media.speech.model_files import ModelKind, prepare, remove_oldest
from media.speech.recogniser import SpeechWorkers
from media.speech.settings import SpeechSettings
from media.speech.vocabulary import General, Phrases, Vocabulary


def test_texts_are_split_at_the_ends_of_sentences() -> None:
    house = Vocabulary("house", ("Press one. Or wait!\nIt costs 3.50 dollars; really?",))
    assert [" ".join(words) for words in house.spoken()] == [
        "press one",
        "or wait",
        "it costs three point five zero dollars",
        "really",
    ]


@pytest.mark.parametrize("empty", [Vocabulary("house", ()), Vocabulary("house", ("...",)), Phrases(())])
def test_a_model_without_words_is_an_error(empty: Vocabulary | Phrases) -> None:
    with pytest.raises(VocabularyError, match="no word"):
        empty.spoken()


def test_a_phrase_without_words_is_named() -> None:
    with pytest.raises(VocabularyError, match=r"'\?!'"):
        Phrases(("sales", "?!")).spoken()


def test_a_heard_phrase_comes_back_as_written() -> None:
    menu = Phrases(("Sales", "Opening hours", "Press 1"))
    assert menu.written("opening hours") == "Opening hours"
    assert menu.written("press one") == "Press 1"


def test_known_words_keep_all_their_pronunciations() -> None:
    found = lexicon(["the", "router"])
    assert {line.split()[0] for line in found.lines} >= {"the", "the(2)", "router"}
    assert not found.guessed
    assert not found.mute


def test_unknown_words_are_reported_and_pronounced() -> None:
    found = lexicon(["router", "zorbly", "trunkliner"])
    assert {*found.guessed, *found.mute} == {"trunkliner", "zorbly"}
    assert "trunkliner T R AH NG K L AY N ER" in lexicon(["trunkliner"]).lines


@pytest.mark.parametrize(
    ("word", "phones"),
    [("cat", "K AE T"), ("judge", "JH AH JH"), ("thing", "TH IH NG"), ("phone", "F OW N"), ("shoe", "SH UW")],
)
def test_guesses_agree_with_the_dictionary_on_plain_words(word: str, phones: str) -> None:
    assert guess(word) == phones
    assert f"{word} {phones}" in lexicon([word]).lines


def test_guesses_consist_of_phones_the_acoustic_model_has() -> None:
    known = {phone for line in lexicon(["the", *SAMPLE]).lines for phone in line.split()[1:]}
    names = ["kowalczyk", "nakamura", "okonkwo", "brzezinski", "ljubljana", "xiaoming", "o'shaughnessy"]
    for name in names:
        assert set(guess(name).split()) <= known, name


SAMPLE = (
    *(
        "about",
        "father",
        "ought",
        "cow",
        "buy",
        "chair",
        "day",
        "bed",
        "bird",
        "may",
        "fat",
        "go",
        "hat",
        "bit",
    ),
    *(
        "bee",
        "joy",
        "key",
        "lay",
        "me",
        "no",
        "sing",
        "boat",
        "toy",
        "put",
        "red",
        "sea",
        "she",
        "tea",
        "think",
    ),
    *("hood", "two", "view", "we", "yes", "zoo", "measure"),
)


def test_files_are_built_once(tmp_path: Path) -> None:
    house = Vocabulary("house", ("the bill is paid",))
    first = prepare(house, tmp_path)
    assert first.kind is ModelKind.VOCABULARY
    assert first.model is not None
    assert first.dictionary is not None
    assert {line.split()[0] for line in first.dictionary.read_text().splitlines()} >= {"the", "bill", "paid"}
    first.model.write_text("kept")
    assert prepare(house, tmp_path) == first
    assert first.model.read_text() == "kept"
    assert prepare(Vocabulary("house", ("the bill is due",)), tmp_path).key != first.key


def test_menus_become_grammars(tmp_path: Path) -> None:
    files = prepare(Phrases(("Sales", "opening hours")), tmp_path)
    assert files.phrases == ("sales", "opening hours")
    assert files.model is not None
    assert "public <phrase> = sales | opening hours;" in files.model.read_text()


def test_general_needs_no_files(tmp_path: Path) -> None:
    assert prepare(General(), tmp_path).model is None


def test_words_that_no_voice_can_say_in_english_leave_their_sentences_out(tmp_path: Path) -> None:
    files = prepare(Vocabulary("house", ("pay the bill", "pay the \u3042\u308a")), tmp_path)
    assert files.dictionary is not None
    assert "\u3042" not in files.dictionary.read_text()
    with pytest.raises(VocabularyError):
        prepare(Vocabulary("japanese", ("\u3042\u308a",)), tmp_path)


def test_of_many_models_those_stay_that_were_prepared_last_or_are_in_use(tmp_path: Path) -> None:
    ages = count()
    kept = {}
    for word in ("sales", "support", "billing", "hours"):
        kept[word] = prepare(Phrases((word,)), tmp_path)
        os.utime(tmp_path / f"{kept[word].key}.jsgf", (next(ages),) * 2)
    prepare(Phrases(("support",)), tmp_path)
    remove_oldest(tmp_path, {kept["sales"].key}, most=2)
    assert {file.stem for file in tmp_path.iterdir()} == {
        kept[word].key for word in ("sales", "support", "hours")
    }
    assert all((tmp_path / f"{kept[word].key}.dict").is_file() for word in ("sales", "support"))


async def test_a_client_after_the_other_with_words_of_its_own_fills_neither_memory_nor_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("media.speech.recogniser.MOST_REMEMBERED", 2)
    monkeypatch.setattr("media.speech.recogniser.MOST_KEPT", 3)
    workers = SpeechWorkers(SpeechSettings(cache_dir=tmp_path))
    house = Phrases(("sales",))
    files = await workers.model_files(house)
    for word in ("one", "two", "three", "four", "five", "six"):
        await workers.model_files(Vocabulary("client", (word,)))
        assert await workers.model_files(house) == files
    assert files.model is not None
    assert files.model.is_file()
    assert len([*files.model.parent.glob("*.arpa")]) < 6
