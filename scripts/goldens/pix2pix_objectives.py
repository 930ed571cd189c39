"""kernels-test/goldens/pix2pix_objectives.json: steps of pix2pix with the adversarial losses of pytorch-CycleGAN-and-pix2pix.

The networks and the step are pix2pix_reference's. A gradient penalty is that of cal_gradient_penalty there: of whole pairs, real and
generated, mixed; it is halved as the rest of the discriminator's loss is. Everything in float64; losses in float32 too: the difference of
the two (`spread`) is what rounding alone does. Then the switches of the paper's ablations: a discriminator that sees the result alone, no
discriminator, another weight of it, and a squared difference in place of the absolute one.
"""

import torch
from torch.nn.functional import l1_loss, mse_loss

from adversarial import OBJECTIVES, PENALTY, gradient_penalty
from common import describe, generate, summarise, weight_from_torch, write_golden
from pix2pix_inputs import describe_batch, fill_parameters, make_batch
from pix2pix_reference import PatchGAN, Trainer, UNet

SIZE, WIDTH, BATCH, BATCHES = 32, 4, 2, 4
STEPS = {"lsgan": 10, "wgangp": 10, "hinge": 3}
IMAGES = [describe_batch(SIZE, BATCH, index) for index in range(BATCHES)]
SHARES = [describe(f"pix2pix/shares {step}", [BATCH, 1, 1, 1], 0.5, 0.5) for step in range(STEPS["wgangp"])]


# Options as ours are called, without those that are the paper's.
SWITCHES = [
    {"ganMode": "lsgan", "conditional": False},
    {"ganMode": "vanilla", "lambdaGan": 0},
    {"ganMode": "lsgan", "lambdaGan": 0.25, "reconstruction": "l2"},
]
RECONSTRUCTIONS = {"l1": ("generatorL1", l1_loss), "l2": ("generatorL2", mse_loss)}


def step(trainer, options, number, dtype):
    source, target = make_batch(IMAGES[number % BATCHES], dtype)
    mode, weight = options["ganMode"], options.get("lambdaGan", 1)
    objective, judge = OBJECTIVES[mode], trainer.discriminator
    pair = (lambda image: torch.cat([source, image], 1)) if options.get("conditional", True) else (lambda image: image)
    name, distance = RECONSTRUCTIONS[options.get("reconstruction", "l1")]
    fake = trainer.generator(source)
    losses = teach(trainer, objective, mode, number, pair(fake.detach()), pair(target), dtype) if weight else {}

    judge.requires_grad_(False)
    trainer.generator_optimizer.zero_grad()
    losses[name] = distance(fake, target)
    loss = trainer.l1_weight * losses[name]
    if weight:
        losses["generatorGan"] = objective["generator"](judge(pair(fake)))
        loss = weight * losses["generatorGan"] + loss
    loss.backward()
    trainer.generator_optimizer.step()
    return {name: each.item() for name, each in losses.items()}


def teach(trainer, objective, mode, number, fake_pair, real_pair, dtype):
    judge = trainer.discriminator
    judge.requires_grad_(True)
    trainer.discriminator_optimizer.zero_grad()
    losses = {"discriminatorFake": objective["fake"](judge(fake_pair)), "discriminatorReal": objective["real"](judge(real_pair))}
    loss = 0.5 * (losses["discriminatorFake"] + losses["discriminatorReal"])
    if PENALTY[mode]:
        losses["penalty"] = gradient_penalty(judge, real_pair, fake_pair, generate(SHARES[number], dtype))
        loss = loss + 0.5 * PENALTY[mode] * losses["penalty"]
    loss.backward()
    trainer.discriminator_optimizer.step()
    return losses


def gradients(trainer):
    for network, module in (("generator", trainer.generator), ("discriminator", trainer.discriminator)):
        for name, parameter in module.named_parameters():
            if parameter.grad is None:
                continue
            yield summarise(weight_from_torch(parameter.grad) if parameter.dim() == 4 else parameter.grad, f"{network}.{name}")


def train(dtype, options, steps):
    judge = PatchGAN(WIDTH, channels=6 if options.get("conditional", True) else 3)
    trainer = Trainer(fill_parameters("G", UNet(SIZE, WIDTH).to(dtype)), fill_parameters("D", judge.to(dtype)))
    losses = [step(trainer, options, 0, dtype)]
    first = list(gradients(trainer))
    return losses + [step(trainer, options, number, dtype) for number in range(1, steps)], first


def make_case(options, steps):
    losses, first = train(torch.float64, options, steps)
    single, _ = train(torch.float32, options, steps)
    spread = {name: max(abs(a[name] - b[name]) / abs(b[name]) for a, b in zip(single, losses)) for name in losses[0]}
    print(f"  {options}: float32 differs from float64, relative:", {name: f"{value:.1e}" for name, value in spread.items()})
    return {**options, "losses": losses, "spread": spread, "gradients": first}


write_golden("pix2pix_objectives", {
    "options": {"size": SIZE, "ngf": WIDTH, "ndf": WIDTH}, "batch": BATCH,
    "images": IMAGES, "shares": SHARES, "cases": [
        *(make_case({"ganMode": mode}, steps) for mode, steps in STEPS.items()), *(make_case(options, 3) for options in SWITCHES),
    ],
})
