"""kernels-test/goldens/losses.json: L1, mean squared error and BCE with logits, all means, with gradients.

`target` of a case is a description (elementwise losses) or null; then `targetValue` is one number for
every element. Each gradient is that of the loss itself (output gradient 1).
"""

import torch
import torch.nn.functional as functional

from common import describe, generate, store, write_golden

SHAPE = [2, 15, 15, 3]


def binary_cross_entropy(target_value):
    return lambda x, _: functional.binary_cross_entropy_with_logits(x, torch.full_like(x, target_value))


# name, loss, scale of the input, target value or None
CASES = [
    ("l1", functional.l1_loss, 1.0, None),
    ("meanSquaredError", functional.mse_loss, 1.0, None),
    ("binaryCrossEntropyWithLogits", binary_cross_entropy(0.0), 3.0, 0.0),
    ("binaryCrossEntropyWithLogits", binary_cross_entropy(1.0), 3.0, 1.0),
    ("binaryCrossEntropyWithLogits", binary_cross_entropy(0.0), 100.0, 0.0),
    ("binaryCrossEntropyWithLogits", binary_cross_entropy(1.0), 100.0, 1.0),
]


def make_case(name, loss, scale, target_value):
    prefix = f"losses/{name}/{scale:g}/"
    inputs = {"input": describe(prefix + "input", SHAPE, scale)}
    inputs["target"] = describe(prefix + "target", SHAPE) if target_value is None else None
    x = generate(inputs["input"]).requires_grad_()
    value = loss(x, None if inputs["target"] is None else generate(inputs["target"]))
    value.backward()
    return {
        "name": name, "targetValue": target_value, "inputs": inputs,
        "expected": {"loss": value.item(), "inputGradient": store(x.grad)},
    }


write_golden("losses", {"cases": [make_case(*case) for case in CASES]})
