"""Python imports this at its start when this folder is on PYTHONPATH: a process started by a check is followed too."""

import importlib.util
from pathlib import Path

# By its path: importing cnnbook would decide too early which one this process sees.
_path = Path(__file__).resolve().parents[3] / "cnnbook" / "forked" / "trace.py"
_spec = importlib.util.spec_from_file_location("cnnbook_trace", _path)
if _spec and _spec.loader:
    _trace = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_trace)
    _trace.follow_if_asked()
