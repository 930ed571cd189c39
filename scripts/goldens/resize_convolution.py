"""kernels-test/goldens/resize_convolution.json: generators whose decoders resize an image and convolve it in place of transposed
convolutions. Outputs, and the gradients of a first step; weights follow from their names by the formula.
"""

import torch
from torch import nn
from torch.nn import functional

from common import describe, write_golden
from network_cases import NORMS, Block, gradients


class ResizeConv(nn.Conv2d):
    """Twice the size, a margin that mirrors the image, and a convolution of 3 x 3 pixels."""

    def __init__(self, inputs, outputs, mode, bias):
        super().__init__(inputs, outputs, 3, bias=bias)
        self.resize = nn.Upsample(scale_factor=2, mode=mode)

    def forward(self, x):
        return super().forward(functional.pad(self.resize(x), (1, 1, 1, 1), mode="reflect"))


class Level(nn.Module):
    """One level of a U-Net, or of an encoder-decoder, which has no skip connections."""

    def __init__(self, outer, inner, norm, mode, skip, inputs=None, deeper=None, outermost=False):
        super().__init__()
        make, bias = NORMS[norm]
        self.skip = skip and not outermost
        down = nn.Conv2d(inputs or outer, inner, 4, 2, 1, bias=bias)
        up = ResizeConv(2 * inner if skip and deeper else inner, outer, mode, bias or outermost)
        if outermost:
            layers = [down, deeper, nn.ReLU(), up, nn.Tanh()]
        elif deeper is None:
            layers = [nn.LeakyReLU(0.2), down, nn.ReLU(), up, make(outer)]
        else:
            layers = [nn.LeakyReLU(0.2), down, make(inner), deeper, nn.ReLU(), up, make(outer)]
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return torch.cat([x, self.model(x)], 1) if self.skip else self.model(x)


class Levels(nn.Module):
    def __init__(self, norm, mode, skip, size, ngf, inputs, outputs):
        super().__init__()
        levels = size.bit_length() - 1
        width = [ngf * min(2 ** level, 8) for level in range(levels)]
        block = Level(width[-2], width[-1], norm, mode, skip)
        for level in range(levels - 2, 0, -1):
            block = Level(width[level - 1], width[level], norm, mode, skip, deeper=block)
        self.model = Level(outputs, width[0], norm, mode, skip, inputs=inputs, deeper=block, outermost=True)

    def forward(self, x):
        return self.model(x)


class ResNet(nn.Module):
    def __init__(self, norm, mode, blocks, ngf, inputs, outputs):
        super().__init__()
        make, bias = NORMS[norm]
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, ngf, 7, bias=bias), make(ngf), nn.ReLU()]
        for width in [ngf, 2 * ngf]:
            layers += [nn.Conv2d(width, 2 * width, 3, 2, 1, bias=bias), make(2 * width), nn.ReLU()]
        layers += [Block(4 * ngf, norm, False) for _ in range(blocks)]
        for width in [4 * ngf, 2 * ngf]:
            layers += [ResizeConv(width, width // 2, mode, bias), make(width // 2), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(ngf, outputs, 7), nn.Tanh())

    def forward(self, x):
        return self.model(x)


def case(kind, options, network, shape):
    mode, norm = options["upsample"], options["norm"]
    name = f"{kind} {mode}"
    given = describe(f"{name} source", shape)
    state = [[name, list(tensor.shape)] for name, tensor in network.named_parameters()]
    return {"kind": kind, "options": options, "state": state, **gradients(network, f"{name} target", given)}


common = {"ngf": 2, "inChannels": 1, "outChannels": 2}
write_golden("resize_convolution", {"networks": [
    case("unet", {**common, "size": 16, "norm": "batch", "upsample": "nearest", "dropout": 0},
         Levels("batch", "nearest", True, 16, 2, 1, 2), [2, 16, 16, 1]),
    case("encoder-decoder", {**common, "size": 16, "norm": "none", "upsample": "bilinear", "dropout": 0},
         Levels("none", "bilinear", False, 16, 2, 1, 2), [1, 16, 16, 1]),
    case("resnet", {**common, "blocks": 1, "norm": "none", "upsample": "bilinear"},
         ResNet("none", "bilinear", 1, 2, 1, 2), [1, 12, 8, 1]),
]})
