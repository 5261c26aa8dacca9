"""Where the running server's data folder is, read from the settings without judging them.

Reading all settings costs as much as everything else that a command does; the folder alone costs nothing. A
test holds this to what `config.reader` says.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from server.errors import StartError

VARIABLE = "TRUNKLINE_SERVER__DATA_DIRECTORY"
BUILT_IN = Path("var")


def data_folder(config: Path | None) -> Path:
    """Of the server that was started with this settings file; raises StartError."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given)
    if config is None:
        return BUILT_IN
    try:
        settings = tomllib.loads(config.read_text(encoding="utf-8"))
        named = settings.get("server", {}).get("data_directory", str(BUILT_IN))
        return config.absolute().parent / str(named)
    except FileNotFoundError:
        raise StartError(f"{config}: no such file") from None
    except (OSError, ValueError, AttributeError) as error:
        raise StartError(f"{config}: {error}; `trunkline doctor -c {config}` tells more") from None
