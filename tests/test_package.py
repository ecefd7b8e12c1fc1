"""The package's own promises: checks that never raise, panels, devices, training, the doctor."""

import base64
import html
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import replace
from unittest.mock import Mock

import ipywidgets
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert.filters import markdown2html
from torch import nn

from d2lhelpers import __main__ as doctor
from d2lhelpers import checks, livepage, plots, runtime, style, training, widgets
from tests.plugin import PATHS
from tools.site import export

double = checks.Exercise(
    inputs=[(torch.tensor([1.0, 2.0, 4.0]),), (torch.tensor([[1.0, -1.0]]),)],
    oracle=lambda x: x + x,
    mistakes={"you squared it.": lambda x: x**2, "you called a method that is not there.": lambda x: x.double_it()},
    hints=("one", "two", "three"), praise="Well done.")


def verdict(answer):
    return replace(double, _tries=[]).verdict(answer)


def test_right_todo_and_named_mistakes():
    assert verdict(lambda x: 2 * x) == "✓ right. Well done."
    assert verdict(lambda x: ...).startswith("○ to do")
    assert verdict(lambda x: x * x).startswith("✗ you squared it.")
    assert verdict(lambda x: x.double_it()).startswith("✗ you called a method")


@pytest.mark.parametrize("answer, words", [
    (lambda x: None, "returns nothing"),
    (lambda x: "2", "returns a str"),
    (lambda x: (2 * x)[None], "the shape is (1, 3), it should be (3,)"),
    (lambda x: x / 0 * 0, "NaN"),
    (lambda x: -2 * x, "sign"),
    (lambda x: 3 * x, "1.5 times"),
    (lambda x: (2 * x).double(), "dtype is torch.float64"),
    (lambda x: 2 * x + 0.5, "not yet"),
    (lambda x: 1 / 0, "ZeroDivisionError"),
])
def test_any_other_wrong_answer_is_described(answer, words):
    assert words in verdict(answer)


def test_tuples_and_matrices():
    pair = checks.Exercise([(torch.eye(3),)], lambda x: (x, 2), {}, ("a", "b", "c"))
    assert pair.verdict(lambda x: (x, 2)).startswith("✓")
    assert "2 values" in pair.verdict(lambda x: x)
    assert "value 2 of 2" in pair.verdict(lambda x: (x, 4))
    turned = checks.Exercise([(torch.arange(9.0).reshape(3, 3),)], lambda x: x, {}, ("a", "b", "c"))
    assert "transpose" in turned.verdict(lambda x: x.T)


def test_a_wrong_matrix_is_drawn(capsys, monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "show_matrices", lambda matrices, titles: drawn.append(titles))
    checks.Exercise([(torch.eye(3),)], lambda x: x, {}, ("a", "b", "c")).check(lambda x: x + 0.5)
    assert drawn and capsys.readouterr().out.startswith("✗")


def test_hints_come_one_by_one_and_not_for_a_rerun():
    exercise = replace(double, _tries=[])
    tries = [exercise.verdict(lambda x, v=v: x + v) for v in (1, 1, 2, 3, 4)]
    assert [t[t.index("hint"):][5] for t in tries] == list("11233")


def test_inputs_survive_an_answer_that_changes_them():
    assert "not yet" in verdict(lambda x: x.add_(1))
    assert verdict(lambda x: 2 * x).startswith("✓")


def test_hints_start_anew_after_a_right_answer():
    exercise = replace(double, _tries=[])
    said = [exercise.verdict(answer) for answer in (lambda x: x + 1, lambda x: x + 2, lambda x: 2 * x, lambda x: x + 3)]
    assert ["hint 1" in said[0], "hint 2" in said[1], said[2][0], "hint 1" in said[3]] == [True, True, "✓", True]


def test_a_verdict_names_the_one_edit_that_repairs_an_answer():
    def triple(x):
        return 3 * x
    assert verdict(triple).startswith("✗ everything else is right: the number `3` in `3 * x` is not the right one")


@pytest.mark.parametrize("printed", ["half a line", "a whole line\n"])
def test_what_a_learner_prints_stands_on_its_own_line_before_the_verdict(printed, capsys):
    replace(double, _tries=[]).check(lambda x: print(printed, end="") or 3 * x)
    first, second = capsys.readouterr().out.splitlines()[:2]
    assert first == printed.strip() and second.startswith("✗")


def test_an_answer_that_raises_got_nothing():
    assert "\n  got" not in verdict(lambda x: 1 / 0) and "\n  got" in verdict(lambda x: 3 * x)


def test_a_stop_during_the_search_for_a_reason_is_a_verdict(monkeypatch):
    monkeypatch.setattr(checks.repair, "find", Mock(side_effect=KeyboardInterrupt))
    assert verdict(lambda x: 3 * x) == "■ stopped by you while the check was looking for the reason."


@pytest.mark.parametrize("size, drawn", [((3, 40), True), ((3, 41), False), ((2, 5), False), ((40, 3), True)])
def test_matrices_that_a_screen_can_show_are_drawn(size, drawn, capsys, monkeypatch):
    pictures = []
    monkeypatch.setattr(plots, "show_matrices", lambda matrices, titles: pictures.append(titles))
    checks.Exercise([(torch.ones(size),)], lambda x: x, {}, ("a", "b", "c")).check(lambda x: x + 0.5)
    assert bool(pictures) == drawn


def test_kinds_of_verdicts():
    kinds = {answer: replace(double, _tries=[])._judge(answer)[2] for answer in (
        lambda x: 1 / 0, lambda x: (2 * x).double(), lambda x: ..., lambda x: x**2, lambda x: 2 * x)}
    assert list(kinds.values()) == ["generic", "fact", "to do", "listed", "right"]


def panel():
    live = widgets.LiveFigure((3, 2))
    ax = live.fig.subplots()
    ax.set(xlim=(0, 1), ylim=(0, 10))
    (line,) = live.live(*ax.plot([0, 1], [0, 1]))

    def update(slope, steps):
        line.set_ydata([0, slope * steps])
        return f"ends at **{slope * steps}**"

    return widgets.Panel(live, update, "A line.", play="steps", slope=widgets.log_slider(0.5, 0.01, 1.0),
                         steps=ipywidgets.IntSlider(2, min=1, max=9))


def test_panel_moves_steps_and_resets():
    p = panel()
    first = p.image
    p.sliders["slope"].value = 0.8
    assert p.summary == "ends at **1.6**" and p.image != first
    p.step.click()
    assert p.values()["steps"] == 3
    p.reset.click()
    assert p.image == first and p.player.playing is False


def test_what_is_stored_of_a_panel_needs_no_kernel(monkeypatch):
    shown, p = [], panel()
    monkeypatch.setattr(widgets, "display", lambda what, **_: shown.append(what))
    p.sliders["slope"].value = 0.8
    p._ipython_display_()
    words, picture, line = shown
    assert words["text/plain"] == ("Sliders: slope = 0.8, steps = 2. To move them: Run > Run All Above Selected Cell, "
                                   "then Shift+Enter here.")
    assert picture.data == p.image and picture.alt == "A line. ends at 1.6"
    assert line == {"text/markdown": p.summary, "text/plain": p.summary}


def test_a_panel_says_each_change_once():
    p, said = panel(), []
    p._page.observe(lambda change: said.append(change["new"]), "value")
    p.set(slope=0.8, steps=3)
    (page,) = said
    data = base64.b64decode(re.search("data:image/png;base64,([^\"]+)", page)[1])
    assert data == p.image and 'alt="A line. ends at 2.4' in page and 'width="300" height="200"' in page
    assert page.endswith(f'<div class="d2l-line">ends at <strong>{0.8 * 3}</strong></div>')


def test_a_line_on_the_page_says_what_markdown_says():
    extra = ["a < b & c", "`**x**` *", "one\n\ntwo", "head\n\n| a | b |\n|---|--:|\n| 1 | **2** |\n| 3 | 4 |"]
    stored = [line for path in PATHS.values() for line in export.stored_lines(path).values()]
    for line in extra + stored:
        wanted = re.sub(r"</?(thead|tbody)>|\n *| style=\"[^\"]*\"|^<p>", "", markdown2html(line))
        wanted = re.sub("</p><p>", "<br><br>", wanted).replace("<br />", "<br>").replace("</p>", "")
        assert html.unescape(livepage.line_html(line)) == html.unescape(wanted), line


def test_two_threads_never_draw_at_once():
    drawing, overlaps = threading.Lock(), []

    def update(n):
        overlaps.append(not drawing.acquire(blocking=False))
        time.sleep(0.01)
        drawing.release()
        return f"n = {n}"

    first, second = (widgets.Panel(widgets.LiveFigure((1, 1)), update, "Nothing.", n=ipywidgets.IntSlider(0, max=9))
                     for _ in range(2))
    moves = [threading.Thread(target=panel.set, kwargs={"n": n}) for n in range(5) for panel in (first, second)]
    for move in moves:
        move.start()
    for move in moves:
        move.join()
    assert len(overlaps) == 12 and not any(overlaps)
    assert first.summary == f"n = {first.values()['n']}"


def test_log_slider_holds_numbers_one_would_write():
    slider = widgets.log_slider(0.05, 0.001, 0.1)
    assert slider.value == 0.05 and slider.options[0] == ("0.001", 0.001) and slider.options[-1] == ("0.1", 0.1)


def test_pick_device_can_be_overridden_and_says_what_is_wrong(monkeypatch):
    monkeypatch.setenv("D2L_DEVICE", "cpu")
    assert runtime.pick_device() == torch.device("cpu")
    monkeypatch.setenv("D2L_DEVICE", "abacus")
    with pytest.raises(ValueError, match=r"abacus.*Unset D2L_DEVICE"):
        runtime.pick_device()


class Broken:
    """A GPU that is listed."""

    def __init__(self, monkeypatch, error, kind="cuda"):
        monkeypatch.delenv("D2L_DEVICE", raising=False)
        monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device(kind))
        self.error, ones = error, torch.ones
        monkeypatch.setattr(torch, "ones", lambda *size, device=None: ones(*size))
        monkeypatch.setattr(nn.functional, "conv2d", self.conv2d)

    def conv2d(self, *_):
        if self.error:
            raise self.error
        return torch.zeros(1)


@pytest.mark.parametrize("error", [RuntimeError("CUDA error: no kernel image is available\nCompile with …"),
                                   AssertionError(), NotImplementedError("conv2d"), torch.OutOfMemoryError("full")])
def test_a_gpu_that_is_listed_and_cannot_compute(monkeypatch, capsys, error):
    Broken(monkeypatch, error)
    assert runtime.pick_device() == torch.device("cpu")
    said = capsys.readouterr().out
    assert said.startswith("The cuda device is listed but cannot compute (") and said.count("\n") == 1


def test_a_gpu_that_computes_is_taken_in_silence(monkeypatch, capsys):
    Broken(monkeypatch, None)
    assert runtime.pick_device() == torch.device("cuda") and capsys.readouterr().out == ""


LACKS = "The operator 'aten::_linalg_eigh.eigenvalues' is not currently implemented for the MPS device. If you want …"


@pytest.mark.parametrize("module, function",
                         [(torch.linalg, "eigh"), (torch.linalg, "qr"), (nn.functional, "interpolate")])
def test_mps_without_an_operator_that_the_course_needs(monkeypatch, capsys, module, function):
    Broken(monkeypatch, None, "mps")

    def lack(*_, **__):
        raise NotImplementedError(LACKS)
    monkeypatch.setattr(module, function, lack)
    assert runtime.pick_device() == torch.device("cpu")
    said = capsys.readouterr().out
    assert said.startswith("The mps device is listed but cannot compute (The operator 'aten::_linalg_eigh")
    assert "start it with `course`, or set PYTORCH_ENABLE_MPS_FALLBACK=1 first): the CPU is used." in said


def test_mps_with_all_operators_is_taken_and_course_lends_it_what_it_lacks(monkeypatch, jupyter):
    Broken(monkeypatch, None, "mps")
    monkeypatch.setattr(nn.functional, "conv2d", lambda *_: torch.zeros(1))
    assert runtime.pick_device() == torch.device("mps")
    monkeypatch.delenv("PYTORCH_ENABLE_MPS_FALLBACK", raising=False)
    monkeypatch.setattr(sys, "argv", ["course", "--original"])
    monkeypatch.setattr(doctor, "doctor", lambda: os.environ["PYTORCH_ENABLE_MPS_FALLBACK"])  # set before torch is read
    with pytest.raises(SystemExit):
        doctor.course()
    assert os.environ["PYTORCH_ENABLE_MPS_FALLBACK"] == "1"


def test_set_seed_repeats_numbers():
    def draw():
        runtime.set_seed(3)
        return torch.rand(2).tolist(), np.random.rand()
    assert draw() == draw()


def test_evaluate_is_the_whole_sets_loss_and_accuracy_however_it_is_batched():
    torch.manual_seed(0)
    model, X, y = nn.Linear(2, 3), torch.randn(5, 2), torch.tensor([0, 1, 2, 1, 0])
    with torch.no_grad():
        loss, right = nn.functional.cross_entropy(model(X), y), (model(X).argmax(dim=1) == y).float().mean()
    for parts in ([5], [3, 2], [1, 4]):
        loader = zip(X.split(parts), y.split(parts), strict=True)
        found = training.evaluate(model, loader, nn.functional.cross_entropy)
        assert found == pytest.approx((loss.item(), right.item()))


def test_fit_draws_the_last_picture_however_training_ends(monkeypatch):
    model, loader, optimizer = linear_problem()
    curve = Mock()
    monkeypatch.setattr(training, "LiveCurve", lambda _: curve)
    training.fit(model, loader, nn.CrossEntropyLoss(), optimizer, 1)
    curve.close.assert_called_once_with()
    with pytest.raises(training.Stopped):
        training.fit(model, loader, Mock(side_effect=KeyboardInterrupt), optimizer, 1)
    assert curve.close.call_count == 2


def linear_problem():
    runtime.set_seed(0)
    X = torch.randn(90, 2)
    y = (X[:, 0] > 0).long()
    model = nn.Linear(2, 2)
    loader = [(X[:64], y[:64]), (X[64:], y[64:])]
    return model, loader, torch.optim.SGD(model.parameters(), lr=0.5)


def test_fit_learns_and_returns_one_number_per_epoch():
    model, loader, optimizer = linear_problem()
    history = training.fit(model, loader, nn.CrossEntropyLoss(), optimizer, 5, valid_loader=loader)
    assert len(history.train_loss) == len(history.valid_loss) == len(history.valid_accuracy) == 5
    assert history.train_loss[-1] < history.train_loss[0] and history.valid_accuracy[-1] > 0.9


def test_unequal_batches_are_weighed_by_their_size():
    model, loader, _ = linear_problem()
    X, y = (torch.cat(parts) for parts in zip(*loader, strict=True))
    loss, accuracy = training.evaluate(model, loader, nn.CrossEntropyLoss())
    assert loss == pytest.approx(nn.CrossEntropyLoss()(model(X), y).item(), rel=1e-5)
    assert accuracy == pytest.approx((model(X).argmax(1) == y).float().mean().item())


class Elsewhere:
    """A batch on another device."""

    def __init__(self, tensor):
        self.tensor = tensor

    def to(self, device):
        return self.tensor.to(device)


def test_an_epoch_is_the_loop_by_hand():
    model, loader, optimizer = linear_problem()
    twin = nn.Linear(2, 2)
    twin.load_state_dict(model.state_dict())
    total = 0.0
    for X, y in loader:
        loss = nn.functional.cross_entropy(twin(X), y)
        total += loss.item() * len(X)
        grads = torch.autograd.grad(loss, list(twin.parameters()))
        with torch.no_grad():
            for weight, grad in zip(twin.parameters(), grads, strict=True):
                weight -= 0.5 * grad
    model.eval()
    for weight in model.parameters():
        weight.grad = torch.ones_like(weight)  # left over from before
    there = [(Elsewhere(X), Elsewhere(y)) for X, y in loader]
    loss = training.train_epoch(model, there, nn.CrossEntropyLoss(), optimizer)
    assert model.training and loss == pytest.approx(total / 90, rel=1e-5)
    for mine, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)
    assert training.evaluate(model, there, nn.CrossEntropyLoss()) == training.evaluate(
        model, loader, nn.CrossEntropyLoss())


def test_dropout_drops_in_training_only():
    X, y = torch.ones(64, 1), torch.zeros(64, 1)
    model, seen = nn.Sequential(nn.Dropout(0.5), nn.Linear(1, 1)), []
    def loss_fn(y_hat, y):
        seen.append(y_hat.unique().numel())
        return nn.functional.mse_loss(y_hat, y)
    training.train_epoch(model.eval(), [(X, y)], loss_fn, torch.optim.SGD(model.parameters(), 0.0))
    training.evaluate(model, [(X, y)], loss_fn)
    assert seen == [2, 1] and model.training


def test_fit_says_how_it_goes_and_steps_the_scheduler(capsys):
    model, loader, optimizer = linear_problem()
    fade = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.1)
    history = training.fit(model, loader, nn.CrossEntropyLoss(), optimizer, 2, loader, fade)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.005)
    lines = [f"epoch {i + 1}/2   loss {a:.4f}   valid loss {b:.4f}   accuracy {c:.2%}" for i, (a, b, c) in enumerate(
        zip(history.train_loss, history.valid_loss, history.valid_accuracy, strict=True))]
    assert capsys.readouterr().out.splitlines() == lines  # outside a notebook; inside it is one line that changes


def test_fit_counts_the_seconds_of_training_and_validation(monkeypatch):
    model, loader, optimizer = linear_problem()
    class Slow(list):  # each batch takes seven seconds of a clock that only this test moves
        def __iter__(self):
            for batch in list.__iter__(self):
                clock[0] += 7.0
                yield batch

    clock = [100.0]
    monkeypatch.setattr(training.time, "perf_counter", lambda: clock[0])
    assert training.fit(model, Slow(loader), nn.CrossEntropyLoss(), optimizer, 3).seconds == 3 * 2 * 7
    assert training.fit(model, loader, nn.CrossEntropyLoss(), optimizer, 3, Slow(loader)).seconds == 3 * 2 * 7
    assert training.History().seconds == 0


def test_advice_is_about_the_first_rate():
    weights = [nn.Parameter(torch.ones(1)) for _ in range(2)]
    optimizer = torch.optim.SGD([{"params": weights[:1], "lr": 0.5}, {"params": weights[1:], "lr": 2.0}])
    assert training.advice(optimizer).startswith("The learning rate is 0.5: try 0.05, look")


def test_labels_in_a_column_count_once():
    model, loader, _ = linear_problem()
    columns = [(X, y[:, None]) for X, y in loader]
    def loss_fn(logits, y):
        return nn.functional.cross_entropy(logits, y.flatten())
    assert training.evaluate(model, columns, loss_fn) == training.evaluate(model, loader, loss_fn)


def test_evaluate_leaves_the_model_as_it_was():
    model, loader, _ = linear_problem()
    for mode in (True, False):
        model.train(mode)
        training.evaluate(model, loader, nn.CrossEntropyLoss())
        assert model.training is mode


def interrupted(after, error=KeyboardInterrupt):
    """Return a loss function during whose call number `after` somebody presses Stop."""
    calls = []

    def loss_fn(logits, y):
        calls.append(1)
        if len(calls) == after:
            raise error
        return nn.functional.cross_entropy(logits, y)
    return loss_fn


def test_stopping_ends_the_run_and_keeps_the_curves():
    model, loader, optimizer = linear_problem()
    with pytest.raises(KeyboardInterrupt, match=r"Stopped after epoch 2.*keeps.*Stopped\.history") as caught:
        training.fit(model, loader, interrupted(5), optimizer, 9)
    assert len(training.Stopped.history.train_loss) == 2 and training.Stopped.history.seconds > 0
    assert caught.value._render_traceback_() == [str(caught.value)] and "\n" not in str(caught.value)


def test_stopping_in_the_first_epoch_promises_nothing():
    model, loader, optimizer = linear_problem()
    with pytest.raises(training.Stopped, match="Stopped before epoch 1 was over: next to nothing was learned"):
        training.fit(model, loader, interrupted(1), optimizer, 9)
    assert training.Stopped.history.train_loss == []


@pytest.mark.parametrize("kind", ["fit", "fit alone", "loop"])
def test_stop_ends_run_all_with_one_line(kind):
    use = "" if kind == "fit alone" else "from d2lhelpers import style; style.use()"
    loss = "def loss_fn(*_):\n    raise KeyboardInterrupt\n"
    fit = ("from torch import nn, optim, zeros\nfrom d2lhelpers.training import fit\nmodel = nn.Linear(1, 1)\n"
           "fit(model, [(zeros(1, 1), zeros(1, 1))], loss_fn, optim.SGD(model.parameters(), 0.1), 3)")
    loop = "done = []\nfor i in range(9):\n    done.append(i)\n    loss_fn() if i == 3 else None"
    cells = [use, loss, loop if kind == "loop" else fit, "print('went on')"]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    client = NotebookClient(nb, timeout=600)
    with client.setup_kernel():
        with pytest.raises(CellExecutionError):
            for i, cell in enumerate(nb.cells):
                client.execute_cell(cell, i)
        kept = nbformat.v4.new_code_cell("print(done)" if kind == "loop" else "print(model)")
        nb.cells.append(kept)
        client.execute_cell(kept, 4)
    (error,) = [output for output in nb.cells[2].outputs if output.output_type == "error"]
    assert len(error.traceback) == 1 and error.traceback[0].startswith("Stopped") and "\n" not in error.traceback[0]
    assert not nb.cells[3].outputs
    if kind == "loop":
        assert "in line 4 of this cell" in error.traceback[0] and kept.outputs[0].text == "[0, 1, 2, 3]\n"


def test_a_panel_survives_a_stop_in_mid_redraw():
    stops, live = [], widgets.LiveFigure((2, 2))

    def update(n):
        if n in stops:
            raise KeyboardInterrupt
        return f"n = {n}"
    p = widgets.Panel(live, update, "Nothing.", n=ipywidgets.IntSlider(1, min=0, max=5))
    stops.append(3)
    with pytest.raises(KeyboardInterrupt):
        p.set(n=3)
    assert p.summary == "n = 1"
    p.sliders["n"].value = 2
    assert p.summary == "n = 2"


def test_a_panel_survives_a_stop_while_sliders_are_set():
    p = panel()

    def stop(_):
        raise KeyboardInterrupt
    p.sliders["slope"].observe(stop, "value")
    with pytest.raises(KeyboardInterrupt):
        p.set(slope=0.8)
    p.sliders["slope"].unobserve(stop, "value")
    p.sliders["steps"].value = 5
    assert p.summary == "ends at **4.0**"


@pytest.mark.parametrize("worst", [torch.inf, torch.nan, -torch.inf])
def test_a_loss_that_is_no_number_ends_training_before_that_step(worst, capsys):
    model, loader, optimizer = linear_problem()
    calls = []

    def loss_fn(logits, y):
        calls.append(1)
        return nn.functional.cross_entropy(logits, y) + (worst if len(calls) == 4 else 0)
    history = training.fit(model, loader, loss_fn, optimizer, 9)
    assert len(history.train_loss) == 2 and np.isnan(history.train_loss[1]) and len(calls) == 4
    assert all(weight.isfinite().all() for weight in model.parameters())
    said = capsys.readouterr().out
    assert f"Epoch 2, step 2: the loss is {worst}" in said and "learning rate is 0.5: try 0.05," in said


def test_a_loader_without_batches_is_named():
    model, _, optimizer = linear_problem()
    used_up = iter([])
    for loader in ([], used_up, torch.utils.data.DataLoader([], batch_size=2)):
        for call in (lambda: training.train_epoch(model, loader, nn.CrossEntropyLoss(), optimizer),
                     lambda: training.evaluate(model, loader, nn.CrossEntropyLoss()),
                     lambda: training.fit(model, loader, nn.CrossEntropyLoss(), optimizer, 1)):
            with pytest.raises(ValueError, match="The loader gave no batch"):
                call()


@pytest.mark.parametrize("shape", [(90, 1), (90, 2)])
def test_a_regression_has_no_accuracy(shape, capsys):
    X, y = torch.randn(90, 2), torch.randn(shape)
    model = nn.Linear(2, shape[1])
    history = training.fit(model, [(X, y)], nn.MSELoss(), torch.optim.SGD(model.parameters(), 0.1), 2, [(X, y)])
    assert len(history.valid_loss) == 2 and history.valid_accuracy == []
    assert np.isnan(training.evaluate(model, [(X, y)], nn.MSELoss())[1])
    assert "accuracy" not in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")
def test_the_house_style_wins_over_the_reader_s():
    style.use()
    wanted = dict(plt.rcParams)
    plt.style.use("dark_background")
    plt.rcParams["axes.grid"] = not wanted["axes.grid"]
    style.use()
    assert dict(plt.rcParams) == wanted


def test_plots_draw_what_they_are_given():
    ax = plots.plot_losses([[3.0, 1.0], [3.5, 2.0]])
    assert [text.get_text() for text in ax.texts] == ["train 1", "valid 2"]
    assert len(plots.plot_matrix(torch.eye(3)).texts) == 9
    assert len(plots.show_images(torch.rand(7, 1, 4, 4), num_cols=4).axes) == 8
    assert len(plots.show_images(torch.rand(2, 3, 4, 4), titles=["a", "b"]).axes) == 2
    plt.close("all")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64, torch.bool, torch.uint8, torch.int64])
def test_plots_take_any_dtype(dtype):
    values = torch.tensor([[0, 1, 1], [1, 0, 1]]).to(dtype)
    assert len(plots.plot_matrix(values).texts) == 6
    plots.plot_losses([values[0], values[1]])
    plots.show_images(values.expand(2, 2, 3))
    plots.show_images(values.expand(2, 3, 2, 3))
    plots.show_matrices([values, values], ["a", "b"])
    for fig in map(plt.figure, plt.get_fignums()):
        fig.canvas.draw()
    plt.close("all")


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "ascii"])
def test_the_doctor_writes_into_any_file(encoding):
    done = subprocess.run([sys.executable, "-m", "d2lhelpers"], capture_output=True, check=True,
                          env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    assert b"torch" in done.stdout and done.stdout.count(b"\n") == len(doctor.CHECKS)


def test_the_doctor_names_a_wrong_data_folder(monkeypatch, capsys):
    monkeypatch.setenv("D2L_DATA_DIR", "no-such-folder")
    assert doctor.doctor()
    assert "D2L_DATA_DIR names 'no-such-folder', which is not there" in capsys.readouterr().out


def test_the_doctor_has_a_line_for_everything(capsys):
    assert doctor.doctor()
    out = capsys.readouterr().out
    assert all(name in out for name in doctor.CHECKS)


def test_the_doctor_says_how_to_mend(capsys, monkeypatch):
    def broken():
        raise ImportError("no torch")
    monkeypatch.setitem(doctor.CHECKS, "torch", broken)
    assert not doctor.doctor()
    assert "✗ torch    ImportError: no torch  →  run `uv sync`" in capsys.readouterr().out


def test_course_starts_jupyterlab_for_root_without_a_screen(monkeypatch, jupyter):
    monkeypatch.setattr(doctor, "doctor", lambda: jupyter.assert_called())  # it starts while the machine is checked
    monkeypatch.setattr(doctor.workcopy, "renew", lambda folder: [])
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "argv", ["course", "--port=9999"])
    with pytest.raises(SystemExit, match="0"):
        doctor.course()
    (command,), options = jupyter.call_args
    assert {"--allow-root", "--no-browser", "--port=9999"} <= set(command) and options["cwd"].name == "my-course"


@pytest.mark.parametrize("stopped", ["doctor", "server"])
def test_ctrl_c_ends_jupyter_and_course(monkeypatch, jupyter, stopped):
    server = jupyter.return_value.__enter__.return_value
    monkeypatch.setattr(doctor, "doctor", Mock(side_effect=KeyboardInterrupt if stopped == "doctor" else None))
    server.wait.side_effect = KeyboardInterrupt
    monkeypatch.setattr(doctor.workcopy, "renew", lambda folder: [])
    monkeypatch.setattr(sys, "argv", ["course"])
    doctor.course()
    server.terminate.assert_called_once_with()


def test_what_04_and_08_say_of_torchsummary(capsys):
    from torchsummary import summary

    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.bare, self.twice, self.norm = nn.Parameter(torch.ones(5)), nn.Linear(5, 5), nn.BatchNorm1d(5)

        def forward(self, x):
            return self.norm(self.twice(self.twice(x * self.bare)))
    model = Odd()
    summary(model, (5,), device="cpu")
    assert "Total params: 70" in capsys.readouterr().out  # 30 + 30 + 10
    assert sum(weight.numel() for weight in model.parameters()) == 45  # 5 + 30 + 10
    assert model.norm.running_mean.abs().sum() > 0  # moved by the trial run
