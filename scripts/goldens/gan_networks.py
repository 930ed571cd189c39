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


def tracked(channels):
    return nn.InstanceNorm2d(channels, affine=True, track_running_stats=True)


class StarGANBlock(nn.Module):
    """yunjey/stargan, model.py."""

    def __init__(self, width):
        super().__init__()
        conv = lambda: nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.main = nn.Sequential(conv(), tracked(width), nn.ReLU(), conv(), tracked(width))

    def forward(self, x):
        return x + self.main(x)


class StarGANGenerator(nn.Module):
    """The same; the labels are channels of what comes in."""

    def __init__(self, channels, labels, ngf, blocks):
        super().__init__()
        layers = [nn.Conv2d(channels + labels, ngf, 7, 1, 3, bias=False), tracked(ngf), nn.ReLU()]
        for width in [ngf, 2 * ngf]:
            layers += [nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), tracked(2 * width), nn.ReLU()]
        layers += [StarGANBlock(4 * ngf) for _ in range(blocks)]
        for width in [4 * ngf, 2 * ngf]:
            layers += [nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False), tracked(width // 2), nn.ReLU()]
        self.main = nn.Sequential(*layers, nn.Conv2d(ngf, channels, 7, 1, 3, bias=False), nn.Tanh())

    def forward(self, x):
        return self.main(x)


class StarGANDiscriminator(nn.Module):
    """The same."""

    def __init__(self, size, inputs, labels, ndf, depth):
        super().__init__()
        layers, channels = [], inputs
        for layer in range(depth):
            layers += [nn.Conv2d(channels, ndf * 2**layer, 4, 2, 1), nn.LeakyReLU(0.01)]
            channels = ndf * 2**layer
        self.main = nn.Sequential(*layers)
        self.conv1 = nn.Conv2d(channels, 1, 3, 1, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, labels, size // 2**depth, bias=False)

    def forward(self, x):
        features = self.main(x)
        return self.conv1(features), self.conv2(features).flatten(1)


cases = []
for size, nz, ngf, outputs, batch in [(32, 5, 2, 3, 1), (32, 7, 3, 1, 4), (64, 100, 1, 1, 2)]:
    options = {"size": size, "nz": nz, "ngf": ngf, "outChannels": outputs}
    cases.append(case(DCGANGenerator(size, nz, ngf, outputs), "dcgan-generator", options, [batch, 1, 1, nz]))
for size, ndf, inputs, batch in [(32, 3, 3, 1), (64, 2, 1, 3), (128, 1, 6, 2)]:
    options = {"size": size, "ndf": ndf, "inChannels": inputs}
    cases.append(case(DCGANDiscriminator(size, ndf, inputs), "dcgan-discriminator", options, [batch, size, size, inputs]))
for channels, labels, ngf, blocks, shape in [(3, 5, 2, 6, [1, 12, 20]), (1, 8, 3, 2, [4, 8, 8]), (3, 1, 1, 1, [3, 16, 8])]:
    options = {"channels": channels, "labels": labels, "ngf": ngf, "blocks": blocks}
    cases.append(case(StarGANGenerator(channels, labels, ngf, blocks), "stargan-generator", options, [*shape, channels + labels]))
for size, inputs, labels, ndf, layers, batch in [(64, 3, 5, 1, 6, 2), (40, 1, 3, 2, 3, 4), (12, 6, 1, 3, 2, 1)]:
    options = {"size": size, "inChannels": inputs, "labels": labels, "ndf": ndf, "layers": layers}
    cases.append(case(StarGANDiscriminator(size, inputs, labels, ndf, layers), "stargan-discriminator", options, [batch, size, size, inputs]))

trained = [
    {"kind": kind, "options": options, **gradients(module, f"{kind} target", describe(f"{kind} source", shape))}
    for kind, options, module, shape in [
        ("dcgan-generator", {"size": 32, "nz": 6, "ngf": 2, "outChannels": 3}, DCGANGenerator(32, 6, 2, 3), [3, 1, 1, 6]),
        ("dcgan-discriminator", {"size": 32, "ndf": 2, "inChannels": 3}, DCGANDiscriminator(32, 2, 3), [2, 32, 32, 3]),
        ("stargan-generator", {"channels": 3, "labels": 2, "ngf": 2, "blocks": 2}, StarGANGenerator(3, 2, 2, 2), [2, 8, 12, 5]),
        (
            "stargan-discriminator",
            {"size": 16, "inChannels": 3, "labels": 4, "ndf": 2, "layers": 3},
            StarGANDiscriminator(16, 3, 4, 2, 3),
            [3, 16, 16, 3],
        ),
    ]
]
write_golden("gan_networks", {"cases": cases, "trained": trained})
