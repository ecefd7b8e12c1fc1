"""Whatever a function of the package is given: the right result, or a clear error of the right type."""

import math
from unittest import mock

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from d2lhelpers import data, files, photos, plots, training, widgets

quick = settings(deadline=None, max_examples=60, derandomize=True, database=None)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=32)


@quick
@given(st.integers(0, 40), st.integers(-2, 50), st.booleans(), st.booleans(), st.integers(0, 2**31))
def test_batches(rows, size, shuffle, drop_last, seed):
    X, y = torch.arange(2 * rows).view(rows, 2), torch.arange(rows)
    if size < 1:
        with pytest.raises(ValueError, match="at least one row"):
            data.batches(X, y, size)
        return
    loader = data.batches(X, y, size, shuffle, seed, drop_last)
    found = list(loader)
    assert len(found) == len(loader) == (rows // size if drop_last else math.ceil(rows / size))
    seen = [int(i) for _, labels in found for i in labels]
    assert len(set(seen)) == len(seen) == (rows // size * size if drop_last else rows)
    assert all(torch.equal(part, X[labels]) for part, labels in found)


@quick
@given(st.binary(max_size=200),
       st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"BM"]))
def test_photos_of_any_bytes(content, start):
    try:
        assert photos.read(start + content).shape[2] == 3
    except ValueError as error:
        assert "\n" not in str(error) and ":" in str(error)


@quick
@given(st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=1, max_size=5),
       st.sampled_from([torch.float32, torch.bfloat16, torch.float64]))
def test_matrices_of_any_numbers(rows, dtype):
    matrix = torch.tensor(rows, dtype=dtype)
    ax = plots.plot_matrix(matrix)
    assert len(ax.texts) == matrix.numel()
    plt.close("all")


@quick
@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=3), min_size=0, max_size=4), st.booleans())
def test_training_on_any_numbers(batches, classes):
    model = nn.Linear(1, 2 if classes else 1)
    def target(count):
        return torch.zeros(count, dtype=torch.long) if classes else torch.zeros(count, 1)

    loader = [(torch.tensor(xs)[:, None], target(len(xs))) for xs in batches]
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss() if classes else nn.MSELoss()
    if not loader:
        with pytest.raises(ValueError, match="gave no batch"):
            training.fit(model, loader, loss_fn, optimizer, 1)
        return
    history = training.fit(model, loader, loss_fn, optimizer, 2, loader)
    assert all(math.isfinite(loss) for loss in history.train_loss[:-1])
    assert len(history.valid_accuracy) == (len(history.valid_loss) if classes else 0)


@quick
@given(st.integers(10, 99), st.integers(-6, 2))
def test_log_sliders_hold_every_two_digit_number(digits, power):
    start = float(f"{digits}e{power}")
    assert widgets.log_slider(start, float(f"1e{power - 1}"), float(f"1e{power + 3}")).value == start


@quick
@given(st.text(max_size=40).filter(lambda text: "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)))
def test_any_setting_of_the_data_folders_is_answered(text):
    with mock.patch.dict("os.environ", {"D2L_DATA_DIR": text, "D2L_OFFLINE": text}):
        assert isinstance(files.offline(), bool) and files.folders()
        assert all("\n" not in line or "\n" in text for line in files.problems())


def test_arrays_and_lists_are_drawn_as_tensors_are():
    numbers = [[1.0, -2.0], [0.0, 3.0]]
    texts = [[text.get_text() for text in plots.plot_matrix(form(numbers)).texts]
             for form in (np.array, torch.tensor, list)]
    assert texts[0] == texts[1] == texts[2]
    plt.close("all")
