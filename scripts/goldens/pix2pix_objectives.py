"""kernels-test/goldens/pix2pix_objectives.json: steps of pix2pix with the adversarial losses of pytorch-CycleGAN-and-pix2pix.

The networks and the step are pix2pix_reference's. A gradient penalty is that of cal_gradient_penalty there: of whole pairs, real and
generated, mixed; it is halved as the rest of the discriminator's loss is. Everything in float64; losses in float32 too: the difference of
the two (`spread`) is what rounding alone does.
"""

import torch
from torch.nn.functional import l1_loss

from adversarial import OBJECTIVES, PENALTY, gradient_penalty
from common import describe, generate, summarise, weight_from_torch, write_golden
from pix2pix_inputs import describe_batch, fill_parameters, make_batch
from pix2pix_reference import PatchGAN, Trainer, UNet

SIZE, WIDTH, BATCH, BATCHES = 32, 4, 2, 4
STEPS = {"lsgan": 10, "wgangp": 10, "hinge": 3}
IMAGES = [describe_batch(SIZE, BATCH, index) for index in range(BATCHES)]
SHARES = [describe(f"pix2pix/shares {step}", [BATCH, 1, 1, 1], 0.5, 0.5) for step in range(STEPS["wgangp"])]


def step(trainer, mode, number, dtype):
    source, target = make_batch(IMAGES[number % BATCHES], dtype)
    objective, judge = OBJECTIVES[mode], trainer.discriminator
    fake = trainer.generator(source)
    judge.requires_grad_(True)
    trainer.discriminator_optimizer.zero_grad()
    fake_pair, real_pair = (torch.cat([source, image], 1) for image in (fake.detach(), target))
    losses = {"discriminatorFake": objective["fake"](judge(fake_pair)), "discriminatorReal": objective["real"](judge(real_pair))}
    loss = 0.5 * (losses["discriminatorFake"] + losses["discriminatorReal"])
    if PENALTY[mode]:
        losses["penalty"] = gradient_penalty(judge, real_pair, fake_pair, generate(SHARES[number], dtype))
        loss = loss + 0.5 * PENALTY[mode] * losses["penalty"]
    loss.backward()
    trainer.discriminator_optimizer.step()

    judge.requires_grad_(False)
    trainer.generator_optimizer.zero_grad()
    losses["generatorGan"] = objective["generator"](judge(torch.cat([source, fake], 1)))
    losses["generatorL1"] = l1_loss(fake, target)
    (losses["generatorGan"] + trainer.l1_weight * losses["generatorL1"]).backward()
    trainer.generator_optimizer.step()
    return {name: each.item() for name, each in losses.items()}


def gradients(trainer):
    for network, module in (("generator", trainer.generator), ("discriminator", trainer.discriminator)):
        for name, parameter in module.named_parameters():
            yield summarise(weight_from_torch(parameter.grad) if parameter.dim() == 4 else parameter.grad, f"{network}.{name}")


def train(dtype, mode):
    trainer = Trainer(fill_parameters("G", UNet(SIZE, WIDTH).to(dtype)), fill_parameters("D", PatchGAN(WIDTH).to(dtype)))
    losses = [step(trainer, mode, 0, dtype)]
    first = list(gradients(trainer))
    return losses + [step(trainer, mode, number, dtype) for number in range(1, STEPS[mode])], first


def make_case(mode):
    losses, first = train(torch.float64, mode)
    single, _ = train(torch.float32, mode)
    spread = {name: max(abs(a[name] - b[name]) / abs(b[name]) for a, b in zip(single, losses)) for name in losses[0]}
    print(f"  {mode}: float32 differs from float64, relative:", {name: f"{value:.1e}" for name, value in spread.items()})
    return {"ganMode": mode, "losses": losses, "spread": spread, "gradients": first}


write_golden("pix2pix_objectives", {
    "options": {"size": SIZE, "ngf": WIDTH, "ndf": WIDTH}, "batch": BATCH,
    "images": IMAGES, "shares": SHARES, "cases": [make_case(mode) for mode in STEPS],
})
