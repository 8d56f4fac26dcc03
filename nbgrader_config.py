"""nbgrader's settings for this course: `solutions/` is the source, `exercises/` the release."""

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "cnnbook"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "*.pyc",
    "__pycache__",
    "misconceptions.py",
    "ruff.toml",
]

# A cell that runs longer than this is stopped and scores zero; the others are still graded.
c.ExecutePreprocessor.timeout = 60
c.ExecutePreprocessor.interrupt_on_timeout = True
# Nobody can use this tag to have a test skipped.
c.ExecutePreprocessor.skip_cells_with_tag = "no cell has this tag, and none may"
