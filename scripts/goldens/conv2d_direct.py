"""kernels-test/goldens/conv2d_direct.json: convolutions with dilation, groups and output padding, plain and transposed, with gradients."""

import torch
import torch.nn.functional as functional

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, weight_to_torch, write_golden

# name, input, weight in shadegrad's layout, options
CASES = [
    ("conv2d", [2, 7, 6, 3], [3, 3, 3, 5], {"padding": 2, "dilation": 2}),
    ("conv2d", [1, 8, 7, 6], [3, 2, 3, 8], {"stride": [2, 1], "padding": [1, 0], "groups": 2, "dilation": [1, 3]}),
    ("conv2d", [2, 5, 6, 8], [3, 3, 1, 8], {"padding": 1, "groups": 8}),
    ("convTranspose2d", [1, 4, 3, 4], [3, 3, 2, 4], {"stride": 2, "padding": 1, "outputPadding": 1}),
    ("convTranspose2d", [2, 3, 4, 6], [3, 2, 2, 6], {"stride": 2, "padding": [1, 0], "outputPadding": [1, 0], "dilation": [2, 1], "groups": 3}),
    ("convTranspose2d", [1, 4, 4, 4], [3, 3, 1, 4], {"groups": 4, "padding": 1}),
]


def make_case(index, name, shape, weight, options):
    prefix = f"conv2d direct/{index}/"
    plain = name == "conv2d"
    channels = weight[3] if plain else weight[2] * options.get("groups", 1)
    inputs = [describe(prefix + "x", shape), describe(prefix + "weight", weight, 0.5), describe(prefix + "bias", [channels])]
    tensors = [generate(each).requires_grad_() for each in inputs]
    arguments = {{"outputPadding": "output_padding"}.get(key, key): value for key, value in options.items()}
    operation = functional.conv2d if plain else functional.conv_transpose2d
    output = nchw_to_nhwc(operation(nhwc_to_nchw(tensors[0]), weight_to_torch(tensors[1]), tensors[2], **arguments))
    seed = describe(prefix + "seed", list(output.shape))
    output.backward(generate(seed))
    return {
        "name": name, "options": options, "inputs": inputs, "seed": seed,
        "expected": {"output": store(output), "gradients": [store(each.grad) for each in tensors]},
    }


write_golden("conv2d_direct", {"cases": [make_case(index, *case) for index, case in enumerate(CASES)]})
