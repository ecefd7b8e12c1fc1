"""The live curve: few redraws, a bounded share of the time, a bounded number of points, the right numbers."""

import gc
import math

import pytest
import torch

from d2lhelpers import progress, style


@pytest.fixture
def screen(monkeypatch):
    """A notebook in the house style that keeps what is displayed, and a clock that the test moves."""
    style.use()

    class Screen(list):
        now, costs = 0.0, 0.01

        def update(self, picture, raw=False):
            self.append(picture)
            self.now += self.costs

    shown = Screen()
    monkeypatch.setattr(progress, "get_ipython", lambda: True)
    monkeypatch.setattr(progress, "display", lambda what, raw=False, display_id=True: shown.append(what) or shown)
    monkeypatch.setattr(progress.time, "perf_counter", lambda: shown.now)
    return shown


@pytest.mark.parametrize("costs, most", [(0.001, 4.0), (0.1, 0.2)])  # a cheap and a dear redraw
def test_it_is_redrawn_seldom_enough(screen, costs, most):
    screen.costs = costs
    curve = progress.LiveCurve(20_000)
    for _ in range(20_000):
        screen.now += 0.001
        curve.add(1.0)
    assert most * 0.9 - 0.1 <= len(curve.redraws) / 20 <= most
    assert sum(curve.redraws) <= progress.SHARE * screen.now


def test_a_long_run_keeps_few_points_and_the_right_ones(screen):
    screen.costs = 0.001
    curve = progress.LiveCurve()
    for i in range(5000):
        screen.now += 0.01
        curve.add(torch.tensor(float(i)))
    curve.close()
    x, y = curve._figure.line.get_data()
    assert progress.POINTS / 2 <= len(x) <= progress.POINTS + 1
    assert y[:-1] == pytest.approx([step - 0.5 for step in x[:-1]])  # step i has loss i: means lie on the diagonal
    assert len(y[:-1]) * curve._width + len(curve._open) == 5000


def test_no_tensor_is_kept_until_the_next_redraw(screen):
    def tensors():
        return sum(type(thing) is torch.Tensor for thing in gc.get_objects())

    curve, before = progress.LiveCurve(100), tensors()
    for _ in range(9):
        curve.add(2 * torch.ones((), requires_grad=True))
    assert tensors() == before


def test_it_says_how_far_it_is_and_how_long_it_takes(screen):
    curve = progress.LiveCurve(100, "loss of the generator")
    for _ in range(50):
        screen.now += 0.1
        curve.add(2.0)
    curve.close()
    assert "step 50 of 100   loss of the generator 2, 5 s left" in curve._figure.words.get_text()
    assert all(picture.alt and "loss of the generator" in picture.alt for picture in screen)


@pytest.mark.parametrize("losses", [[], [math.nan], [1.0, math.inf, 2.0], [-3.0, -4.0], [0.0]])
def test_any_losses_are_drawn(screen, losses):
    curve = progress.LiveCurve(len(losses))
    for loss in losses:
        curve.add(loss)
    curve.close()
    assert screen[-1].data.startswith(b"\x89PNG")
    finite = [loss for loss in losses if math.isfinite(loss)]
    bottom, top = curve._figure.line.axes.get_ylim()
    assert all(bottom <= loss <= top for loss in finite)


def test_the_axis_follows_a_loss_that_grows(screen):
    curve = progress.LiveCurve(100)
    for i in range(100):
        screen.now += 1
        curve.add(float(i))
        assert not i or curve._figure.line.axes.get_ylim()[1] >= i


def test_a_line_of_text_changes_in_place(screen):
    curve = progress.LiveCurve(2)
    curve.say("epoch 1")
    curve.say("epoch 2")
    assert screen[1:] == [{"text/plain": "epoch 1"}, {"text/plain": "epoch 2"}]


def test_nothing_is_drawn_outside_a_notebook(capsys):
    curve = progress.LiveCurve(2)
    curve.add(1.0)
    curve.say("epoch 1")
    curve.close()
    assert capsys.readouterr().out == "epoch 1\n" and curve.redraws == []
