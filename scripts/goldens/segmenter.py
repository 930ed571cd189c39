"""kernels-test/goldens/segmenter.json: the network that tells the class of each pixel. The gradients of a first step by cross-entropy, some
pixels of which are of no class; weights follow from their names by the formula.
"""

import torch
from torch import nn
from torch.nn import functional

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, pcg, store, summarise, write_golden
from network_cases import fill
import numpy

IGNORED = -100


class Block(nn.Sequential):
    def __init__(self, inputs, outputs, stride):
        groups = next(each for each in range(min(8, outputs), 0, -1) if outputs % each == 0)
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.GroupNorm(groups, outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.GroupNorm(groups, outputs), nn.ReLU())


class Segmenter(nn.Module):
    def __init__(self, classes, width, levels):
        super().__init__()
        self.levels = levels
        widths = [width * min(2 ** level, 8) for level in range(levels + 1)]
        for level, channels in enumerate(widths):
            setattr(self, f"encoder{level}", Block(3 if level == 0 else widths[level - 1], channels, 1 if level == 0 else 2))
        for level in reversed(range(levels)):
            setattr(self, f"decoder{level}", Block(widths[level + 1] + widths[level], widths[level], 1))
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        scales = []
        for level in range(self.levels + 1):
            x = getattr(self, f"encoder{level}")(x)
            scales.append(x)
        for level in reversed(range(self.levels)):
            wide = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = getattr(self, f"decoder{level}")(torch.cat([wide, scales[level]], 1))
        return self.head(x)


def case(options, shape, ignored):
    network = Segmenter(options["classes"], options["width"], options["levels"]).double()
    fill(network)
    given = describe(f"segmenter source {shape}", shape)
    count = shape[0] * shape[1] * shape[2]
    drawn = pcg(numpy.arange(count, dtype=numpy.uint32)) % numpy.uint32(options["classes"] + (1 if ignored else 0))
    labels = torch.from_numpy(drawn.astype(numpy.int64)).reshape(shape[:3])
    labels[labels == options["classes"]] = IGNORED
    logits = network(nhwc_to_nchw(generate(given)))
    loss = functional.cross_entropy(logits, labels, ignore_index=IGNORED)
    loss.backward()
    return {
        "options": options, "input": given, "ignored": ignored, "loss": loss.item(), "logits": store(nchw_to_nhwc(logits)),
        "labels": [each if each >= 0 else options["classes"] for each in labels.flatten().tolist()],
        "parameters": {name: summarise(parameter.grad, name) for name, parameter in network.named_parameters()},
    }


write_golden("segmenter", {"cases": [
    case({"classes": 3, "width": 2, "levels": 2}, [2, 16, 8, 3], False),
    case({"classes": 5, "width": 3, "levels": 3}, [1, 16, 24, 3], True),
]})
