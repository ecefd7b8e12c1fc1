"""Diagnosis by repair: the right place is quoted, nothing outside is touched, and what it says is true."""

import contextlib
import json
import math
from ast import fix_missing_locations, unparse
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis import fair, repair, safety, sentences
from d2lhelpers.diagnosis.frames import source_of
from d2lhelpers.diagnosis.variants import STAGES, variants
from tests import survivors, verdicts
from tests.solutions import exercises, solutions, topics

HINTS = ("Hint A", "Hint B", "Hint C")
g = torch.Generator().manual_seed(3)
X, Y = (torch.randn(5, 3, generator=g) + 1 for _ in range(2))
standard = Exercise([(X,), (Y[:4],)], lambda X: (X - X.mean(0)) / X.std(0), {}, HINTS)
length = Exercise([([3.0, 4.0],), ([1.0, 2.0, 2.5],)], lambda v: math.sqrt(sum(x * x for x in v)), {}, HINTS)
count = Exercise([([1, 5, 7, 7], 7), ([2, 9, 9, 4], 4)],
                 lambda values, limit: sum(v >= limit for v in values), {}, HINTS)
total = Exercise([([3.0, 5.0],), ([2.0, 7.0, 1.0],)], lambda values: sum(values), {}, HINTS)
middle = Exercise([([3.0, 5.0],), ([2.0, 7.0, 1.0],)], lambda values: sum(values) / len(values), {}, HINTS)


def say(exercise, answer):
    """Return the verdict of an exercise that nobody tried before."""
    return replace(exercise, _tries=[]).verdict(answer)


def wrong_dim(X):
    return (X - X.mean(0)) / X.std(1, keepdim=True)


def wrong_brackets(X):
    centred = X - X.mean(0) / X.std(0)
    return centred


def wrong_correction(X):
    return (X - X.mean(0)) / X.std(0, correction=0)


def in_two_places(X):
    return (X - X.mean(1)) / X.std(1)


def no_root(v):
    return sum(x * x for x in v)


def too_early(values):
    s = 0
    for v in values:
        s += v
        return s


def overwritten(values):
    s = 0
    for v in values:
        s = v
    return s


def edge(values, limit):
    return sum(v > limit for v in values)


def off_by_one(values):
    return sum(values) / (len(values) + 1)


def nested(values):
    def average(v):
        return sum(v) * len(v)
    return average(values)


def never_ends(values):
    i, s = 0, 0
    while i <= len(values):
        s += values[i]
        i += 1
    return s


@pytest.mark.parametrize("exercise, answer, kind, words", [
    (standard, wrong_dim, "dim", "look at the dimension in `X.std(1, keepdim=True)`, line 2."),
    (standard, wrong_brackets, "brackets", "`X - X.mean(0) / X.std(0)`; what is calculated first (line 2)?"),
    (standard, wrong_correction, "correction", "should `X.std(0, correction=0)` divide by n, or by n − 1 (line 2)?"),
    (standard, in_two_places, "dims", "all your dimensions are off, beginning with `X.mean(1)`, line 2."),
    (length, no_root, "wrap:sqrt", None),
    (total, too_early, "indent", "`return s` stands at the wrong depth: inside or outside (line 5)?"),
    (total, overwritten, "accumulate", "in `s = v`, is the old value to be replaced, or changed (line 4)?"),
    (count, edge, "edge", "decide in `v > limit` what happens when both are equal, line 2."),
    (middle, off_by_one, "shifted", "`len(values)` is off by one, line 2."),
    (middle, nested, "muldiv", "`sum(v) * len(v)` needs another operation, line 3."),
    (total, never_ends, "edge", "decide in `i <= len(values)` what happens when both are equal, line 3."),
], ids=lambda value: getattr(value, "__name__", ""))
def test_the_place_is_quoted_and_the_cure_is_not(exercise, answer, kind, words):
    verdict = say(exercise, answer)
    if words is None:
        assert "not yet" in verdict or "missing" in verdict
        return
    assert verdict.startswith("✗ everything else is right: ") and words in verdict
    assert "hint 1 of 3" in verdict and HINTS[0] not in verdict.split("hint")[1]


def test_hints_follow_the_slip_and_end_with_the_exercises_last():
    exercise = replace(standard, _tries=[])
    seen = [exercise.verdict(wrong_dim)]
    exercise._tries *= 2
    exercise._tries.append("another try")
    seen.append(exercise.verdict(wrong_dim))
    assert "hint 1 of 3: Print the shapes that go into `X.std(1, keepdim=True)`" in seen[0]
    assert "hint 3 of 3: Hint C" in seen[1]


def test_an_error_keeps_its_line_beside_the_repair():
    def answer(X):
        return (X - X.mean(1)) / X.std(0)
    verdict = say(standard, answer)
    assert "look at the dimension in `X.mean(1)`" in verdict and "RuntimeError" in verdict


def test_lambdas_classes_and_builtins_have_no_source_and_get_a_plain_verdict():
    class Answer:
        def __call__(self, X):
            return X
    for answer in (lambda X: X - X.mean(0) / X.std(0), Answer(), torch.square):
        verdict = say(standard, answer)
        assert verdict.startswith("✗") and "everything else" not in verdict


def test_a_closure_is_known():
    def make(dim):
        def answer(X):
            return (X - X.mean(dim)) * X.std(dim)
        return answer
    assert "needs another operation" in say(standard, make(0))


CALLS, KEPT = [], {}
weights = torch.nn.Linear(2, 2)


def writes(X):
    Path("never.txt").write_text("x")
    return X


def remembers(X):
    KEPT["x"] = X
    return X


def collects(X):
    CALLS.append(1)
    return X


def steps(X):
    torch.optim.SGD(weights.parameters(), lr=1.0).step()
    return X


def counts_globally(X):
    global CALLS
    CALLS = [*CALLS, 1]
    return X


def asks(X):
    return X * float(input())


@pytest.mark.parametrize("answer", [writes, remembers, collects, steps, counts_globally, asks])
def test_functions_with_effects_are_not_tried(answer):
    search = repair.Search(standard, answer, source_of(answer), [])
    assert not search.allowed


def test_a_function_is_run_once_per_input_where_it_has_effects():
    CALLS.clear()
    say(standard, collects)
    assert len(CALLS) == len(standard.inputs)


def test_the_search_prints_nothing_and_changes_no_input(capsys):
    def answer(X):
        print("again")
        X -= X.mean(0)
        return X / X.std(1, keepdim=True)
    before = X.clone()
    replace(standard, _tries=[]).check(answer)
    assert capsys.readouterr().out.count("again") == 1 and torch.equal(X, before)


def test_matrices_that_are_not_finite_never_reach_lapack():
    def answer(X):
        return torch.linalg.eigvals(X[:3] / 0)
    with safety.guard(repair.Search(standard, answer, source_of(answer), []).tree, {}), pytest.raises(ValueError):
        answer(X)
    with contextlib.suppress(RuntimeError):
        torch.linalg.svdvals(X)  # and the guard is gone


def test_the_tree_is_as_it_was_after_all_edits():
    for answer in (wrong_dim, too_early, never_ends, nested, edge):
        search = repair.Search(standard, answer, source_of(answer), [])
        before = unparse(search.tree)
        edited = {unparse(fix_missing_locations(search.tree)) for stage in STAGES
                  for _ in variants(search.tree, stage)}
        assert unparse(search.tree) == before and len(edited) > 20


def test_a_coincidence_is_no_repair():
    ones = Exercise([([2.0, 3.0],), ([4.0],)], lambda values: 1.0, {}, HINTS)

    def answer(values):
        return values[0]
    assert "everything else" not in say(ones, answer)  # `values[0] / values[0]` is 1, for no reason


def test_the_time_for_a_search_is_limited(monkeypatch):
    monkeypatch.setattr(repair, "SECONDS", 0.0)
    assert "everything else" not in say(standard, wrong_dim)


def test_every_kind_of_edit_has_its_sentence():
    source = "def f(x, y):\n    z = x.mean(1) + y[0]\n    return z, y\n"
    tree = repair.ast.parse(source).body[0]
    call = tree.body[0].value.left
    for kind in [*sentences.KINDS.split(), *sentences.LATE, "replaced", "centre"]:
        node = tree.body[0].value if kind in ("factor", "muldiv", "brackets") else call
        found = sentences.repair(source, kind, node, call)
        assert "line 2" in found.sentence and len(found.questions) == 2


def test_fair_inputs_are_like_the_exercises_own():
    rng = fair.random.Random(0)
    moved = fair.moved((torch.tensor([[0.2, 0.8]]), torch.tensor([3, 1, 3]), 2, 0.5, ["a", "b"], "ab", True), rng)
    probs, labels, number, share, words, text, _ = moved
    assert torch.allclose(probs.sum(1), torch.ones(1)) and set(labels.tolist()) <= {1, 3} and number in (1, 2, 3)
    assert 0.3 <= share <= 0.75 and set(words) <= {"a", "b"} and set(text) <= {"a", "b"}
    view = torch.arange(12.0).reshape(3, 4).T
    assert fair.moved(view, rng).stride() == view.stride() and fair.fresh((view,))[0].stride() == view.stride()


def test_every_exercise_has_fair_inputs():
    keys = {f"{topic}.{label}" for topic in topics() for label in exercises(topic)}
    listed = json.loads(fair.FILE.read_text(encoding="utf-8"))
    assert keys == set(listed), "run `python -m tests.survivors --fair`"
    assert all(len(seeds) == fair.COUNT for seeds in listed.values())


@pytest.mark.parametrize("topic", topics())
def test_on_fair_inputs_solution_and_oracle_agree(topic):
    for label, solution in solutions(topic).items():
        exercise = exercises(topic)[label]
        seeds = fair.listed()[f"{topic}.{label}"]
        assert survivors.fair_seeds(exercise, solution, len(seeds), seeds[:4]) == seeds[:4], label


@pytest.mark.parametrize("topic", verdicts.written())
def test_answers_that_are_in_no_list(topic, monkeypatch):
    """Right ones are accepted, wrong ones are not, and each sentence about them was read and judged.

    The search takes its time, so that the sentences are the same on every machine; where it found nothing when
    the answers were judged, it is left out: the command does it in full.
    """
    read, find = verdicts.judged(), repair.find
    known = {key.split(".")[-1] for key in read if key.startswith(f"{topic}.")}
    monkeypatch.setattr(repair, "SECONDS", 60)
    monkeypatch.setattr(repair, "find", lambda exercise, answer, trials: find(exercise, answer, trials)
                        if getattr(answer, "__name__", "") in known else None)
    line = verdicts.row(topic, list(verdicts.verdicts(topic)), read)
    named = sum(line[kind] for kind in verdicts.NAMED)
    assert line["rejected"] == line["raised"] == line["accepted"] == 0, line
    assert named >= 0.4 * line["W"], line
    assert line["unread"] == 0, "python -m tests.verdicts --unread"


def test_what_is_said_is_true():
    said = [true for sentences in verdicts.judged().values() for true in sentences.values()]
    assert len(said) > 150 and said.count(False) <= 0.02 * len(said)


QUICK = {"tensors": "standardise", "monte_carlo_vs_gradient_descent": "estimate_pi", "activations": "maxout",
         "backprop": "tanh_backward", "optimizers": "largest_stable_lr", "initialization": "uniform_bound",
         "cnn_kernels": "kernel_gradient", "cnn_families": "sight", "rnn_lstm": "perplexity_of", "gan": "forger_loss",
         "style_transfer": "roughness", "house_prices": "kfold", "garbage": "class_weights",
         "scaling_out": "next_scale"}


@pytest.mark.parametrize("topic, label", QUICK.items())
def test_no_wrong_idea_survives_an_exercises_inputs(topic, label):
    """One exercise per notebook; `python -m tests.survivors` does them all."""
    tried, found = survivors.survivors(exercises(topic)[label], solutions(topic)[label], count=20)
    named = survivors.named()
    assert tried > 40 and not [item for item in found if item[1] and (f"{topic}.{label}", item[0]) not in named]


def test_a_missing_input_is_found():
    """Without negative numbers nobody can tell `x` from `abs(x)`."""
    def reference(x):
        return x + 1
    poor = Exercise([(torch.tensor([1.0, 2.0]),)], lambda x: 1 + x, {}, HINTS,
                    vary=lambda args, rng: (torch.tensor([rng.uniform(-2, 2), 1.0]),))
    _, found = survivors.survivors(poor, reference, count=20)
    assert any("abs" in edit and bad for edit, bad, _ in found)
