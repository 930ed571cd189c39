"""What pix2pix's networks give in the variants of other implementations: model_variants.json.

Instance norm and no norm are those of the authors' PyTorch code; `tensorflow` is pix2pix-tensorflow
(a bias in every convolution, the innermost encoder layer normalised too); `tutorial` is TensorFlow's
tutorial (that norm too, Keras' epsilon and slope, and skip connections that carry leaky ReLUs which the
decoder does not rectify again). Each network is written down here from what it computes, not as a set of
options; only the names of its parameters are the library's.
"""

import torch
from torch import nn
from torch.nn import functional

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, summarise, weight_from_torch, weight_to_torch, write_golden
from pix2pix_inputs import BIAS_SCALE, CONV_SCALE, NORM_SCALE, describe_batch, make_batch

WIDTH = 8
SIZE = 32


class BatchNorm(nn.Module):
    """Batch norm with the batch's moments, single pixels included, which PyTorch's own refuses."""

    def __init__(self, channels, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        self.epsilon = epsilon

    def forward(self, x):
        if x.shape[0] * x.shape[2] * x.shape[3] == 1:
            return (x - x) * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)
        return functional.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=self.epsilon)


def conv(inputs, outputs, bias):
    return nn.Conv2d(inputs, outputs, 4, 2, 1, bias=bias)


def deconv(inputs, outputs, bias):
    return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias)


class UNet(nn.Module):
    """Five levels (32 x 32 pixels), written as two lists: encoders from the image in, decoders from the pixel out."""

    def __init__(self, norm, bias, innermost_norm):
        super().__init__()
        width = [WIDTH, WIDTH * 2, WIDTH * 4, WIDTH * 8, WIDTH * 8]
        # From the innermost level out.
        self.levels = []
        inner = None
        for level in range(4, 0, -1):
            outer, channels = width[level - 1], width[level]
            layers = {"1": conv(outer, channels, bias)}
            if inner is None:
                if innermost_norm:
                    layers["downNorm"] = norm(channels)
                layers |= {"3": deconv(channels, outer, bias), "4": norm(outer)}
                names = ("1", "downNorm", "3", "4")
            else:
                layers |= {"2": norm(channels), "3": inner, "5": deconv(2 * channels, outer, bias), "6": norm(outer)}
                names = ("1", "2", "5", "6")
            inner = nn.Module()
            inner.model = nn.ModuleDict(layers)
            self.levels.append((inner.model, names))
        outermost = nn.Module()
        outermost.model = nn.ModuleDict({"0": conv(3, WIDTH, bias), "1": inner, "3": deconv(2 * WIDTH, 3, True)})
        self.model = outermost

    def layers(self):
        """The convolutions and norms of the encoder in the order in which they run, then the decoder's."""
        outermost = self.model.model
        encoder = [(outermost["0"], nn.Identity())]
        decoder = []
        for model, (down, down_norm, up, up_norm) in self.levels:
            decoder.append((model[up], model[up_norm]))
        for model, (down, down_norm, up, up_norm) in reversed(self.levels):
            encoder.append((model[down], model[down_norm] if down_norm in model else nn.Identity()))
        decoder.append((outermost["3"], nn.Identity()))
        return encoder, decoder


class RectifyingUNet(UNet):
    """As the authors have it: leaky ReLU 0.2 before every encoder layer, ReLU before every decoder layer."""

    def forward(self, x):
        encoder, decoder = self.layers()
        skips = []
        for index, (layer, norm) in enumerate(encoder):
            x = norm(layer(x if index == 0 else functional.leaky_relu(x, 0.2)))
            skips.append(x)
        skips.pop()
        for index, (layer, norm) in enumerate(decoder):
            x = norm(layer(functional.relu(x if index == 0 else torch.cat([skips.pop(), x], 1))))
        return torch.tanh(x)


class TutorialUNet(UNet):
    """As TensorFlow's tutorial: conv, norm, leaky ReLU 0.3; then deconv, norm, ReLU; skips joined as they are."""

    def forward(self, x):
        encoder, decoder = self.layers()
        skips = []
        for layer, norm in encoder:
            x = functional.leaky_relu(norm(layer(x)), 0.3)
            skips.append(x)
        skips.pop()
        for layer, norm in decoder[:-1]:
            x = torch.cat([skips.pop(), functional.relu(norm(layer(x)))], 1)
        return torch.tanh(decoder[-1][0](x))


class PatchGAN(nn.Module):
    def __init__(self, norm, bias, slope):
        super().__init__()
        layers = [nn.Conv2d(6, WIDTH, 4, 2, 1), nn.LeakyReLU(slope)]
        for inputs, outputs, stride in ((1, 2, 2), (2, 4, 2), (4, 8, 1)):
            layers += [nn.Conv2d(inputs * WIDTH, outputs * WIDTH, 4, stride, 1, bias=bias), norm(outputs * WIDTH), nn.LeakyReLU(slope)]
        self.model = nn.Sequential(*layers, nn.Conv2d(8 * WIDTH, 1, 4, 1, 1))

    def forward(self, x):
        return self.model(x)


def batch_norm(epsilon):
    return lambda channels: BatchNorm(channels, epsilon)


def instance_norm(epsilon):
    return lambda channels: nn.InstanceNorm2d(channels, eps=epsilon)


def no_norm(_channels):
    return nn.Identity()


# Each: the library's options (G's, D's), the networks, and the scale of the convolutions' weights. Without a norm
# nothing keeps the deep levels from fading, so theirs are larger.
VARIANTS = {
    "instance": (
        {"norm": "instance"}, {"norm": "instance"},
        lambda: RectifyingUNet(instance_norm(1e-5), True, False), lambda: PatchGAN(instance_norm(1e-5), True, 0.2), CONV_SCALE),
    "none": (
        {"norm": "none"}, {"norm": "none"},
        lambda: RectifyingUNet(no_norm, False, False), lambda: PatchGAN(no_norm, False, 0.2), 0.2),
    "tensorflow": (
        {"bias": "everywhere", "innermostNorm": True}, {"bias": "everywhere"},
        lambda: RectifyingUNet(batch_norm(1e-5), True, True), lambda: PatchGAN(batch_norm(1e-5), True, 0.2), CONV_SCALE),
    "tutorial": (
        {"innermostNorm": True, "epsilon": 1e-3, "slope": 0.3, "skip": "leaky"}, {"epsilon": 1e-3, "slope": 0.3},
        lambda: TutorialUNet(batch_norm(1e-3), False, True), lambda: PatchGAN(batch_norm(1e-3), False, 0.3), CONV_SCALE),
}


def fill_parameters(network, module, conv_scale):
    """As pix2pix_inputs has it, with another scale for the convolutions."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            shape = list(parameter.shape)
            if len(shape) == 4:
                shape = [shape[2], shape[3], shape[1], shape[0]]
                parameter.copy_(weight_to_torch(generate(describe(f"{network}.{name}", shape, conv_scale))))
            elif name.endswith(".weight"):
                parameter.copy_(generate(describe(f"{network}.{name}", shape, NORM_SCALE, 1.0)))
            else:
                parameter.copy_(generate(describe(f"{network}.{name}", shape, BIAS_SCALE)))
    return module


def gradients(network, module):
    return [summarise(weight_from_torch(parameter.grad) if parameter.dim() == 4 else parameter.grad, f"{network}.{name}")
            for name, parameter in module.named_parameters()]


def case(name, batch):
    generator_options, discriminator_options, make_generator, make_discriminator, conv_scale = VARIANTS[name]
    generator = fill_parameters("G", make_generator().double(), conv_scale)
    discriminator = fill_parameters("D", make_discriminator().double(), conv_scale)
    description = describe_batch(SIZE, batch, 0)
    source, target = make_batch(description, torch.float64)
    generated = generator(source)
    logits = discriminator(torch.cat([source, generated], 1))
    real_logits = discriminator(torch.cat([source, target], 1))
    entry = {
        "name": name, "batch": batch, "size": SIZE, "width": WIDTH, "convScale": conv_scale,
        "generator": generator_options, "discriminator": discriminator_options, "inputs": description,
        "expected": {
            "generated": summarise(nchw_to_nhwc(generated), f"{name}/{batch}/generated"),
            "fakeLogits": summarise(nchw_to_nhwc(logits), f"{name}/{batch}/fakeLogits"),
            "realLogits": summarise(nchw_to_nhwc(real_logits), f"{name}/{batch}/realLogits"),
        },
    }
    if batch == 2 and name in ("instance", "tutorial"):
        adversarial = functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
        (adversarial + 100 * functional.l1_loss(generated, target)).backward()
        entry["gradients"] = gradients("G", generator) + gradients("D", discriminator)
    return entry


def instance_norm_case(shape, scale, offset, epsilon):
    name = "instance norm " + " x ".join(map(str, shape))
    description = describe(f"{name} x", shape, scale, offset)
    gradient = describe(f"{name} dy", shape)
    x = nhwc_to_nchw(generate(description)).requires_grad_()
    y = functional.instance_norm(x, eps=epsilon)
    y.backward(nhwc_to_nchw(generate(gradient)))
    return {"name": name, "epsilon": epsilon, "input": description, "outputGradient": gradient,
            "output": store(nchw_to_nhwc(y)), "inputGradient": store(nchw_to_nhwc(x.grad))}


write_golden("model_variants", {
    "networks": [case(name, batch) for name in VARIANTS for batch in (1, 2)],
    "instanceNorm": [
        instance_norm_case([1, 4, 4, 4], 1.0, 0.0, 1e-5),
        instance_norm_case([3, 5, 7, 3], 2.0, 10.0, 1e-5),
        instance_norm_case([2, 2, 1, 5], 1.0, -1.0, 1e-3),
        instance_norm_case([2, 9, 3, 20], 0.1, 0.5, 1e-3),
    ],
})
