"""kernels-test/goldens/optimizers.json: five steps of every optimiser with every option, in two parameter groups.

The second parameter is a group of its own, without weight decay and with its own rate; the third has no gradient at the second
step, so that it is a step behind; all rates are halved before the fourth. After each step: all parameters, joined.
"""

import torch

from common import describe, generate, store, write_golden

SIZES = [70, 5, 33]
STEPS = 5
SKIPPED = {"step": 1, "parameter": 2}
HALVED = 3
OWN_RATE = 0.03
CASES = [
    ("Adam", {}),
    ("Adam", {"weight_decay": 0.1}),
    ("Adam", {"weight_decay": 0.1, "amsgrad": True, "betas": (0.5, 0.9)}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.5, "eps": 1e-3}),
    ("AdamW", {"weight_decay": 0.5, "amsgrad": True, "betas": (0.5, 0.9)}),
    ("SGD", {}),
    ("SGD", {"weight_decay": 0.1}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "dampening": 0.25, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
]


def make_case(kind, options):
    name = " ".join([kind, *(f"{key}={value}" for key, value in options.items())])
    parameters = [describe(f"{name}/parameter{index}", [size], 0.5) for index, size in enumerate(SIZES)]
    tensors = [generate(each).requires_grad_() for each in parameters]
    own = {"lr": OWN_RATE, "weight_decay": 0.0}
    groups = [{"params": [tensors[0], tensors[2]]}, {"params": [tensors[1]], **own}]
    optimizer = getattr(torch.optim, kind)(groups, lr=0.01, **options)
    gradients, steps = [], []
    for step in range(STEPS):
        if step == HALVED:
            for group in optimizer.param_groups:
                group["lr"] /= 2
        # Falling, so that the largest second moment is not the latest.
        gradients.append([describe(f"{name}/gradient{step}/{index}", [size], 0.5 / (step + 1) ** 2) for index, size in enumerate(SIZES)])
        for index, tensor in enumerate(tensors):
            skipped = step == SKIPPED["step"] and index == SKIPPED["parameter"]
            tensor.grad = None if skipped else generate(gradients[-1][index])
        optimizer.step()
        steps.append(store(torch.cat(tensors)))
    return {"name": name, "kind": kind, "options": options, "inputs": {"parameters": parameters, "gradients": gradients}, "steps": steps}


write_golden("optimizers", {
    "sizes": SIZES, "skipped": SKIPPED, "halvedBefore": HALVED, "learningRate": 0.01, "ownRate": OWN_RATE,
    "cases": [make_case(*case) for case in CASES],
})
