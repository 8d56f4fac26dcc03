"""The command `cnnbook`: release, collect, grade, feedback, export, report, doctor and check."""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from cnnbook.grading.course import Course, CourseError
from cnnbook.grading.limits import Limits
from cnnbook.grading.terminal import printable

OK, PROBLEMS, REFUSED, STOPPED = 0, 1, 2, 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns 0, 1 where something needs a look, 2 where it was refused, or 130."""
    options = _parser().parse_args(arguments)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)
    try:
        return options.run(options)
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt) or _is_stopping():
            text = "stopped; what was graded is kept, and the next run goes on from here"
            print(f"\n{text}", file=sys.stderr)
            return STOPPED
        if isinstance(error, CourseError):
            return _refuse(options, str(error))
        if isinstance(error, OSError):
            where, why = error.filename or "a file", error.strerror or error
            return _refuse(options, f"{where!r}: {why}; mend it and run again, nothing is lost")
        raise
    finally:
        if "cnnbook.grading.workers" in sys.modules:
            sys.modules["cnnbook.grading.workers"].stop_warm_parent()


def _stop(number, frame) -> None:
    if "cnnbook.grading.workers" in sys.modules:
        sys.modules["cnnbook.grading.workers"].stop.set()
    raise KeyboardInterrupt


def _is_stopping() -> bool:
    """Return whether Ctrl-C was pressed; a library that it interrupts may raise something else."""
    workers = sys.modules.get("cnnbook.grading.workers")
    return workers is not None and workers.stop.is_set()


def _refuse(options, text: str) -> int:
    if getattr(options, "json", False):
        print(json.dumps({"error": text}))
    print(*map(printable, f"cnnbook: {text}".split("\n")), sep="\n", file=sys.stderr)
    return REFUSED


def _say(options, data: dict, lines: list[str]) -> None:
    print(json.dumps(data, indent=1) if options.json else "\n".join(map(printable, lines)))


def _release(options) -> int:
    from cnnbook.grading.release import release

    course = Course(options.course)
    names = release(course, options.assignment)
    _say(options, {"released": names}, [f"released {', '.join(names)} into {course.release}"])
    return OK


def _collect(options) -> int:
    from cnnbook.grading.collect import collect

    course = Course(options.course)
    name = course.require(options.assignment)
    done = collect(course, name, options.source, options.pattern)
    lines = [f"{len(done.students)} submissions of {name} are in {course.submitted}"]
    lines += [f"  left out {text}" for text in done.left_out]
    lines += [f"  late, as the system says: {student!r}" for student in done.late]
    _say(options, asdict(done), lines)
    return PROBLEMS if done.left_out or not done.students else OK


def _grade(options) -> int:
    from cnnbook.grading.grade import grade_class
    from cnnbook.grading.workers import start_warm_parent

    start_warm_parent()  # it imports torch while nbgrader is imported here
    course = Course(options.course)
    name = course.require(options.assignment)
    limits = Limits()
    if options.cell_seconds:
        limits = replace(limits, cell_seconds=options.cell_seconds)
    if not options.sandbox:
        print("cnnbook: no sandbox: students' code runs with your own rights", file=sys.stderr)

    def progress(done: int, total: int, left: float) -> None:
        if sys.stderr.isatty():
            print(
                f"\r{done} of {total} graded, about {left:.0f} s left   ", end="", file=sys.stderr
            )

    summary = grade_class(
        course, name, students=options.student or None, jobs=options.jobs, sandbox=options.sandbox,
        limits=limits, progress=progress,
    )  # fmt: skip
    lines = [
        f"{name}: {len(summary.graded)} graded in {summary.seconds} s, {len(summary.unchanged)} unchanged"
    ]
    if not summary.sandbox:
        lines.append("  graded without a sandbox")
    lines += [f"  FAILED {student!r}: {why}" for student, why in summary.failed.items()]
    lines += [f"  look at {s!r}: {note}" for s, notes in summary.flagged.items() for note in notes]
    _say(options, asdict(summary), lines)
    return PROBLEMS if summary.failed else OK


def _feedback(options) -> int:
    from cnnbook.grading.feedback import write_feedback
    from cnnbook.grading.record import gradebook_of

    course = Course(options.course)
    name = course.require(options.assignment)
    students = options.student or sorted(course.students(name))
    with gradebook_of(course) as gradebook:
        lacking = write_feedback(course, name, gradebook, students)
    lines = [f"{len(students) - len(lacking)} pages in {course.feedback}"]
    lines += [f"  not graded yet: {student!r}" for student in lacking]
    _say(options, {"pages": len(students) - len(lacking), "not graded": lacking}, lines)
    return PROBLEMS if lacking else OK


def _add_formats(parser) -> None:
    from cnnbook.grading.export import FORMATS

    what = "; ".join(f"{name}: {one.what}" for name, one in FORMATS.items())
    parser.add_argument("--to", choices=FORMATS, default="csv", help=what)


def _export(options) -> int:
    from cnnbook.grading.export import scores_of, write_export
    from cnnbook.grading.record import gradebook_of, require_assignment

    course = Course(options.course)
    names = [course.require(options.assignment)] if options.assignment else course.assignments()
    with gradebook_of(course) as gradebook:
        for name in names:
            require_assignment(course, name, gradebook)
        rows = scores_of(course, gradebook, names)
    path = options.output or course.root / f"grades-{options.to}.csv"
    write_export(rows, options.to, path)
    _say(options, {"rows": len(rows), "path": str(path)}, [f"{len(rows)} rows in {path}"])
    return OK


def _report(options) -> int:
    from cnnbook.grading.record import gradebook_of, require_assignment
    from cnnbook.grading.report import class_report, report_lines

    course = Course(options.course)
    name = course.require(options.assignment)
    with gradebook_of(course) as gradebook:
        require_assignment(course, name, gradebook)
        report = class_report(course, gradebook, name)
    _say(options, report, report_lines(report))
    return OK


def _doctor(options) -> int:
    from cnnbook.grading.doctor import examine

    found = examine(options.course.resolve() / "nbgrader_config.py")
    _say(options, found, [f"{wall:44s} {state}" for wall, state in found.items()])
    return OK if all(state.startswith("holds") for state in found.values()) else PROBLEMS


def _check(options) -> int:
    from cnnbook.grading.check import check_notebook

    try:
        found = check_notebook(options.notebook)
    except ValueError as error:
        return _refuse(options, str(error))
    lines = []
    for name, score, points, said in found:
        lines.append(f"{'passed' if score == points else 'FAILED':7s} {name}")
        lines += [f"        {line}" for line in said.splitlines()]
    right = sum(score == points for _, score, points, _ in found)
    lines += [f"{right} of {len(found)} visible tests pass; grading adds others that are not shown"]
    data = [dict(zip(("test", "score", "points", "message"), row, strict=True)) for row in found]
    _say(options, {"tests": data}, lines)
    return OK if right == len(found) else PROBLEMS


class _Command(argparse.ArgumentParser):
    """A command's parser; what only it needs is imported when it is the one that was given."""

    more: Callable = staticmethod(lambda: None)

    def parse_known_args(self, *args, **kwargs):
        self.more()
        return super().parse_known_args(*args, **kwargs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cnnbook", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Command)

    def command(name: str, run, text: str, *, assignment: bool = True):
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--course", type=Path, default=Path(), help="the course folder (here)")
        added.add_argument("--json", action="store_true", help="print JSON")
        if assignment:
            added.add_argument("assignment", nargs="?", help="needed where there are several")
        added.set_defaults(run=run)
        return added

    command("release", _release, "make the students' version of one assignment, or of all")
    collected = command("collect", _collect, "bring in an export of a learning management system",
                        assignment=False)  # fmt: skip
    collected.add_argument("source", type=Path, help="a zip file or a folder")
    collected.add_argument("assignment", nargs="?", help="needed where there are several")
    collected.add_argument("--pattern", help="a regular expression with a group 'student'")
    graded = command("grade", _grade, "grade what changed since the last run")
    graded.add_argument("--jobs", type=int, default=0, help="submissions at a time (one a core)")
    graded.add_argument("--student", action="append", help="only this one; may be repeated")
    graded.add_argument("--cell-seconds", type=float, help="limit for a cell or a test")
    graded.add_argument("--no-sandbox", dest="sandbox", action="store_false",
                        help="run students' code with your own rights")  # fmt: skip
    pages = command("feedback", _feedback, "write a page for each student")
    pages.add_argument("--student", action="append", help="only this one; may be repeated")
    exported = command("export", _export, "write scores for a learning management system")
    exported.add_argument("--output", type=Path, help="the file to write")
    exported.more = partial(_add_formats, exported)
    command("report", _report, "say how the class did, question by question")
    command("doctor", _doctor, "test each wall of the sandbox on this machine", assignment=False)
    checked = command(
        "check", _check, "run the visible tests of a notebook of your own", assignment=False
    )
    checked.add_argument("notebook", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
