"""How a class did, question by question, and who needs a look."""

from cnnbook.grading.course import Course
from cnnbook.grading.stored import read_results, stored_results


def class_report(course: Course, gradebook, assignment: str) -> dict:
    """Return what an instructor wants to know of a class: by question, and who needs a look."""
    questions: dict[str, dict] = {}
    flagged: dict[str, list[str]] = {}
    unsandboxed, totals = [], []
    for submission in gradebook.find_assignment(assignment).submissions:
        student = submission.student.id
        held = read_results(course, assignment, student)
        if held is None:
            continue
        totals.append(float(submission.score))
        if not held["sandbox"]:
            unsandboxed.append(student)
        for result in stored_results(held):
            if result.notes:
                flagged.setdefault(student, []).extend(result.notes)
            for question in result.questions:
                entry = questions.setdefault(
                    question.name,
                    {"points": question.points, "scores": [], "states": {}, "hints": {}},
                )
                entry["scores"].append(question.score)
                entry["states"][question.state] = entry["states"].get(question.state, 0) + 1
                if question.hint:
                    entry["hints"][question.hint] = entry["hints"].get(question.hint, 0) + 1
    return {
        "assignment": assignment,
        "students": len(totals),
        "mean": round(sum(totals) / len(totals), 2) if totals else None,
        "questions": questions,
        "flagged": flagged,
        "without sandbox": unsandboxed,
    }


def report_lines(report: dict) -> list[str]:
    """Return the report for reading."""
    lines = [f"{report['assignment']}: {report['students']} graded, mean {report['mean']}"]
    for name, entry in report["questions"].items():
        count = max(len(entry["scores"]), 1)
        states = ", ".join(f"{n} {state}" for state, n in sorted(entry["states"].items()))
        mean = sum(entry["scores"]) / count
        lines.append(f"  {name:24s} {mean:5.2f} of {entry['points']:g}   {states}")
        for hint, number in sorted(entry["hints"].items(), key=lambda pair: -pair[1])[:3]:
            lines.append(f"      {number} × {hint}")
    for student, notes in sorted(report["flagged"].items()):
        lines += [f"  look at {student!r}: {note}" for note in notes]
    if report["without sandbox"]:
        lines.append(f"  graded without a sandbox: {len(report['without sandbox'])}")
    return lines
