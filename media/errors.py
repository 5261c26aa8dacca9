"""What the media engine cannot do for its caller."""


class MediaError(Exception):
    """The one base of errors raised by the media engine."""


class MediaExhausted(MediaError):  # noqa: N818 - the name is the contract
    """A bounded pool (legs, ports, recording rings, arena) is full: refuse the call, do not retry at once."""


class NoLongerHeard(MediaError):  # noqa: N818 - a state, told by an exception
    """What was asked for has left the listen ring: the reader came too late."""


class MediaStopped(MediaError):  # noqa: N818 - a state, told by an exception
    """The engine is not running, or the leg is closed."""
