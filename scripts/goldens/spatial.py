"""kernels-test/goldens/spatial.json: padding, resampling, pixel shuffles and pools of images, with gradients.

Inputs and results are NHWC. `options` are those of shadegrad's operation of that name; padding is [top, bottom, left, right].
"""

import torch
import torch.nn.functional as functional

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, write_golden


def pad(x, padding, mode="zeros", value=0.0):
    top, bottom, left, right = padding
    sides = [left, right, top, bottom]
    return functional.pad(x, sides, value=value) if mode == "zeros" else functional.pad(x, sides, mode=mode)


def upsample(x, mode="nearest", scale=None, size=None, alignCorners=False):
    return functional.interpolate(x, size=size, scale_factor=scale, mode=mode, align_corners=alignCorners if mode == "bilinear" else None)


def max_pool(x, kernel, stride=None, padding=0, ceilMode=False):
    return functional.max_pool2d(x, kernel, stride or kernel, padding, ceil_mode=ceilMode)


def average_pool(x, kernel, stride=None, padding=0, ceilMode=False, countIncludePad=True):
    return functional.avg_pool2d(x, kernel, stride or kernel, padding, ceilMode, countIncludePad)


OPERATIONS = {
    "pad": pad,
    "upsample": upsample,
    "pixelShuffle": lambda x, factor: functional.pixel_shuffle(x, factor),
    "pixelUnshuffle": lambda x, factor: functional.pixel_unshuffle(x, factor),
    "maxPool2d": max_pool,
    "avgPool2d": average_pool,
    "globalAveragePool": lambda x: functional.adaptive_avg_pool2d(x, 1),
}

CASES = [
    ("pad", [1, 3, 4, 2], {"padding": [1, 0, 2, 1], "value": -1.5}),
    ("pad", [2, 4, 3, 3], {"padding": [3, 2, 1, 2], "mode": "reflect"}),
    ("pad", [1, 1, 5, 2], {"padding": [2, 1, 3, 0], "mode": "replicate"}),
    ("upsample", [1, 3, 5, 2], {"scale": 2}),
    ("upsample", [1, 5, 5, 1], {"scale": [1.5, 0.7]}),
    ("upsample", [1, 3, 4, 2], {"size": [7, 2]}),
    ("upsample", [2, 3, 4, 1], {"scale": 2, "mode": "bilinear"}),
    ("upsample", [1, 4, 5, 2], {"scale": [1.7, 0.6], "mode": "bilinear"}),
    ("upsample", [1, 5, 3, 2], {"size": [3, 8], "mode": "bilinear"}),
    ("upsample", [1, 3, 4, 2], {"size": [5, 9], "mode": "bilinear", "alignCorners": True}),
    ("upsample", [1, 3, 4, 2], {"size": [1, 2], "mode": "bilinear", "alignCorners": True}),
    ("pixelShuffle", [2, 2, 3, 12], {"factor": 2}),
    ("pixelUnshuffle", [1, 6, 3, 2], {"factor": 3}),
    ("maxPool2d", [2, 5, 7, 3], {"kernel": 2}),
    ("maxPool2d", [1, 6, 5, 2], {"kernel": [3, 2], "stride": [2, 1], "padding": [1, 1]}),
    ("maxPool2d", [1, 6, 7, 2], {"kernel": 3, "stride": 2, "ceilMode": True}),
    ("avgPool2d", [2, 5, 7, 3], {"kernel": 2}),
    ("avgPool2d", [1, 6, 5, 2], {"kernel": [3, 2], "stride": [2, 1], "padding": [1, 1]}),
    ("avgPool2d", [1, 6, 7, 2], {"kernel": 3, "stride": 2, "padding": 1, "ceilMode": True}),
    ("avgPool2d", [1, 6, 8, 2], {"kernel": 3, "stride": 2, "padding": 1, "ceilMode": True, "countIncludePad": False}),
    ("globalAveragePool", [2, 3, 4, 5], {}),
]


def make_case(name, shape, options):
    prefix = f"spatial/{name}/{options}/{shape}"
    inputs = describe(prefix, shape)
    x = generate(inputs).requires_grad_()
    output = nchw_to_nhwc(OPERATIONS[name](nhwc_to_nchw(x), **options))
    seed = describe(prefix + "/seed", list(output.shape))
    output.backward(generate(seed))
    return {"name": name, "options": options, "input": inputs, "seed": seed, "expected": {"output": store(output), "gradient": store(x.grad)}}


write_golden("spatial", {"cases": [make_case(*case) for case in CASES]})
