"""kernels-test/goldens/norms.json: group, layer and affine instance norm, with gradients.

Inputs and results are NHWC; `axes` is how many of the last axes layer norm normalises over.
"""

import torch
import torch.nn.functional as functional

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, write_golden


def group_norm(x, gamma, beta, groups):
    return nchw_to_nhwc(functional.group_norm(nhwc_to_nchw(x), groups, gamma, beta))


def instance_norm(x, gamma, beta):
    return nchw_to_nhwc(functional.instance_norm(nhwc_to_nchw(x), weight=gamma, bias=beta))


def layer_norm(x, gamma, beta, axes):
    return functional.layer_norm(x, list(x.shape[-axes:]), gamma, beta)


OPERATIONS = {"groupNorm": group_norm, "instanceNorm": instance_norm, "layerNorm": layer_norm}
CASES = [
    ("groupNorm", [2, 3, 4, 12], [12], {"groups": 3}),
    ("groupNorm", [3, 5, 2, 7], [7], {"groups": 1}),
    ("instanceNorm", [3, 4, 5, 6], [6], {}),
    ("layerNorm", [2, 3, 70], [70], {"axes": 1}),
    ("layerNorm", [4, 31], [31], {"axes": 1}),
    ("layerNorm", [3, 4, 5], [4, 5], {"axes": 2}),
]


def make_case(name, shape, parameters, options):
    prefix = f"norms/{name}/{shape}/"
    inputs = [describe(prefix + "x", shape, 2.0, 1.0), describe(prefix + "gamma", parameters, 0.5, 1.0), describe(prefix + "beta", parameters)]
    tensors = [generate(each).requires_grad_() for each in inputs]
    output = OPERATIONS[name](*tensors, **options)
    seed = describe(prefix + "seed", shape)
    output.backward(generate(seed))
    return {
        "name": name, "options": options, "inputs": inputs, "seed": seed,
        "expected": {"output": store(output), "gradients": [store(each.grad) for each in tensors]},
    }


write_golden("norms", {"cases": [make_case(*case) for case in CASES]})
