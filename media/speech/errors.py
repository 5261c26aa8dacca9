"""What goes wrong with speech, told apart where a caller acts differently."""


class SpeechError(Exception):
    """Base of the errors of this package."""


class SynthesisError(SpeechError):
    """A text could not be made into sound."""


class VocabularyError(SpeechError):
    """A vocabulary or phrase list holds nothing that the recogniser could listen for."""


class RecogniserBusy(SpeechError):  # noqa: N818 - a state of the recogniser; the caller may come back later
    """The queue is full: the newest request is the one that is refused."""


class RecogniserFailed(SpeechError):  # noqa: N818 - same family as RecogniserBusy
    """The worker died, hung or could not decode; the request is lost and may be made again."""
