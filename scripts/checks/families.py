"""Which test files are units of which check; all others are those of `unit`."""

# They need a process or a Chromium of their own, and are units of other checks.
BROWSER = ("tests/test_browser.py", "tests/test_figures.py", "tests/test_quizzes.py")
DAMAGES = ("tests/test_checks_can_fail.py",)
GRADING = (
    "tests/test_boundary.py", "tests/test_cgroup.py", "tests/test_collect.py",
    "tests/test_commands.py", "tests/test_course_folders.py", "tests/test_data.py",
    "tests/test_deadlines.py", "tests/test_grading.py", "tests/test_hints.py",
    "tests/test_submissions.py",
)  # fmt: skip
