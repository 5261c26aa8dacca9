"""Settings of the engine, and the address it may have."""

import pytest
from pydantic import ValidationError

from media.errors import MediaError
from media.settings import MediaSettings
from media.sockets import OwnAddress, own_address


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("arena_mb", "prompt_memory_mb"),
        ("recording_rows", "max_recordings"),
        ("listen_rows", "max_listeners"),
    ],
)
def test_an_old_name_is_an_error_that_tells_the_new_one(old: str, new: str) -> None:
    with pytest.raises(ValidationError, match=f"{old} is now called {new}"):
        MediaSettings.model_validate({old: 8})


def test_finding_34_a_name_of_this_machine_is_resolved() -> None:
    assert own_address(MediaSettings(address="localhost")) == OwnAddress("127.0.0.1", "127.0.0.1")


def test_finding_34_all_addresses_need_one_that_phones_can_be_told() -> None:
    with pytest.raises(MediaError, match=r"media\.advertised_address"):
        own_address(MediaSettings(address="0.0.0.0"))
    told = MediaSettings(address="0.0.0.0", advertised_address="192.0.2.7")
    assert own_address(told) == OwnAddress("0.0.0.0", "192.0.2.7")


def test_finding_34_a_name_of_nothing_says_which_setting_it_is() -> None:
    with pytest.raises(MediaError, match=r"media\.address"):
        own_address(MediaSettings(address="nowhere.invalid"))
