"""kernels-test/goldens/every_operation.json: every operation, with its first and second gradients.

Each case is an operation with `options` as shadegrad's function of that name takes them, on arrays of a formula: `inputs` that have
gradients, and `constants` (stored) that have none. With y the output, the loss is sum(w y^2); `first` are its gradients g_k, and
`second` those of sum over k of v_k g_k, so that each operation is differentiated twice. w is the formula's array NAME/w and v_k is
NAME/v<k>. Images are NHWC, convolutions' weights as shadegrad stores them.
"""

import torch
import torch.nn.functional as functional

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, store_constant, values, weight_to_torch, write_golden

MATRIX, IMAGE = [3, 5], [2, 4, 5, 3]
LABELS = torch.tensor([2, 0, -100, 4, 2])
CLASSES = torch.tensor([[0, 2], [1, 2]])
INDICES = torch.tensor([[2, 0, 2], [4, 2, 0]])


def images(function):
    """An operation of images as PyTorch has them, NCHW."""
    return lambda x, **options: nchw_to_nhwc(function(nhwc_to_nchw(x), **options))


def conv2d(x, w, b, **options):
    return nchw_to_nhwc(functional.conv2d(nhwc_to_nchw(x), weight_to_torch(w), b, **options))


def conv_transpose2d(x, w, b, outputPadding=0, **options):
    return nchw_to_nhwc(functional.conv_transpose2d(nhwc_to_nchw(x), weight_to_torch(w), b, output_padding=outputPadding, **options))


def batch_norm(x, gamma, beta, mean=None, variance=None):
    return nchw_to_nhwc(functional.batch_norm(nhwc_to_nchw(x), mean, variance, gamma, beta, training=mean is None, eps=1e-5))


def upsample(x, scale=None, mode="nearest"):
    return functional.interpolate(x, scale_factor=scale, mode=mode, align_corners=None if mode == "nearest" else False)


def pad(x, padding, mode="constant"):
    top, bottom, left, right = padding
    return functional.pad(x, [left, right, top, bottom], mode=mode)


def hinge(x, form):
    if form == "generator":
        return -x.mean()
    return functional.relu(1 - x if form == "real" else 1 + x).mean()


def reduction(function):
    return lambda x, axes=None, keepDims=False: function(x, dim=list(range(x.dim())) if axes is None else axes, keepdim=keepDims)


BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow,
    "maximum": torch.maximum, "minimum": torch.minimum,
}
UNARY = {
    "neg": torch.neg, "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "square": torch.square, "abs": torch.abs,
    "reciprocal": torch.reciprocal, "silu": functional.silu, "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
    "copy": torch.clone,
    # Constant in steps: beside 0 x there is a gradient to differentiate.
    "sign": lambda x: torch.sign(x) + 0 * x,
}
#: name of the operation, shapes of its inputs, options, function, constants, offset of the inputs' numbers
CASES = [
    *[(name, [MATRIX], {}, function, [], 2.5 if name in ("log", "sqrt", "reciprocal") else 0.0) for name, function in UNARY.items()],
    *[(name, [[2, 1, 5], [3, 1]], {}, function, [], 2.5) for name, function in BINARY.items()],
    *[(name, [[], MATRIX], {}, function, [], 2.5) for name, function in BINARY.items()],
    ("leakyRelu", [MATRIX], {"slope": 0.2}, lambda x, slope: functional.leaky_relu(x, slope)),
    ("clamp", [MATRIX], {"min": -0.5, "max": 0.25}, lambda x, min, max: torch.clamp(x, min, max)),
    ("softplus", [MATRIX], {"beta": 2}, lambda x, beta: functional.softplus(x, beta)),
    ("elu", [MATRIX], {"alpha": 0.7}, lambda x, alpha: functional.elu(x, alpha)),
    ("gelu", [MATRIX], {"approximate": "none"}, lambda x, approximate: functional.gelu(x, approximate=approximate)),
    ("gelu", [MATRIX], {"approximate": "tanh"}, lambda x, approximate: functional.gelu(x, approximate=approximate)),
    ("addScaled", [MATRIX, MATRIX], {"scales": [2, -3]}, lambda a, b, scales: scales[0] * a + scales[1] * b),
    ("where", [MATRIX, [5]], {}, lambda a, b, c: torch.where(c != 0, a, b), [torch.tensor([[1.0], [0.0], [float("nan")]])]),
    *[(name, [[2, 3, 5]], options, reduction(function)) for options in ({}, {"axes": [1]}, {"axes": [-1], "keepDims": True})
      for name, function in (("sum", torch.sum), ("mean", torch.mean), ("max", torch.amax), ("min", torch.amin))],
    ("expand", [[3, 1, 2]], {"shape": [2, 3, 4, 2]}, lambda x, shape: x.expand(shape)),
    ("permute", [[2, 3, 1, 5]], {"axes": [3, 0, 2, 1]}, lambda x, axes: x.permute(axes)),
    ("transpose", [[2, 3, 5]], {"axes": [0, -1]}, lambda x, axes: x.transpose(*axes)),
    ("flip", [[2, 3, 5]], {"axes": [0, -1]}, lambda x, axes: torch.flip(x, axes)),
    ("slice", [[3, 7, 2]], {"axis": 1, "start": 1, "end": -1, "step": 2}, lambda x, axis, start, end, step: x[:, start:end:step]),
    ("sliceChannels", [[3, 6]], {"range": [1, 4]}, lambda x, range: x[..., range[0]:range[1]]),
    ("split", [[5, 6]], {"sizes": 2, "axis": 0, "part": 2}, lambda x, sizes, axis, part: torch.split(x, sizes, axis)[part]),
    ("split", [[5, 6]], {"sizes": [1, 5], "axis": -1, "part": 1}, lambda x, sizes, axis, part: torch.split(x, sizes, axis)[part]),
    ("reshape", [[2, 6]], {"shape": [3, 4]}, lambda x, shape: x.reshape(shape)),
    ("reshape", [[2, 6]], {"shape": [3, -1]}, lambda x, shape: x.reshape(shape)),
    ("flatten", [[2, 3, 1, 5]], {"first": 1, "last": 2}, lambda x, first, last: x.flatten(first, last)),
    ("squeeze", [[2, 1, 5, 1]], {"axes": [1]}, lambda x, axes: x.squeeze(axes[0])),
    ("squeeze", [[2, 1, 5, 1]], {}, lambda x: x.squeeze()),
    ("unsqueeze", [[2, 5]], {"axis": 1}, lambda x, axis: x.unsqueeze(axis)),
    ("concat", [[1, 2, 3], [3, 2, 3]], {"axis": 0}, lambda a, b, axis: torch.cat([a, b], axis)),
    ("concat", [[4, 1], [4, 3]], {"axis": -1}, lambda a, b, axis: torch.cat([a, b], axis)),
    ("stack", [[2, 3], [2, 3]], {"axis": -1}, lambda a, b, axis: torch.stack([a, b], axis)),
    ("stack", [[], []], {"axis": 0}, lambda a, b, axis: torch.stack([a, b], axis)),
    ("matmul", [[2, 3, 6], [6, 7]], {}, torch.matmul),
    ("matmul", [[2, 1, 3, 4], [3, 4, 1]], {}, torch.matmul),
    ("matmul", [[2, 6, 3], [7, 6]], {"transposeA": True, "transposeB": True},
     lambda a, b, transposeA, transposeB: a.transpose(-1, -2) @ b.transpose(-1, -2)),
    ("linear", [[2, 3, 7], [7, 6], [6]], {}, lambda x, w, b: functional.linear(x, w.T, b)),
    ("conv2d", [[2, 5, 4, 3], [3, 3, 3, 2], [2]], {"stride": 2, "padding": 1}, conv2d),
    ("conv2d", [[3, 1, 1, 7], [1, 1, 7, 1], [1]], {}, conv2d),
    ("conv2d", [[1, 6, 5, 6], [3, 2, 2, 3], [3]], {"padding": 2, "dilation": 2, "groups": 3}, conv2d),
    ("convTranspose2d", [[2, 3, 2, 3], [4, 4, 2, 3], [2]], {"stride": 2, "padding": 1, "outputPadding": 1}, conv_transpose2d),
    ("convTranspose2d", [[1, 3, 4, 4], [3, 2, 3, 4], [6]], {"dilation": [1, 2], "groups": 2}, conv_transpose2d),
    ("softmax", [[2, 6, 3]], {"axis": 1}, lambda x, axis: torch.softmax(x, axis)),
    ("softmax", [MATRIX], {"axis": -1}, lambda x, axis: torch.softmax(x, axis)),
    ("logSoftmax", [MATRIX], {"axis": -1}, lambda x, axis: torch.log_softmax(x, axis)),
    ("logSoftmax", [[4, 3]], {"axis": 0}, lambda x, axis: torch.log_softmax(x, axis)),
    ("crossEntropy", [[5, 6]], {"labelSmoothing": 0.1},
     lambda x, c, labelSmoothing: functional.cross_entropy(x, c, label_smoothing=labelSmoothing), [LABELS]),
    ("crossEntropy", [[4, 3], [4, 3]], {}, functional.cross_entropy),
    ("crossEntropy", [[6]], {}, lambda x, c: functional.cross_entropy(x, c), [torch.tensor(4)]),
    ("nllLoss", [[5, 6]], {"reduction": "sum"}, lambda x, c, reduction: functional.nll_loss(x, c, reduction=reduction), [LABELS]),
    ("nllLoss", [[5, 6]], {"reduction": "none"}, lambda x, c, reduction: functional.nll_loss(x, c, reduction=reduction), [LABELS]),
    ("embedding", [[5, 3]], {}, lambda table, indices: functional.embedding(indices, table), [INDICES]),
    ("l1Loss", [MATRIX, MATRIX], {}, functional.l1_loss), ("mseLoss", [MATRIX, MATRIX], {}, functional.mse_loss),
    ("l1Loss", [MATRIX], {"target": 0.3}, lambda x, target: functional.l1_loss(x, torch.full_like(x, target))),
    ("mseLoss", [MATRIX], {"target": 0.3}, lambda x, target: functional.mse_loss(x, torch.full_like(x, target))),
    ("bceWithLogits", [MATRIX], {"target": 0.9},
     lambda x, target: functional.binary_cross_entropy_with_logits(x, torch.full_like(x, target))),
    ("bceWithLogits", [MATRIX, MATRIX], {}, functional.binary_cross_entropy_with_logits),
    *[("hingeLoss", [MATRIX], {"form": form}, hinge) for form in ("real", "fake", "generator")],
    ("batchNorm", [IMAGE, [3], [3]], {}, batch_norm),
    ("batchNorm", [IMAGE, [3], [3]], {"statistics": "running"},
     lambda x, gamma, beta, mean, variance, statistics: batch_norm(x, gamma, beta, mean, variance),
     [torch.tensor([0.1, -0.2, 0.3]), torch.tensor([1.0, 2.0, 0.5])]),
    ("instanceNorm", [IMAGE, [3], [3]], {}, lambda x, gamma, beta: images(functional.instance_norm)(x, weight=gamma, bias=beta)),
    ("groupNorm", [[2, 3, 2, 6], [6], [6]], {"groups": 2},
     lambda x, gamma, beta, groups: images(functional.group_norm)(x, num_groups=groups, weight=gamma, bias=beta)),
    ("layerNorm", [[3, 2, 5], [2, 5], [2, 5]], {}, lambda x, gamma, beta: functional.layer_norm(x, [2, 5], gamma, beta)),
    *[("pad", [IMAGE], {"padding": [1, 2, 0, 3], "mode": mode},
       lambda x, padding, mode: images(pad)(x, padding=padding, mode={"zeros": "constant"}.get(mode, mode)))
      for mode in ("zeros", "reflect", "replicate")],
    *[("upsample", [IMAGE], {"scale": 2, "mode": mode}, images(upsample)) for mode in ("nearest", "bilinear")],
    ("pixelShuffle", [[2, 2, 3, 8]], {"factor": 2}, lambda x, factor: images(functional.pixel_shuffle)(x, upscale_factor=factor)),
    ("pixelUnshuffle", [[1, 4, 6, 2]], {"factor": 2}, lambda x, factor: images(functional.pixel_unshuffle)(x, downscale_factor=factor)),
    ("maxPool2d", [IMAGE], {"kernel": [3, 2], "stride": 2, "padding": 1},
     lambda x, kernel, stride, padding: images(functional.max_pool2d)(x, kernel_size=kernel, stride=stride, padding=padding)),
    ("avgPool2d", [IMAGE], {"kernel": 3, "stride": 2, "padding": 1, "ceilMode": True, "countIncludePad": False},
     lambda x, kernel, stride, padding, ceilMode, countIncludePad: images(functional.avg_pool2d)(
         x, kernel_size=kernel, stride=stride, padding=padding, ceil_mode=ceilMode, count_include_pad=countIncludePad)),
    ("globalAveragePool", [IMAGE], {}, lambda x: images(functional.adaptive_avg_pool2d)(x, output_size=1)),
]


def make_case(name, shapes, options, function, constants=(), offset=0.0):
    label = f"every/{name}/{options}/{shapes}"
    described = [describe(f"{label}/{k}", shape, 1.0, offset) for k, shape in enumerate(shapes)]
    inputs = [generate(each).requires_grad_() for each in described]
    given = [each.double() if each.is_floating_point() else each for each in constants]
    output = function(*inputs, *given, **options)
    weights = torch.from_numpy(values(f"{label}/w", output.numel())).double().reshape(output.shape)
    first = torch.autograd.grad((weights * output * output).sum(), inputs, create_graph=True)
    along = sum((torch.from_numpy(values(f"{label}/v{k}", g.numel())).double().reshape(g.shape) * g).sum() for k, g in enumerate(first))
    second = torch.autograd.grad(along, inputs, allow_unused=True)
    return {
        "name": name, "label": label, "options": options, "inputs": described,
        "constants": [store_constant(each) for each in constants],
        "output": store(output), "first": [store(g) for g in first],
        "second": [store(torch.zeros_like(x) if h is None else h) for x, h in zip(inputs, second)],
    }


write_golden("every_operation", {
    "cases": [make_case(*each) for each in CASES],
    "oneHot": {"labels": CLASSES.flatten().tolist(), "shape": [2, 2], "classes": 4, "output": store(functional.one_hot(CLASSES, 4))},
})
