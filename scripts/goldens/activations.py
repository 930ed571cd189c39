"""kernels-test/goldens/activations.json: ReLU, leaky ReLU, tanh, sigmoid and their gradients.

`input` is the formula's array; `special` are the points where a formula breaks: both zeros,
the kink's neighbourhood, and magnitudes at which exp overflows float32.
"""

import torch
import torch.nn.functional as functional

from common import describe, generate, store, write_golden

SPECIAL = torch.tensor([0.0, -0.0, 1e-7, -1e-7, 1e-3, -1e-3, 1.0, -1.0, 5.0, -5.0, 9.5, -9.5,
                        20.0, -20.0, 50.0, -50.0, 100.0, -100.0, 1e4, -1e4], dtype=torch.float32)
CASES = [
    ("relu", functional.relu, {}),
    ("leakyRelu", lambda x: functional.leaky_relu(x, 0.2), {"slope": 0.2}),
    ("tanh", torch.tanh, {}),
    ("sigmoid", torch.sigmoid, {}),
]


def evaluate(function, x, output_gradient):
    x = x.to(torch.float64).requires_grad_()
    output = function(x)
    output.backward(output_gradient)
    return output, x.grad


def make_case(name, function, options):
    inputs = {
        "input": describe(f"activations/{name}/input", [2, 5, 7, 6], 4.0),
        "outputGradient": describe(f"activations/{name}/outputGradient", [2, 5, 7, 6]),
    }
    output, gradient = evaluate(function, generate(inputs["input"]), generate(inputs["outputGradient"]))
    special_output, special_gradient = evaluate(function, SPECIAL, torch.ones(len(SPECIAL), dtype=torch.float64))
    return {
        "name": name, **options, "inputs": inputs, "special": store(SPECIAL),
        "expected": {
            "output": store(output), "inputGradient": store(gradient),
            "specialOutput": store(special_output), "specialInputGradient": store(special_gradient),
        },
    }


write_golden("activations", {"cases": [make_case(*case) for case in CASES]})
