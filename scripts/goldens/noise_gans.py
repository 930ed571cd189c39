"""kernels-test/goldens/noise_gans.json: ten steps of DCGAN, of the first GAN and of conditional GAN, with every kind of network.

Small networks with the weights of the formula, images, random numbers and labels of the formula, and no dropout: its masks are random, and
its places are compared in gan_networks.py. DCGAN's step is that of PyTorch's example; the others take that of the first GAN's code, in
which both networks learn from one pass; a gradient penalty is halved with the rest of the discriminator's loss, and of conditional GAN it
is of mixtures of images that have the same labels. Everything in float64; losses in float32 too: the difference (`spread`) is what rounding alone does.
"""

import torch

from adversarial import OBJECTIVES, PENALTY, gradient_penalty
from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, summarise, write_golden
from gan_models import (
    CGANDiscriminator,
    CGANGenerator,
    ConditionalDCGANDiscriminator,
    ConditionalDCGANGenerator,
    DCGANDiscriminator,
    DCGANGenerator,
    GANDiscriminator,
    GANGenerator,
    planes,
)
from network_cases import fill

BATCH, BATCHES, NZ, LABELS, STEPS = 4, 3, 6, 3, 10
ADAM = {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-8}
SGD = {"lr": 0.1, "momentum": 0.5}
CLASSES = [[0, 2, 1, 1], [2, 0, 0, 1], [1, 2, 2, 0]]
# For each generated image the image of the batch whose class it is to have.
WANTED = [[(3 * step + 2 * image * image) % BATCH for image in range(BATCH)] for step in range(STEPS)]
UNITS, WIDTH = 30, 4


def build(scheme, architecture, size, channels):
    if scheme == "dcgan" or (scheme, architecture) == ("gan", "conv"):
        return DCGANGenerator(size, NZ, WIDTH, channels), DCGANDiscriminator(size, WIDTH, channels)
    if scheme == "gan":
        return GANGenerator(size, NZ, UNITS, channels), GANDiscriminator(size, channels, UNITS // 5, 5)
    if architecture == "mlp":
        return (
            CGANGenerator(size, NZ, LABELS, UNITS // 6, UNITS * 5 // 6, UNITS, channels),
            CGANDiscriminator(size, channels, LABELS, UNITS // 5, round(UNITS / 24), UNITS // 5),
        )
    return (
        ConditionalDCGANGenerator(size, NZ, LABELS, WIDTH, 16 * WIDTH, channels),
        ConditionalDCGANDiscriminator(size, channels, LABELS, WIDTH, 16 * WIDTH),
    )


class Run:
    def __init__(self, dtype, case):
        self.dtype, self.case = dtype, case
        modules = build(case["scheme"], case.get("architecture"), case["size"], case["channels"])
        self.networks = dict(zip(["generator", "discriminator"], modules))
        for module in modules:
            fill(module.to(dtype))
        make = (lambda p: torch.optim.SGD(p, **SGD)) if case.get("optimizer") == "sgd" else (lambda p: torch.optim.Adam(p, **ADAM))
        self.optimizers = [make(module.parameters()) for module in modules]
        # Networks that end with a sigmoid make images in [0, 1].
        self.unit = isinstance(modules[0], (GANGenerator, CGANGenerator, ConditionalDCGANGenerator))

    def inputs(self, step):
        real = nhwc_to_nchw(generate(self.case["images"][step % BATCHES], self.dtype))
        noise = nhwc_to_nchw(generate(self.case["noise"][step], self.dtype))
        if self.unit:
            real = real / 2 + 0.5
        classes = CLASSES[step % BATCHES]
        labels = [torch.eye(LABELS, dtype=self.dtype)[each] for each in (classes, [classes[index] for index in WANTED[step]])]
        return real, noise, *(labels if self.case["scheme"] == "cgan" else (None, None))

    def step(self, number):
        generator, discriminator = self.networks.values()
        real, noise, real_labels, wanted = self.inputs(number)
        joined = lambda x, labels: x if labels is None else planes(x, labels)
        self.made = fake = generator(joined(noise, wanted))
        losses = self.example(fake, real, number) if self.case["scheme"] == "dcgan" else self.together(fake, real, real_labels, wanted, joined, number)
        return {name: loss.item() for name, loss in losses.items()}

    def example(self, fake, real, number):
        """PyTorch's example: the discriminator first, by the sum of its losses; then the generator, by the discriminator as it is now."""
        discriminator, objective = self.networks["discriminator"], OBJECTIVES[self.case["ganMode"]]
        learns_made, learns_judged = self.optimizers
        discriminator.requires_grad_(True)
        learns_judged.zero_grad()
        losses = {"discriminatorReal": objective["real"](discriminator(real)), "discriminatorFake": objective["fake"](discriminator(fake.detach()))}
        total = losses["discriminatorReal"] + losses["discriminatorFake"]
        if PENALTY[self.case["ganMode"]]:
            shares = generate(self.case["shares"][number], self.dtype)
            losses["penalty"] = gradient_penalty(discriminator, real, fake.detach(), shares)
            total = total + PENALTY[self.case["ganMode"]] * losses["penalty"]
        total.backward()
        learns_judged.step()
        discriminator.requires_grad_(False)
        learns_made.zero_grad()
        losses["generator"] = objective["generator"](discriminator(fake))
        losses["generator"].backward()
        learns_made.step()
        return losses

    def together(self, fake, real, real_labels, wanted, joined, number):
        """The first GAN's code: each learns from the same pass, the generator through the discriminator as it was."""
        generator, discriminator = self.networks.values()
        mode = self.case.get("ganMode", "vanilla")
        objective = OBJECTIVES[mode]
        on_real = discriminator(joined(real, real_labels))
        on_fake = discriminator(joined(fake, wanted))
        losses = {
            "discriminatorReal": objective["real"](on_real),
            "discriminatorFake": objective["fake"](on_fake),
            "generator": objective["generator"](on_fake),
        }
        half = (losses["discriminatorReal"] + losses["discriminatorFake"]) / 2
        if PENALTY[mode]:
            # The real image of each mixture is one with the labels that are wanted of the generated one.
            alike = real if wanted is None else real[WANTED[number]]
            shares = generate(self.case["shares"][number], self.dtype)
            losses["penalty"] = gradient_penalty(lambda x: discriminator(joined(x, wanted)), alike, fake.detach(), shares)
            half = half + PENALTY[mode] / 2 * losses["penalty"]
        for module, loss in ((generator, losses["generator"]), (discriminator, half)):
            parameters = list(module.parameters())
            for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters, retain_graph=True)):
                parameter.grad = gradient
        for optimizer in self.optimizers:
            optimizer.step()
        return losses


def train(dtype, case):
    run = Run(dtype, case)
    losses = [run.step(0)]
    first = {
        "made": summarise(nchw_to_nhwc(run.made), "made"),
        "gradients": {
            network: {name: summarise(parameter.grad, name) for name, parameter in module.named_parameters()}
            for network, module in run.networks.items()
        },
    }
    return losses + [run.step(number) for number in range(1, case["steps"])], first


def make_case(scheme, size, channels, steps=STEPS, **options):
    name = f"{scheme}/{'/'.join(str(value) for value in options.values())}"
    shape = [BATCH, size, size, channels]
    case = {
        "name": name, "scheme": scheme, "size": size, "channels": channels, "steps": steps, **options,
        "images": [describe(f"{name}/images{index}", shape) for index in range(BATCHES)],
        "noise": [describe(f"{name}/noise{step}", [BATCH, 1, 1, NZ]) for step in range(steps)],
    }
    if PENALTY.get(options.get("ganMode")):
        case["shares"] = [describe(f"{name}/shares{step}", [BATCH, 1, 1, 1], 0.5, 0.5) for step in range(steps)]
    losses, first = train(torch.float64, case)
    single, _ = train(torch.float32, case)
    spread = {name: max(abs(a[name] - b[name]) / abs(b[name]) for a, b in zip(single, losses)) for name in losses[0]}
    print(f"  {name}: float32 differs from float64, relative:", {name: f"{value:.1e}" for name, value in spread.items()})
    return {**case, "losses": losses, "spread": spread, **first}


write_golden("noise_gans", {
    "batch": BATCH, "nz": NZ, "labels": LABELS, "units": UNITS, "width": WIDTH, "classes": CLASSES, "wanted": WANTED,
    "rates": {"adam": ADAM["lr"], "sgd": SGD["lr"]},
    "cases": [
        make_case("dcgan", 32, 3, ganMode="vanilla"),
        make_case("dcgan", 32, 3, steps=3, ganMode="lsgan"),
        make_case("dcgan", 32, 3, steps=3, ganMode="wgangp"),
        make_case("gan", 8, 1, architecture="mlp", optimizer="sgd"),
        make_case("gan", 8, 3, architecture="mlp", optimizer="adam"),
        make_case("gan", 32, 1, architecture="conv", optimizer="adam"),
        make_case("cgan", 8, 1, architecture="mlp", optimizer="sgd"),
        make_case("cgan", 12, 1, architecture="conv", optimizer="adam"),
        make_case("gan", 8, 1, steps=4, architecture="mlp", optimizer="sgd", ganMode="lsgan"),
        make_case("gan", 8, 1, steps=4, architecture="mlp", optimizer="sgd", ganMode="wgangp"),
        make_case("cgan", 8, 1, steps=4, architecture="mlp", optimizer="adam", ganMode="wgangp"),
    ],
})
