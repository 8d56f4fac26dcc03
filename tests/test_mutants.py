from cnnbook.grading.assignment import Question
from scripts.checks.answers import Runner
from scripts.checks.mutants import mutants_of, survivors

SOURCE = '''
def area(height, width, border=1):
    """Return the area inside the border."""
    inner = height - 2 * border, width - 2 * border
    if inner[0] < 0:
        raise ValueError("too small")
    return inner[0] * inner[1]
'''


def test_mutants_differ_from_the_solution_and_from_each_other():
    changes = dict(mutants_of(SOURCE))
    assert len(set(changes.values())) == len(changes) > 20
    assert all("Return the area" not in source for source in changes.values())
    for expected in ("inner[0] <= 0", "border=1", "2 * border", "inner[0] * inner[1]"):
        assert any(expected in change for change in changes), expected


def test_a_weak_test_lets_mutants_live_and_a_strong_one_does_not():
    weak = Question("area", SOURCE, [("t", 1.0, "assert area(2, 2) == 0")])
    strong = """
for h, w, b in [(4, 7, 1), (5, 5, 2), (9, 4, 0), (4, 2, 1), (2, 8, 1)]:
    assert area(h, w, b) == (h - b - b) * (w - b - b)
assert area(9, 8) == 42
try:
    area(1, 9)
    raise RuntimeError
except ValueError:
    pass
"""
    alive, tried = survivors(Runner("", weak))
    fewer, same = survivors(Runner("", Question("area", SOURCE, [("t", 1.0, strong)])))
    assert tried == same
    assert len(alive) > 5
    assert fewer == []


def test_a_mutant_that_runs_in_circles_is_noticed():
    source = "def count(n):\n    while n > 5:\n        n -= 1\n    return n"
    alive, _ = survivors(
        Runner("", Question("count", source, [("t", 1.0, "assert count(9) == 5")]))
    )
    assert not any("n = n" in change or "pass" in change for change in alive)
