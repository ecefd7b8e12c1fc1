"""One 3×3 filter on a 256×256 colour photo (notebook 07): the library, columns of patches, three nested loops."""

import torch
from torch.nn import functional as F

from benchmarks import side


def looped(X, K, rows):
    """Correlate the first rows of X, float (C, H, W), with K, float (C, 3, 3): one multiply-add after the other."""
    Y = torch.zeros(rows, X.shape[2] - 2)
    for i in range(rows):
        for j in range(Y.shape[1]):
            for c in range(len(X)):
                Y[i, j] += (X[c, i:i + 3, j:j + 3] * K[c]).sum()
    return Y


def main(rows=4):
    """Return the rows: `F.conv2d` and im2col, each against the loop."""
    torch.manual_seed(0)
    X, K = torch.rand(3, 256, 256), torch.randn(3, 3, 3)

    def library():
        return F.conv2d(X[None], K[None])[0, 0]

    def columns():
        patches = X.unfold(1, 3, 1).unfold(2, 3, 1)  # (3, 254, 254, 3, 3), a view
        return patches.permute(1, 2, 0, 3, 4).reshape(-1, 27) @ K.flatten()

    torch.testing.assert_close(columns().view(254, 254), library(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(looped(X, K, rows), library()[:rows], rtol=1e-4, atol=1e-5)
    question, note = "3×3 filter on a 256×256 colour photo", f"the loop timed on {rows} of 254 rows"
    slow = {"theirs": lambda: looped(X, K, rows), "share": rows / 254, "note": note}
    return [side.row(f"{question}: `F.conv2d`", "triple loop", library, goal=1000, **slow),
            side.row(f"{question}: im2col", "triple loop", columns, goal=1000, **slow),
            side.row(f"{question}: `F.conv2d`", "im2col", library, columns, rounds=25)]
