"""What tests of contacts share."""

from pathlib import Path

import pytest


@pytest.fixture
def root() -> Path:
    """The folder of the whole project."""
    return Path(__file__).parents[2]
