"""The training loop, once a notebook has taught it: one epoch, a test, a whole run."""

import math
import time
from dataclasses import dataclass, field
from operator import length_hint

import torch

from d2lhelpers.progress import Diverged, LiveCurve, advice, watched


def train_epoch(model, loader, loss_fn, optimizer):
    """Show every batch to the model once and improve it after each.

    Parameters
    ----------
    model : torch.nn.Module
        Changed in place; batches go to the device its parameters are on.
    loader : iterable
        Yields ``(X, y)`` batches, float (B, …) and labels or targets (B, …).
    loss_fn : callable
        ``loss_fn(model(X), y)`` is the batch's mean loss, a () tensor.
    optimizer : torch.optim.Optimizer
        Holds the model's parameters.

    Returns
    -------
    float
        Mean loss per example over the epoch, in the unit of `loss_fn`.

    Raises
    ------
    ValueError
        If the loader gives no batch.
    """
    model.train()
    device = next(model.parameters()).device
    total, count = 0.0, 0
    for X, y in loader:
        X, y = X.to(device), y.to(device)
        loss = loss_fn(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(X)  # the last batch may be smaller
        count += len(X)
    if not count:
        raise ValueError("The loader gave no batch: is it empty or used up?")
    return float(total / count)


@torch.inference_mode()
def evaluate(model, loader, loss_fn):
    """Measure a model without changing it.

    Parameters
    ----------
    model : torch.nn.Module
        Returns logits, float (B, num_classes), or numbers to be compared with floats.
    loader : iterable
        Yields ``(X, y)`` batches; ``y`` holds class indices, int64 (B,) or (B, 1), or floats (a regression).
    loss_fn : callable
        As in `train_epoch`.

    Returns
    -------
    loss, accuracy : float
        Mean loss per example; share of right answers, in [0, 1], and NaN for a regression.

    Raises
    ------
    ValueError
        If the loader gives no batch.
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    total, right, count = 0.0, 0, 0
    for X, y in loader:
        X, y = X.to(device), y.to(device)
        logits = model(X)
        total += loss_fn(logits, y) * len(X)
        right += (math.nan if y.is_floating_point()  # a regression
                  else (logits.argmax(dim=1) == y.flatten()).sum())
        count += len(X)
    model.train(was_training)
    if not count:
        raise ValueError("The loader gave no batch: is it empty or used up?")
    return float(total / count), float(right / count)


@dataclass
class History:
    """What `fit` saw: one number per epoch in each list.

    Attributes
    ----------
    train_loss, valid_loss : list of float
        Mean loss per example.
    valid_accuracy : list of float
        Share of right answers, in [0, 1]; empty for a regression.
    seconds : float
        Wall time of the whole run.
    """

    train_loss: list = field(default_factory=list)
    valid_loss: list = field(default_factory=list)
    valid_accuracy: list = field(default_factory=list)
    seconds: float = 0.0


class Stopped(KeyboardInterrupt):
    """`fit` was stopped by hand: the run ends, the last one's curves are in ``Stopped.history``."""

    history = None

    def __init__(self, history):
        Stopped.history, epochs = history, len(history.train_loss)
        super().__init__(
            f"Stopped after epoch {epochs}: the model keeps what it has learned, the curves are in "
            "training.Stopped.history." if epochs else
            "Stopped before epoch 1 was over: next to nothing was learned, and there are no curves yet.")

    def _render_traceback_(self):  # what IPython shows in place of a traceback
        return [str(self)]


def fit(model, train_loader, loss_fn, optimizer, num_epochs, valid_loader=None, scheduler=None):
    """Train for some epochs, draw the loss of each batch while it goes, return the curves.

    Stopping the cell ends the run (and Run All) with `Stopped`; the model and the
    curves stay as far as they have come. A loss that is NaN or infinite ends the
    training before that step, with a line that says where and what to try.

    Parameters
    ----------
    model, train_loader, loss_fn, optimizer
        As in `train_epoch`.
    num_epochs : int
        How often the whole training set is shown.
    valid_loader : iterable, optional
        With it, the model is evaluated after every epoch.
    scheduler : torch.optim.lr_scheduler.LRScheduler, optional
        Stepped after every epoch.

    Returns
    -------
    History
    """
    history, start = History(), time.perf_counter()
    curve = LiveCurve(num_epochs * length_hint(train_loader))
    try:
        for epoch in range(1, num_epochs + 1):
            history.train_loss.append(train_epoch(model, train_loader, watched(loss_fn, curve), optimizer))
            text = f"epoch {epoch}/{num_epochs}   loss {history.train_loss[-1]:.4f}"
            if valid_loader is not None:
                loss, accuracy = evaluate(model, valid_loader, loss_fn)
                history.valid_loss.append(loss)
                text += f"   valid loss {loss:.4f}"
                if not math.isnan(accuracy):  # it is, for a regression
                    history.valid_accuracy.append(accuracy)
                    text += f"   accuracy {accuracy:.2%}"
            if scheduler is not None:
                scheduler.step()
            curve.say(text)
    except Diverged as why:
        history.train_loss.append(math.nan)
        print(f"Epoch {epoch}, {why}", advice(optimizer))
    except KeyboardInterrupt:
        raise Stopped(history) from None
    finally:
        history.seconds = time.perf_counter() - start
        curve.close()
    return history
