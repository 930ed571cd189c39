"""kernels-test/goldens/edge_cases.json: what operations and their gradients make of NaN, infinities, zeros of both signs and ties.

Each case is an operation with `options` as shadegrad's function of that name takes them, on stored `inputs` and `constants`; the
gradients are those of the sum of its result. Computed in float32, so that what overflows there does here; norms in float64, as the
variance of equal numbers is not quite zero in PyTorch's float32. Images are NHWC.
"""

import torch
import torch.nn.functional as functional

from common import nchw_to_nhwc, nhwc_to_nchw, store, store_constant, weight_to_torch, write_golden

INF, NAN = float("inf"), float("nan")
NUMBERS = [0.0, -0.0, 1e-6, -1e-6, 0.5, -0.5, 1.0, -1.0, 2.0, -3.0, 9.5, -9.5, 100.0, -100.0, 1e30, -1e30, INF, -INF, NAN]
PAIRED = torch.tensor([0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -3.0, 80.0, INF, -INF, NAN])
LEFT, RIGHT = (each.flatten().contiguous() for each in torch.meshgrid(PAIRED, PAIRED, indexing="ij"))
ROWS = [[1.0, NAN, 3.0], [INF, -INF, 0.0], [INF, INF, 1.0], [-INF, -INF, -INF], [-0.0, 0.0, -0.0], [2.0, 2.0, 1.0], [-INF, 1.0, 1.0]]
PIXELS = torch.tensor([
    [1.0, 2.0, NAN, 4.0, 5.0], [5.0, 5.0, 7.0, 8.0, -INF], [INF, 0.0, -0.0, -0.0, -INF],
    [INF, INF, 3.0, -INF, -INF], [0.0, -1.0, -1.0, -INF, -INF],
]).reshape(1, 5, 5, 1)
#: one image as any, one of equal numbers, one with a NaN and one with an infinity; two channels, of which the second is as any
GROUPS = torch.tensor([[1.0, 2.0, 4.0, -3.0], [7.0, 7.0, 7.0, 7.0], [1.0, NAN, 2.0, 3.0], [1.0, INF, 2.0, 3.0]])
GROUPS = torch.stack([GROUPS, torch.tensor([0.5, -1.0, 2.0, 0.0]).expand(4, 4)], -1).reshape(4, 2, 2, 2)
#: logits that are certain, and labels for them
LOGITS = [[0.0, -INF, 1.0], [-INF, 0.0, 1.0], [1000.0, 0.0, -1000.0], [INF, 0.0, 0.0], [NAN, 0.0, 0.0]]
LABELS = torch.tensor([0, 0, 2, 0, 1])


def images(function):
    """An operation of images as PyTorch has them, NCHW."""
    return lambda x, **options: nchw_to_nhwc(function(nhwc_to_nchw(x), **options))


def reduction(function):
    return lambda x, axes, keepDims=False: function(x, dim=axes, keepdim=keepDims)


def pad(x, padding, value):
    top, bottom, left, right = padding
    return functional.pad(x, [left, right, top, bottom], value=value)


def max_pool(x, kernel, stride, padding):
    return functional.max_pool2d(x, kernel, stride, padding)


def average_pool(x, kernel, stride, padding):
    return functional.avg_pool2d(x, kernel, stride, padding)


def upsample(x, scale, mode="nearest"):
    return functional.interpolate(x, scale_factor=scale, mode=mode, align_corners=None if mode == "nearest" else False)


def bce(x, target=None, t=None):
    return functional.binary_cross_entropy_with_logits(x, torch.full_like(x, target) if t is None else t)


UNARY = {
    "neg": torch.neg, "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "square": torch.square, "abs": torch.abs, "sign": torch.sign,
    "reciprocal": torch.reciprocal, "silu": functional.silu, "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
}
BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow,
    "maximum": torch.maximum, "minimum": torch.minimum, "l1Loss": functional.l1_loss, "mseLoss": functional.mse_loss,
}
POOLS = [{"kernel": 2, "stride": 1, "padding": 0}, {"kernel": 3, "stride": 2, "padding": 1}]
#: name of the operation, its inputs, options, function, constants
CASES = [
    *[(name, [NUMBERS], {}, function) for name, function in UNARY.items()],
    ("leakyRelu", [NUMBERS], {"slope": 0.2}, lambda x, slope: functional.leaky_relu(x, slope)),
    ("clamp", [NUMBERS], {"min": -0.5, "max": 1.0}, lambda x, min, max: torch.clamp(x, min, max)),
    ("clamp", [NUMBERS], {"min": 0.0}, lambda x, min: torch.clamp(x, min)),
    ("clamp", [NUMBERS], {"min": 1.0, "max": -1.0}, lambda x, min, max: torch.clamp(x, min, max)),
    ("softplus", [NUMBERS], {"beta": 1}, lambda x, beta: functional.softplus(x, beta)),
    ("elu", [NUMBERS], {"alpha": 0.7}, lambda x, alpha: functional.elu(x, alpha)),
    *[("gelu", [NUMBERS], {"approximate": each}, lambda x, approximate: functional.gelu(x, approximate=approximate))
      for each in ("none", "tanh")],
    *[(name, [LEFT, RIGHT], {}, function) for name, function in BINARY.items()],
    *[("pow", [NUMBERS], {"exponent": each}, lambda x, exponent: torch.pow(x, exponent)) for each in (0, 1, 2, 3, -1, 2.5)],
    *[("pow", [NUMBERS], {"base": each}, lambda x, base: torch.pow(base, x)) for each in (0, 1, 2, -2)],
    ("where", [LEFT, RIGHT], {}, lambda a, b, c: torch.where(c != 0, a, b), [torch.tensor((NUMBERS * 8)[:len(LEFT)])]),
    *[(name, [ROWS], {"axes": [-1]}, reduction(function))
      for name, function in (("sum", torch.sum), ("mean", torch.mean), ("max", torch.amax), ("min", torch.amin))],
    *[(name, [ROWS], {"axis": -1}, lambda x, axis, function=function: function(x, dim=axis))
      for name, function in (("softmax", torch.softmax), ("logSoftmax", torch.log_softmax),
                             ("argmax", torch.argmax), ("argmin", torch.argmin))],
    *[("bceWithLogits", [NUMBERS], {"target": each}, bce) for each in (0, 1)],
    ("bceWithLogits", [NUMBERS * 3, [0.0] * 19 + [1.0] * 19 + [0.5] * 19], {}, lambda x, t: bce(x, t=t)),
    *[("hingeLoss", [NUMBERS], {"form": form}, lambda x, form: functional.relu(1 - x if form == "real" else 1 + x).mean())
      for form in ("real", "fake")],
    *[("crossEntropy", [LOGITS], {"reduction": each}, lambda x, c, reduction: functional.cross_entropy(x, c, reduction=reduction), [LABELS])
      for each in ("none", "sum")],
    ("nllLoss", [LOGITS], {"reduction": "none"}, lambda x, c, reduction: functional.nll_loss(x, c, reduction=reduction), [LABELS]),
    ("embedding", [ROWS], {}, lambda table, indices: functional.embedding(indices, table), [torch.tensor([0, 2, 2, 3])]),
    *[("maxPool2d", [PIXELS], options, images(max_pool)) for options in POOLS],
    *[("avgPool2d", [PIXELS], options, images(average_pool)) for options in POOLS],
    ("globalAveragePool", [GROUPS], {}, lambda x: images(functional.adaptive_avg_pool2d)(x, output_size=1)),
    ("pad", [PIXELS], {"padding": [1, 0, 2, 1], "value": 3.0}, images(pad)),
    ("upsample", [PIXELS], {"scale": 2}, images(upsample)),
    ("instanceNorm", [GROUPS, [1.5, -2.0], [0.5, 1.0]], {},
     lambda x, gamma, beta: images(functional.instance_norm)(x, weight=gamma, bias=beta)),
    ("groupNorm", [GROUPS, [1.5, -2.0], [0.5, 1.0]], {"groups": 1},
     lambda x, gamma, beta, groups: images(functional.group_norm)(x, num_groups=groups, weight=gamma, bias=beta)),
    ("batchNorm", [GROUPS, [1.5, -2.0], [0.5, 1.0]], {},
     lambda x, gamma, beta: nchw_to_nhwc(functional.batch_norm(nhwc_to_nchw(x), None, None, gamma, beta, training=True, eps=1e-5))),
    ("layerNorm", [ROWS, [1.0, 2.0, 3.0], [0.5, 1.0, 0.0]], {}, lambda x, gamma, beta: functional.layer_norm(x, [3], gamma, beta)),
    ("matmul", [ROWS, [[0.0, 1.0], [0.0, 1.0], [1.0, -1.0]]], {}, torch.matmul),
    ("linear", [ROWS, [[0.0, 1.0], [0.0, 1.0], [1.0, -1.0]], [0.5, INF]], {}, lambda x, w, b: functional.linear(x, w.T, b)),
    ("conv2d", [PIXELS, [[[[1.0]], [[0.0]]], [[[2.0]], [[-1.0]]]], [0.5]], {},
     lambda x, w, b: nchw_to_nhwc(functional.conv2d(nhwc_to_nchw(x), weight_to_torch(w), b))),
]


def make_case(name, arrays, options, function, constants=()):
    dtype = torch.float64 if name.endswith("Norm") else torch.float32
    inputs = [torch.as_tensor(each, dtype=dtype).clone().requires_grad_() for each in arrays]
    output = function(*inputs, *constants, **options)
    if output.is_floating_point():
        output.backward(torch.ones_like(output))
    return {
        "name": name, "options": options, "inputs": [store(x) for x in inputs],
        "constants": [store_constant(each) for each in constants],
        "output": store(output), "gradients": [store(x.grad) for x in inputs] if output.is_floating_point() else None,
    }


write_golden("edge_cases", {"cases": [make_case(*case) for case in CASES]}, computed_in="float32")
