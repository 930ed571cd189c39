"""kernels-test/goldens/multiscale.json: steps of pix2pix with discriminators of several scales and the loss of feature matching, as
pix2pixHD's paper has them: each PatchGAN judges the mean of 3 x 3 pixels at every second pixel of what the one before judges, losses are
summed over the scales, and features are weighted by 4 over the layers, the mean over the scales. The step is pix2pix_objectives'.
"""

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, l1_loss

from adversarial import OBJECTIVES
from common import summarise, weight_from_torch, write_golden
from network_cases import PatchGAN
from pix2pix_inputs import describe_batch, fill_parameters, make_batch
from pix2pix_reference import Trainer, UNet

SIZE, WIDTH, BATCH, LAYERS = 32, 4, 2, 1
IMAGES = [describe_batch(SIZE, BATCH, index) for index in range(2)]


class Multiscale(nn.Module):
    def __init__(self, scales):
        super().__init__()
        for scale in range(scales):
            self.add_module(f"scale{scale}", PatchGAN("batch", LAYERS, WIDTH))

    def forward(self, x):
        """Of each scale what follows every activation, then the logits."""
        made = []
        for scale, network in enumerate(self.children()):
            if scale > 0:
                x = avg_pool2d(x, 3, 2, 1, count_include_pad=False)
            y, outputs = x, []
            for layer in network.model:
                y = layer(y)
                if isinstance(layer, nn.LeakyReLU):
                    outputs.append(y)
            made.append([*outputs, y])
        return made


def step(trainer, options, number, dtype):
    source, target = make_batch(IMAGES[number], dtype)
    objective, judge = OBJECTIVES[options["ganMode"]], trainer.discriminator
    pair = lambda image: torch.cat([source, image], 1)
    total = lambda name, made: sum(objective[name](outputs[-1]) for outputs in made)
    fake = trainer.generator(source)
    judge.requires_grad_(True)
    trainer.discriminator_optimizer.zero_grad()
    losses = {"discriminatorFake": total("fake", judge(pair(fake.detach()))), "discriminatorReal": total("real", judge(pair(target)))}
    (0.5 * (losses["discriminatorFake"] + losses["discriminatorReal"])).backward()
    trainer.discriminator_optimizer.step()

    judge.requires_grad_(False)
    trainer.generator_optimizer.zero_grad()
    made = judge(pair(fake))
    losses["generatorGan"] = total("generator", made)
    losses["generatorL1"] = l1_loss(fake, target)
    loss = losses["generatorGan"] + 100 * losses["generatorL1"]
    if options["lambdaFeat"]:
        real = judge(pair(target))
        losses["generatorFeatures"] = sum(
            4 / (LAYERS + 1) / len(made) * l1_loss(a, b.detach()) for m, r in zip(made, real) for a, b in zip(m[:-1], r[:-1]))
        loss = loss + options["lambdaFeat"] * losses["generatorFeatures"]
    loss.backward()
    trainer.generator_optimizer.step()
    return {name: each.item() for name, each in losses.items()}


def case(options):
    generator, judge = UNet(SIZE, WIDTH).double(), Multiscale(options["discriminators"]).double()
    trainer = Trainer(fill_parameters("G", generator), fill_parameters("D", judge))
    losses = [step(trainer, options, 0, torch.float64)]
    gradients = [
        summarise(weight_from_torch(parameter.grad) if parameter.dim() == 4 else parameter.grad, f"{network}.{name}")
        for network, module in (("generator", generator), ("discriminator", judge)) for name, parameter in module.named_parameters()]
    return {"changes": options, "losses": losses + [step(trainer, options, 1, torch.float64)], "gradients": gradients}


write_golden("multiscale", {
    "options": {"size": SIZE, "ngf": WIDTH, "ndf": WIDTH, "discriminatorLayers": LAYERS}, "batch": BATCH, "images": IMAGES,
    "cases": [case({"ganMode": "lsgan", "discriminators": 3, "lambdaFeat": 10})],
})
