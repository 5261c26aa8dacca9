"""What the cache of the compiled engine depends on."""

import json
import subprocess
import sys
from pathlib import Path

from media.compiled import imported_by

ROOT = Path(__file__).parents[2]


def test_a_change_in_any_module_that_the_tick_imports_compiles_it_anew() -> None:
    program = (
        "import json, sys, media.tick;"
        "print(json.dumps([n.removeprefix('media.') for n in sys.modules if n.startswith('media.')]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout)) <= imported_by("tick")
