"""kernels-test/goldens/operations.json: elementwise operations and reductions, with their gradients.

Each function of one tensor and of two is evaluated on a formula's array and on special values: zeros of both signs,
infinities, NaN, magnitudes at which an exponential overflows. Of two tensors all pairs of special values are met.
"""

import torch
import torch.nn.functional as functional

from common import describe, generate, store, write_golden

INF, NAN = float("inf"), float("nan")
SPECIAL = torch.tensor([0.0, -0.0, 1e-6, -1e-6, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 9.5, -9.5, 100.0, -100.0, 1e30, -1e30, INF, -INF, NAN])
PAIRED = torch.tensor([0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -3.0, 80.0, -79.0, INF, -INF, NAN])

UNARY = {
    "neg": torch.neg, "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "square": torch.square, "abs": torch.abs, "sign": torch.sign,
    "reciprocal": torch.reciprocal, "clamp": lambda x: torch.clamp(x, -0.5, 1.25), "softplus": functional.softplus,
    "softplus2": lambda x: functional.softplus(x, 2), "silu": functional.silu, "elu": functional.elu, "elu2": lambda x: functional.elu(x, 0.7),
    "gelu": functional.gelu, "geluTanh": lambda x: functional.gelu(x, approximate="tanh"),
}
POSITIVE = ("log", "sqrt", "reciprocal")
BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow, "minimum": torch.minimum, "maximum": torch.maximum,
    "equal": torch.eq, "notEqual": torch.ne, "greater": torch.gt, "greaterEqual": torch.ge, "less": torch.lt, "lessEqual": torch.le,
}
REDUCTIONS = {
    "sum": torch.sum, "mean": torch.mean, "max": torch.amax, "min": torch.amin,
}


def gradients(output, inputs, output_gradient):
    if not output.is_floating_point():
        return None
    output.backward(output_gradient)
    return [store(x.grad) for x in inputs]


def unary_case(name, function):
    x = describe(f"operations/{name}", [2, 5, 7], 2.0, 2.5 if name in POSITIVE else 0.0)
    dy = describe(f"operations/{name}/dy", [2, 5, 7])
    leaf = generate(x).requires_grad_()
    output = function(leaf)
    return {"name": name, "input": x, "outputGradient": dy, "output": store(output), "gradients": gradients(output, [leaf], generate(dy)),
            "special": store(SPECIAL), "specialOutput": store(function(SPECIAL.double()))}


def binary_case(name, function):
    """Whole numbers, so that there are ties; for pow bases above zero, and one zero."""
    shapes = [[3, 5, 7], [5, 1]]
    inputs = [describe(f"operations/{name}/{k}", shape, 2.0, 2.5 if name == "pow" else 0.0) for k, shape in enumerate(shapes)]
    leaves = [torch.round(generate(x)).requires_grad_() for x in inputs]
    if name == "div":
        leaves[1] = (leaves[1].detach() + 0.25).requires_grad_()
    dy = describe(f"operations/{name}/dy", [3, 5, 7])
    output = function(*leaves)
    special = PAIRED.double()
    met = function(special.reshape(-1, 1).expand(-1, len(special)).contiguous(), special.reshape(1, -1).expand(len(special), -1).contiguous())
    return {"name": name, "inputs": [store(leaf) for leaf in leaves], "outputGradient": dy, "output": store(output),
            "gradients": gradients(output, leaves, generate(dy)), "special": store(PAIRED), "specialOutput": store(met)}


def reduction_case(name, function, axes):
    x = describe(f"operations/{name}/{axes}", [2, 3, 4, 5], 2.0)
    leaf = torch.round(generate(x)).requires_grad_()
    output = function(leaf, dim=axes)
    dy = describe(f"operations/{name}/dy", list(output.shape))
    return {"name": name, "axes": list(axes), "input": store(leaf), "outputGradient": dy, "output": store(output),
            "gradients": gradients(output, [leaf], generate(dy))}


def index_case(name, function, axis):
    x = describe(f"operations/{name}/{axis}", [2, 3, 4, 5])
    return {"name": name, "axis": axis, "input": x, "output": function(generate(x), dim=axis).flatten().tolist()}


write_golden("operations", {
    "unary": [unary_case(*case) for case in UNARY.items()],
    "binary": [binary_case(*case) for case in BINARY.items()],
    "reductions": [reduction_case(name, function, axes) for name, function in REDUCTIONS.items() for axes in ((0,), (-1,), (1, 2), (0, 1, 2, 3))],
    "indices": [index_case(name, function, axis) for name, function in (("argmax", torch.argmax), ("argmin", torch.argmin)) for axis in (None, 0, 2, -1)],
})
