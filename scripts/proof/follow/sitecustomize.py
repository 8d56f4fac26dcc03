"""Python imports this at its start when this folder is on PYTHONPATH: a process started by a check is followed too."""

import importlib.util
import sys
from pathlib import Path

# By its path: importing cnnbook would decide too early which one this process sees. Under its name:
# what the process itself says to `trace` must reach the one that follows it.
_path = Path(__file__).resolve().parents[3] / "cnnbook" / "forked" / "trace.py"
_spec = importlib.util.spec_from_file_location("cnnbook.forked.trace", _path)
if _spec and _spec.loader:
    _trace = sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_trace)
    _trace.follow_if_asked()
