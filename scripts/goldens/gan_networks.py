"""kernels-test/goldens/gan_networks.json: networks that make images of random numbers, or of an image and labels, and those that judge
them: state dicts, outputs and gradients. Their structure is that of the authors' PyTorch code; weights follow from their names by the formula.
"""

from torch import nn

from common import describe, write_golden
from network_cases import case, gradients


class DCGANGenerator(nn.Module):
    """pytorch/examples, dcgan/main.py."""

    def __init__(self, size, nz, ngf, outputs):
        super().__init__()
        stages = size.bit_length() - 3
        layers, channels = [], nz
        for stage in range(stages):
            made = ngf * 2 ** (stages - 1 - stage)
            geometry = (4, 1, 0) if stage == 0 else (4, 2, 1)
            layers += [nn.ConvTranspose2d(channels, made, *geometry, bias=False), nn.BatchNorm2d(made), nn.ReLU()]
            channels = made
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(ngf, outputs, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, x):
        return self.main(x)


class DCGANDiscriminator(nn.Module):
    """The same, without the sigmoid at its end."""

    def __init__(self, size, ndf, inputs):
        super().__init__()
        stages = size.bit_length() - 3
        layers, channels = [nn.Conv2d(inputs, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)], ndf
        for _ in range(stages - 1):
            layers += [nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * channels), nn.LeakyReLU(0.2)]
            channels *= 2
        self.main = nn.Sequential(*layers, nn.Conv2d(channels, 1, 4, 1, 0, bias=False))

    def forward(self, x):
        return self.main(x)


cases = []
for size, nz, ngf, outputs, batch in [(32, 5, 2, 3, 1), (32, 7, 3, 1, 4), (64, 100, 1, 1, 2)]:
    options = {"size": size, "nz": nz, "ngf": ngf, "outChannels": outputs}
    cases.append(case(DCGANGenerator(size, nz, ngf, outputs), "dcgan-generator", options, [batch, 1, 1, nz]))
for size, ndf, inputs, batch in [(32, 3, 3, 1), (64, 2, 1, 3), (128, 1, 6, 2)]:
    options = {"size": size, "ndf": ndf, "inChannels": inputs}
    cases.append(case(DCGANDiscriminator(size, ndf, inputs), "dcgan-discriminator", options, [batch, size, size, inputs]))

trained = [
    {"kind": kind, "options": options, **gradients(module, f"{kind} target", describe(f"{kind} source", shape))}
    for kind, options, module, shape in [
        ("dcgan-generator", {"size": 32, "nz": 6, "ngf": 2, "outChannels": 3}, DCGANGenerator(32, 6, 2, 3), [3, 1, 1, 6]),
        ("dcgan-discriminator", {"size": 32, "ndf": 2, "inChannels": 3}, DCGANDiscriminator(32, 2, 3), [2, 32, 32, 3]),
    ]
]
write_golden("gan_networks", {"cases": cases, "trained": trained})
