"""The further languages of a flow: their voices, and what its texts and phrases are in them."""

import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from ivr_flows.definition.prompts import Template
from ivr_flows.languages.key_names import KEY_NAMES, key_names, operator_words
from ivr_flows.phrases import spoken_form
from ivr_flows.reading.fields import Fields
from ivr_flows.reading.prompts import parse_template
from ivr_flows.reading.tree import MAX_FILE_BYTES, Mapping, Scalar, Sequence, Tree, TreeError, parse_tree

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


@dataclass(frozen=True, slots=True)
class Languages:
    """By language, like `ja`."""

    voices: dict[str, str] = field(default_factory=dict)
    catalogues: dict[str, dict[str, Template]] = field(default_factory=dict)
    phrases: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)


def read_languages(fields: Fields, own: str, path: FilePath | None) -> Languages:
    """Read `languages: {ja: {voice: ja, texts: bank.ja.yaml}}`; texts may also stand there themselves."""
    found = Languages()
    tree = fields.take("languages")
    if tree is None:
        return found
    written = Fields(fields.report, tree, fields.sub("languages"))
    for language in written.names:
        if not LANGUAGE.fullmatch(language):
            message = f'"{language[:40]}" is no language'
            written.complain(language, "value-type", message, "write it like ja or en-GB")
        value = written.take(language)
        if value is None:
            continue
        about = Fields(fields.report, value, written.sub(language))
        voice = about.optional_text("voice")
        if voice is not None:
            found.voices[language] = voice
        found.catalogues[language], found.phrases[language] = _texts(about, path)
        found.phrases[language] = {**_names_of_keys(own, language), **found.phrases[language]}
        about.finish()
    return found


def _texts(fields: Fields, path: FilePath | None) -> tuple[dict[str, Template], dict[str, tuple[str, ...]]]:
    tree = fields.expect("texts")
    if isinstance(tree, Scalar):
        tree = None if path is None else _from_file(fields, path.parent / tree.text)
    if isinstance(tree, Sequence):
        message = "a list says nothing of what is translated"
        fields.complain("texts", "catalogue-broken", message, "write each text: and its translation")
    catalogue: dict[str, Template] = {}
    phrases: dict[str, tuple[str, ...]] = {}
    for entry in tree.entries if isinstance(tree, Mapping) else ():
        said = _said(entry.value)
        template = parse_template(" ".join(said[0].split())) if said else None
        if template is None:
            message = f'"{entry.key[:40]}" has no translation that can be read'
            fields.complain("texts", "translation-broken", message, "write a text, or a list of phrases")
            continue
        catalogue[" ".join(entry.key.split())] = template
        phrases[spoken_form(entry.key)] = tuple(spoken_form(each) for each in said)
    return catalogue, phrases


def _said(tree: Tree) -> tuple[str, ...]:
    items = tree.items if isinstance(tree, Sequence) else (tree,)
    texts = tuple(item.text for item in items if isinstance(item, Scalar) and item.text.strip())
    return texts if len(texts) == len(items) else ()


def _from_file(fields: Fields, file: FilePath) -> Tree | None:
    try:
        with file.open("rb") as stream:
            return parse_tree(stream.read(MAX_FILE_BYTES + 1))
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        mend = "it lies beside the flow"
        fields.complain("texts", "catalogue-missing", f"{file} cannot be read: {reason}", mend)
    except TreeError as error:
        place = f"{file.name}:{error.place.line}"
        fields.complain("texts", "catalogue-broken", f"{place}: {error.message}", error.mend)
    return None


def _names_of_keys(own: str, other: str) -> dict[str, tuple[str, ...]]:
    """Return what callers say for a key, or for the operator, who speak the other language."""
    names: dict[str, tuple[str, ...]] = {}
    for key in KEY_NAMES["en"]:
        names.update(dict.fromkeys(key_names(key, own), key_names(key, other)))
    names.update(dict.fromkeys(operator_words(own), operator_words(other)))
    return {name: said for name, said in names.items() if said}
