"""What the goldens of the reference's networks have in common: its norms, its ResNet and PatchGAN, weights that follow from names, one case."""

import torch
from torch import nn

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, summarise, values

# How each norm is made, and whether the convolutions before one have a bias.
NORMS = {
    "batch": (nn.BatchNorm2d, False),
    "instance": (lambda channels: nn.InstanceNorm2d(channels), True),
    "old instance": (lambda channels: nn.InstanceNorm2d(channels, track_running_stats=True), True),
    "none": (lambda channels: nn.Identity(), False),
}


class Block(nn.Module):
    def __init__(self, width, norm, dropout):
        super().__init__()
        make, bias = NORMS[norm]
        layers = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), make(width), nn.ReLU()]
        # Its masks are random: the place alone is compared, with a rate of 0.
        layers += [nn.Dropout(0.0)] if dropout else []
        layers += [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), make(width)]
        self.conv_block = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.conv_block(x)


class ResNet(nn.Module):
    def __init__(self, norm, blocks, ngf, inputs, outputs, dropout=False):
        super().__init__()
        make, bias = NORMS[norm]
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, ngf, 7, bias=bias), make(ngf), nn.ReLU()]
        for width in [ngf, 2 * ngf]:
            layers += [nn.Conv2d(width, 2 * width, 3, 2, 1, bias=bias), make(2 * width), nn.ReLU()]
        layers += [Block(4 * ngf, norm, dropout) for _ in range(blocks)]
        for width in [4 * ngf, 2 * ngf]:
            layers += [nn.ConvTranspose2d(width, width // 2, 3, 2, 1, output_padding=1, bias=bias), make(width // 2), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(ngf, outputs, 7), nn.Tanh())

    def forward(self, x):
        return self.model(x)


class PatchGAN(nn.Module):
    def __init__(self, norm, layers, ndf, inputs=6):
        super().__init__()
        make, bias = NORMS[norm]
        stages = [nn.Conv2d(inputs, ndf, 4, 2, 1), nn.LeakyReLU(0.2)]
        width = ndf
        for stage in range(1, layers + 1):
            last, width = width, ndf * min(2 ** stage, 8)
            stages += [nn.Conv2d(last, width, 4, 2 if stage < layers else 1, 1, bias=bias), make(width), nn.LeakyReLU(0.2)]
        self.model = nn.Sequential(*stages, nn.Conv2d(width, 1, 4, 1, 1))

    def forward(self, x):
        return self.model(x)


def fill(module):
    """Formula values by name; the tests make the same ones."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("num_batches_tracked"):
                tensor.fill_(3)
                continue
            scale, offset = (0.5, 1.0) if name.endswith("running_var") else (0.1, 0.0) if tensor.dim() > 1 else (0.2, 0.5)
            tensor.copy_(torch.from_numpy(values(name, tensor.numel(), scale, offset)).reshape(tensor.shape))


def case(module, kind, options, input_shape):
    """A network, its state dict and what it makes of an input in training mode, as the reference runs it."""
    module = module.double()
    fill(module)
    state = [[name, list(tensor.shape)] for name, tensor in module.state_dict().items()]
    given = describe(f"{kind} input", input_shape)
    # The reference runs its networks in training mode at test time, too: the image's own statistics.
    with torch.no_grad():
        output, more = outputs(module.train()(nhwc_to_nchw(generate(given))))
    parameters = [name for name, _ in module.named_parameters()]
    made = {"output": store(output), **({"more": store(more)} if more is not None else {})}
    return {"kind": kind, "options": options, "state": state, "parameters": parameters, "input": given, **made}


def outputs(made):
    """The first thing that a network makes, in this library's order, and the second if there is one."""
    first, second = made if isinstance(made, tuple) else (made, None)
    return nchw_to_nhwc(first), second


def gradients(module, target_name, given):
    """Of the mean absolute difference to another image, and of the mean square of a second output: the input's, and every parameter's."""
    module = module.double()
    fill(module)
    x = nhwc_to_nchw(generate(given)).requires_grad_(True)
    made, more = outputs(module.train()(x))
    target = describe(target_name, list(made.shape))
    loss = (made - generate(target)).abs().mean()
    if more is not None:
        loss = loss + more.square().mean()
    loss.backward()
    of = {name: summarise(parameter.grad, name) for name, parameter in module.named_parameters()}
    return {"input": given, "target": target, "loss": loss.item(), "inputGradient": store(nchw_to_nhwc(x.grad)), "parameters": of}
