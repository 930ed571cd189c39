"""kernels-test/goldens/softmax.json: softmax, log_softmax and cross_entropy, with gradients.

`special` are lines with NaN, infinities and numbers whose exponential overflows; `expected.special` is the operation along
their last axis, in float32. The classes of the cross-entropies are the last axis (PyTorch wants them second).
"""

import torch
import torch.nn.functional as functional

from common import describe, generate, store, write_golden

INFINITY, NAN = float("inf"), float("nan")
SPECIAL = torch.tensor([
    [1000.0, 999.0, -1000.0], [INFINITY, 0.0, 1.0], [-INFINITY, 0.0, 1.0], [-INFINITY, -INFINITY, -INFINITY],
    [NAN, 0.0, 1.0], [1e38, -1e38, 0.0], [0.0, 0.0, 0.0], [-3e38, -3e38, -3e38],
], dtype=torch.float32)


def make_softmax(name, operation, axis):
    shape = [3, 5, 7]
    inputs = describe(f"softmax/{name}/{axis}", shape, 5.0)
    seed = describe(f"softmax/{name}/{axis}/seed", shape)
    x = generate(inputs).requires_grad_()
    output = operation(x, dim=axis)
    output.backward(generate(seed))
    return {
        "name": name, "axis": axis, "input": inputs, "seed": seed,
        "expected": {"output": store(output), "gradient": store(x.grad), "special": store(operation(SPECIAL, dim=-1))},
    }


LABELS = [0, 6, 3, -100, 2, 2, 5, 1, 3, -100, 4, 0]


def make_loss(name, shape, labels, options):
    logits = describe(f"crossEntropy/{name}", shape, 4.0)
    targets = None if labels else describe(f"crossEntropy/{name}/targets", shape, 0.5, 0.5)
    x = generate(logits).requires_grad_()
    target = torch.tensor(labels).reshape(shape[:-1]) if labels else generate(targets).requires_grad_()
    second = lambda tensor: tensor.movedim(-1, 1)
    loss = functional.cross_entropy(
        second(x), target if labels else second(target), ignore_index=options.get("ignoreIndex", -100),
        label_smoothing=options.get("labelSmoothing", 0.0), reduction=options.get("reduction", "mean"))
    loss.sum().backward()
    expected = {"loss": store(loss.reshape(-1)), "gradient": store(x.grad)}
    if targets:
        expected["targetGradient"] = store(target.grad)
    return {"name": name, "logits": logits, "labels": labels, "targets": targets, "options": options, "expected": expected}


write_golden("softmax", {
    "special": store(SPECIAL),
    "softmax": [make_softmax(name, operation, axis) for name, operation in [("softmax", torch.softmax), ("logSoftmax", torch.log_softmax)] for axis in [0, 1, 2]],
    "crossEntropy": [
        make_loss("cross-entropy", [12, 7], LABELS, {}),
        make_loss("cross-entropy of pixels", [2, 2, 3, 7], LABELS, {"labelSmoothing": 0.2}),
        make_loss("sum of cross-entropies, another ignored label", [12, 7], [max(0, label) for label in LABELS], {"reduction": "sum", "ignoreIndex": 2}),
        make_loss("cross-entropies one by one", [12, 7], LABELS, {"reduction": "none", "labelSmoothing": 0.1}),
        make_loss("cross-entropy with probabilities", [4, 5], None, {}),
        make_loss("cross-entropies with smoothed probabilities one by one", [2, 3, 5], None, {"labelSmoothing": 0.3, "reduction": "none"}),
    ],
})
