"""Settings that all tests share, and the choice of one page's or one figure's tests."""

import os

import pytest
from hypothesis import settings

# No test depends on the speed of the machine; in CI the examples are the same each time.
settings.register_profile(
    "book", deadline=None, derandomize=os.environ.get("CI", "").lower() == "true"
)
settings.load_profile("book")

OWNERS = {
    "page": "a page of the book, by its path in _build/html",
    "figure": "an interactive figure, by its name",
}


def pytest_addoption(parser):
    for kind, what in OWNERS.items():
        parser.addoption(
            f"--{kind}", action="append", default=[], help=f"only the tests of {what}; repeatable"
        )
    parser.addoption(
        "--site", action="store_true", help="only the tests that belong to no one page or figure"
    )


def pytest_configure(config):
    for kind, what in OWNERS.items():
        config.addinivalue_line("markers", f"{kind}(name): the test belongs to {what}")


def owner_of(item) -> tuple[str, str] | None:
    """Return to what a test belongs, such as ("page", "index.html"), or None."""
    for kind in OWNERS:
        if mark := item.get_closest_marker(kind):
            return kind, mark.args[0]
    return None


def pytest_collection_modifyitems(config, items):
    """Keep the tests of what was chosen; what has none is a mistake in the command."""
    chosen = {(kind, name) for kind in OWNERS for name in config.getoption(kind)}
    if config.getoption("site"):
        chosen.add(None)
    if not chosen:
        return
    owners = {owner_of(item) for item in items}
    if unknown := chosen - owners:
        names = ", ".join("--" + " ".join(owner) if owner else "--site" for owner in unknown)
        there = ", ".join(sorted(owner[1] for owner in owners if owner))
        raise pytest.UsageError(f"no test here belongs to {names}; there are tests of {there}")
    config.hook.pytest_deselected(items=[item for item in items if owner_of(item) not in chosen])
    items[:] = [item for item in items if owner_of(item) in chosen]


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


@pytest.fixture(scope="module")
def sheets(browser):
    """Two offline pages, by whether scripts run, for documents that tests write into them.

    A new document in a page that is there costs a quarter of a page of its own.
    """
    contexts = {
        scripts: browser.new_context(offline=True, java_script_enabled=scripts)
        for scripts in (True, False)
    }
    yield {scripts: context.new_page() for scripts, context in contexts.items()}
    for context in contexts.values():
        context.close()


@pytest.fixture
def written(sheets):
    """Return a function that returns a page with only this HTML in it; an error in it is a failure."""
    errors, told = [], sheets[True]

    def note(error):
        errors.append(error)

    told.on("pageerror", note)

    def write(html, *, title="a test", width=1280, scripts=True, motion="no-preference"):
        page = sheets[scripts]
        page.goto("about:blank")  # nothing of the last document is left
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(media="screen", reduced_motion=motion)
        page.set_content(
            f"<!doctype html><html lang='en'><title>{title}</title><main>{html}</main>"
        )
        return page

    yield write
    told.evaluate("0")  # what was thrown before has been told by now
    told.remove_listener("pageerror", note)
    assert errors == []
