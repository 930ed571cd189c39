"""kernels-test/goldens/family_runs.json: runs of CycleGAN and DCGAN that PyTorch saved after some steps, and how they go on.

The files are what torch.save makes of the networks and optimisers under the names that pytorch-CycleGAN-and-pix2pix and PyTorch's DCGAN
example have for them: CycleGAN has one Adam for both generators and one for both discriminators. The networks of CycleGAN are there as
files of their own, too. What follows the save is computed in float64 from the saved numbers, so that only shadegrad's own rounding is
between the two. No pools: the reference does not save them.

    python3 scripts/goldens/family_runs.py --check cyclegan.pth dcgan.pth

reads runs that shadegrad wrote (`shadegrad convert --run`) of the golden's, and takes the same steps with them.
"""

import base64
import io
import itertools
import json
import pathlib
import sys

import torch
from torch import nn
from torch.nn.functional import l1_loss

from adversarial import OBJECTIVES
from common import describe, generate, nhwc_to_nchw, write_golden
from network_cases import PatchGAN, ResNet

SIZE, BATCH, NZ, STEPS_BEFORE, STEPS_AFTER = 32, 2, 4, 3, 2
ADAM = {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-8}
IMAGES = {half: describe(f"family runs {half}", [BATCH, SIZE, SIZE, 3]) for half in "ab"}
NOISE = [describe(f"family runs noise {step}", [BATCH, 1, 1, NZ]) for step in range(STEPS_AFTER)]


def image(half, dtype):
    return nhwc_to_nchw(generate(IMAGES[half], dtype))


class Run:
    """Networks and optimisers by their names in the file; an optimiser has the parameters of several networks."""

    def __init__(self, dtype, networks, optimizers):
        self.dtype = dtype
        self.networks = {name: module.to(dtype) for name, module in networks.items()}
        parameters = lambda names: itertools.chain(*(self.networks[name].parameters() for name in names))
        self.optimizers = {name: torch.optim.Adam(parameters(names), **ADAM) for name, names in optimizers.items()}

    @property
    def parts(self):
        return {**self.networks, **self.optimizers}


class CycleGAN(Run):
    OPTIMIZERS = {"optimizer_G": ["netG_A", "netG_B"], "optimizer_D": ["netD_A", "netD_B"]}
    KEYS = {"netG_A": "generatorA", "netG_B": "generatorB", "netD_A": "discriminatorA", "netD_B": "discriminatorB",
            "optimizer_G": "generator_optimizer", "optimizer_D": "discriminator_optimizer"}

    def __init__(self, dtype):
        generator, judge = (lambda: ResNet("instance", 1, 1, 3, 3)), (lambda: PatchGAN("instance", 3, 1, 3))
        super().__init__(dtype, {"netG_A": generator(), "netG_B": generator(), "netD_A": judge(), "netD_B": judge()}, self.OPTIMIZERS)

    def step(self, number):
        to_b, to_a, judge_a, judge_b = self.networks.values()
        objective, a, b = OBJECTIVES["lsgan"], image("a", self.dtype), image("b", self.dtype)
        fake_b, fake_a = to_b(a), to_a(b)
        again_a, again_b = to_a(fake_b), to_b(fake_a)
        for judge in (judge_a, judge_b):
            judge.requires_grad_(False)
        self.optimizers["optimizer_G"].zero_grad()
        losses = {
            "generatorA": objective["generator"](judge_a(fake_b)), "generatorB": objective["generator"](judge_b(fake_a)),
            "cycleA": l1_loss(again_a, a), "cycleB": l1_loss(again_b, b), "identityA": l1_loss(to_b(b), b), "identityB": l1_loss(to_a(a), a),
        }
        weights = {"generatorA": 1, "generatorB": 1, "cycleA": 10, "cycleB": 10, "identityA": 5, "identityB": 5}
        sum(weights[name] * loss for name, loss in losses.items()).backward()
        self.optimizers["optimizer_G"].step()
        self.optimizers["optimizer_D"].zero_grad()
        for name, judge, real, fake in (("A", judge_a, b, fake_b), ("B", judge_b, a, fake_a)):
            judge.requires_grad_(True)
            losses[f"discriminator{name}"] = 0.5 * (objective["real"](judge(real)) + objective["fake"](judge(fake.detach())))
            losses[f"discriminator{name}"].backward()
        self.optimizers["optimizer_D"].step()
        return {name: loss.item() for name, loss in losses.items()}


def dcgan_generator():
    return nn.Sequential(
        nn.ConvTranspose2d(NZ, 4, 4, 1, 0, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
        nn.ConvTranspose2d(4, 2, 4, 2, 1, bias=False), nn.BatchNorm2d(2), nn.ReLU(),
        nn.ConvTranspose2d(2, 1, 4, 2, 1, bias=False), nn.BatchNorm2d(1), nn.ReLU(),
        nn.ConvTranspose2d(1, 3, 4, 2, 1, bias=False), nn.Tanh(),
    )


def dcgan_discriminator():
    return nn.Sequential(
        nn.Conv2d(3, 1, 4, 2, 1, bias=False), nn.LeakyReLU(0.2),
        nn.Conv2d(1, 2, 4, 2, 1, bias=False), nn.BatchNorm2d(2), nn.LeakyReLU(0.2),
        nn.Conv2d(2, 4, 4, 2, 1, bias=False), nn.BatchNorm2d(4), nn.LeakyReLU(0.2),
        nn.Conv2d(4, 1, 4, 1, 0, bias=False),
    )


class Main(nn.Module):
    """The example's networks have their layers under this name."""

    def __init__(self, main):
        super().__init__()
        self.main = main

    def forward(self, x):
        return self.main(x)


class DCGAN(Run):
    OPTIMIZERS = {"optimizerG": ["netG"], "optimizerD": ["netD"]}
    KEYS = {"netG": "generator", "netD": "discriminator", "optimizerG": "generator_optimizer", "optimizerD": "discriminator_optimizer"}

    def __init__(self, dtype):
        super().__init__(dtype, {"netG": Main(dcgan_generator()), "netD": Main(dcgan_discriminator())}, self.OPTIMIZERS)

    def step(self, number):
        generator, judge = self.networks.values()
        objective = OBJECTIVES["vanilla"]
        noise = nhwc_to_nchw(generate(NOISE[number % STEPS_AFTER], self.dtype))
        fake = generator(noise)
        self.optimizers["optimizerD"].zero_grad()
        losses = {"discriminatorReal": objective["real"](judge(image("a", self.dtype))), "discriminatorFake": objective["fake"](judge(fake.detach()))}
        (losses["discriminatorReal"] + losses["discriminatorFake"]).backward()
        self.optimizers["optimizerD"].step()
        self.optimizers["optimizerG"].zero_grad()
        losses["generator"] = objective["generator"](judge(fake))
        losses["generator"].backward()
        self.optimizers["optimizerG"].step()
        return {name: loss.item() for name, loss in losses.items()}


def initialise(module):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.2)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def packed(value):
    file = io.BytesIO()
    torch.save(value, file)
    return base64.b64encode(file.getvalue()).decode("ascii")


def go_on(kind, saved):
    """The losses of the steps after a save, and the networks' changes."""
    later = kind(torch.float64)
    for name, part in later.parts.items():
        part.load_state_dict(saved[name])
    return [later.step(number) for number in range(STEPS_AFTER)]


def make_case(kind):
    run = kind(torch.float32)
    for module in run.networks.values():
        module.apply(initialise)
    for number in range(STEPS_BEFORE):
        run.step(number)
    saved = {name: part.state_dict() for name, part in run.parts.items()}
    alone = {name: packed(saved[name]) for name in run.networks} if kind is CycleGAN else {}
    return {"file": packed(saved), "alone": alone, "losses": go_on(kind, saved)}


def check(paths):
    golden = json.loads((pathlib.Path(__file__).parents[2] / "kernels-test/goldens/family_runs.json").read_text())
    for name, kind, path in zip(("cyclegan", "dcgan"), (CycleGAN, DCGAN), paths):
        written = torch.load(path, map_location="cpu")
        losses = go_on(kind, {theirs: written[ours] for theirs, ours in kind.KEYS.items()})
        for ours, theirs in zip(losses, golden[name]["losses"]):
            worst = max(abs(ours[each] - theirs[each]) for each in theirs)
            assert worst == 0, f"{path}: {worst}"
        print(f"{path}: PyTorch {torch.__version__} goes on from it as from its own file, {len(losses)} steps")


if "--check" in sys.argv:
    check(sys.argv[sys.argv.index("--check") + 1:])
else:
    torch.manual_seed(7)
    write_golden("family_runs", {
        "size": SIZE, "batch": BATCH, "nz": NZ, "step": STEPS_BEFORE, "images": IMAGES, "noise": NOISE,
        "cyclegan": make_case(CycleGAN), "dcgan": make_case(DCGAN),
    })
