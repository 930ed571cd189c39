"""kernels-test/goldens/conv2d.json: forward, and the gradients of input, weight and bias."""

import torch.nn.functional as functional

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, weight_from_torch, weight_to_torch, write_golden

# name, kernel, stride, padding, (N, H, W, Cin, Cout)
CASES = [
    ("4x4 stride 2, vec4 output channels", (4, 4), (2, 2), (1, 1), (1, 8, 8, 3, 8)),
    ("4x4 stride 2, odd everything", (4, 4), (2, 2), (1, 1), (2, 7, 5, 6, 7)),
    ("4x4 stride 2 to one pixel", (4, 4), (2, 2), (1, 1), (1, 2, 2, 16, 16)),
    ("4x4 stride 1 to one channel", (4, 4), (1, 1), (1, 1), (1, 5, 5, 8, 1)),
    ("4x4 stride 1, batch 2", (4, 4), (1, 1), (1, 1), (2, 9, 9, 4, 4)),
    ("3x3 stride 1", (3, 3), (1, 1), (1, 1), (1, 6, 6, 7, 3)),
    ("1x1 stride 1", (1, 1), (1, 1), (0, 0), (3, 5, 4, 6, 7)),
    ("7x7 stride 1 padding 3", (7, 7), (1, 1), (3, 3), (1, 9, 9, 3, 4)),
    ("3x3 stride 2, 31 pixels, one channel", (3, 3), (2, 2), (1, 1), (1, 31, 31, 1, 3)),
    ("5x3 stride 2x1 padding 2x0", (5, 3), (2, 1), (2, 0), (2, 9, 6, 5, 3)),
    ("2x2 stride 3, pixels no window reads", (2, 2), (3, 3), (0, 0), (1, 7, 9, 3, 4)),
]


def make_case(name, kernel, stride, padding, sizes):
    batch, height, width, in_channels, out_channels = sizes
    out_height = (height + 2 * padding[0] - kernel[0]) // stride[0] + 1
    out_width = (width + 2 * padding[1] - kernel[1]) // stride[1] + 1
    prefix = f"conv2d/{name}/"
    inputs = {
        "input": describe(prefix + "input", [batch, height, width, in_channels]),
        "weight": describe(prefix + "weight", [*kernel, in_channels, out_channels], 0.5),
        "bias": describe(prefix + "bias", [out_channels], 0.5),
        "outputGradient": describe(prefix + "outputGradient", [batch, out_height, out_width, out_channels]),
    }
    x = nhwc_to_nchw(generate(inputs["input"])).requires_grad_()
    weight = weight_to_torch(generate(inputs["weight"])).requires_grad_()
    bias = generate(inputs["bias"]).requires_grad_()
    output = functional.conv2d(x, weight, bias, stride, padding)
    output.backward(nhwc_to_nchw(generate(inputs["outputGradient"])))
    return {
        "name": name, "stride": list(stride), "padding": list(padding), "inputs": inputs,
        "expected": {
            "output": store(nchw_to_nhwc(output)),
            "inputGradient": store(nchw_to_nhwc(x.grad)),
            "weightGradient": store(weight_from_torch(weight.grad)),
            "biasGradient": store(bias.grad),
        },
    }


write_golden("conv2d", {"cases": [make_case(*case) for case in CASES]})
