"""The quizzes: one right answer each, a reason for every answer, and numbers that are computed."""

import json
import math
import re

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

from cnnbook import quizzes
from cnnbook.models import inception_v3, lenet, vgg
from cnnbook.receptive_field import Layer, growth_exponent, receptive_field, tap_counts
from cnnbook.summary import count_parameters
from scripts.paths import ROOT

NAMES = quizzes.names()
NUMBER = re.compile(r"^(?:By )?[\d.]+\.?$")


def lenet_counts():
    return count_parameters(lenet.lenet5()), count_parameters(lenet.lenet_modern())


def vgg_dense_share():
    with torch.device("meta"):
        net = vgg.vgg16()
    return count_parameters(net.classifier) / count_parameters(net)


def inception_v3_counts():
    with torch.device("meta"):
        nets = [inception_v3.inception_v3(auxiliary=on) for on in (False, True)]
    return tuple(map(count_parameters, nets))


def zero_head_gradient():
    head = torch.nn.Linear(3, 2)
    torch.nn.init.zeros_(head.weight)
    features = torch.randn(4, 3, requires_grad=True)
    torch.nn.functional.cross_entropy(head(features), torch.tensor([0, 1, 1, 0])).backward()
    assert head.weight.grad.abs().sum() > 0
    return features.grad.abs().max().item()


KNOWN = {
    "Layer": Layer, "growth_exponent": growth_exponent, "math": math,
    "receptive_field": receptive_field, "tap_counts": tap_counts, "lenet_counts": lenet_counts,
    "vgg_dense_share": vgg_dense_share, "inception_v3_counts": inception_v3_counts,
    "zero_head_gradient": zero_head_gradient,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_quiz_has_one_right_answer_and_a_reason_for_each(name):
    asked = quizzes.questions(name)
    assert len(asked) >= 5
    for question in asked:
        answers = question["answers"]
        assert len(answers) >= 3
        assert sum(answer["right"] for answer in answers) == 1, question["ask"]
        assert len({answer["say"] for answer in answers}) == len(answers)
        assert all(len(answer["why"].split()) >= 5 for answer in answers), question["ask"]


BOOK = [question for name in NAMES for question in quizzes.questions(name)]


def length(answer):
    return len(answer["say"].replace("`", ""))


def guessed(asked, pick):
    """Return how many a guesser gets right, on average, who draws among the answers picked."""
    drawn = [pick(question["answers"]) for question in asked]
    return sum(sum(answer["right"] for answer in answers) / len(answers) for answers in drawn)


def nth_longest(place):
    """Return a guesser who takes the answer of this rank, and draws among those of equal length."""

    def pick(answers):
        wanted = sorted(map(length, answers), reverse=True)[place]
        return [answer for answer in answers if length(answer) == wanted]

    return pick


GUESSERS = {
    "longest": nth_longest(0), "middle length": nth_longest(1), "shortest": nth_longest(-1),
    "first": lambda answers: answers[:1], "second": lambda answers: answers[1:2],
    "last": lambda answers: answers[-1:],
}  # fmt: skip


def beyond_chance(asked, guesser):
    """Return by how many standard deviations of blind draws a guesser differs from them."""
    chances = [1 / len(question["answers"]) for question in asked]
    deviation = math.sqrt(sum(chance * (1 - chance) for chance in chances))
    return (guessed(asked, GUESSERS[guesser]) - sum(chances)) / deviation


def stands_out(question):
    """Return whether the right answer is much longer, or much shorter, than every wrong one."""
    wrong = [length(a) for a in question["answers"] if not a["right"]]
    right = next(length(a) for a in question["answers"] if a["right"])
    return not 0.75 * min(wrong) - 2 <= right <= 1.25 * max(wrong) + 2


@pytest.mark.parametrize("guesser", GUESSERS)
def test_a_guesser_who_looks_at_lengths_or_places_scores_at_chance(guesser):
    assert abs(beyond_chance(BOOK, guesser)) < 1


@pytest.mark.parametrize("name", NAMES)
def test_no_right_answer_stands_out_by_its_length(name):
    found = [q["ask"] for q in quizzes.questions(name) if stands_out(q)]
    assert not found


@pytest.mark.parametrize("name", NAMES)
def test_no_place_holds_more_than_two_right_answers_of_five(name):
    asked = quizzes.questions(name)
    for guesser in ("first", "second", "last"):
        assert guessed(asked, GUESSERS[guesser]) <= math.ceil(0.4 * len(asked))


def lengthened(question):
    """Return the question with a right answer that explains itself, as authors like to have it."""
    answers = [
        a | {"say": a["say"] + ", since nothing else can be meant here"} if a["right"] else a
        for a in question["answers"]
    ]
    return question | {"answers": answers}


def test_one_long_right_answer_is_seen_and_many_are_a_guessers_profit():
    planted = [lengthened(question) for question in BOOK]
    assert all(map(stands_out, planted))
    assert beyond_chance(planted, "longest") > 1
    assert beyond_chance(BOOK[:26] + planted[26:], "longest") > 1
    same = [
        q | {"answers": sorted(q["answers"], key=lambda answer: not answer["right"])} for q in BOOK
    ]
    assert beyond_chance(same, "first") > 1


@pytest.mark.parametrize("name", NAMES)
def test_numbers_in_right_answers_are_computed(name):
    checked = 0
    for question in quizzes.questions(name):
        right = next(a["say"] for a in question["answers"] if a["right"])
        if "check" in question:
            assert eval(question["check"], dict(KNOWN)) is True, question["ask"]
            checked += 1
        else:
            assert not NUMBER.match(right), f"{right!r} needs a check"
    assert checked


@pytest.mark.parametrize("name", NAMES)
def test_the_chapter_of_a_quiz_shows_it(name):
    notebook = json.loads((ROOT / "chapters" / f"{name}.ipynb").read_text(encoding="utf-8"))
    code = "".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code")
    assert f'quizzes.quiz("{name}")' in code


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [375, 1100])
def test_answers_unfold_by_keyboard_without_a_script(written, name, width):
    page = written(quizzes.quiz(name).html, width=width, scripts=False)
    first = page.locator("details").first
    assert not first.locator("strong").is_visible()
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert first.locator("strong").is_visible()


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(written, name):
    page = written(quizzes.quiz(name).html)
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()


def test_a_quiz_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="05_receptive_fields"):
        quizzes.quiz("05")
