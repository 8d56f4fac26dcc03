"""Compare the engine with plain execution: every known answer of every assignment, right or wrong.

Each answer is graded by the engine, where tests and answer are in two processes, and by running the
same cells one after another in one. The scores must be equal.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor

from cnnbook.grading import workers
from cnnbook.grading.assignment import read_assignment
from cnnbook.grading.hints import handed_with
from cnnbook.grading.limits import Limits
from cnnbook.grading.misconceptions import Answer, load_answers
from scripts.checks.answers import Runner
from scripts.grading_costs import release_and_handed
from scripts.paths import solutions


def compare_answers() -> dict:
    """Return how many answers were compared, and each that got another score."""
    start, compared, differences = time.monotonic(), 0, []
    with ThreadPoolExecutor(os.cpu_count(), "", workers.stay_on_a_cpu, (workers.cpus(),)) as pool:
        for solution in solutions():
            release, _ = release_and_handed(solution)
            setup, questions = read_assignment(solution)
            plainly = {question.name: Runner(setup, question) for question in questions}

            def both(answer: Answer, release=release, plainly=plainly):
                handed = handed_with(release, {answer.question: answer.source})
                limits = Limits().as_dict()
                result = workers.grade_submission(release, handed, limits, only=answer.question)
                (graded,) = (q for q in result["questions"] if q["name"] == answer.question)
                plain = plainly[answer.question].points(answer.source)
                return answer, graded, plain

            for answer, graded, plain in pool.map(
                both, load_answers(solution.parent / "misconceptions.py")
            ):
                compared += 1
                if graded["score"] != plain:
                    what = {"assignment": solution.parent.name, "question": answer.question}
                    scores = {"engine": graded["score"], "in one process": plain}
                    differences.append(what | scores | {"answer": answer.source})
            print(
                f"{solution.parent.name}: {compared} answers, {len(differences)} differ", flush=True
            )
    workers.stop_warm_parent()
    return {
        "answers": compared,
        "seconds": round(time.monotonic() - start),
        "differences": differences,
    }
