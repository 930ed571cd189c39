"""kernels-test/goldens/family_networks.json: the ResNet generators and the pixel discriminator of pytorch-CycleGAN-and-pix2pix, and the
encoder-decoder of the pix2pix paper: state dicts, outputs and gradients. Their structure is that of the authors' PyTorch code; weights follow from their names by the formula.
"""

import torch
from torch import nn

from common import describe, write_golden
from network_cases import NORMS, ResNet, case, gradients


class Level(nn.Module):
    """One level of an encoder-decoder: what a U-Net's is without its skip connection."""

    def __init__(self, outer, inner, norm, inputs=None, deeper=None, outermost=False):
        super().__init__()
        make, bias = NORMS[norm]
        down = nn.Conv2d(inputs or outer, inner, 4, 2, 1, bias=bias)
        up = nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=bias or outermost)
        if outermost:
            layers = [down, deeper, nn.ReLU(), up, nn.Tanh()]
        elif deeper is None:
            layers = [nn.LeakyReLU(0.2), down, nn.ReLU(), up, make(outer)]
        else:
            layers = [nn.LeakyReLU(0.2), down, make(inner), deeper, nn.ReLU(), up, make(outer)]
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)


class EncoderDecoder(nn.Module):
    def __init__(self, norm, size, ngf, inputs, outputs):
        super().__init__()
        levels = size.bit_length() - 1
        width = [ngf * min(2 ** level, 8) for level in range(levels)]
        block = Level(width[-2], width[-1], norm)
        for level in range(levels - 2, 0, -1):
            block = Level(width[level - 1], width[level], norm, deeper=block)
        self.model = Level(outputs, width[0], norm, inputs=inputs, deeper=block, outermost=True)

    def forward(self, x):
        return self.model(x)


class Pixel(nn.Module):
    def __init__(self, norm, ndf, inputs):
        super().__init__()
        make, bias = NORMS[norm]
        layers = [nn.Conv2d(inputs, ndf, 1), nn.LeakyReLU(0.2), nn.Conv2d(ndf, 2 * ndf, 1, bias=bias), make(2 * ndf), nn.LeakyReLU(0.2)]
        self.net = nn.Sequential(*layers, nn.Conv2d(2 * ndf, 1, 1, bias=bias))

    def forward(self, x):
        return self.net(x)


cases = []
for norm in NORMS:
    for blocks, ngf, inputs, outputs, dropout, shape in [
        (2, 2, 1, 2, False, [1, 12, 20]),
        (6, 3, 3, 3, True, [2, 8, 8]),
        (9, 1, 6, 1, False, [1, 16, 8]),
    ]:
        options = {"norm": norm, "blocks": blocks, "ngf": ngf, "inChannels": inputs, "outChannels": outputs, "dropout": 0.5 if dropout else 0}
        cases.append(case(ResNet(norm, blocks, ngf, inputs, outputs, dropout), "resnet", options, [*shape, inputs]))
    for size, ngf, inputs, outputs, batch in [(16, 3, 1, 2, 2), (32, 4, 3, 3, 1)]:
        options = {"norm": norm, "size": size, "ngf": ngf, "inChannels": inputs, "outChannels": outputs}
        cases.append(case(EncoderDecoder(norm, size, ngf, inputs, outputs), "encoder-decoder", options, [batch, size, size, inputs]))
    for ndf, inputs, shape in [(3, 6, [1, 5, 31]), (4, 7, [3, 1, 2]), (2, 3, [2, 4, 4])]:
        cases.append(case(Pixel(norm, ndf, inputs), "pixelgan", {"norm": norm, "ndf": ndf, "inChannels": inputs}, [*shape, inputs]))

trained = [
    {"norm": norm, **gradients(ResNet(norm, 2, 2, 3, 3), f"{norm} target", describe(f"{norm} source", [2, 8, 12, 3]))}
    for norm in ["batch", "instance", "none"]
]
write_golden("family_networks", {"cases": cases, "trained": trained})
