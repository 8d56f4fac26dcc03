"""Put the student's answers into the instructor's notebook.

Tests, points and order are the instructor's. An answer is found by its grade_id, else by the names
that it defines, else by its place between cells that were recognised. Code cells that the student
added are kept, to be run in the student's process only.
"""

from dataclasses import dataclass, field

from cnnbook.grading.assignment import Cell, names_by_cell


@dataclass
class Step:
    """One cell to run or to keep, in order. `cell` is None for a cell that the student added."""

    kind: str  # those of Cell, and "extra"
    id: str
    source: str
    cell: Cell | None = None


@dataclass
class Rebuilt:
    """The notebook that is graded."""

    steps: list[Step] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)  # answers that were not given
    notes: list[str] = field(default_factory=list)


def rebuild(cells: list[Cell], handed: list[dict]) -> Rebuilt:
    """Return the instructor's notebook with the student's answers and added cells."""
    rebuilt = Rebuilt()
    place_of = _recognise(cells, handed)
    own: dict[str, list[int]] = {}
    for index, place in enumerate(place_of):
        if place is not None and cells[place].kind in ("answer", "written"):
            own.setdefault(cells[place].id, []).append(index)
    _by_name(cells, handed, place_of, own, rebuilt.notes)
    _by_place(cells, handed, place_of, own, rebuilt.notes)

    added: dict[int, list[int]] = {}
    latest = -1
    for index, place in enumerate(place_of):
        if place is not None:
            latest = place
        elif handed[index]["cell_type"] == "code" and handed[index]["source"].strip():
            added.setdefault(latest, []).append(index)

    def add_extra(place: int) -> None:
        for index in added.get(place, []):
            rebuilt.steps.append(Step("extra", f"added-{index + 1}", handed[index]["source"]))

    add_extra(-1)
    for place, cell in enumerate(cells):
        if cell.kind in ("answer", "written"):
            sources = _answers(cell, [handed[i]["source"] for i in own.get(cell.id, [])])
            if len(sources) > 1:
                rebuilt.notes.append(
                    f"{cell.id} was there {len(sources)} times; all were run in order"
                )
            if not sources:
                rebuilt.missing.add(cell.id)
                sources = [cell.stub]
            if cell.kind == "written":
                sources = ["\n\n".join(sources)]
            rebuilt.steps += [Step(cell.kind, cell.id, source, cell) for source in sources]
        else:
            rebuilt.steps.append(Step(cell.kind, cell.id, cell.source, cell))
        add_extra(place)
    return rebuilt


def _recognise(cells: list[Cell], handed: list[dict]) -> list[int | None]:
    """Return, for each cell handed in, the instructor's cell that it is, by grade_id or by content."""
    by_id = {cell.id: place for place, cell in enumerate(cells) if not cell.id.startswith("cell-")}
    by_content: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        for text in {_normal(cell.source), _normal(cell.stub)} if cell.kind != "answer" else ():
            by_content.setdefault(text, []).append(place)
    found: list[int | None] = []
    for given in handed:
        known = by_id.get(given["grade_id"]) if given["grade_id"] else None
        if known is None:
            same = by_content.get(_normal(given["source"]), [])
            known = next((p for p in same if p not in found), same[0] if same else None)
        found.append(known)
    return found


def _by_name(
    cells: list[Cell],
    handed: list[dict],
    place_of: list[int | None],
    own: dict[str, list[int]],
    notes: list[str],
) -> None:
    lost = [place for place, c in enumerate(cells) if c.kind == "answer" and not own.get(c.id)]
    left = [i for i, p in enumerate(place_of) if p is None and handed[i]["cell_type"] == "code"]
    names = names_by_cell(handed[index]["source"] for index in left) if lost else []
    for place in lost:
        cell, wanted = cells[place], set(cells[place].names)
        for index, given in zip(left, names, strict=True):
            if place_of[index] is None and wanted & set(given):
                place_of[index] = place
                own.setdefault(cell.id, []).append(index)
        if own.get(cell.id):
            notes.append(f"{cell.id} had lost its mark and was found by the name that it defines")


def _by_place(
    cells: list[Cell],
    handed: list[dict],
    place_of: list[int | None],
    own: dict[str, list[int]],
    notes: list[str],
) -> None:
    for place, cell in enumerate(cells):
        if cell.kind not in ("answer", "written") or own.get(cell.id):
            continue
        before = [i for i, p in enumerate(place_of) if p is not None and p < place]
        first = max(before, default=-1) + 1
        after = [i for i, p in enumerate(place_of) if p is not None and p > place and i >= first]
        gap = range(first, min(after, default=len(handed)))
        kind = "code" if cell.kind == "answer" else cell.cell_type
        fitting = [i for i in gap if place_of[i] is None and handed[i]["cell_type"] == kind]
        if fitting:
            for index in fitting:
                place_of[index] = place
            own[cell.id] = fitting
            notes.append(f"{cell.id} had lost its mark and was found by its place")


def _answers(cell: Cell, sources: list[str]) -> list[str]:
    """Return what the student wrote: without the untouched stub, and without exact copies."""
    given = [s for s in dict.fromkeys(sources) if s.strip() and _normal(s) != _normal(cell.stub)]
    return given


def _normal(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())
