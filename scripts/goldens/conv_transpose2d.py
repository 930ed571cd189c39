"""kernels-test/goldens/conv_transpose2d.json: forward, and the gradients of input, weight and bias.

A transposed conv keeps the weight of the conv it is the adjoint of: [KH][KW][Cout][Cin].
"""

import torch.nn.functional as functional

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, weight_from_torch, weight_to_torch, write_golden

# name, kernel, stride, padding, output padding, (N, H, W, Cin, Cout)
CASES = [
    ("4x4 stride 2 from one pixel", (4, 4), (2, 2), (1, 1), (0, 0), (1, 1, 1, 16, 16)),
    ("4x4 stride 2, odd everything", (4, 4), (2, 2), (1, 1), (0, 0), (2, 4, 3, 7, 6)),
    ("4x4 stride 2 to three channels", (4, 4), (2, 2), (1, 1), (0, 0), (1, 8, 8, 16, 3)),
    ("3x3 stride 2 output padding 1", (3, 3), (2, 2), (1, 1), (1, 1), (1, 5, 4, 6, 5)),
    ("4x4 stride 1", (4, 4), (1, 1), (1, 1), (0, 0), (2, 5, 6, 4, 8)),
    ("5x3 stride 2x1 padding 2x0 output padding 1x0", (5, 3), (2, 1), (2, 0), (1, 0), (1, 4, 5, 3, 4)),
]


def make_case(name, kernel, stride, padding, output_padding, sizes):
    batch, height, width, in_channels, out_channels = sizes
    out_height = (height - 1) * stride[0] - 2 * padding[0] + kernel[0] + output_padding[0]
    out_width = (width - 1) * stride[1] - 2 * padding[1] + kernel[1] + output_padding[1]
    prefix = f"conv_transpose2d/{name}/"
    inputs = {
        "input": describe(prefix + "input", [batch, height, width, in_channels]),
        "weight": describe(prefix + "weight", [*kernel, out_channels, in_channels], 0.5),
        "bias": describe(prefix + "bias", [out_channels], 0.5),
        "outputGradient": describe(prefix + "outputGradient", [batch, out_height, out_width, out_channels]),
    }
    x = nhwc_to_nchw(generate(inputs["input"])).requires_grad_()
    weight = weight_to_torch(generate(inputs["weight"])).requires_grad_()
    bias = generate(inputs["bias"]).requires_grad_()
    output = functional.conv_transpose2d(x, weight, bias, stride, padding, output_padding)
    output.backward(nhwc_to_nchw(generate(inputs["outputGradient"])))
    return {
        "name": name, "stride": list(stride), "padding": list(padding), "outputPadding": list(output_padding),
        "inputs": inputs,
        "expected": {
            "output": store(nchw_to_nhwc(output)),
            "inputGradient": store(nchw_to_nhwc(x.grad)),
            "weightGradient": store(weight_from_torch(weight.grad)),
            "biasGradient": store(bias.grad),
        },
    }


write_golden("conv_transpose2d", {"cases": [make_case(*case) for case in CASES]})
