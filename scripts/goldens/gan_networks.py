"""kernels-test/goldens/gan_networks.json: networks that make images of random numbers, or of an image and labels, and those that judge
them: state dicts, outputs and gradients. Their structure is that of the authors' PyTorch code; weights follow from their names by the formula.
"""

from common import describe, write_golden
from gan_models import (
    CGANDiscriminator,
    CGANGenerator,
    ConditionalDCGANDiscriminator,
    ConditionalDCGANGenerator,
    DCGANDiscriminator,
    DCGANGenerator,
    GANDiscriminator,
    GANGenerator,
    StarGANDiscriminator,
    StarGANGenerator,
)
from network_cases import case, gradients

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

# Those that nothing tells from their names.
unnamed = []
for size, nz, units, outputs, batch in [(5, 7, 6, 1, 1), (6, 4, 9, 3, 4)]:
    options = {"size": size, "nz": nz, "units": units, "outChannels": outputs}
    unnamed.append(case(GANGenerator(size, nz, units, outputs), "gan-generator", options, [batch, 1, 1, nz]))
for size, inputs, units, pieces, batch in [(5, 1, 6, 5, 3), (4, 3, 7, 2, 1)]:
    options = {"size": size, "inChannels": inputs, "units": units, "pieces": pieces}
    unnamed.append(case(GANDiscriminator(size, inputs, units, pieces), "gan-discriminator", options, [batch, size, size, inputs]))
for size, nz, labels, widths, outputs, batch in [(5, 7, 10, (3, 5, 6), 1, 2), (4, 3, 1, (5, 2, 7), 3, 4)]:
    names = ["noiseUnits", "labelUnits", "units"]
    options = {"size": size, "nz": nz, "labels": labels, **dict(zip(names, widths)), "outChannels": outputs}
    unnamed.append(case(CGANGenerator(size, nz, labels, *widths, outputs), "cgan-generator", options, [batch, 1, 1, nz + labels]))
for size, inputs, labels, widths, batch in [(5, 1, 10, (4, 3, 6), 3), (3, 3, 2, (5, 2, 3), 1)]:
    options = {"size": size, "inChannels": inputs, "labels": labels, **dict(zip(["imageUnits", "labelUnits", "units"], widths))}
    module = CGANDiscriminator(size, inputs, labels, *widths)
    unnamed.append(case(module, "cgan-discriminator", options, [batch, size, size, inputs + labels]))
for size, nz, labels, ngf, units, outputs, batch in [(12, 5, 10, 2, 6, 1, 4), (8, 3, 2, 3, 5, 3, 3)]:
    options = {"size": size, "nz": nz, "labels": labels, "ngf": ngf, "units": units, "outChannels": outputs}
    module = ConditionalDCGANGenerator(size, nz, labels, ngf, units, outputs)
    unnamed.append(case(module, "conditional-dcgan-generator", options, [batch, 1, 1, nz + labels]))
for size, inputs, labels, ndf, units, batch in [(12, 1, 10, 2, 6, 4), (8, 3, 2, 3, 5, 3)]:
    options = {"size": size, "inChannels": inputs, "labels": labels, "ndf": ndf, "units": units}
    module = ConditionalDCGANDiscriminator(size, inputs, labels, ndf, units)
    unnamed.append(case(module, "conditional-dcgan-discriminator", options, [batch, size, size, inputs + labels]))

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
        ("gan-generator", {"size": 5, "nz": 6, "units": 8, "outChannels": 3}, GANGenerator(5, 6, 8, 3), [3, 1, 1, 6]),
        ("gan-discriminator", {"size": 5, "inChannels": 3, "units": 7, "pieces": 5}, GANDiscriminator(5, 3, 7, 5), [3, 5, 5, 3]),
        (
            "cgan-generator",
            {"size": 5, "nz": 6, "labels": 4, "noiseUnits": 7, "labelUnits": 5, "units": 9, "outChannels": 1},
            CGANGenerator(5, 6, 4, 7, 5, 9, 1),
            [3, 1, 1, 10],
        ),
        (
            "cgan-discriminator",
            {"size": 5, "inChannels": 1, "labels": 4, "imageUnits": 6, "labelUnits": 5, "units": 7},
            CGANDiscriminator(5, 1, 4, 6, 5, 7),
            [3, 5, 5, 5],
        ),
        (
            "conditional-dcgan-generator",
            {"size": 8, "nz": 4, "labels": 3, "ngf": 2, "units": 5, "outChannels": 3},
            ConditionalDCGANGenerator(8, 4, 3, 2, 5, 3),
            [4, 1, 1, 7],
        ),
        (
            "conditional-dcgan-discriminator",
            {"size": 8, "inChannels": 1, "labels": 3, "ndf": 2, "units": 5},
            ConditionalDCGANDiscriminator(8, 1, 3, 2, 5),
            [4, 8, 8, 4],
        ),
    ]
]
write_golden("gan_networks", {"cases": cases, "unnamed": unnamed, "trained": trained})
