"""The verdict: for which call, in which line, on which evidence; and that nothing an answer does can stop it."""

import _thread
import cProfile
import functools
import importlib
import linecache
import math
import random
import sys
import threading
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from d2lhelpers import plots
from d2lhelpers.checks import Exercise
from d2lhelpers.diagnosis import conditions, trial, values, watchdog
from d2lhelpers.diagnosis.watchdog import TooLong, Watchdog

HINTS = ("one", "two", "three")
map_size = Exercise([(28, 5), (33, 4)], lambda H, size: H - size + 1, {}, HINTS)
scale = Exercise([(torch.tensor([1.0, 2.0, 4.0]),), (torch.tensor([[1.0, -1.0]]),)], lambda x: 2 * x, {}, HINTS)
pair = Exercise([(torch.ones(2),), (torch.ones(3),)], lambda x: (x.sum(), x.sum() + 1), {}, HINTS)
labels = Exercise([(torch.tensor([0.1, 0.9]),), (torch.tensor([0.4, 0.3]),)], lambda p: p.argsort(), {}, HINTS)
share = Exercise([(torch.tensor([0.2, 0.6]),), (torch.tensor([0.1, 0.4]),)], lambda p: p.sum() / 2, {}, HINTS)


def say(exercise, answer):
    """Return the verdict of an exercise that nobody tried before."""
    return replace(exercise, _tries=[]).verdict(answer)


def made(source, name, filename="a_notebook_cell", **names):
    """Return a function from source that `inspect` and tracebacks can read, as in a notebook."""
    linecache.cache[filename] = len(source), None, source.splitlines(True), filename
    exec(compile(source, filename, "exec"), names)
    return names[name]


@pytest.fixture
def impatient(monkeypatch):
    """A time limit of a fifth of a second."""
    monkeypatch.setattr(trial, "Watchdog", functools.partial(Watchdog, cpu=0.2, wall=1.0))


def test_the_failing_call_is_shown():
    def size_of_map(H, size):
        return H - size + (2 if H == 33 else 1)
    assert "for    size_of_map(33, 4)\n  got    31\n  wanted 30\n" in say(map_size, size_of_map)


def test_small_tensors_are_written_out_and_large_ones_named():
    wide = Exercise([(torch.zeros(30, 40), 3)], lambda X, k: X + k, {}, HINTS)
    assert "f(tensor([1.0, 2.0, 4.0]))" in say(scale, lambda x: x * x)
    assert "f(X, 3) with X = float32 (30, 40)" in say(wide, lambda X, k: X)
    assert "got    0.0 at [0, 0]   (1200 of 1200 numbers differ)" in say(wide, lambda X, k: X)


@pytest.mark.parametrize("filename", ["a_cell", "/lib/python3/site-packages/some/module.py", "dist-packages/x.py"])
def test_the_learners_own_line_is_quoted_wherever_it_stands(filename):
    answer = made("def answer(x):\n    y = [x]\n    return (lambda z: z @ torch.ones(7))(x)\n", "answer", filename,
                  torch=torch)
    verdict = say(scale, answer)
    assert "line 3 of your function, `return (lambda z: z @ torch.ones(7))(x)`" in verdict
    assert "RuntimeError" in verdict and "d2lhelpers" not in verdict


@pytest.mark.parametrize("answer, words", [
    (lambda x: (2 * x).to(torch.complex64), "is complex"),
    (lambda x: 2j, "is complex"),
    (lambda x: (2 * x).to_sparse(), "is sparse"),
    (lambda x: (2 * x).to("meta"), "no numbers (device meta)"),
    (lambda x: torch.quantize_per_tensor(2 * x, 0.1, 0, torch.qint8), "is quantised"),
    (lambda x: torch.nested.nested_tensor([x, x]), "nested"),
    (lambda x: (2 * x).numpy(), "numpy.ndarray"),
    (lambda x: (v for v in x), "returns a generator"),
    (lambda x: range(10**12), "shape"),
    (lambda x: torch.zeros(1).expand(10**8), "the shape is (100000000,)"),
    (lambda x: {"a": x}, "returns a dict"),
    (lambda x: "2", "returns a str"),
    (lambda x, y: x, "your function takes 2 arguments (x, y), and it is called with 1."),
    (torch.einsum, "your code stopped"),
    (lambda x: float("nan"), "shape"),
    (5, "itself, without brackets"),
    (None, "itself, without brackets"),
])
def test_every_kind_of_answer_gets_a_sentence(answer, words):
    verdict = say(scale, answer)
    assert verdict.startswith("✗") and words in verdict and "hint 1 of 3" in verdict


def test_objects_that_cannot_be_written_or_compared_get_a_sentence():
    class Awful:
        dtype, shape = 3, property(lambda self: 1 / 0)

        def __repr__(self):
            raise RuntimeError("no")
        __eq__ = __len__ = __iter__ = __float__ = __array__ = __repr__

    endless = []
    endless.append(endless)

    async def later(x):
        return x
    for answer in (lambda x: Awful(), lambda x: endless, later, type("Callable", (), {"__call__": lambda s, x: x})()):
        assert say(scale, answer).startswith("✗")


def test_wrong_in_any_way_that_stops():
    def leaves(x):
        raise SystemExit(3)

    def deep(x):
        return deep(x)
    assert "SystemExit: 3" in say(scale, leaves) and "RecursionError" in say(scale, deep)


def test_an_endless_answer_is_stopped_and_its_line_is_named(impatient):
    def forever(x):
        while True:
            try:
                x = x + 1
            except BaseException:
                continue
    verdict = say(scale, forever)
    assert "did not end in time" in verdict and "in line" in verdict


def test_a_slow_answer_is_not_an_endless_one(impatient):
    assert say(scale, lambda x: time.sleep(0.4) or 2 * x).startswith("✓")


def test_stop_is_one_line(capsys):
    def forever(x):
        while True:
            time.sleep(0.01)
    threading.Timer(0.3, _thread.interrupt_main).start()
    replace(scale, _tries=[]).check(forever)
    out = capsys.readouterr().out
    assert out.startswith("■ stopped by you in line") and out.count("\n") == 1


def test_a_watchdog_bites_only_during_its_call():
    late = 0
    with Watchdog(cpu=0.001) as dog:
        for _ in range(50):
            try:
                dog.call(lambda: [i for i in range(3000)])
            except TooLong:
                late += 1
    assert late <= 50  # and nothing was raised outside `call`


@pytest.mark.parametrize("patience, ends", [(60.0, True), (0.0, False)])
def test_the_first_import_of_a_library_is_not_the_call_s_work(tmp_path, monkeypatch, patience, ends):
    (tmp_path / "slow_library.py").write_text("import time\nend = time.process_time() + 0.6\n"
                                              "while time.process_time() < end: pass\nVALUE = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "slow_library", raising=False)
    monkeypatch.setattr(watchdog, "LOADING", patience)
    with Watchdog(cpu=0.2) as dog:
        if ends:
            assert dog.call(lambda: importlib.import_module("slow_library").VALUE) == 3
        else:
            with pytest.raises(TooLong):
                dog.call(lambda: importlib.import_module("slow_library").VALUE)


def test_an_endless_call_ends_also_while_a_module_is_imported(tmp_path, monkeypatch):
    (tmp_path / "checks_itself.py").write_text("from d2lhelpers.diagnosis.watchdog import TooLong, Watchdog\n"
                                               "def forever():\n    while True: pass\n"
                                               "with Watchdog(cpu=0.2) as dog:\n    try: dog.call(forever)\n"
                                               "    except TooLong: watching = 'over'\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "checks_itself", raising=False)
    monkeypatch.setattr(watchdog, "LOADING", math.inf)  # without an end, if the importing counted
    assert importlib.import_module("checks_itself").watching == "over"


def test_a_profiler_still_works_after_a_verdict():
    say(scale, lambda x: 2 * x)
    assert cProfile.Profile().runcall(say, scale, lambda x: 2 * x).startswith("✓")  # it hung on a flag left set


def test_prints_appear_once_before_the_verdict(capsys):
    def chatty(x):
        print("shape", tuple(x.shape))
        warnings.warn("never shown", stacklevel=1)
        return 2 * x
    replace(scale, _tries=[]).check(chatty)
    out, err = capsys.readouterr()
    assert out == "shape (3,)\n✓ right.\n" and err == ""


def test_what_a_wrong_call_printed_is_what_is_shown(capsys):
    def chatty(x):
        print("rank", x.ndim)
        return 2 * x if x.ndim == 1 else x
    replace(scale, _tries=[]).check(chatty)
    assert capsys.readouterr().out.startswith("rank 2\n✗")


def test_a_factor_is_named_only_if_it_is_one_on_every_input():
    assert "every number is 1.5 times what it should be, on every input" in say(scale, lambda x: [3 * x][0])
    varied = say(scale, lambda x: x * (3 if x.ndim == 1 else 5))
    assert "times" not in varied and "not yet" in varied


@pytest.mark.parametrize("exercise, answer", [
    (map_size, lambda H, size: [2 * (H - size + 1)][0]),       # a count
    (labels, lambda p: [3 * p.argsort()][0]),                  # indices
    (share, lambda p: [p.sum()][0]),                           # one probability
    (replace(scale, inputs=scale.inputs[:1]), lambda x: [3 * x][0]),  # one input only
])
def test_no_factor_of_counts_indices_probabilities_or_single_inputs(exercise, answer):
    assert "times what it should be" not in say(exercise, answer)


def test_the_sign_is_named_only_if_it_is_wrong_on_every_input():
    assert "sign is the wrong way round, on every input" in say(scale, lambda x: [-2 * x][0])
    assert "sign" not in say(scale, lambda x: [2 * x.abs() if x.ndim == 2 else -2 * x][0])


def test_a_stacked_tensor_stands_for_a_tuple():
    assert say(pair, lambda x: torch.stack([x.sum(), x.sum() + 1])).startswith("✓")
    assert say(pair, lambda x: [x.sum(), x.sum() + 1]).startswith("✓")
    assert "should return 2 values, it returns 3" in say(pair, lambda x: (x.sum(), x.sum(), 1))
    assert "wrong order" in say(pair, lambda x: [x.sum() + 1, x.sum()])


def test_a_list_of_tensors_may_be_wanted():
    ragged = Exercise([(3,), (4,)], lambda n: [torch.zeros(n), torch.ones(2)], {}, HINTS)
    assert say(ragged, lambda n: (torch.zeros(n), torch.ones(2))).startswith("✓")
    assert "value 2 of 2" in say(ragged, lambda n: [torch.zeros(n), torch.ones(3)])


def test_a_list_is_no_tensor():
    assert say(labels, lambda p: p.argsort().tolist()).startswith(
        "✗ the numbers are right, in a list; wanted is a tensor of torch.int64.")


def test_whole_numbers_are_compared_exactly():
    large = Exercise([(10**6,), (10**7,)], lambda n: 3 * n, {}, HINTS)
    assert say(large, lambda n: 3 * n + 1).startswith("✗") and say(large, lambda n: 3.0 * n).startswith("✓")


def test_the_exercises_own_tolerance_counts_everywhere():
    fine = replace(scale, tolerance=1e-7)
    verdict = say(fine, lambda x: [2 * x + 2e-5][0])
    assert "not yet" in verdict and "dtype" not in verdict
    got, wanted = (line.split(maxsplit=1)[1] for line in verdict.splitlines()[2:4])
    assert got != wanted  # as many digits as it takes
    assert "value 1 of 2" in say(replace(pair, tolerance=1e-7), lambda x: (x.sum() + 2e-5, x.sum() + 1))


def test_a_mistake_that_raises_is_known_by_more_than_its_text():
    known = replace(scale, mistakes={"rows met columns.": lambda x: x + torch.ones(7)})
    assert say(known, lambda x: x + torch.ones(7)).startswith("✗ rows met columns.")
    assert not say(known, lambda x: x - torch.ones(7)).startswith("✗ rows")      # another operation
    assert not say(known, lambda x: x + 2 * torch.ones(7)).startswith("✗ rows")  # other numbers


def test_random_states_and_modes_are_put_back():
    torch.manual_seed(1), random.seed(1), np.random.seed(1)
    before = torch.rand(1), random.random(), np.random.rand()
    torch.manual_seed(1), random.seed(1), np.random.seed(1)

    def careless(x):
        torch.rand(9), random.random(), np.random.rand()
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        return 2 * x
    assert say(scale, careless).startswith("✓")
    assert (torch.rand(1), random.random(), np.random.rand()) == before
    assert torch.is_grad_enabled() and torch.get_default_dtype() is torch.float32


@pytest.mark.parametrize("answer", [lambda x: ..., lambda x: (..., x), lambda x: x * ..., lambda x: [x, ...]])
def test_a_stub_in_any_form_is_to_do(answer):
    assert say(scale, answer).startswith("○ to do")


def test_the_picture_says_for_which_input(monkeypatch, capsys):
    drawn = []
    monkeypatch.setattr(plots, "show_matrices", lambda matrices, titles: drawn.append((matrices, titles)))
    square = Exercise([(torch.eye(2),), (torch.eye(3),)], lambda X: X, {}, HINTS)
    square.check(lambda X: X + (len(X) == 3))
    (got, wanted, difference), titles = drawn[0]
    assert titles[0] == "input 2 of 2: got" and torch.equal(got - wanted, difference)
    square.check(lambda X: X / 0)  # infinite numbers have no colour
    assert len(drawn) == 1


def by_autograd(x):
    x = x.clone().requires_grad_()
    (x**2).sum().backward()
    return x.grad


def in_place(x):
    x *= 2
    return x


def looped(x):
    return torch.stack([2 * row for row in x])


@pytest.fixture(scope="module")
def torch_func():
    """Let `torch.func` import what it needs at its first call, which may take longer than an answer's call may."""
    torch.func.grad(lambda x: x)(torch.ones(()))


@pytest.mark.usefixtures("torch_func")
@pytest.mark.parametrize("condition, answer, words", [
    (conditions.without_autograd, by_autograd, "they come from autograd"),
    (conditions.without_autograd, lambda x: torch.func.grad(lambda z: (z**2).sum())(x), "they come from autograd"),
    (conditions.keeps_inputs, in_place, "`x` was changed"),
    (conditions.is_view(0), lambda x: 2 * x, "copied"),
    (conditions.differentiable(0), lambda x: 2 * x.detach(), "no gradient flows"),
    (conditions.differentiable(0), lambda x: x + x.detach(), "the gradient that flows"),
    (conditions.without_loop, looped, "line 2 loops"),
    (conditions.follows_dtype(torch.float64), lambda x: 2 * x.float(), "for one in torch.float64"),
    (conditions.follows_device, lambda x: 2 * x + torch.zeros(x.shape), "not on a GPU"),
])
def test_conditions(condition, answer, words):
    asked = replace(scale, conditions=(condition,))
    assert words in say(asked, answer)
    assert say(scale, answer).startswith("✓"), "the numbers alone are right"
    if not words.startswith("copied"):
        assert say(asked, lambda x: x + x).startswith("✓")
        assert say(asked, lambda x: torch.add(x, x)).startswith("✓")


def unlocked(x):
    with torch.inference_mode(False), torch.enable_grad():
        x = x.clone().requires_grad_()
        return torch.autograd.grad((x**2).sum(), x)[0]


renamed, forward, engine = torch.func.grad, torch.func.jvp, torch.autograd.Variable._execution_engine


def forward_by_name(x):
    with torch.inference_mode(False):
        x = x.clone()
        return forward(lambda z: z**2, (x,), (torch.ones_like(x),))[1]


def by_dual_numbers(x):
    with torch.inference_mode(False), torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x.clone(), torch.ones(x.shape))
        return torch.autograd.forward_ad.unpack_dual(dual**2).tangent


def by_the_engine(x):
    with torch.inference_mode(False), torch.enable_grad():
        x = x.clone().requires_grad_()
        return engine.run_backward(((x**2).sum(),), (torch.ones(()),), False, False, (x,), allow_unreachable=True,
                                   accumulate_grad=False)[0]


@pytest.mark.usefixtures("torch_func")
@pytest.mark.parametrize("answer", [unlocked, lambda x: renamed(lambda z: (z**2).sum())(x), forward_by_name,
                                    by_dual_numbers, by_the_engine])
def test_autograd_is_seen_by_any_name(answer):
    assert say(scale, answer).startswith("✓")
    asked = replace(scale, conditions=(conditions.without_autograd,))
    assert "they come from autograd" in say(asked, answer)
    assert torch.autograd.Variable._execution_engine is engine


def test_a_view_is_a_view():
    turned = Exercise([(torch.arange(6.0).view(2, 3),)], lambda X: X.T, {}, HINTS, conditions=(conditions.is_view(),))
    assert say(turned, lambda X: X.permute(1, 0)).startswith("✓") and "copied" in say(turned, lambda X: X.T.clone())


def test_autograd_inside_an_argument_is_not_the_answers():
    ruler = Exercise([(torch.nn.Linear(3, 1), torch.ones(2, 3))], lambda D, x: D(x).detach(), {}, HINTS,
                     conditions=(conditions.without_autograd, conditions.keeps_inputs))
    assert say(ruler, lambda D, x: D(x).detach()).startswith("✓")


def test_a_value_close_to_another():
    assert values.close(torch.tensor([1.0]), torch.tensor([1.0], dtype=torch.float64), 1e-4) is False
    assert values.close(float("nan"), torch.tensor(float("nan")), 1e-4)
    assert values.close((1, "a"), (1, "a"), 1e-4) and not values.close((1, "a"), (1, "b"), 1e-4)
    assert not values.close(True, None, 1e-4) and not values.close([[1], [2, 3]], (1, 2), 1e-4)
