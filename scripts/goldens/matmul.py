"""kernels-test/goldens/matmul.json: torch.matmul of matrices, batches and vectors, and linear, with gradients.

`linear` keeps its weight as [in, out], the transpose of PyTorch's. A product of two vectors has shape [].
"""

import torch
import torch.nn.functional as functional

from common import describe, generate, store, write_golden

CASES = [
    ("matmul of matrices", [[5, 7], [7, 3]]),
    ("matmul of batches", [[2, 4, 6], [2, 6, 5]]),
    ("matmul of batches that broadcast", [[2, 1, 3, 4], [3, 4, 5]]),
    ("matmul of a batch and one matrix", [[3, 2, 4], [4, 6]]),
    ("matmul of a vector and a batch", [[4], [3, 4, 2]]),
    ("matmul of a batch and a vector", [[3, 2, 4], [4]]),
    ("matmul of vectors", [[31], [31]]),
    ("linear", [[2, 3, 6], [6, 7], [7]]),
]


def make_case(name, shapes):
    inputs = [describe(f"matmul/{name}/{index}", shape) for index, shape in enumerate(shapes)]
    tensors = [generate(each).requires_grad_() for each in inputs]
    if name == "linear":
        output = functional.linear(tensors[0], tensors[1].T, tensors[2])
    else:
        output = torch.matmul(*tensors)
    seed = describe(f"matmul/{name}/seed", list(output.shape) or [1])
    output.backward(generate(seed).reshape(output.shape))
    return {
        "name": name, "inputs": inputs, "seed": seed,
        "expected": {"output": store(output), "gradients": [store(each.grad) for each in tensors]},
    }


write_golden("matmul", {"cases": [make_case(*case) for case in CASES]})
