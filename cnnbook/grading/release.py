"""Make the students' version of assignments, by nbgrader; no right answer goes with it."""

from cnnbook.grading.course import Course, CourseError


def release(course: Course, assignment: str | None = None) -> list[str]:
    """Release one assignment, or all; return their names. Raises CourseError where one cannot be."""
    from nbgrader.apps.api import NbGraderAPI  # takes a second

    names = [course.require(assignment)] if assignment else course.assignments()
    if not names:
        raise CourseError(
            f"{course.source} holds no assignment: make {course.source}/NAME/NAME.ipynb"
        )
    api = NbGraderAPI(course.nbgrader, config=course.config)
    for name in names:
        done = api.generate_assignment(name, force=True, create=True)
        if not done["success"]:
            raise CourseError(
                f"nbgrader did not release {name}:\n{done.get('log') or done.get('error')}"
            )
        answers = course.release / name / "misconceptions.py"
        if answers.exists():
            answers.unlink()
            raise CourseError(
                f"misconceptions.py of {name}, which holds right answers, would have been released: "
                f'add "misconceptions.py" to CourseDirectory.ignore in nbgrader_config.py'
            )
    return names
