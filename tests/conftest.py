"""Settings that all tests share."""

import os

from hypothesis import settings

# No test depends on the speed of the machine; in CI the examples are the same each time.
settings.register_profile(
    "book", deadline=None, derandomize=os.environ.get("CI", "").lower() == "true"
)
settings.load_profile("book")
