"""The version of the installed program."""

from __future__ import annotations

import importlib.metadata

VERSION = importlib.metadata.version("trunkline")
