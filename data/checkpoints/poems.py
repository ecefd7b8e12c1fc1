"""Train the poet of notebook 09 and save it as `poems.safetensors`.

    python -m data.checkpoints.poems        # from the repository's root; needs the Tang poems

Trained on 19 of every 20 of the Tang poems in lines of five or seven characters (about 8000 of them), those of
seven shown three times an epoch; five epochs, about ten minutes on one core of a laptop, no GPU. Saved in half
precision with its vocabulary, as code points: 1.4 million parameters, 2.9 MB.
"""

import math
import re
import time
from collections import Counter
from itertools import chain
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from d2lhelpers import data

UNK = "□"                   # stands for every rare character
METRES = {5: "⑤", 7: "⑦"}   # the first token says how long the half-lines are
VOCAB_SIZE, NUM_EPOCHS, BATCH_SIZE, LR = 2600, 5, 32, 4e-3


class PoemNet(nn.Module):
    """Two recurrent layers that predict the next character; input and output share one table of vectors."""

    def __init__(self, vocab_size, hidden_size=256, cell=nn.GRU, dropout=0.0):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, hidden_size)
        self.rnn = cell(hidden_size, hidden_size, num_layers=2, dropout=dropout, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.bias = nn.Parameter(torch.zeros(vocab_size))
        nn.init.normal_(self.embed.weight, std=0.05)

    def forward(self, tokens, state=None):  # (N, T)
        hidden, state = self.rnn(self.drop(self.embed(tokens)), state)
        logits = F.linear(self.drop(hidden), self.embed.weight, self.bias)
        return logits, state  # (N, T, vocab_size)


def sheets(poems):
    """Cut poems into sheets of at most four lines, each begun by the mark of its metre.

    Parameters
    ----------
    poems : list of str
        A newline between two lines.

    Returns
    -------
    list of str
        Only those whose half-lines all have five or all have seven characters.
    """
    result = []
    for poem in poems:
        sizes = {len(part) for part in re.split(r"[，。？！；、：\n]+", poem) if part}
        if len(sizes) == 1 and (size := sizes.pop()) in METRES:
            lines = poem.split("\n")
            result += [METRES[size] + "\n".join(lines[i:i + 4]) + "\n" for i in range(0, len(lines), 4)]
    return result


def batches(rows, generator):
    """Return shuffled batches of rows of equal length, list of int64 (N, T)."""
    by_length = {}
    for row in rows:
        by_length.setdefault(len(row), []).append(row)
    result = []
    for group in by_length.values():
        order = torch.randperm(len(group), generator=generator)
        result += torch.stack(group)[order].split(BATCH_SIZE)
    return [result[i] for i in torch.randperm(len(result), generator=generator)]


@torch.inference_mode()
def perplexity(model, rows):
    """Return e to the mean loss per character, float."""
    model.eval()
    total = count = 0
    for tokens in batches(rows, torch.Generator().manual_seed(0)):
        logits, _ = model(tokens[:, :-1])
        total += F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="sum").item()
        count += tokens[:, 1:].numel()
    return math.exp(total / count)


def main():
    """Train, report, save."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    poems = data.load_poems().poems
    train, valid = sheets([p for i, p in enumerate(poems) if i % 20]), sheets(poems[::20])
    common = [c for c, _ in Counter(chain.from_iterable(train)).most_common(VOCAB_SIZE - 1)]
    vocab = [UNK, *common]
    index = {c: i for i, c in enumerate(vocab)}
    train, valid = ([torch.tensor([index.get(c, 0) for c in text]) for text in part] for part in (train, valid))
    sevens = [row for row in train if vocab[row[0]] == METRES[7]]
    valid_sevens = [row for row in valid if vocab[row[0]] == METRES[7]]

    model = PoemNet(len(vocab), dropout=0.2)
    optimizer = torch.optim.AdamW(model.parameters(), LR, weight_decay=0.05)
    generator = torch.Generator().manual_seed(0)
    epochs = [batches(train + 2 * sevens, generator) for _ in range(NUM_EPOCHS)]
    num_steps = sum(map(len, epochs))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, num_steps, pct_start=0.1)
    start = time.perf_counter()
    for epoch in epochs:
        model.train()
        for tokens in epoch:
            logits, _ = model(tokens[:, :-1])
            loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        print(f"{time.perf_counter() - start:.0f} s, loss {loss:.3f}, held-out perplexity "
              f"{perplexity(model, valid):.1f}, lines of seven {perplexity(model, valid_sevens):.1f}", flush=True)
    state = {name: value.half() for name, value in model.state_dict().items()}
    state["vocab"] = torch.tensor([ord(c) for c in vocab], dtype=torch.int32)
    save_file(state, Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
