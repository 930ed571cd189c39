"""kernels-test/goldens/layers.json: torch.nn's layers, the state dict of those with weights, what they make, and gradients.

Inputs and results of images are NHWC; weights and their gradients are in PyTorch's layout, as in the state dict.
"""

import base64
import io

import torch
from torch import nn

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, write_golden

# Name, layer, shape of the input; of four axes it is one of images.
CASES = [
    ("groupNorm", nn.GroupNorm(2, 6), [2, 3, 4, 6]),
    ("plainGroupNorm", nn.GroupNorm(3, 6, eps=1e-3, affine=False), [2, 3, 4, 6]),
    ("layerNorm", nn.LayerNorm(7), [2, 5, 7]),
    ("sequenceLayerNorm", nn.LayerNorm([5, 7], eps=1e-3), [2, 5, 7]),
    ("imageLayerNorm", nn.LayerNorm([3, 4, 2]), [2, 4, 2, 3]),
    ("plainLayerNorm", nn.LayerNorm(7, elementwise_affine=False), [2, 5, 7]),
    ("embedding", nn.Embedding(5, 3), [[4, 0, 1], [1, 1, 2]]),
    ("plainBatchNorm", nn.BatchNorm2d(3, affine=False), [2, 3, 4, 3]),
    ("untrackedBatchNorm", nn.BatchNorm2d(3, track_running_stats=False), [2, 3, 4, 3]),
    ("bareBatchNorm", nn.BatchNorm2d(3, affine=False, track_running_stats=False), [2, 3, 4, 3]),
    ("reflectConv", nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"), [2, 4, 5, 3]),
    ("replicateConv", nn.Conv2d(2, 3, (3, 2), stride=2, padding=(2, 1), padding_mode="replicate"), [1, 5, 6, 2]),
    ("sameConv", nn.Conv2d(2, 3, (4, 3), padding="same", dilation=(1, 2)), [1, 6, 7, 2]),
    ("sameReflectConv", nn.Conv2d(2, 2, 2, padding="same", padding_mode="reflect", bias=False), [1, 4, 4, 2]),
    ("evenSameConv", nn.Conv2d(2, 3, 3, padding="same"), [1, 4, 5, 2]),
    ("groupedConv", nn.Conv2d(4, 6, 3, padding=1, groups=2), [1, 5, 4, 4]),
    ("depthwiseConv", nn.Conv2d(4, 4, (3, 1), stride=(2, 1), dilation=(2, 1), groups=4), [1, 7, 4, 4]),
    ("groupedTransposed", nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, dilation=2), [1, 3, 4, 4]),
    ("maxPool", nn.MaxPool2d(2), [2, 5, 6, 3]),
    ("overlappingMaxPool", nn.MaxPool2d(3, 2, 1, ceil_mode=True), [1, 6, 7, 2]),
    ("averagePool", nn.AvgPool2d((2, 3)), [2, 4, 6, 3]),
    ("paddedAveragePool", nn.AvgPool2d(3, 2, 1, count_include_pad=False), [1, 6, 7, 2]),
    ("globalPool", nn.AdaptiveAvgPool2d(1), [2, 5, 4, 3]),
    ("adaptivePool", nn.AdaptiveAvgPool2d((2, 3)), [1, 6, 9, 2]),
    ("zeroPad", nn.ZeroPad2d((1, 2, 0, 3)), [1, 3, 4, 2]),
    ("reflectionPad", nn.ReflectionPad2d(2), [1, 3, 4, 2]),
    ("replicationPad", nn.ReplicationPad2d((0, 1, 2, 3)), [1, 3, 4, 2]),
    ("upsample", nn.Upsample(scale_factor=2), [1, 3, 4, 2]),
    ("bilinearUpsample", nn.Upsample(size=(5, 6), mode="bilinear", align_corners=True), [1, 3, 4, 2]),
    ("pixelShuffle", nn.PixelShuffle(2), [1, 2, 3, 8]),
    ("pixelUnshuffle", nn.PixelUnshuffle(3), [1, 3, 6, 2]),
    ("softmax", nn.Softmax(dim=1), [1, 2, 3, 5]),
    ("logSoftmax", nn.LogSoftmax(dim=1), [1, 2, 3, 5]),
    ("softmaxOfRows", nn.Softmax(dim=0), [4, 5]),
    ("elu", nn.ELU(), [3, 7]),
    ("halfElu", nn.ELU(0.5), [3, 7]),
    ("softplus", nn.Softplus(), [3, 7]),
    ("steepSoftplus", nn.Softplus(2), [3, 7]),
    ("unflatten", nn.Unflatten(1, (3, 2, 4)), [2, 24]),
]


def to_torch(tensor):
    return nhwc_to_nchw(tensor) if tensor.dim() == 4 else tensor


def from_torch(tensor):
    return nchw_to_nhwc(tensor) if tensor.dim() == 4 else tensor


def make_case(name, layer, shape):
    case = {"name": name}
    if isinstance(layer, nn.Embedding):
        case["indices"] = shape
        output = layer(torch.tensor(shape))
    else:
        case["input"] = describe(f"layers/{name}", shape, 2.0)
        x = generate(case["input"]).requires_grad_()
        output = from_torch(layer(to_torch(x)))
    case["seed"] = describe(f"layers/{name}/seed", list(output.shape))
    layer.zero_grad()
    output.backward(generate(case["seed"]))
    case["output"] = store(output)
    if "input" in case:
        case["gradient"] = store(x.grad)
    case["parameters"] = {key: store(parameter.grad) for key, parameter in layer.named_parameters()}
    # After the step above: running statistics have moved.
    layer.eval()
    if isinstance(layer, nn.BatchNorm2d):
        case["evaluated"] = store(from_torch(layer(to_torch(x))))
    return case


torch.manual_seed(1)
layers = nn.ModuleDict({name: layer for name, layer, _ in CASES})
for name, layer, _ in CASES:
    for key, parameter in layer.named_parameters():
        nn.init.uniform_(parameter, -1.0, 1.5)
file = io.BytesIO()
torch.save(layers.state_dict(), file)
layers.double()
write_golden("layers", {
    "file": base64.b64encode(file.getvalue()).decode("ascii"),
    "names": [[name, list(tensor.shape)] for name, tensor in layers.state_dict().items()],
    "cases": [make_case(*case) for case in CASES],
})
