"""Settings that all tests share."""

import os

import pytest
from hypothesis import settings

# No test depends on the speed of the machine; in CI the examples are the same each time.
settings.register_profile(
    "book", deadline=None, derandomize=os.environ.get("CI", "").lower() == "true"
)
settings.load_profile("book")


@pytest.fixture(scope="module")
def browser():
    """Chromium, without a page."""
    from playwright.sync_api import sync_playwright

    from scripts.chromium import find_chromium

    # Chromium refuses its own sandbox to root, as in a container.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=options)
        yield browser
        browser.close()
