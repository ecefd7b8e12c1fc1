"""Record the two studies of notebook 09 (RNN, LSTM): about fifteen minutes on one CPU core.

    python -m data.checkpoints.recurrent         # from the repository's root; needs the Tang poems

Recall, six rows: RNN, GRU and LSTM, each as PyTorch starts it and with a start of its own (`STARTS`).

- ``recall_chosen``: (6, 2, 2), the best start and rate at each of `LAGS` on two seeds (start NaN: PyTorch's).
- ``recall_valid``: (6, 2, 3, 3, 2), accuracy and steps by start and rate, mean of those two seeds (NaN: not tried).
- ``recall_test``: (6, 2, 6, 2), accuracy and steps with that setting, six new seeds.

The classic poem net, LSTM, embedding 256, two layers of 512, on windows of 24 characters that begin everywhere inside a
poem; Adam 0.003, batches of `BATCH_SIZE`, `NUM_STEPS` steps, about a minute on one core, two seeds. Nothing of the
net is kept:

- ``poem_losses``: (2, NUM_STEPS); ``poem_perplexity``: (2, NUM_STEPS / 50), on 400 windows of held-out poems.
- ``poem_texts``: (3, 68), code points of poems that seed 0 wrote after each of `MOMENTS` steps.
"""

import math
from collections import Counter
from itertools import product
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from d2lhelpers import data

LAGS = (20, 40)
CELLS = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}
STARTS = {"RNN": (1.0, 1.2, 1.5), "GRU": (3.0, 4.5, 6.0), "LSTM": (3.0, 4.5, 6.0)}  # gain of U; bias of z or f
RATES = (3e-3, 1e-2, 3e-2)
VALID, TEST = (100, 101), range(6)
NUM_STEPS, BATCH_SIZE, MOMENTS = 200, 16, (0, 50, 200)
FILE = Path(__file__).with_suffix(".safetensors")


def recall_batch(lag, N=32):
    """Return one-hot texts (N, lag + 1, 8) and their first symbols, int64 (N,)."""
    X = torch.randint(4, 8, (N, lag + 1))                     # noise: 4 … 7
    X[:, 0] = torch.randint(4, (N,))                          # the signal
    return F.one_hot(X, num_classes=8).float(), X[:, 0]


class Recaller(nn.Module):
    """Any recurrent layer, and a decision from its last state: (N, T, 8) -> (N, 4)."""

    def __init__(self, cell, H=32):
        super().__init__()
        self.rnn = cell(8, H, batch_first=True)
        self.out = nn.Linear(H, 4)

    def forward(self, X):                                     # (N, T, 8)
        return self.out(self.rnn(X)[0][:, -1])                # (N, 4)


def recall_accuracy(cell, lag, start=None, lr=0.01, seed=0):
    """Train at most 300 steps; return the share of right answers on 500 new texts, float, and the steps taken, int."""
    torch.manual_seed(seed)
    net = Recaller(cell, H=24)
    if start is not None and cell is nn.RNN:
        nn.init.orthogonal_(net.rnn.weight_hh_l0, gain=start)
    elif start is not None:
        net.rnn.bias_ih_l0.data[24:48] = start                # f or z
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    steps = 0
    for _ in range(300):
        X, y = recall_batch(lag)
        loss = F.cross_entropy(net(X), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        steps += 1
        if loss < 0.02:                                       # learned
            break
    X, y = recall_batch(lag, N=500)
    return (net(X).argmax(dim=1) == y).float().mean().item(), steps


class CharNet(nn.Module):
    """Characters in, scores of the next character out, and the state."""

    def __init__(self, cell, vocab_size, embed_size, H, num_layers,
                 batch_first=True):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, embed_size)
        self.rnn = cell(embed_size, H, num_layers, batch_first=batch_first)
        self.out = nn.Linear(H, vocab_size)

    def forward(self, tokens, state=None):                    # (N, 24)
        hidden, state = self.rnn(self.embed(tokens), state)
        return self.out(hidden), state                        # (N, 24, V)


class PoemWindows(torch.utils.data.Dataset):
    """Every window of T characters inside one poem, and the same window one character later."""

    def __init__(self, rows, T=24):               # one tensor per poem
        self.rows, self.T = [ids for ids in rows if len(ids) > T], T
        sizes = torch.tensor([len(ids) - T for ids in self.rows])
        self.ends = sizes.cumsum(dim=0)           # windows up to poem k

    def __len__(self):
        return self.ends[-1].item()

    def __getitem__(self, i):
        k = torch.searchsorted(self.ends, i, right=True).item()
        ids, start = self.rows[k], self.ends[k].item() - i - 1
        return ids[start:start + self.T], ids[start + 1:start + self.T + 1]


@torch.inference_mode()
def forced_poem(net, vocab, start, seed=0):
    """Let the net draw the characters; the program sets the marks: four lines of 7 + 1 + 7 + 1."""
    generator = torch.Generator().manual_seed(seed)
    index = {c: i for i, c in enumerate(vocab)}
    banned = [index[c] for c in vocab if c in "□，。？！；：、\n"]
    text, state = start, None
    while len(text) < 68:
        given = torch.tensor([[index.get(text[-1], 0)]])      # 0: unknown
        logits, state = net(given, state)
        probs = logits[0, -1].softmax(dim=0)
        probs[banned] = 0
        choice = torch.multinomial(probs, 1, generator=generator).item()
        marks = {7: "，", 15: "。", 16: "\n"}
        text += marks.get(len(text) % 17, vocab[choice])
    return text


def record_recall(state):
    """Choose each row's setting on two seeds, then test six new ones; save after each row."""
    for name, tuned in product(CELLS, (False, True)):
        row = f"recall {name} {tuned}"
        if row + " test" in state:
            continue
        starts = STARTS[name] if tuned else (None,)
        valid, chosen, test = torch.full((len(LAGS), 3, len(RATES), 2), math.nan), [], []
        for k, lag in enumerate(LAGS):
            for (i, start), (j, lr) in product(enumerate(starts), enumerate(RATES)):
                runs = torch.tensor([recall_accuracy(CELLS[name], lag, start, lr, seed) for seed in VALID])
                valid[k, i, j] = runs.mean(dim=0)
            right, steps = valid[k].flatten(0, 1).unbind(dim=1)
            best = (right - steps / 1e5).nan_to_num(-1).argmax().item()  # of two as good, the faster
            start, lr = starts[best // len(RATES)], RATES[best % len(RATES)]
            chosen.append((math.nan if start is None else start, lr))
            test.append([recall_accuracy(CELLS[name], lag, start, lr, seed) for seed in TEST])
        state |= {row + " valid": valid, row + " chosen": torch.tensor(chosen), row + " test": torch.tensor(test)}
        print(row, valid.tolist(), chosen, test, flush=True)
        save_file(state, FILE)


@torch.inference_mode()
def perplexity(net, X, y):
    """Return e to the mean loss per character, float."""
    losses = [F.cross_entropy(net(part)[0].flatten(0, 1), true.flatten(), reduction="sum")
              for part, true in zip(X.split(32), y.split(32), strict=True)]
    return math.exp(sum(losses) / y.numel())


def record_poem_net(state):
    """Train the classic net for a minute from two seeds; save after each."""
    poems = data.load_poems().poems
    train, valid = [p for i, p in enumerate(poems) if i % 20], "\n".join(poems[::20])
    vocab = ["□", *(c for c, _ in Counter("\n".join(train)).most_common(999))]
    index = {c: i for i, c in enumerate(vocab)}
    rows = [torch.tensor([index.get(c, 0) for c in p]) for p in train]
    ids = torch.tensor([index.get(c, 0) for c in valid])
    n = (len(ids) - 1) // 24
    X, y = ids[:n * 24].view(n, 24)[:400], ids[1:n * 24 + 1].view(n, 24)[:400]
    for seed in range(2):
        if f"poem {seed}" in state:
            continue
        torch.manual_seed(seed)
        net = CharNet(nn.LSTM, len(vocab), 256, 512, num_layers=2)
        optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
        loader = torch.utils.data.DataLoader(PoemWindows(rows), batch_size=BATCH_SIZE, shuffle=True,
                                             generator=torch.Generator().manual_seed(seed))
        losses, perplexities, texts = [], [], []
        for step, (X_batch, y_batch) in zip(range(NUM_STEPS + 1), loader, strict=False):
            if step in MOMENTS and seed == 0:
                texts.append([ord(c) for c in forced_poem(net, vocab, "秋")])
            if step and step % 50 == 0:
                perplexities.append(perplexity(net, X, y))
                print(f"poem {seed}: step {step}, perplexity {perplexities[-1]:.1f}", flush=True)
            if step == NUM_STEPS:
                break
            logits, _ = net(X_batch)
            loss = F.cross_entropy(logits.flatten(0, 1), y_batch.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        state[f"poem {seed}"] = torch.tensor([*losses, *perplexities])
        if texts:
            state["poem_texts"] = torch.tensor(texts, dtype=torch.int32)
            print(*("".join(map(chr, text)) for text in texts), sep="\n", flush=True)
        save_file(state, FILE)


def main():
    """Run both studies, or what is left of them, and write one file."""
    torch.set_num_threads(1)
    state = load_file(FILE) if FILE.exists() else {}
    if "recall_test" in state:
        state = {}
    record_recall(state)
    record_poem_net(state)
    rows = [f"recall {name} {tuned}" for name, tuned in product(CELLS, (False, True))]
    result = {f"recall_{part}": torch.stack([state[f"{row} {part}"] for row in rows])
              for part in ("chosen", "valid", "test")}
    runs = torch.stack([state[f"poem {seed}"] for seed in range(2)])
    result |= {"poem_losses": runs[:, :NUM_STEPS].contiguous(), "poem_perplexity": runs[:, NUM_STEPS:].contiguous(),
               "poem_texts": state["poem_texts"]}
    save_file(result, FILE)


if __name__ == "__main__":
    main()
