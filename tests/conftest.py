"""What every test is run with.

Hypothesis tries the same examples each time, so that a test that passes goes on passing until something is
changed, and is not held to a time: a machine may be busy. `HYPOTHESIS_PROFILE=search` looks for new ones.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
