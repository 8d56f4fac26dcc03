"""What grading one notebook gives: for each question a score, a state, a reason and the evidence."""

from dataclasses import asdict, dataclass, field

STATES = (
    "right", "partial", "wrong", "error", "timeout", "memory", "crashed", "missing", "not run",
    "by hand", "not graded",
)  # fmt: skip
OPEN = ("by hand", "not graded")  # states in which there is no score yet


@dataclass
class TestResult:
    """One test cell. `message` may be shown to the student; `detail` is for the instructor."""

    id: str
    points: float
    score: float
    state: str
    message: str = ""
    detail: str = ""
    unstable: bool = False  # failed at first and passed when it was run once more, or the reverse


@dataclass
class QuestionResult:
    """One question with its tests; a written one has no test and waits for a person."""

    name: str
    points: float
    score: float
    state: str
    reason: str
    hint: str = ""
    tests: list[TestResult] = field(default_factory=list)


@dataclass
class NotebookResult:
    """One notebook of one student."""

    notebook: str
    questions: list[QuestionResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was odd, and what was done about it
    executed: dict | None = None  # the notebook that was graded, with its outputs
    sandboxed: bool = True
    seconds: float = 0.0

    @property
    def score(self) -> float:
        """Return the points of all autograded questions."""
        return sum(question.score for question in self.questions)

    def as_dict(self) -> dict:
        """Return the result as plain data."""
        return asdict(self)


def result_from(data: dict) -> NotebookResult:
    """Return the result that `as_dict` described."""
    questions = [
        QuestionResult(**{**q, "tests": [TestResult(**t) for t in q["tests"]]})
        for q in data["questions"]
    ]
    return NotebookResult(**{**data, "questions": questions})


def question_from(name: str, tests: list[TestResult]) -> QuestionResult:
    """Return a question's result from those of its tests."""
    points, score = sum(t.points for t in tests), sum(t.score for t in tests)
    failed = [t for t in tests if t.score < t.points]
    if not failed:
        return QuestionResult(name, points, score, "right", "All checks passed.", tests=tests)
    state = "partial" if score > 0 else failed[0].state
    reason = "\n".join(dict.fromkeys(t.message for t in failed if t.message))
    return QuestionResult(name, points, score, state, reason, tests=tests)
