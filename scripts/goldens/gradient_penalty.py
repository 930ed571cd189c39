"""kernels-test/goldens/gradient_penalty.json: critics trained with a gradient penalty (WGAN-GP, Gulrajani et al. 2017).

The loss is mean(D(fake)) - mean(D(real)) + 10 mean over the batch of (|dD/dx| - 1)^2, with x between fake and real by `mix`. Three
critics: with instance norm, with batch norm (on the batch's statistics), and with group norm, layer norm and a linear layer. Gradients
of the first step, and losses and parameters after three steps of Adam. Parameters are stored as shadegrad has them.

No parameter has a gradient that is zero in exact numbers, as the last layer's bias would have: Adam would make steps of the noise.
"""

import torch
import torch.nn.functional as functional

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, weight_to_torch, write_golden

SHAPE = [3, 8, 8, 3]
STEPS = 3
ADAM = {"learningRate": 0.01, "betas": [0.5, 0.9], "epsilon": 1e-3}
SLOPE = 0.2
STRIDED = {"w1": [4, 4, 3, 8], "gamma": [8], "beta": [8], "w2": [3, 3, 8, 1]}


def conv2d(x, w, stride, b=None):
    return functional.conv2d(x, weight_to_torch(w), b, stride=stride, padding=1)


def instance_critic(x, p):
    hidden = functional.instance_norm(conv2d(nhwc_to_nchw(x), p["w1"], 2), weight=p["gamma"], bias=p["beta"])
    return nchw_to_nhwc(conv2d(functional.leaky_relu(hidden, SLOPE), p["w2"], 1))


def batch_critic(x, p):
    hidden = functional.batch_norm(conv2d(nhwc_to_nchw(x), p["w1"], 2), None, None, p["gamma"], p["beta"], training=True, eps=1e-5)
    return nchw_to_nhwc(conv2d(functional.leaky_relu(hidden, SLOPE), p["w2"], 1))


def linear_critic(x, p):
    hidden = functional.group_norm(conv2d(nhwc_to_nchw(x), p["w1"], 2, p["b1"]), 2, p["gamma"], p["beta"])
    flat = nchw_to_nhwc(functional.leaky_relu(hidden, SLOPE)).reshape(len(x), -1)
    narrow = functional.layer_norm(functional.linear(flat, p["w2"].T, p["b2"]), [6], p["gamma2"], p["beta2"])
    return functional.linear(functional.leaky_relu(narrow, SLOPE), p["w3"].T)


CRITICS = {
    "instanceNorm": (instance_critic, STRIDED),
    "batchNorm": (batch_critic, STRIDED),
    "groupNorm": (linear_critic, {
        "w1": [4, 4, 3, 8], "b1": [8], "gamma": [8], "beta": [8], "w2": [128, 6], "b2": [6], "gamma2": [6], "beta2": [6], "w3": [6, 1],
    }),
}


def loss_of(critic, parameters, real, fake, mix):
    between = (mix * real + (1 - mix) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between, parameters).sum(), between, create_graph=True)
    penalty = ((slope.square().sum((1, 2, 3)).sqrt() - 1) ** 2).mean()
    return critic(fake, parameters).mean() - critic(real, parameters).mean() + 10 * penalty


def make_case(name, critic, shapes):
    images = {"real": describe("penalty/real", SHAPE), "fake": describe("penalty/fake", SHAPE)}
    images["mix"] = describe("penalty/mix", [SHAPE[0], 1, 1, 1], 0.5, 0.5)
    described = {
        key: describe(f"penalty/{name}/{key}", shape, 0.5 if key.startswith("gamma") else 0.3, 1.0 if key.startswith("gamma") else 0.0)
        for key, shape in shapes.items()
    }
    parameters = {key: generate(each).requires_grad_() for key, each in described.items()}
    adam = torch.optim.Adam(parameters.values(), lr=ADAM["learningRate"], betas=tuple(ADAM["betas"]), eps=ADAM["epsilon"])
    losses, gradients = [], None
    for _ in range(STEPS):
        adam.zero_grad()
        loss = loss_of(critic, parameters, *(generate(images[key]) for key in ("real", "fake", "mix")))
        loss.backward()
        losses.append(loss.item())
        gradients = gradients or {key: store(each.grad) for key, each in parameters.items()}
        adam.step()
    return {
        "name": name, "images": images, "parameters": described,
        "expected": {"losses": losses, "gradients": gradients, "trained": {key: store(each) for key, each in parameters.items()}},
    }


write_golden("gradient_penalty", {"adam": ADAM, "cases": [make_case(name, *critic) for name, critic in CRITICS.items()]})
