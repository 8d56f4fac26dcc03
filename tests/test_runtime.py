"""The mode and the line with which every notebook begins."""

import pytest

from cnnbook import runtime


@pytest.mark.parametrize(
    ("setting", "device", "mode"),
    [
        ("quick", "cuda", "quick"),
        ("full", "cpu", "full"),
        ("auto", "cpu", "quick"),
        ("auto", "cuda", "full"),
    ],
)
def test_auto_is_full_only_on_a_gpu(monkeypatch, setting, device, mode):
    monkeypatch.setenv("CNNBOOK_MODE", setting)
    monkeypatch.setattr(runtime, "device", lambda: device)
    assert runtime.mode() == mode


def test_an_unknown_mode_is_refused(monkeypatch):
    monkeypatch.setenv("CNNBOOK_MODE", "fast")
    with pytest.raises(ValueError, match=r"CNNBOOK_MODE='fast'.*quick.*full.*auto"):
        runtime.mode()


def test_the_first_line_names_versions_device_and_mode(monkeypatch):
    monkeypatch.setenv("CNNBOOK_MODE", "quick")
    monkeypatch.setattr(runtime, "device", lambda: "cpu")
    words = runtime.describe().split(" · ")
    assert words[0].startswith("cnnbook 0.")
    assert words[1].startswith("torch 2.")
    assert words[2:] == ["cpu", "quick mode"]
