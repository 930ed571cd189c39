"""The adversarial losses of pytorch-CycleGAN-and-pix2pix by their names there, hinge, and the gradient penalty of Gulrajani et al. 2017."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.nn.functional import relu


def to_label(logits, label):
    return cross_entropy(logits, torch.full_like(logits, label))


OBJECTIVES = {
    "vanilla": {"real": lambda d: to_label(d, 1.0), "fake": lambda d: to_label(d, 0.0), "generator": lambda d: to_label(d, 1.0)},
    "lsgan": {"real": lambda d: ((d - 1) ** 2).mean(), "fake": lambda d: (d ** 2).mean(), "generator": lambda d: ((d - 1) ** 2).mean()},
    "wgangp": {"real": lambda d: -d.mean(), "fake": lambda d: d.mean(), "generator": lambda d: -d.mean()},
    "hinge": {"real": lambda d: relu(1 - d).mean(), "fake": lambda d: relu(1 + d).mean(), "generator": lambda d: -d.mean()},
}
PENALTY = {"vanilla": 0, "lsgan": 0, "wgangp": 10, "hinge": 0}


def gradient_penalty(judge, real, fake, shares):
    """mean over the samples of (|slope| - 1)^2 at shares * real + (1 - shares) * fake."""
    mixed = (shares * real + (1 - shares) * fake).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(judge(mixed).sum(), mixed, create_graph=True)
    return ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
