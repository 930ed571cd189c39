"""kernels-test/goldens/reference_networks.json: state dicts and outputs of the variants of the reference's networks, and of
whole models of the usual sizes.

The norm variants (batch, instance, none) follow the structure of the authors' PyTorch code: an instance norm has
no weights, and the convolutions before one have biases; old files keep running statistics for it that nothing reads.
Weights follow from their names by the formula, in PyTorch's own layout.
"""

import math

import torch
from torch import nn

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, summarise, write_golden
from network_cases import NORMS, PatchGAN, case, fill

class Level(nn.Module):
    def __init__(self, outer, inner, norm, inputs=None, deeper=None, outermost=False):
        super().__init__()
        make, bias = NORMS[norm]
        self.outermost = outermost
        down = nn.Conv2d(inputs or outer, inner, 4, 2, 1, bias=bias)
        up = nn.ConvTranspose2d(inner * (2 if deeper else 1), outer, 4, 2, 1, bias=bias or outermost)
        if outermost:
            layers = [down, deeper, nn.ReLU(), up, nn.Tanh()]
        elif deeper is None:
            layers = [nn.LeakyReLU(0.2), down, nn.ReLU(), up, make(outer)]
        else:
            layers = [nn.LeakyReLU(0.2), down, make(inner), deeper, nn.ReLU(), up, make(outer)]
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


class UNet(nn.Module):
    def __init__(self, norm, size, ngf, inputs=3, outputs=3):
        super().__init__()
        levels = int(math.log2(size))
        width = [ngf * min(2 ** level, 8) for level in range(levels)]
        block = Level(width[-2], width[-1], norm)
        for level in range(levels - 2, 0, -1):
            block = Level(width[level - 1], width[level], norm, deeper=block)
        self.model = Level(outputs, width[0], norm, inputs=inputs, deeper=block, outermost=True)

    def forward(self, x):
        return self.model(x)


cases = []
for norm in NORMS:
    for size, ngf, inputs, outputs in [(16, 3, 1, 2), (32, 4, 3, 3)]:
        options = {"norm": norm, "size": size, "ngf": ngf, "inChannels": inputs, "outChannels": outputs}
        cases.append(case(UNet(norm, size, ngf, inputs, outputs), "unet", options, [1, size, size, inputs]))
    for layers, ndf, inputs in [(1, 3, 6), (3, 4, 6), (5, 2, 4)]:
        options = {"norm": norm, "layers": layers, "ndf": ndf, "inChannels": inputs}
        side = 8 << max(layers - 1, 1)
        cases.append(case(PatchGAN(norm, layers, ndf, inputs), "patchgan", options, [1, side, side, inputs]))

# Whole models of the usual sizes, whose outputs are summarised.
whole = []
for width in [8, 64]:
    for kind, module, channels in [("unet", UNet("batch", 256, width), 3), ("patchgan", PatchGAN("batch", 3, width), 6)]:
        module = module.double()
        fill(module)
        given = describe(f"whole {kind} input", [1, 256, 256, channels])
        with torch.no_grad():
            output = nchw_to_nhwc(module.train()(nhwc_to_nchw(generate(given))))
        whole.append({"kind": kind, "width": width, "input": given, "output": summarise(output, f"whole {kind} {width}")})

write_golden("reference_networks", {"cases": cases, "whole": whole})
