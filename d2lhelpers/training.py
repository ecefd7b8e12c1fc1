"""The training loop, once a notebook has taught it: one epoch, a test, a whole run."""

import math
import time
from dataclasses import dataclass, field

import torch
from IPython.display import display


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
    return float(total / count)


@torch.inference_mode()
def evaluate(model, loader, loss_fn):
    """Measure a classifier without changing it.

    Parameters
    ----------
    model : torch.nn.Module
        Returns logits, float (B, num_classes).
    loader : iterable
        Yields ``(X, y)`` batches; ``y`` holds class indices, int64 (B,).
    loss_fn : callable
        As in `train_epoch`.

    Returns
    -------
    loss, accuracy : float
        Mean loss per example; share of right answers, in [0, 1].
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    total, right, count = 0.0, 0, 0
    for X, y in loader:
        X, y = X.to(device), y.to(device)
        logits = model(X)
        total += loss_fn(logits, y) * len(X)
        right += (logits.argmax(dim=1) == y).sum()
        count += len(X)
    model.train(was_training)
    return float(total / count), float(right / count)


@dataclass
class History:
    """What `fit` saw: one number per epoch in each list.

    Attributes
    ----------
    train_loss, valid_loss : list of float
        Mean loss per example.
    valid_accuracy : list of float
        Share of right answers, in [0, 1].
    seconds : float
        Wall time of the whole run.
    """

    train_loss: list = field(default_factory=list)
    valid_loss: list = field(default_factory=list)
    valid_accuracy: list = field(default_factory=list)
    seconds: float = 0.0


def fit(model, train_loader, loss_fn, optimizer, num_epochs, valid_loader=None, scheduler=None):
    """Train for some epochs, say in one line how it goes, return the curves.

    Stopping the cell keeps the model and the curves as far as they have come.
    A loss that is no longer a number ends the run with a line that says so.

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
    line = display({"text/plain": "training …"}, raw=True, display_id=True)
    try:
        for epoch in range(1, num_epochs + 1):
            history.train_loss.append(train_epoch(model, train_loader, loss_fn, optimizer))
            text = f"epoch {epoch}/{num_epochs}   loss {history.train_loss[-1]:.4f}"
            if valid_loader is not None:
                loss, accuracy = evaluate(model, valid_loader, loss_fn)
                history.valid_loss.append(loss)
                history.valid_accuracy.append(accuracy)
                text += f"   valid loss {loss:.4f}   accuracy {accuracy:.2%}"
            if scheduler is not None:
                scheduler.step()
            if not math.isfinite(history.train_loss[-1]):
                text += "\nThe loss is no longer a number: stopped. Try a smaller learning rate."
            if line:  # None outside a notebook
                line.update({"text/plain": text}, raw=True)
            if not math.isfinite(history.train_loss[-1]):
                break
    except KeyboardInterrupt:
        print(f"Stopped after epoch {len(history.train_loss)}; the model keeps what it has learned.")
    history.seconds = time.perf_counter() - start
    return history
