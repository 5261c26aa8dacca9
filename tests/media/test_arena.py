import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.arena import Arena
from media.errors import MediaExhausted
from media.sound import Sound


def test_equal_sounds_share_their_memory() -> None:
    arena = Arena(np.zeros(1000, np.uint8))
    assert arena.hold(Sound("a", b"x" * 600)) == arena.hold(Sound("a", b"x" * 600))


def test_a_sound_in_use_is_never_moved_out() -> None:
    arena = Arena(np.zeros(1000, np.uint8))
    arena.hold(Sound("a", b"x" * 600))
    with pytest.raises(MediaExhausted):
        arena.hold(Sound("b", b"y" * 600))


def test_an_unused_sound_makes_room_when_needed() -> None:
    octets = np.zeros(1000, np.uint8)
    arena = Arena(octets)
    key, _ = arena.hold(Sound("a", b"x" * 600))
    arena.release(key)
    _, offset = arena.hold(Sound("b", b"y" * 900))
    assert bytes(octets[offset : offset + 900]) == b"y" * 900


def test_the_same_name_with_other_audio_is_another_sound() -> None:
    arena = Arena(np.zeros(1000, np.uint8))
    assert arena.hold(Sound("a", b"x" * 100)) != arena.hold(Sound("a", b"y" * 100))


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=120))
def test_sounds_in_use_keep_their_bytes(steps: list[tuple[int, bool]]) -> None:
    octets = np.zeros(700, np.uint8)
    arena = Arena(octets)
    sounds = [Sound(str(n), bytes([n + 1]) * (40 * n + 7)) for n in range(10)]
    held: list[tuple[tuple[str, int, int], int, Sound]] = []
    for number, take in steps:
        if take:
            try:
                key, offset = arena.hold(sounds[number])
            except MediaExhausted:
                continue
            held.append((key, offset, sounds[number]))
        elif held:
            arena.release(held.pop(number % len(held))[0])
        for _, offset, sound in held:
            assert bytes(octets[offset : offset + len(sound.ulaw)]) == sound.ulaw
    for key, _, _ in held:
        arena.release(key)
    # There is room for it only where none of the others is in use.
    arena.hold(Sound("all", b"z" * 700))
