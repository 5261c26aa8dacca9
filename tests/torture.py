"""Where the torture messages of RFC 4475 and RFC 5118 are: kept outside of the repository."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(
    os.environ.get("TRUNKLINE_TORTURE") or Path(__file__).resolve().parents[2] / "shared" / "torture"
)
MISSING = f"the torture messages are not at {FOLDER}: set TRUNKLINE_TORTURE"


def messages() -> tuple[Path, ...]:
    """One file per message, as raw bytes; none where the folder is absent."""
    return tuple(sorted(file for name in ("rfc4475", "rfc5118") for file in (FOLDER / name).glob("*")))
