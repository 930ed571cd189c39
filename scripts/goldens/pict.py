"""pict.json: outputs of pix2pix-tensorflow's generator with the weights of .pict files, in float64.

The files of the first cases are not stored: their codes follow from each tensor's name, as
`code_values` says, and kernels-test/exchange/pict-network.test.ts makes the same bytes. The last file is
written here, with a codebook as the original exporter makes it, and stored whole.
"""

import base64
import json
import struct

import numpy
import torch
import torch.nn.functional as F

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, values, write_golden

EPSILON = 1e-5
SLOPE = 0.2
MU = 255

NEW = {"down": "conv2d", "up": "conv2d_transpose", "kernel": "kernel", "bias": "bias", "norm": "batch_normalization", "scale": "gamma", "offset": "beta"}
OLD = {"down": "conv", "up": "deconv", "kernel": "filter", "bias": None, "norm": "batchnorm", "scale": "scale", "offset": "offset"}


def generator_shapes(levels, ngf, in_channels, out_channels, names):
    """Name, shape and the range of codes of every variable, sorted by name."""
    width = [ngf * min(2**level, 8) for level in range(levels)]
    variables = []

    def layer(scope, kernel, kernel_shape, channels, normed):
        variables.append((f"generator/{scope}/{kernel}/{names['kernel']}", kernel_shape, 64, 191))
        if names["bias"]:
            variables.append((f"generator/{scope}/{kernel}/{names['bias']}", [channels], 96, 160))
        if normed:
            variables.append((f"generator/{scope}/{names['norm']}/{names['scale']}", [channels], 224, 255))
            variables.append((f"generator/{scope}/{names['norm']}/{names['offset']}", [channels], 80, 176))

    for level in range(levels):
        inputs = in_channels if level == 0 else width[level - 1]
        layer(f"encoder_{level + 1}", names["down"], [4, 4, inputs, width[level]], width[level], level > 0)
        outputs = out_channels if level == 0 else width[level - 1]
        joined = width[level] if level == levels - 1 else 2 * width[level]
        layer(f"decoder_{level + 1}", names["up"], [4, 4, outputs, joined], outputs, level > 0)
    return sorted(variables)


def formula_codebook():
    """256 values, dense around 0: the cube of even steps."""
    steps = (numpy.arange(256, dtype=numpy.float64) - 127.5) / 127.5
    return (steps * steps * steps * 1.3).astype(numpy.float32)


def code_values(name, shape, low, high):
    """Codes low to high, from the name alone."""
    uniform = values(f"pict/{name}", int(numpy.prod(shape))).astype(numpy.float64)
    return (low + numpy.floor((uniform + 1) / 2 * (high - low + 1))).astype(numpy.uint8)


def run_generator(weights, x, levels, names):
    """The generator on an NHWC float64 image, with the image's own moments everywhere; NHWC."""

    def variable(scope, layer, part):
        return weights[f"generator/{scope}/{layer}/{names[part]}"] if names[part] else None

    def norm(y, scope):
        mean = y.mean(dim=(0, 2, 3), keepdim=True)
        variance = ((y - mean) ** 2).mean(dim=(0, 2, 3), keepdim=True)
        scale = weights[f"generator/{scope}/{names['norm']}/{names['scale']}"].reshape(1, -1, 1, 1)
        offset = weights[f"generator/{scope}/{names['norm']}/{names['offset']}"].reshape(1, -1, 1, 1)
        return (y - mean) / torch.sqrt(variance + EPSILON) * scale + offset

    def convolve(y, scope):
        kernel = variable(scope, names["down"], "kernel")  # HWIO
        return F.conv2d(y, kernel.permute(3, 2, 0, 1), variable(scope, names["down"], "bias"), stride=2, padding=1)

    def convolve_transposed(y, scope):
        kernel = variable(scope, names["up"], "kernel")  # [h, w, out, in]
        return F.conv_transpose2d(y, kernel.permute(3, 2, 0, 1), variable(scope, names["up"], "bias"), stride=2, padding=1)

    encoded = [convolve(nhwc_to_nchw(x), "encoder_1")]
    for level in range(2, levels + 1):
        encoded.append(norm(convolve(F.leaky_relu(encoded[-1], SLOPE), f"encoder_{level}"), f"encoder_{level}"))
    decoded = encoded[-1]
    for level in range(levels, 1, -1):
        joined = decoded if level == levels else torch.cat([decoded, encoded[level - 1]], dim=1)
        decoded = norm(convolve_transposed(F.relu(joined), f"decoder_{level}"), f"decoder_{level}")
    joined = torch.cat([decoded, encoded[0]], dim=1)
    return nchw_to_nhwc(torch.tanh(convolve_transposed(F.relu(joined), "decoder_1")))


def formula_case(levels, ngf, in_channels, out_channels, names):
    shapes = generator_shapes(levels, ngf, in_channels, out_channels, names)
    codebook = formula_codebook()
    weights = {
        name: torch.from_numpy(codebook[code_values(name, shape, low, high)].reshape(shape)).double()
        for name, shape, low, high in shapes
    }
    size = 2**levels
    image = describe(f"pict input {size}", [1, size, size, in_channels])
    output = run_generator(weights, generate(image), levels, names)
    return {
        "size": size, "ngf": ngf, "inChannels": in_channels, "outChannels": out_channels,
        "tensors": [{"name": name, "shape": shape, "low": low, "high": high} for name, shape, low, high in shapes],
        "input": image, "output": store(output),
    }


def mu_law_codebook(data):
    """256 values between the smallest and the largest, evenly spaced on the mu-law scale."""
    scale = numpy.abs(data).max()
    levels = numpy.sign(data) * numpy.log1p(MU * numpy.abs(data) / scale) / numpy.log1p(MU)
    edges = numpy.linspace(levels.min(), levels.max(), 257)
    middles = (edges[1:] + edges[:-1]) / 2
    return (numpy.sign(middles) * numpy.expm1(numpy.abs(middles) * numpy.log1p(MU)) / MU * scale).astype(numpy.float32)


def written_case():
    """A small file as the exporter writes it, the numbers it was made of, and what the network in it computes."""
    levels = 4
    shapes = generator_shapes(levels, 1, 3, 3, NEW)
    sources, arrays = [], []
    for name, shape, _, _ in shapes:
        scale, offset = (0.05, 1) if name.endswith("gamma") else (0.3, 0)
        sources.append(describe(f"pict/{name}", shape, scale, offset))
        arrays.append(values(f"pict/{name}", int(numpy.prod(shape)), scale, offset))
    flat = numpy.concatenate(arrays)
    codebook = mu_law_codebook(flat.astype(numpy.float64))
    codes = numpy.abs(codebook[None, :] - flat[:, None]).argmin(axis=1).astype(numpy.uint8)

    listing = json.dumps([{"name": name, "shape": shape} for name, shape, _, _ in shapes]).encode("utf8")
    file = b"".join(struct.pack(">L", len(part)) + part for part in (listing, codebook.tobytes(), codes.tobytes()))
    weights, start = {}, 0
    for name, shape, _, _ in shapes:
        count = int(numpy.prod(shape))
        weights[name] = torch.from_numpy(codebook[codes[start : start + count]].reshape(shape)).double()
        start += count
    image = describe("pict input written", [1, 16, 16, 3])
    return {
        "file": base64.b64encode(file).decode("ascii"),
        "names": [name for name, _, _, _ in shapes],
        "tensors": sources,
        "input": image, "output": store(run_generator(weights, generate(image), levels, NEW)),
    }


if __name__ == "__main__":
    write_golden("pict", {
        "cases": [formula_case(5, 4, 3, 3, NEW), formula_case(4, 8, 1, 3, NEW), formula_case(4, 4, 3, 2, OLD)],
        "written": written_case(),
    })
