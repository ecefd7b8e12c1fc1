"""Train the poet of notebook 15 and save it as `attention.safetensors`; hold its contest against recurrent nets.

    python -m data.checkpoints.attention            # from the repository's root; needs the Tang poems
    python -m data.checkpoints.attention contest    # nine shorter trainings -> attention_contest.safetensors

Poems, vocabulary, batches and number of parameters are those of notebook 09's poet (`poems.py`). So is the time, 470
seconds of processor time on one thread, the schedule running with the time: on the machine on which this one was
trained, 285 of the GRU's 2230 steps took 60 seconds. No GPU. Saved in half precision: 1.45 million parameters, 2.9 MB.
Width and rate were chosen in five runs of 60 seconds, on poems that neither net was tested on; for the GRU, dropout
0.1 and a rate of 0.008 were tried, and brought nothing.

The contest: GRU, LSTM and transformer of equal size, three seeds each, 45 seconds of processor time each.
"""

import math
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from d2lhelpers import data
from data.checkpoints import poems as before

MAX_LEN, SECONDS, CONTEST_SECONDS, SEEDS = 72, 470, 45, 3


def attend(q, k, v, causal=True):
    """Mix the values by how well their keys fit the query; with `causal`, no query sees later keys."""
    scores = q @ k.mT / math.sqrt(q.shape[-1])  # (…, T, S)
    if causal:
        T, S = scores.shape[-2:]
        seen = torch.ones(T, S, dtype=torch.bool).tril(S - T)
        scores = scores.masked_fill(~seen, -math.inf)
    weights = scores.softmax(dim=-1)
    return weights @ v, weights


class Attention(nn.Module):
    """Several heads that look back; keys and values of earlier calls may be handed in."""

    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads, self.causal = num_heads, True
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x, past=None):  # (N, T, D)
        q, k, v = (part.unflatten(2, (self.num_heads, -1)).transpose(1, 2)
                   for part in self.qkv(x).chunk(3, dim=2))  # (N, H, T, D/H)
        if past is not None:
            k = torch.cat([past[0], k], dim=2)
            v = torch.cat([past[1], v], dim=2)
        mixed, self.weights = attend(q, k, v, self.causal)
        return self.out(mixed.transpose(1, 2).flatten(2)), (k, v)


class Block(nn.Module):
    """Look around, then think: each adds to the residual stream."""

    def __init__(self, dim, num_heads, dropout=0.0):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = Attention(dim, num_heads)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))
        self.drop = nn.Dropout(dropout)

    def forward(self, x, past=None):
        seen, past = self.attention(self.norm1(x), past)
        x = x + self.drop(seen)
        return x + self.drop(self.mlp(self.norm2(x))), past


class Transformer(nn.Module):
    """Predict the next token; input and output share one table of vectors."""

    def __init__(self, vocab_size, dim=196, num_heads=7, num_layers=2, max_len=72, dropout=0.0):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.place = nn.Embedding(max_len, dim)
        self.blocks = nn.ModuleList(Block(dim, num_heads, dropout) for _ in range(num_layers))
        self.norm, self.drop = nn.LayerNorm(dim), nn.Dropout(dropout)
        self.bias = nn.Parameter(torch.zeros(vocab_size))
        nn.init.normal_(self.embed.weight, std=0.05)
        nn.init.normal_(self.place.weight, std=0.05)

    def forward(self, tokens, cache=None):  # (N, T)
        cache, new = cache or [None] * len(self.blocks), []
        start = 0 if cache[0] is None else cache[0][0].shape[2]
        places = torch.arange(start, start + tokens.shape[1])
        x = self.drop(self.embed(tokens) + self.place(places))
        for block, past in zip(self.blocks, cache, strict=True):
            x, past = block(x, past)
            new.append(past)
        return F.linear(self.norm(x), self.embed.weight, self.bias), new


def rows_of(poems, vocab, copies=1):
    """Return sheets as rows of numbers, list of int64 (T,); those with seven characters a line come so many times.

    Five sheets of 10 000 have lines of three parts; they are longer than the table of places and left out.
    """
    index = {c: i for i, c in enumerate(vocab)}
    sheets = [text for text in before.sheets(poems) if len(text) <= MAX_LEN]
    sevens = [text for text in sheets if text[0] == before.METRES[7]]
    return [torch.tensor([index.get(c, 0) for c in text]) for text in sheets + (copies - 1) * sevens]


def train(model, rows, seconds, lr, seed=0):
    """Train for so many seconds of processor time; return how many steps it took, int."""
    optimizer = torch.optim.AdamW(model.parameters(), lr, weight_decay=0.05)
    generator, start, num_steps = torch.Generator().manual_seed(seed), time.thread_time(), 0
    model.train()
    while True:
        for tokens in before.batches(rows, generator):
            done = (time.thread_time() - start) / seconds
            if done >= 1:
                return num_steps
            cosine = 0.5 + 0.5 * math.cos(math.pi * (done - 0.1) / 0.9)
            for group in optimizer.param_groups:  # a tenth to warm up, then half a cosine
                group["lr"] = lr * max(0.01, done / 0.1 if done < 0.1 else cosine)
            logits, _ = model(tokens[:, :-1])
            loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            num_steps += 1
            if num_steps % 100 == 0:
                print(f"{done:.0%}, step {num_steps}, loss {loss:.3f}", flush=True)


def make(kind):
    """Return a fresh net of about 1.45 million parameters, and its learning rate."""
    if kind == "transformer":
        return Transformer(before.VOCAB_SIZE, dropout=0.1), 4e-3
    if kind == "GRU":
        return before.PoemNet(before.VOCAB_SIZE, dropout=0.2), before.LR
    return before.PoemNet(before.VOCAB_SIZE, hidden_size=231, cell=nn.LSTM, dropout=0.2), before.LR


def contest(train_rows, valid_rows):
    """Train three nets with three seeds each; save held-out perplexities and steps, both (3, SEEDS)."""
    scores, steps = [], []
    for kind in ("GRU", "LSTM", "transformer"):
        for seed in range(SEEDS):
            torch.manual_seed(seed)
            model, lr = make(kind)
            steps.append(train(model, train_rows, CONTEST_SECONDS, lr, seed))
            scores.append(before.perplexity(model, valid_rows))
            print(f"{kind}, seed {seed}: {steps[-1]} steps, perplexity {scores[-1]:.1f}", flush=True)
    save_file({"perplexity": torch.tensor(scores).view(3, SEEDS), "steps": torch.tensor(steps).view(3, SEEDS)},
              Path(__file__).with_name("attention_contest.safetensors"))


def main(*arguments):
    """Train, report, save."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    vocab = [chr(code) for code in data.load_checkpoint("poems")["vocab"].tolist()]
    poems = data.load_poems().poems
    train_rows = rows_of([p for i, p in enumerate(poems) if i % 20], vocab, copies=3)
    valid_rows = rows_of(poems[::20], vocab)
    if "contest" in arguments:
        contest(train_rows, valid_rows)
        return
    model, lr = make("transformer")
    steps = train(model, train_rows, SECONDS, lr)
    print(f"{steps} steps, held-out perplexity {before.perplexity(model, valid_rows):.1f}", flush=True)
    save_file({name: value.half() for name, value in model.state_dict().items()},
              Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main(*sys.argv[1:])
