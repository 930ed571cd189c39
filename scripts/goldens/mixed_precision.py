"""kernels-test/goldens/mixed_precision.json: a small U-Net trained in mixed precision, with the losses scaled.

Emulated on the CPU: float32 arithmetic, and what a network in autocast holds in float16 is rounded to it between operations, results and
their gradients alike, where this library holds float16: after every convolution, norm, activation and joint. Parameters, the loss and the
optimiser are float32. The scale is torch.cuda.amp.GradScaler's, which is for CUDA alone, written out: the loss is multiplied by it, a step
with a gradient that is not finite is left out and halves it, GROWTH good steps in a row double it. It begins so large that the first
three steps are left out, and so is the sixth, after it was doubled twice. None of that is close: where a step overflows a gradient is at
least 1.25 times as large as what float16 holds, and where it does not at most 0.78 times.

Stored: losses, scales and whether each step was taken; the gradients of the first that was, the parameters after the last. As shadegrad
has them.
"""

import math

import torch
import torch.nn.functional as functional

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, weight_to_torch, write_golden

SHAPE = [2, 8, 8, 3]
STEPS = 7
ADAM = {"learningRate": 0.01, "betas": [0.5, 0.999], "epsilon": 1e-3}
SLOPE = 0.2
SCALE = 2.0**24
GROWTH = 1
PARAMETERS = {"w1": [4, 4, 3, 8], "w2": [4, 4, 8, 12], "gamma": [12], "beta": [12], "w3": [4, 4, 8, 12], "w4": [4, 4, 3, 16], "b4": [3]}


class Half(torch.autograd.Function):
    """Holds a result, and the gradient that comes back to it, in float16."""

    @staticmethod
    def forward(context, x):
        return x.half().float()

    @staticmethod
    def backward(context, slope):
        return slope.half().float()


half = Half.apply


def network(image, p):
    x = nhwc_to_nchw(image)
    first = half(functional.conv2d(x, weight_to_torch(p["w1"]), stride=2, padding=1))
    skip = half(functional.leaky_relu(first, SLOPE))
    # Read twice: each reader's gradient is held in float16, and so is their sum.
    inner = half(functional.conv2d(half(skip), weight_to_torch(p["w2"]), stride=2, padding=1))
    inner = half(functional.batch_norm(inner, None, None, p["gamma"], p["beta"], training=True, eps=1e-5))
    inner = half(functional.leaky_relu(inner, SLOPE))
    outer = half(functional.conv_transpose2d(inner, weight_to_torch(p["w3"]), stride=2, padding=1))
    outer = half(functional.leaky_relu(half(functional.instance_norm(outer, eps=1e-5)), SLOPE))
    joined = half(torch.cat([outer, half(skip)], 1))
    last = half(functional.conv_transpose2d(joined, weight_to_torch(p["w4"]), p["b4"], stride=2, padding=1))
    return nchw_to_nhwc(half(torch.tanh(last)))


def main():
    images = {"image": describe("mixed/image", SHAPE), "target": describe("mixed/target", SHAPE, 0.9)}
    described = {
        key: describe(f"mixed/{key}", shape, 0.3, 1.0 if key == "gamma" else 0.0) for key, shape in PARAMETERS.items()
    }
    image, target = (generate(images[key], torch.float32) for key in ("image", "target"))
    parameters = {key: generate(each, torch.float32).requires_grad_() for key, each in described.items()}
    adam = torch.optim.Adam(parameters.values(), lr=ADAM["learningRate"], betas=tuple(ADAM["betas"]), eps=ADAM["epsilon"])
    scale, good = SCALE, 0
    steps, gradients = [], None
    for _ in range(STEPS):
        adam.zero_grad()
        loss = functional.l1_loss(network(image, parameters), target)
        (loss * scale).backward()
        finite = all(bool(torch.isfinite(each.grad).all()) for each in parameters.values())
        steps.append({"loss": loss.item(), "scale": scale, "taken": finite})
        for each in parameters.values():
            each.grad /= scale
        if finite:
            gradients = gradients or {key: store(each.grad) for key, each in parameters.items()}
            adam.step()
            good += 1
        else:
            scale, good = scale / 2, 0
        if good == GROWTH:
            scale, good = scale * 2, 0
    assert [each["taken"] for each in steps] == [False, False, False, True, True, False, True]
    assert all(math.isfinite(each["loss"]) for each in steps)
    write_golden(
        "mixed_precision",
        {
            "adam": ADAM, "slope": SLOPE, "scale": SCALE, "growth": GROWTH, "images": images, "parameters": described, "steps": steps,
            "gradients": gradients, "trained": {key: store(each) for key, each in parameters.items()},
        },
        computed_in="float32, rounded to float16",
    )


main()
