"""Record the race of notebook 12 (house prices) ten times: about five minutes on one CPU core.

    python -m data.checkpoints.prices            # from the repository's root, with the Ames table in the data folder

Ten times the 1460 houses are shuffled and cut into five folds. On each of the 50 held-out folds every model of `NAMES`
is judged, prepared and trained on the other four: ``errors`` (10, 5, 9) are their log-RMSE. Models that share a
fold share its rows, so differences can be taken pair by pair. `PriceNet`, `Committee`, `make_prep` and `fit` are
shown in the notebook.
"""

import copy
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler
from torch import nn

from d2lhelpers import data, training

NAMES = ("ridge", "ridge + clip", "code as a number", "one net + clip", "one net, min-max", "five nets + clip", "trees",
         "mean of three", "same for all")
REPEATS, FOLDS = 10, 5
FILE = Path(__file__).with_suffix(".safetensors")


def make_prep(clip=np.inf, scaler=StandardScaler):
    clipper = FunctionTransformer(np.clip, feature_names_out="one-to-one",
                                  kw_args={"a_min": -clip, "a_max": clip})
    number = make_pipeline(SimpleImputer(strategy="mean"),
                           scaler(), clipper)
    word = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False))
    return make_column_transformer(
        (number, make_column_selector(dtype_include="number")),
        (word, make_column_selector(dtype_exclude="number")))


def log_rmse(y_hat, y):
    y_hat = y_hat.clamp(min=1)                           # log(1) = 0
    return (y_hat.log() - y.log()).square().mean().sqrt()


class PriceNet(nn.Module):
    def __init__(self, num_features, typical, hidden_size=64, dropout=0.2):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(num_features, hidden_size),
            nn.BatchNorm1d(hidden_size), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(hidden_size, 1))
        self.register_buffer("typical", torch.as_tensor(typical))  # dollars

    def forward(self, X):                                # (N, features)
        return self.typical * self.layers(X)[:, 0].exp()  # (N,) dollars


class Committee(nn.Module):
    def __init__(self, num_features, typical, num_nets=5):
        super().__init__()
        self.nets = nn.ModuleList(PriceNet(num_features, typical)
                                  for _ in range(num_nets))

    def forward(self, X):
        prices = torch.stack([net(X) for net in self.nets])  # (nets, N)
        return prices if self.training else prices.mean(dim=0)


def score(model, X, y):
    model.eval()
    with torch.inference_mode():
        return log_rmse(model(X), y).item()


def fit(model, X, y, X_stop, y_stop, lr=0.01, patience=10, max_epochs=60,
        batch_size=128):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    loader = data.batches(X, y, batch_size)
    curves, best_epoch, kept = [], 0, None
    for epoch in range(max_epochs):
        training.train_epoch(model, loader, log_rmse, optimizer)
        curves.append((score(model, X, y), score(model, X_stop, y_stop)))
        if kept is None or curves[-1][1] < curves[best_epoch][1]:
            best_epoch = epoch
            kept = copy.deepcopy(model.state_dict())     # new: a copy
        elif epoch - best_epoch >= patience:
            break                                        # new: enough
    model.load_state_dict(kept)                          # new: go back
    return torch.tensor(curves), best_epoch


def net_predict(model, X, y, X_new):
    n = len(X) // 8                                      # to stop on
    fit(model, X[n:], y[n:], X[:n], y[:n])
    with torch.inference_mode():
        return model.eval()(X_new).log()                 # log prices


def judge(frame, codes, price, rest, rows, seed):
    """Return the log-RMSE of each of `NAMES` on the held-out rows, list of float."""
    y, t = price[rest], price[rest].log()
    middle = t.mean().exp()

    def ready(table, prep):
        prep.fit(table.iloc[rest])
        return [torch.tensor(prep.transform(table.iloc[part])).float() for part in (rest, rows)]

    def rival(model, X, X_new):
        return torch.tensor(model.fit(X, t).predict(X_new)).float()

    def net(kind, X, X_new):
        torch.manual_seed(seed)
        return net_predict(kind(X.shape[1], middle), X, y, X_new)

    plain, clipped = ready(frame, make_prep()), ready(frame, make_prep(3.0))
    out = {"ridge": rival(Ridge(alpha=10), *plain), "ridge + clip": rival(Ridge(alpha=10), *clipped),
           "code as a number": rival(Ridge(alpha=10), *ready(codes, make_prep(3.0))),
           "one net + clip": net(PriceNet, *clipped),
           "one net, min-max": net(PriceNet, *ready(frame, make_prep(scaler=MinMaxScaler))),
           "five nets + clip": net(Committee, *clipped),
           "trees": rival(HistGradientBoostingRegressor(max_leaf_nodes=8, random_state=0), *plain),
           "same for all": t.mean().expand(len(rows))}
    out["mean of three"] = (out["ridge + clip"] + out["trees"] + out["five nets + clip"]) / 3
    return [(out[name] - price[rows].log()).square().mean().sqrt().item() for name in NAMES]


def main():
    """Run all 50 rounds and write one file."""
    torch.set_num_threads(1)
    houses = data.load_house_prices()
    assert houses.source.startswith("Ames"), "this needs the Ames table"
    codes, price = houses.frame, houses.target
    frame = codes.astype({"MSSubClass": str})
    errors = torch.zeros(REPEATS, FOLDS, len(NAMES))
    for repeat in range(REPEATS):
        order = torch.randperm(len(frame), generator=torch.Generator().manual_seed(100 + repeat))
        for k, rows in enumerate(order.tensor_split(FOLDS)):
            rest = order[~torch.isin(order, rows)]
            errors[repeat, k] = torch.tensor(judge(frame, codes, price, rest, rows, 10 * repeat + k))
        print(repeat, errors[repeat].mean(dim=0), flush=True)
        save_file({"errors": errors}, FILE)


if __name__ == "__main__":
    main()
