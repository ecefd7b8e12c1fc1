"""The drawings that many notebooks share: curves, pictures, matrices."""

import math

import matplotlib.pyplot as plt
import numpy as np

from d2lhelpers import style


def _array(values):
    """Return a NumPy array that can be drawn, whatever device and dtype the values are of."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().resolve_conj().resolve_neg()
        values = (values.double() if values.is_floating_point() else values).numpy()  # NumPy has no bfloat16
    values = np.asarray(values)
    return values.astype(np.uint8) if values.dtype == bool else values


def plot_losses(losses, labels=("train", "valid"), ax=None):
    """Draw one curve per split and write its name at its end.

    Parameters
    ----------
    losses : sequence of sequences of float
        ``losses[i][e]`` is the mean loss of split ``i`` after epoch ``e + 1``,
        in nats per example for cross-entropy.
    labels : sequence of str
        One name per curve.
    ax : matplotlib.axes.Axes, optional
        Where to draw. By default a new figure of the house size is made.

    Returns
    -------
    matplotlib.axes.Axes
    """
    if ax is None:
        _, ax = plt.subplots()
    for curve, label in zip(losses, labels, strict=True):
        (line,) = ax.plot(range(1, len(curve) + 1), _array(curve))
        style.label_end(line, f"{label} {curve[-1]:.3g}")
    ax.set(xlabel="epoch", ylabel="mean loss")
    ax.xaxis.get_major_locator().set_params(integer=True)
    return ax


def show_images(images, titles=None, num_cols=10, size=0.8):
    """Show pictures in rows, grey ones in grey.

    Parameters
    ----------
    images : tensor or array, (N, H, W), (N, 1, H, W) or (N, 3, H, W)
        Colour in [0, 1]; grey pictures are scaled together, darkest to lightest.
    titles : sequence of str, optional
        One short text per picture.
    num_cols : int
        Pictures in a row.
    size : float
        Inches per picture.

    Returns
    -------
    matplotlib.figure.Figure
    """
    images = _array(images)
    if images.ndim == 4:
        images = images[:, 0] if images.shape[1] == 1 else images.transpose(0, 2, 3, 1)
    num_cols = min(num_cols, len(images))
    num_rows = math.ceil(len(images) / num_cols)
    height = size * (1.3 if titles is not None else 1.05)
    fig, axes = plt.subplots(num_rows, num_cols, figsize=(num_cols * size, num_rows * height), squeeze=False)
    limits = {"vmin": images.min(), "vmax": images.max()} if images.ndim == 3 else {}
    for i, ax in enumerate(axes.flat):
        ax.set_axis_off()
        if i < len(images):
            ax.imshow(images[i], cmap="gray", **limits)
            if titles is not None:
                ax.set_title(titles[i], fontsize=9, loc="center", pad=3)
    return fig


def plot_matrix(matrix, fmt=".3g", limit=None, ax=None):
    """Draw a matrix as coloured cells with its numbers in them.

    Blue is negative, white zero, red positive; numbers are left out where a
    cell is too small to read them (more than 12 columns or rows).

    Parameters
    ----------
    matrix : tensor or array, (M, N)
        Any real numbers.
    fmt : str
        How each number is written.
    limit : float, optional
        The size at which colour saturates; by default the largest entry.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
    """
    matrix = _array(matrix)
    if ax is None:
        _, ax = plt.subplots(figsize=(0.55 * matrix.shape[1] + 0.4, 0.5 * matrix.shape[0] + 0.4))
    limit = limit or max(np.abs(matrix.astype(float)).max(), 1e-12)
    ax.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit)
    if max(matrix.shape) <= 12:
        for (i, j), value in np.ndenumerate(matrix):
            color = "white" if abs(value) > 0.65 * limit else "#222222"
            ax.text(j, i, format(value, fmt), ha="center", va="center", color=color, fontsize=9)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def show_matrices(matrices, titles):
    """Draw matrices side by side on one colour scale and show them."""
    width = sum(max(2.4, 0.5 * matrix.shape[1]) for matrix in matrices)
    fig, axes = plt.subplots(1, len(matrices), figsize=(width, 2.6), squeeze=False)
    limit = max(float(np.abs(_array(matrix).astype(float)).max()) for matrix in matrices)
    for ax, matrix, title in zip(axes.flat, matrices, titles, strict=True):
        plot_matrix(matrix, limit=limit, ax=ax).set_title(title)
    style.show(fig, "Matrices side by side: " + ", ".join(titles))
