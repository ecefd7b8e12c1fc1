"""Answers to the exercises of notebook 11: right ones by other routes, wrong ones as learners write them."""

import torch
import torch.nn.functional as F

from tests.answers import right, wrong


@wrong("gram_matrix", "divided by the number of channels")
def by_channels(h):
    H = h.flatten(2)
    return H @ H.mT / H.shape[1]


@wrong("gram_matrix", "the whole batch becomes one matrix")
def batch_flattened(h):
    N, C, height, width = h.shape
    H = h.reshape(N * C, height * width)
    return H @ H.T / (height * width)


@wrong("gram_matrix", "divided by the height only")
def by_height(h):
    H = h.flatten(2)
    return H @ H.mT / h.shape[2]


@wrong("gram_matrix", "rows of the picture against rows, places not laid flat")
def not_flat(h):
    return h @ h.mT / (h.shape[2] * h.shape[3])


@wrong("gram_matrix", "divided by N·C·H·W")
def by_numel(h):
    H = h.flatten(2)
    return torch.bmm(H, H.transpose(1, 2)) / h.numel()


@right("gram_matrix")
def by_einsum(h):
    return torch.einsum("nihw,njhw->nij", h, h).div(h[0, 0].numel())


@right("gram_matrix")
def mean_of_products(h):
    return (h[:, :, None] * h[:, None]).mean(dim=(3, 4))


@wrong("roughness", "the root of the mean square")
def root(x):
    return x.diff(dim=2).square().mean().sqrt() + x.diff(dim=3).square().mean().sqrt()


@wrong("roughness", "one mean over the pairs of both directions")
def pooled(x):
    both = torch.cat([x.diff(dim=2).flatten(), x.diff(dim=3).flatten()])
    return both.square().mean()


@wrong("roughness", "the last two dims are taken for dims 1 and 2")
def wrong_dims(x):
    return x.diff(dim=1).square().mean() + x.diff(dim=2).square().mean()


@wrong("roughness", "every second pixel is compared")
def second_neighbours(x):
    return (x[:, :, 2:] - x[:, :, :-2]).square().mean() + (x[..., 2:] - x[..., :-2]).square().mean()


@wrong("roughness", "divided by the number of pixels, not of pairs")
def by_pixels(x):
    total = x.diff(dim=2).square().sum() + x.diff(dim=3).square().sum()
    return total / x.numel()


@right("roughness")
def by_mse(x):
    return F.mse_loss(x[:, :, 1:], x[:, :, :-1]) + F.mse_loss(x[:, :, :, 1:], x[:, :, :, :-1])


@right("roughness")
def by_loops(x):
    down = sum(((x[:, :, i] - x[:, :, i - 1]) ** 2).mean() for i in range(1, x.shape[2])) / (x.shape[2] - 1)
    along = sum(((x[..., j] - x[..., j - 1]) ** 2).mean() for j in range(1, x.shape[3])) / (x.shape[3] - 1)
    return down + along



@wrong("total_loss", "only the last layer counts: = in place of +=")
def last_layer(content, content_goal, maps, grams, style_weight):
    for h, wanted in zip(maps, grams, strict=True):
        H = h.flatten(1)
        style = ((H @ H.T / H.shape[1] - wanted) ** 2).sum() / (wanted**2).sum()
    return ((content - content_goal) ** 2).sum() / (content_goal**2).sum() + style_weight * style


@wrong("total_loss", "the style weight multiplies everything")
def weight_on_all(content, content_goal, maps, grams, style_weight):
    style = 0
    for h, wanted in zip(maps, grams, strict=True):
        H = h.flatten(1)
        style = style + ((H @ H.T / H.shape[1] - wanted) ** 2).sum() / (wanted**2).sum()
    content_error = ((content - content_goal) ** 2).sum() / (content_goal**2).sum()
    return style_weight * (content_error + style / len(maps))


@wrong("total_loss", "the root: relative lengths, not their squares")
def lengths(content, content_goal, maps, grams, style_weight):
    total = (content - content_goal).norm() / content_goal.norm()
    for h, wanted in zip(maps, grams, strict=True):
        H = h.flatten(1)
        total = total + style_weight * (H @ H.T / H.shape[1] - wanted).norm() / wanted.norm() / len(maps)
    return total


@wrong("total_loss", "only the style's error is divided by the goal's size")
def content_not_relative(content, content_goal, maps, grams, style_weight):
    style = 0
    for h, wanted in zip(maps, grams, strict=True):
        H = h.flatten(1)
        style = style + ((H @ H.T / H.shape[1] - wanted) ** 2).sum() / (wanted**2).sum()
    return ((content - content_goal) ** 2).sum() + style_weight * style / len(maps)


@wrong("total_loss", "the Gram matrix is divided by the number of channels")
def gram_by_channels(content, content_goal, maps, grams, style_weight):
    style = 0
    for h, wanted in zip(maps, grams, strict=True):
        H = h.flatten(1)
        style = style + ((H @ H.T / len(H) - wanted) ** 2).sum() / (wanted**2).sum()
    return ((content - content_goal) ** 2).sum() / (content_goal**2).sum() + style_weight * style / len(maps)


@right("total_loss")
def norms(content, content_goal, maps, grams, style_weight):
    def E(A, B):
        return ((A - B).norm() / B.norm()) ** 2
    errors = [E(torch.einsum("ihw,jhw->ij", h, h) / h[0].numel(), G) for h, G in zip(maps, grams, strict=True)]
    return E(content, content_goal) + style_weight * torch.stack(errors).mean()


@right("total_loss")
def means(content, content_goal, maps, grams, style_weight):
    loss = F.mse_loss(content, content_goal) / content_goal.square().mean()
    for h, G in zip(maps, grams, strict=True):
        H = h.view(h.shape[0], -1)
        loss = loss + style_weight / len(maps) * F.mse_loss(H @ H.T / H.shape[1], G) / G.square().mean()
    return loss


@wrong("adain", "the style's mean is added before the scaling")
def mean_first(h, s):
    over = {"dim": (2, 3), "keepdim": True}
    std_h = (h.var(correction=0, **over) + 1e-5).sqrt()
    return ((h - h.mean(**over)) / std_h + s.mean(**over)) * s.std(correction=0, **over)


@wrong("adain", "divided by the variance of h")
def by_variance(h, s):
    over = {"dim": (2, 3), "keepdim": True}
    return (h - h.mean(**over)) / (h.var(correction=0, **over) + 1e-5) * s.std(correction=0, **over) + s.mean(**over)


@wrong("adain", "only the first half: instance norm")
def first_half(h, s):
    return F.instance_norm(h)


@wrong("adain", "a small number is added to the standard deviation, not to the variance")
def eps_outside(h, s):
    over = {"dim": (2, 3), "keepdim": True}
    std_h = h.std(correction=0, **over) + 1e-5
    return (h - h.mean(**over)) / std_h * s.std(correction=0, **over) + s.mean(**over)


@wrong("adain", "1e-5 is added to the painting's variance as well")
def eps_twice(h, s):
    over = {"dim": (2, 3), "keepdim": True}
    std_h, std_s = ((x.var(correction=0, **over) + 1e-5).sqrt() for x in (h, s))
    return (h - h.mean(**over)) / std_h * std_s + s.mean(**over)


@wrong("adain", "the mean of each row of the picture")
def by_rows(h, s):
    return (h - h.mean(3, keepdim=True)) / (h.var(3, correction=0, keepdim=True) + 1e-5).sqrt() * s.std(
        (2, 3), correction=0, keepdim=True) + s.mean((2, 3), keepdim=True)


@right("adain")
def with_instance_norm(h, s):
    flat = s.reshape(*s.shape[:2], -1)
    return F.instance_norm(h) * flat.std(-1, unbiased=False)[:, :, None, None] + flat.mean(-1)[:, :, None, None]


@right("adain")
def channel_by_channel(h, s):
    out = torch.empty_like(h)
    for n in range(h.shape[0]):
        for c in range(h.shape[1]):
            x, y = h[n, c], s[n, c]
            z = (x - x.mean()) / (((x - x.mean()) ** 2).mean() + 1e-5).sqrt()
            out[n, c] = z * ((y - y.mean()) ** 2).mean().sqrt() + y.mean()
    return out


@wrong("style_gradient", "autograd does the work")
def by_autograd(H, T):
    H = H.clone().requires_grad_()
    loss = ((H @ H.T / H.shape[1] - T) ** 2).sum()
    return torch.autograd.grad(loss, H)[0]


@wrong("style_gradient", "autograd does the work, where recording was switched on again")
def by_autograd_switched_on(H, T):
    with torch.inference_mode(False), torch.enable_grad():
        H, T = H.clone().requires_grad_(), T.clone()
        ((H @ H.T / H.shape[1] - T) ** 2).sum().backward()
        return H.grad


@wrong("style_gradient", "the loss is taken as a mean over the entries")
def mean_loss(H, T):
    P = H.shape[1]
    return 4 / (P * T.numel()) * (H @ H.T / P - T) @ H


@wrong("style_gradient", "divided by the number of channels")
def channels_for_places(H, T):
    C = H.shape[0]
    return 4 / C * (H @ H.T / C - T) @ H


@wrong("style_gradient", "H stands, transposed, on the wrong side")
def transposed_order(H, T):
    P = H.shape[1]
    return 4 / P * H.T @ (H @ H.T / P - T)


@wrong("style_gradient", "the difference is squared again")
def squared(H, T):
    P = H.shape[1]
    return 4 / P * (H @ H.T / P - T) ** 2 @ H


@right("style_gradient")
def two_terms(H, T):
    P = H.shape[1]
    dG = 2 * (H @ H.T / P - T)
    return (dG @ H + dG.T @ H) / P


@right("style_gradient")
def summed(H, T):
    P = H.shape[1]
    D = torch.einsum("ip,jp->ij", H, H) / P - T
    return 4 * torch.einsum("ij,jp->ip", D, H) / P
