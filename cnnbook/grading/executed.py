"""The notebook that was graded, with its outputs, as formgrader shows it."""

from cnnbook.grading.rebuild import Rebuilt


def clean_outputs(outputs) -> list[dict]:
    """Return the outputs that a student's process reports, rebuilt from the kinds that are allowed."""
    kept = []
    for output in outputs[:50] if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        kind = output.get("output_type")
        if kind == "stream" and output.get("name") in ("stdout", "stderr"):
            kept.append(
                {
                    "output_type": kind,
                    "name": output["name"],
                    "text": str(output.get("text"))[:70_000],
                }
            )
        elif kind == "error":
            trace = [str(line)[:2000] for line in (output.get("traceback") or [])[:20]]
            ename, evalue = str(output.get("ename"))[:200], str(output.get("evalue"))[:2000]
            kept.append({"output_type": kind, "ename": ename, "evalue": evalue, "traceback": trace})
        elif kind in ("execute_result", "display_data") and isinstance(output.get("data"), dict):
            allowed = {
                k: str(v) for k, v in output["data"].items() if k in ("text/plain", "image/png")
            }
            entry = {"output_type": kind, "data": allowed, "metadata": {}}
            kept.append(entry | ({"execution_count": None} if kind == "execute_result" else {}))
    return kept


def executed_notebook(solution: dict, rebuilt: Rebuilt, outputs: dict[int, list]) -> dict:
    """Return the notebook that was graded, as formgrader shows it."""
    originals = {}
    for place, cell in enumerate(solution["cells"]):
        marks = cell["metadata"].get("nbgrader", {})
        originals[marks.get("grade_id") or f"cell-{place}"] = cell
    cells, used = [], set()
    for index, step in enumerate(rebuilt.steps):
        original = originals.get(step.id) if step.id not in used else None
        metadata = dict(original["metadata"]) if original else {}
        used.add(step.id)
        kind = step.cell.cell_type if step.cell else "code"
        cell = {"cell_type": kind, "metadata": metadata, "source": step.source, "id": f"c{index}"}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": outputs.get(index, [])}
        cells.append(cell)
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
