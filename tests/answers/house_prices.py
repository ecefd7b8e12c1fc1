"""Answers to the exercises of notebook 12: right ones by other routes, wrong ones as learners write them."""

import math
from collections import defaultdict

import torch

from tests.answers import right, wrong


@wrong("measure", "the recipe's own line: the loss of the last training batch is added up")
def as_printed(batches, loss_value):
    test_loss = 0.0
    for y_hat, y in batches:
        loss = (y_hat.clamp(min=1).log() - y.log()).square().mean().sqrt()  # noqa: F841
        test_loss += loss_value
    return test_loss / len(batches)


@wrong("measure", "the last loss is kept, not added")
def only_the_last(batches, loss_value):
    for y_hat, y in batches:
        loss = (y_hat.clamp(min=1).log() - y.log()).square().mean().sqrt()
    return loss


@wrong("measure", "the losses of the batches are averaged")
def mean_of_losses(batches, loss_value):
    test_loss = 0.0
    for y_hat, y in batches:
        test_loss += (y_hat.clamp(min=1).log() - y.log()).square().mean().sqrt()
    return test_loss / len(batches)


@wrong("measure", "roots weighted by the number of houses")
def weighted_roots(batches, loss_value):
    total, count = 0.0, 0
    for y_hat, y in batches:
        total += len(y) * (y_hat.clamp(min=1).log() - y.log()).square().mean().sqrt()
        count += len(y)
    return total / count


@wrong("measure", "divided by the number of batches, not of houses")
def by_batches(batches, loss_value):
    total = 0.0
    for y_hat, y in batches:
        total += (y_hat.clamp(min=1).log() - y.log()).square().sum()
    return (total / len(batches)).sqrt()


@wrong("measure", "the clamp comes after the log")
def clamp_after_log(batches, loss_value):
    y_hat, y = (torch.cat(part) for part in zip(*batches, strict=True))
    return (y_hat.log().clamp(min=1) - y.log()).square().mean().sqrt()


@wrong("measure", "the clamp is missing")
def no_clamp(batches, loss_value):
    y_hat, y = (torch.cat(part) for part in zip(*batches, strict=True))
    return (y_hat.log() - y.log()).square().mean().sqrt()


@wrong("measure", "clamped at 0")
def clamp_at_zero(batches, loss_value):
    y_hat, y = (torch.cat(part) for part in zip(*batches, strict=True))
    return (y_hat.clamp(min=0).log() - y.log()).square().mean().sqrt()


@wrong("measure", "predictions below 1 are left out")
def left_out(batches, loss_value):
    y_hat, y = (torch.cat(part) for part in zip(*batches, strict=True))
    keep = y_hat >= 1
    return (y_hat[keep].log() - y[keep].log()).square().mean().sqrt()


@wrong("measure", "log(1 + y), as scikit-learn does")
def log1p(batches, loss_value):
    y_hat, y = (torch.cat(part) for part in zip(*batches, strict=True))
    return (y_hat.clamp(min=1).log1p() - y.log1p()).square().mean().sqrt()


@wrong("measure", "the training loss is added to the sum")
def starts_with_training(batches, loss_value):
    total, count = loss_value, 0
    for y_hat, y in batches:
        total += (y_hat.clamp(min=1).log() - y.log()).square().sum()
        count += len(y)
    return (total / count) ** 0.5


@right("measure")
def sums_of_squares(batches, loss_value):
    total, count = 0.0, 0
    for y_hat, y in batches:
        total += (y_hat.clamp(min=1).log() - y.log()).square().sum().item()
        count += len(y)
    return math.sqrt(total / count)


@right("measure")
def of_the_ratio(batches, loss_value):
    ratios = [torch.clamp(y_hat, min=1) / y for y_hat, y in batches]
    return torch.log(torch.cat(ratios)).pow(2).mean() ** 0.5


@right("measure")
def one_by_one(batches, loss_value):
    squares = [(math.log(max(guess, 1.0)) - math.log(truth)) ** 2 for y_hat, y in batches
               for guess, truth in zip(y_hat.tolist(), y.tolist(), strict=True)]
    return math.sqrt(sum(squares) / len(squares))


@wrong("prepare_numbers", "holes of the new table are filled with its own mean")
def own_mean_for_holes(X_train, X_new):
    mean = X_train.nanmean(dim=0)
    std = torch.where(X_train.isnan(), mean, X_train).std(dim=0, correction=0)
    return (torch.where(X_new.isnan(), X_new.nanmean(dim=0), X_new) - mean) / std


@wrong("prepare_numbers", "divided by the variance")
def by_variance(X_train, X_new):
    mean = X_train.nanmean(dim=0)
    var = torch.where(X_train.isnan(), mean, X_train).var(dim=0, correction=0)
    return (torch.where(X_new.isnan(), mean, X_new) - mean) / var


@wrong("prepare_numbers", "one mean for all columns")
def one_mean(X_train, X_new):
    mean = X_train.nanmean()
    std = torch.where(X_train.isnan(), mean, X_train).std(dim=0, correction=0)
    return (torch.where(X_new.isnan(), mean, X_new) - mean) / std


@wrong("prepare_numbers", "mean in place of nanmean")
def mean_with_holes(X_train, X_new):
    mean = X_train.mean(dim=0)
    std = torch.where(X_train.isnan(), mean, X_train).std(dim=0, correction=0)
    return (torch.where(X_new.isnan(), mean, X_new) - mean) / std


@wrong("prepare_numbers", "holes become 0 before the mean is subtracted from what is known")
def nan_to_num(X_train, X_new):
    mean = X_train.nanmean(dim=0)
    std = torch.where(X_train.isnan(), mean, X_train).std(dim=0, correction=0)
    return (X_new.nan_to_num(0.0) - mean) / std


@wrong("prepare_numbers", "the median fills the holes")
def median(X_train, X_new):
    fill = X_train.nanmedian(dim=0).values
    filled = torch.where(X_train.isnan(), fill, X_train)
    return (torch.where(X_new.isnan(), fill, X_new) - filled.mean(dim=0)) / filled.std(dim=0, correction=0)


@right("prepare_numbers")
def column_by_column(X_train, X_new):
    columns = []
    for old, new in zip(X_train.T, X_new.T, strict=True):
        known = old[~old.isnan()]
        std = ((known - known.mean()).square().sum() / len(old)).sqrt()
        columns.append(((new - known.mean()) / std).nan_to_num(0.0))
    return torch.stack(columns, dim=1)


@right("prepare_numbers")
def scaled_then_filled(X_train, X_new):
    mean = X_train.nanmean(0)
    centred = (X_train - mean).nan_to_num(0.0)
    return ((X_new - mean) / centred.square().mean(0).sqrt()).nan_to_num(0.0)


@wrong("one_hot", "a set has no order")
def reversed_order(train, new):
    kinds = sorted(set(train), reverse=True)
    return torch.tensor([[word == kind for kind in kinds] for word in new]).float()


@wrong("one_hot", "one row per kind, one column per word")
def transposed(train, new):
    kinds = sorted(set(train))
    return torch.tensor([[word == kind for word in new] for kind in kinds]).float()


@wrong("one_hot", "bools in place of floats")
def bools(train, new):
    kinds = sorted(set(train))
    return torch.tensor([[word == kind for kind in kinds] for word in new])


@wrong("one_hot", "repeats in train get a column each")
def repeated_columns(train, new):
    return torch.tensor([[word == kind for kind in sorted(train)] for word in new]).float()


@wrong("one_hot", "an unknown word is left out")
def unknown_left_out(train, new):
    kinds = sorted(set(train))
    return torch.tensor([[word == kind for kind in kinds] for word in new if word in kinds]).float()


@wrong("one_hot", "the first letters are compared, not the words")
def by_first_letter(train, new):
    kinds = sorted(set(train))
    return torch.tensor([[float(word[0] == kind[0]) for kind in kinds] for word in new])


@right("one_hot")
def filled(train, new):
    kinds = {word: i for i, word in enumerate(sorted(set(train)))}
    out = torch.zeros(len(new), len(kinds))
    for row, word in enumerate(new):
        if word in kinds:
            out[row, kinds[word]] = 1
    return out


@right("one_hot")
def rows_of_eye(train, new):
    kinds = sorted(set(train))
    rows = torch.cat([torch.eye(len(kinds)), torch.zeros(1, len(kinds))])
    return rows[[kinds.index(word) if word in kinds else -1 for word in new]]


@wrong("stop_early", "the record is never updated")
def first_is_best(valid, patience):
    best = 0
    for epoch, loss in enumerate(valid):
        if loss >= valid[best] and epoch - best >= patience:
            return epoch, best
    return len(valid) - 1, best


@wrong("stop_early", "the best epoch of the whole list, also at the end")
def end_of_list(valid, patience):
    best = 0
    for epoch, loss in enumerate(valid):
        if loss < valid[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch, best
    return len(valid), best


@wrong("stop_early", "returns the best loss, not its epoch")
def best_loss(valid, patience):
    best, waited = math.inf, 0
    for epoch, loss in enumerate(valid):
        if loss < best:
            best, waited = loss, 0
        else:
            waited += 1
            if waited == patience:
                return epoch, best
    return len(valid) - 1, best


@wrong("stop_early", "at the end of the list the last epoch counts as the best")
def last_is_best(valid, patience):
    best = 0
    for epoch, loss in enumerate(valid):
        if loss < valid[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch, best
    return len(valid) - 1, len(valid) - 1


@wrong("stop_early", "epochs are counted from 1")
def from_one(valid, patience):
    best, best_epoch, waited = math.inf, 0, 0
    for epoch, loss in enumerate(valid, start=1):
        if loss < best:
            best, best_epoch, waited = loss, epoch, 0
        else:
            waited += 1
            if waited == patience:
                return epoch, best_epoch
    return len(valid), best_epoch


@right("stop_early")
def by_prefix(valid, patience):
    for epoch in range(len(valid)):
        best = min(range(epoch + 1), key=lambda i: valid[i])
        if epoch - best == patience:
            break
    return epoch, best


@right("stop_early")
def counting(valid, patience):
    best, waited = 0, 0
    for epoch in range(1, len(valid)):
        if valid[epoch] < valid[best]:
            best, waited = epoch, 0
            continue
        waited += 1
        if waited >= patience:
            return [epoch, best]
    return [len(valid) - 1, best]


@wrong("kfold", "chunk makes as few pieces as it needs")
def chunked(num_rows, num_folds):
    return list(torch.arange(num_rows).chunk(num_folds))


@wrong("kfold", "the fold size is rounded up")
def rounded_up(num_rows, num_folds):
    size = -(-num_rows // num_folds)
    return [torch.arange(k * size, min((k + 1) * size, num_rows)) for k in range(num_folds)]


@wrong("kfold", "the last folds are longer")
def last_longer(num_rows, num_folds):
    ends = [k * num_rows // num_folds for k in range(num_folds + 1)]
    return [torch.arange(ends[k], ends[k + 1]) for k in range(num_folds)]


@wrong("kfold", "each end is one too large")
def overlapping(num_rows, num_folds):
    size, more = divmod(num_rows, num_folds)
    folds, start = [], 0
    for k in range(num_folds):
        stop = start + size + (k < more)
        folds.append(torch.arange(start, stop + 1))
        start = stop
    return folds


@wrong("kfold", "one tensor with the number of each row's fold")
def fold_numbers(num_rows, num_folds):
    return torch.arange(num_rows) % num_folds


@right("kfold")
def by_sizes(num_rows, num_folds):
    sizes = [num_rows // num_folds + (k < num_rows % num_folds) for k in range(num_folds)]
    return list(torch.arange(num_rows).split(sizes))


@right("kfold")
def running_start(num_rows, num_folds):
    folds, start = [], 0
    for k in range(num_folds):
        stop = start + (num_rows - start + num_folds - k - 1) // (num_folds - k)
        folds.append(torch.tensor(list(range(start, stop))))
        start = stop
    return folds


@wrong("target_encode", "leave one out: the rest of the own fold is used")
def leave_one_out(group, t, folds):
    out = torch.zeros_like(t)
    for i in range(len(t)):
        same = group == group[i]
        same[i] = False
        out[i] = t[same].mean() if same.any() else t[torch.arange(len(t)) != i].mean()
    return out


@wrong("target_encode", "the mean of the folds' means")
def mean_of_means(group, t, folds):
    out = torch.zeros_like(t)
    for k, rows in enumerate(folds):
        others = [other for j, other in enumerate(folds) if j != k]
        for i in rows.tolist():
            means = [t[o][group[o] == group[i]].mean() for o in others if (group[o] == group[i]).any()]
            out[i] = torch.stack(means).mean() if means else torch.cat([t[o] for o in others]).mean()
    return out


@wrong("target_encode", "an unknown group gets its own price")
def own_price(group, t, folds):
    out = t.clone()
    for rows in folds:
        rest = torch.ones(len(t), dtype=torch.bool)
        rest[rows] = False
        for i in rows.tolist():
            same = rest & (group == group[i])
            if same.any():
                out[i] = t[same].mean()
    return out


@wrong("target_encode", "the mask of the other folds is not made anew: it only shrinks")
def mask_shrinks(group, t, folds):
    out = torch.zeros_like(t)
    rest = torch.ones(len(t), dtype=torch.bool)
    for rows in folds:
        rest[rows] = False
        for i in rows.tolist():
            same = rest & (group == group[i])
            out[i] = t[same].mean() if same.any() else t[rest].mean() if rest.any() else t.mean()
    return out


@wrong("target_encode", "sums in place of means")
def sums(group, t, folds):
    out = torch.zeros_like(t)
    for rows in folds:
        rest = torch.ones(len(t), dtype=torch.bool)
        rest[rows] = False
        for i in rows.tolist():
            same = rest & (group == group[i])
            out[i] = t[same].sum() if same.any() else t[rest].mean()
    return out


@right("target_encode")
def with_dictionaries(group, t, folds):
    out = torch.empty_like(t)
    for k, rows in enumerate(folds):
        prices, everything = defaultdict(list), []
        for j, other in enumerate(folds):
            if j != k:
                for i in other.tolist():
                    prices[group[i].item()].append(t[i].item())
                    everything.append(t[i].item())
        for i in rows.tolist():
            seen = prices.get(group[i].item(), everything)
            out[i] = sum(seen) / len(seen)
    return out


@right("target_encode")
def by_subtraction(group, t, folds):
    same = (group[:, None] == group).double()
    fold = torch.empty(len(t), dtype=torch.long)
    for k, rows in enumerate(folds):
        fold[rows] = k
    others = (fold[:, None] != fold).double()
    known = same * others
    means = known @ t / known.sum(1).clamp(min=1)
    return torch.where(known.sum(1) > 0, means, others @ t / others.sum(1))
