"""Grade a class: many submissions at once, one writer, and a second run that goes on."""

import json
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from cnnbook.grading import hints
from cnnbook.grading.course import Course, CourseError, digest, require_space, write_whole
from cnnbook.grading.engine import ENGINE
from cnnbook.grading.intake import HandedIn, find_notebooks, read_notebook
from cnnbook.grading.limits import Limits
from cnnbook.grading.record import Recorder, gradebook_of, require_assignment, timestamp_of
from cnnbook.grading.result import NotebookResult, result_from
from cnnbook.grading.stored import delete_results, read_results, write_results
from cnnbook.grading.ungraded import ungraded
from cnnbook.grading.workers import GraderFailed, cpus, grade_submission, stay_on_a_cpu, stop
from cnnbook.grading.written import make_harmless


@dataclass
class RunReport:
    """What a run did."""

    graded: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    flagged: dict[str, list[str]] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    sandbox: bool = True


def grade_class(
    course: Course,
    assignment: str,
    *,
    students: Iterable[str] | None = None,
    jobs: int = 0,
    sandbox: bool = True,
    limits: Limits | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int, float], None] = lambda done, total, left: None,
) -> RunReport:
    """Grade every submission that changed since it was last graded, and record the scores.

    `executor` runs the pure part elsewhere, such as `distributed.Client().get_executor()`.
    """
    start, limits = time.monotonic(), limits or Limits()
    names = course.notebooks(assignment)
    releases = [course.release_of(assignment, name) for name in names]
    for name, release in zip(names, releases, strict=True):
        release |= {"notebook": name, "files": str((course.release / assignment).resolve())}
    mark = digest(
        ENGINE, json.dumps(releases, sort_keys=True), json.dumps(limits.as_dict()), str(sandbox)
    )
    found = course.students(assignment)
    wanted = sorted(found) if students is None else list(students)
    unknown = [student for student in wanted if student not in found]
    if unknown:
        raise CourseError(f"nothing was handed in by {', '.join(unknown)}")
    require_space(course.autograded)
    summary = RunReport(sandbox=sandbox)
    if students is None:
        for name in course.without_id(assignment):
            summary.failed[name] = "this is no name that a student can have: rename the folder"
    jobs = jobs or os.cpu_count() or 1
    pool = executor or ThreadPoolExecutor(jobs, initializer=stay_on_a_cpu, initargs=(cpus(),))
    try:
        with gradebook_of(course) as gradebook:
            require_assignment(course, assignment, gradebook)
            recorder = Recorder(gradebook, assignment)
            writer = _Writer(course, assignment, recorder, releases, summary)
            running: dict[Future, tuple] = {}
            for number, student in enumerate(wanted):
                handed = take_in(found[student], names)
                fingerprint = digest(mark, json.dumps(handed, sort_keys=True))
                if writer.is_done(student, fingerprint):
                    continue
                future = pool.submit(grade_student, releases, handed, limits.as_dict(), sandbox)
                running[future] = (student, found[student], fingerprint)
                _keep_finished(running, writer, 2 * jobs)  # not all at once: memory stays flat
                done = number + 1 - len(running)
                per_student = (time.monotonic() - start) / max(done, 1)
                progress(done, len(wanted), per_student * (len(wanted) - done))
            _keep_finished(running, writer, 0)
            submit = partial(_submit, pool, limits.as_dict(), sandbox)
            hints.add_hints(course, assignment, releases, writer.without_hints, submit)
            progress(len(wanted), len(wanted), 0.0)
    finally:
        if executor is None:
            pool.shutdown(wait=False, cancel_futures=True)
    summary.seconds = round(time.monotonic() - start, 2)
    return summary


def _submit(
    pool: Executor, limits: dict, sandbox: bool, release: dict, handed: dict, only: str
) -> Future:
    return pool.submit(grade_submission, release, handed, limits, sandbox=sandbox, only=only)


def grade_student(
    releases: list[dict], handed: list[dict], limits: dict, sandbox: bool
) -> list[dict]:
    """Return the results of all notebooks of one student."""
    pairs = zip(releases, handed, strict=True)
    return [grade_submission(release, one, limits, sandbox=sandbox) for release, one in pairs]


def take_in(folder: Path, names: list[str]) -> list[dict]:
    """Return what a student handed in for each notebook, as data."""
    handed = []
    for name, (path, notes) in find_notebooks(folder, names).items():
        one = HandedIn(problem=f"{name} was not handed in") if path is None else read_notebook(path)
        one.notes[:0] = notes
        handed.append(asdict(one))
    return handed


def _keep_finished(running: dict[Future, tuple], writer: "_Writer", most: int) -> None:
    """Keep what has ended, and wait until at most so many are running."""
    while running:
        block = len(running) > most
        ended, _ = wait(running, timeout=1 if block else 0, return_when=FIRST_COMPLETED)
        if stop.is_set():
            raise KeyboardInterrupt
        if not ended and not block:
            return
        for future in ended:
            student, folder, fingerprint = running.pop(future)
            try:
                results = [result_from(data) for data in future.result()]
            except GraderFailed as error:
                writer.keep_failure(student, folder, str(error))
            else:
                writer.keep(student, folder, results, fingerprint)


@dataclass
class _Writer:
    """The one writer."""

    course: Course
    assignment: str
    recorder: Recorder
    releases: list[dict]
    summary: RunReport
    without_hints: list[str] = field(
        default_factory=list
    )  # whose lost points were not looked up yet

    def is_done(self, student: str, fingerprint: str) -> bool:
        """Return whether this submission was graded as it is, and note it."""
        held = read_results(self.course, self.assignment, student)
        if held is None or held["fingerprint"] != fingerprint:
            return False
        self.summary.unchanged.append(student)
        if not held["hinted"]:
            self.without_hints.append(student)
        return True

    def keep(
        self, student: str, folder: Path, results: list[NotebookResult], fingerprint: str
    ) -> None:
        """Keep what a submission's grading gave."""
        self._write(student, folder, results, fingerprint)
        self.summary.graded.append(student)
        self.summary.scores[student] = sum(result.score for result in results)
        notes = [note for result in results for note in result.notes]
        if notes:
            self.summary.flagged[student] = notes

    def keep_failure(self, student: str, folder: Path, why: str) -> None:
        """Keep that there is no score, so that none of an earlier submission stands for this one."""
        results = [ungraded(release, "not graded", why) for release in self.releases]
        for result in results:
            result.sandboxed = self.summary.sandbox
        self._write(student, folder, results, "")  # the next run tries again
        self.summary.failed[student] = why

    def _write(
        self, student: str, folder: Path, results: list[NotebookResult], fingerprint: str
    ) -> None:
        """Write the executed notebooks, then the scores, and last the file that says all is done."""
        when, note = timestamp_of(folder)
        target = self.course.autograded / student / self.assignment
        delete_results(self.course, self.assignment, student)
        for result in results:
            if note:
                result.notes.append(note)
            assert result.executed is not None, "a result holds its notebook until it is kept"
            make_harmless(result.executed)
            write_whole(target / result.notebook, json.dumps(result.executed, indent=1))
            result.executed = None
        self.recorder.record(student, results, when)
        lost = any(map(hints.can_have_a_hint, (q for r in results for q in r.questions)))
        if lost:
            self.without_hints.append(student)
        content = {"fingerprint": fingerprint, "sandbox": self.summary.sandbox, "hinted": not lost}
        write_results(self.course, self.assignment, student, content, results)
