"""kernels-test/goldens/cyclegan.json: steps of CycleGAN as pytorch-CycleGAN-and-pix2pix takes them.

Small ResNet generators and PatchGANs with instance norm and the weights of the formula; one Adam for both generators, one for both
discriminators; image pools of the reference's algorithm, whose random numbers are shadegrad's, so that both make the same decisions.
Everything in float64; losses and pools in float32 too: the difference of the two (`spread`) is what rounding alone does.
"""

import itertools

import torch
from torch.nn.functional import l1_loss

from adversarial import OBJECTIVES, PENALTY, gradient_penalty
from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, summarise, weight_from_torch, write_golden
from network_cases import PatchGAN, ResNet
from pix2pix_inputs import fill_parameters

SIZE, NGF, NDF, BLOCKS, BATCH = 32, 4, 4, 2, 2
BATCHES, POOL_SIZE, SEED = 4, 3, 5
# Two weights, so that none can be taken for the other. Adam's first steps are as long for a gradient of next to nothing, whose sign is
# rounding; that matters to the losses with some weights (7, 8) and not with these.
LAMBDA_A, LAMBDA_B, IDENTITY = 10.0, 5.0, 0.5
ADAM = {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-8}
STEPS = {"lsgan": 10, "vanilla": 3, "wgangp": 3, "hinge": 3}
IMAGES = [{half: describe(f"cyclegan/{half}{index}", [BATCH, SIZE, SIZE, 3]) for half in "ab"} for index in range(BATCHES)]
SHARES = [{half: describe(f"cyclegan/shares {half}{step}", [BATCH, 1, 1, 1], 0.5, 0.5) for half in "AB"} for step in range(STEPS["wgangp"])]
POOL_STREAM = 0x706F6F6C


def pcg4d(*words):
    """The hash of Jarzynski and Olano (JCGT 9(3), 2020): four 32-bit words out of four."""
    mask = 0xFFFFFFFF
    x, y, z, w = ((word * 1664525 + 1013904223) & mask for word in words)
    for turn in range(2):
        x = (x + y * w) & mask
        y = (y + z * x) & mask
        z = (z + x * y) & mask
        w = (w + y * z) & mask
        if turn == 0:
            x, y, z, w = (word ^ (word >> 16) for word in (x, y, z, w))
    return x, y, z, w


class ImagePool:
    """Images that a discriminator was shown before; what it decides for each is kept as [taken, put]."""

    def __init__(self, number):
        self.number, self.images, self.seen, self.draws = number, [], 0, []

    def query(self, batch):
        shown, draws = [], []
        for image in batch.detach():
            if len(self.images) < POOL_SIZE:
                draws.append([-1, len(self.images)])
                self.images.append(image)
                shown.append(image)
            else:
                chance, which = (word / 2 ** 32 for word in pcg4d(SEED, self.seen, 0, POOL_STREAM ^ self.number)[:2])
                place = int(which * POOL_SIZE)
                if chance >= 0.5:
                    draws.append([place, place])
                    shown.append(self.images[place])
                    self.images[place] = image
                else:
                    draws.append([-1, -1])
                    shown.append(image)
            self.seen += 1
        self.draws.append(draws)
        return torch.stack(shown)


class CycleGAN:
    def __init__(self, dtype, mode):
        self.dtype, self.mode = dtype, mode
        make = {"G_A": ResNet, "G_B": ResNet, "D_A": PatchGAN, "D_B": PatchGAN}
        sizes = {ResNet: ("instance", BLOCKS, NGF, 3, 3), PatchGAN: ("instance", 3, NDF, 3)}
        self.networks = {name: fill_parameters(name, kind(*sizes[kind]).to(dtype)) for name, kind in make.items()}
        both = lambda role: itertools.chain(*(self.networks[f"{role}_{side}"].parameters() for side in "AB"))
        self.optimizers = {role: torch.optim.Adam(both(role), **ADAM) for role in "GD"}
        self.pools = {"A": ImagePool(0), "B": ImagePool(1)}

    def step(self, number):
        a, b = (nhwc_to_nchw(generate(IMAGES[number % BATCHES][half], self.dtype)) for half in "ab")
        to_b, to_a = self.networks["G_A"], self.networks["G_B"]
        judges = {"A": self.networks["D_A"], "B": self.networks["D_B"]}
        objective = OBJECTIVES[self.mode]
        fake_b = to_b(a)
        again_a = to_a(fake_b)
        fake_a = to_a(b)
        again_b = to_b(fake_a)

        for judge in judges.values():
            judge.requires_grad_(False)
        self.optimizers["G"].zero_grad()
        losses = {
            "generatorA": objective["generator"](judges["A"](fake_b)), "generatorB": objective["generator"](judges["B"](fake_a)),
            "cycleA": l1_loss(again_a, a), "cycleB": l1_loss(again_b, b),
            "identityA": l1_loss(to_b(b), b), "identityB": l1_loss(to_a(a), a),
        }
        cycles = LAMBDA_A * losses["cycleA"] + LAMBDA_B * losses["cycleB"]
        identities = IDENTITY * (LAMBDA_B * losses["identityA"] + LAMBDA_A * losses["identityB"])
        (losses["generatorA"] + losses["generatorB"] + cycles + identities).backward()
        self.optimizers["G"].step()

        for judge in judges.values():
            judge.requires_grad_(True)
        self.optimizers["D"].zero_grad()
        for side, real, fake in (("A", b, fake_b), ("B", a, fake_a)):
            judge, shown = judges[side], self.pools[side].query(fake)
            loss = 0.5 * (objective["real"](judge(real)) + objective["fake"](judge(shown)))
            if PENALTY[self.mode]:
                shares = generate(SHARES[number][side], self.dtype)
                losses[f"penalty{side}"] = gradient_penalty(judge, real, shown, shares)
                loss = loss + 0.5 * PENALTY[self.mode] * losses[f"penalty{side}"]
            loss.backward()
            losses[f"discriminator{side}"] = loss
        self.optimizers["D"].step()
        self.made = {"fakeB": fake_b, "againA": again_a, "fakeA": fake_a, "againB": again_b}
        return {name: loss.item() for name, loss in losses.items()}


def gradients(networks):
    """Every parameter's gradient, in shadegrad's layout."""
    for network, module in networks.items():
        for name, parameter in module.named_parameters():
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            yield summarise(weight_from_torch(gradient) if gradient.dim() == 4 else gradient, f"{network}.{name}")


def train(dtype, mode):
    run = CycleGAN(dtype, mode)
    losses = [run.step(0)]
    first = {
        "made": [summarise(nchw_to_nhwc(image), name) for name, image in run.made.items()],
        "gradients": list(gradients(run.networks)),
    }
    losses += [run.step(number) for number in range(1, STEPS[mode])]
    return run, losses, first


def make_case(mode):
    double, losses, first = train(torch.float64, mode)
    single_run, single, _ = train(torch.float32, mode)
    spread = {name: max(abs(a[name] - b[name]) / abs(b[name]) for a, b in zip(single, losses)) for name in losses[0]}
    print(f"  {mode}: float32 differs from float64, relative:", {name: f"{value:.1e}" for name, value in spread.items()})
    pools = {}
    for side, pool in double.pools.items():
        kept, kept_single = (torch.stack(each.images).double() for each in (pool, single_run.pools[side]))
        pools[side] = {**summarise(nchw_to_nhwc(kept), f"pool {side}"), "spread": ((kept_single - kept).norm() / kept.norm()).item()}
    return {
        "ganMode": mode, "losses": losses, "spread": spread, **first,
        "draws": {side: pool.draws for side, pool in double.pools.items()},
        "pools": pools,
    }


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def names(module):
    return [name for name, _ in module.named_parameters()]


small = {"generator": ResNet("instance", BLOCKS, NGF, 3, 3), "discriminator": PatchGAN("instance", 3, NDF, 3)}
papers = {"generator": ResNet("instance", 9, 64, 3, 3), "discriminator": PatchGAN("instance", 3, 64, 3)}
write_golden("cyclegan", {
    "options": {"size": SIZE, "ngf": NGF, "ndf": NDF, "blocks": BLOCKS, "poolSize": POOL_SIZE, "lambdaA": LAMBDA_A, "lambdaB": LAMBDA_B, "lambdaIdentity": IDENTITY},
    "batch": BATCH, "seed": SEED, "learningRate": ADAM["lr"],
    "counts": {"small": {role: count(each) for role, each in small.items()}, "papers": {role: count(each) for role, each in papers.items()}},
    "names": {role: names(each) for role, each in small.items()},
    "images": IMAGES, "shares": SHARES, "cases": [make_case(mode) for mode in STEPS],
})
