"""Language models as files that a worker loads, built once and kept in the cache."""

import hashlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Final, NamedTuple, assert_never

import structlog

from media.speech.errors import VocabularyError
from media.speech.language_model import arpa_bigrams
from media.speech.lexicon import lexicon
from media.speech.synthesis import write_atomically
from media.speech.vocabulary import General, LanguageModel, Phrases, Vocabulary

log = structlog.get_logger(__name__)

# Part of the cache key: raise it when the way from sentences to files changes.
_PIPELINE: Final = 1

MOST_KEPT: Final = 2000
"""Models on disk. Whoever asks over the network brings vocabularies of their own."""


class ModelKind(Enum):
    """Which search a decoder makes."""

    VOCABULARY = auto()
    PHRASES = auto()
    GENERAL = auto()


class ModelFiles(NamedTuple):
    """What a worker needs to know of a model; equal keys are the same model. `phrases` are a house's, too."""

    key: str
    kind: ModelKind
    phrases: tuple[str, ...] = ()
    dictionary: Path | None = None
    model: Path | None = None


def prepare(model: LanguageModel, directory: Path) -> ModelFiles:
    """Blocks for about 0.2 s when the model is new; raises VocabularyError."""
    match model:
        case General():
            return ModelFiles("general", ModelKind.GENERAL)
        case Vocabulary():
            return _prepare(ModelKind.VOCABULARY, model.name, model.spoken(), directory)
        case Phrases():
            return _prepare(ModelKind.PHRASES, "phrases", model.spoken(), directory)
        case _:
            assert_never(model)


def _prepare(kind: ModelKind, name: str, spoken: tuple[tuple[str, ...], ...], directory: Path) -> ModelFiles:
    lines = "\n".join(" ".join(words) for words in spoken)
    key = hashlib.sha256(f"{_PIPELINE}\0{kind.name}\0{lines}".encode()).hexdigest()
    files = ModelFiles(
        key,
        kind,
        tuple(lines.split("\n")),
        directory / f"{key}.dict",
        directory / f"{key}.{'arpa' if kind is ModelKind.VOCABULARY else 'jsgf'}",
    )
    if files.dictionary is not None and files.model is not None:
        if files.model.is_file():
            with suppress(OSError):  # a cache that others filled for us: it is used all the same
                files.model.touch()
        else:
            _build(name, spoken, kind, files.dictionary, files.model)
    return files


def remove_oldest(directory: Path, in_use: Collection[str], most: int) -> None:
    """Blocks. Those that were prepared longest ago go, but for those with a key that is in use."""
    models = [path for path in directory.glob("*") if path.suffix in (".arpa", ".jsgf")]
    if len(models) <= most:
        return
    with suppress(OSError):  # another process tidies, too, or the disk refuses: there is a next time
        oldest_first = sorted(models, key=lambda path: path.stat().st_mtime)
        for model in oldest_first[: len(models) - most]:
            if model.stem not in in_use:
                model.unlink()
                model.with_suffix(".dict").unlink()


def _build(
    name: str, spoken: Sequence[tuple[str, ...]], kind: ModelKind, dictionary: Path, model: Path
) -> None:
    found = lexicon(word for words in spoken for word in words)
    usable = [words for words in spoken if not set(words) & set(found.mute)]
    if found.guessed or found.mute:
        log.info("speech.words_not_in_dictionary", model=name, guessed=found.guessed, left_out=found.mute)
    if not usable or (kind is ModelKind.PHRASES and len(usable) < len(spoken)):
        raise VocabularyError(f"{name}: no pronunciation is known for {', '.join(found.mute)}")
    content = arpa_bigrams(usable) if kind is ModelKind.VOCABULARY else jsgf(usable)
    # The model goes last: where it is, the dictionary is whole too.
    write_atomically(dictionary, "\n".join((*found.lines, "")).encode())
    write_atomically(model, content.encode())


def jsgf(phrases: Sequence[Sequence[str]]) -> str:
    """A grammar of exactly these phrases; JSGF words of letters and apostrophes need no quoting."""
    choices = " | ".join(" ".join(phrase) for phrase in dict.fromkeys(map(tuple, phrases)))
    return f"#JSGF V1.0;\ngrammar phrases;\npublic <phrase> = {choices};\n"
