"""The weights and images of every whole-model golden, by the deterministic formula."""

import torch

from common import describe, generate, nhwc_to_nchw, weight_to_torch

CONV_SCALE = 0.05
NORM_SCALE = 0.05
BIAS_SCALE = 0.02


def parameter_description(network, name, torch_shape):
    """Network "G" or "D"; the shape of the description is in shadegrad's layout."""
    shape = list(torch_shape)
    if len(shape) == 4:
        shape = [shape[2], shape[3], shape[1], shape[0]]
        return describe(f"{network}.{name}", shape, CONV_SCALE)
    if name.endswith(".weight"):
        return describe(f"{network}.{name}", shape, NORM_SCALE, 1.0)
    return describe(f"{network}.{name}", shape, BIAS_SCALE)


def fill_parameters(network, module):
    """Sets every parameter by its name; the running statistics stay 0 and 1."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            data = generate(parameter_description(network, name, parameter.shape), parameter.dtype)
            parameter.copy_(weight_to_torch(data) if data.dim() == 4 else data)
    return module


def describe_batch(size, batch, index):
    """The source and target images of batch `index`, uniform in [-1, 1), NHWC."""
    prefix = f"pix2pix/size{size}/batch{index}/"
    shape = [batch, size, size, 3]
    return {"source": describe(prefix + "source", shape), "target": describe(prefix + "target", shape)}


def make_batch(description, dtype):
    return (nhwc_to_nchw(generate(description["source"], dtype)), nhwc_to_nchw(generate(description["target"], dtype)))
