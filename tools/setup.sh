#!/bin/sh
# Picks a Python and lets it set up .venv for what is named: `run`, `test`. Does nothing, fast, when that is done already.
# PYTHON=python3.12 chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."

new_enough() {
    "$1" -I -S -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if [ -z "${PYTHON:-}" ] && [ -x .venv/bin/python ] && [ -x .venv/bin/pip ] && new_enough .venv/bin/python; then
    exec .venv/bin/python -I -S tools/setup.py "$@"
fi
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if new_enough "$candidate"; then
        exec "$candidate" -I tools/setup.py "$@"
    fi
done
if [ -n "${PYTHON:-}" ]; then
    echo "PYTHON=$PYTHON is not a Python 3.11 or newer." >&2
else
    echo "Trunkline needs Python 3.11 or newer and found none (tried python3, python3.13, python3.12, python3.11)." >&2
    echo "  Debian 12, Ubuntu 24.04 or newer:  sudo apt-get install python3 python3-venv" >&2
    echo "  elsewhere: install one and name it: make run PYTHON=/path/to/python3.12" >&2
fi
exit 2
