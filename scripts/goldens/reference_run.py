"""kernels-test/goldens/reference_run.json: a training run of PyTorch, saved after some steps, and how it goes on.

The run is pix2pix_reference's, without dropout, in float32; the file is what torch.save makes of both networks and both
optimisers. What follows the save is computed in float64 from the saved numbers, so that only shadegrad's own rounding
is between the two.
"""

import base64
import io

import torch

from common import describe, generate, nhwc_to_nchw, summarise, write_golden
from pix2pix_reference import PatchGAN, Trainer, UNet

SIZE, NGF, NDF = 32, 1, 2
STEPS_BEFORE, STEPS_AFTER = 4, 2
OPTIONS = {"size": SIZE, "ngf": NGF, "ndf": NDF, "lambda": 100.0, "seed": 3, "dropout": False, "learningRate": 2e-4}
STATE = ["generator", "discriminator", "generator_optimizer", "discriminator_optimizer"]

torch.manual_seed(OPTIONS["seed"])
source, target = (describe(f"reference run {name}", [1, SIZE, SIZE, 3]) for name in ("source", "target"))


def images(dtype):
    return (nhwc_to_nchw(generate(each, dtype)) for each in (source, target))


def dcgan(module):
    if isinstance(module, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
        torch.nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, torch.nn.BatchNorm2d):
        torch.nn.init.normal_(module.weight, 1.0, 0.02)


trainer = Trainer(UNet(SIZE, NGF).apply(dcgan), PatchGAN(NDF).apply(dcgan))
for _ in range(STEPS_BEFORE):
    trainer.step(*images(torch.float32))
file = io.BytesIO()
saved = {name: getattr(trainer, name).state_dict() for name in STATE}
torch.save({**saved, "step": STEPS_BEFORE, "epoch": 2, "options": OPTIONS}, file)

later = Trainer(UNet(SIZE, NGF).double(), PatchGAN(NDF).double())
for name in STATE:
    getattr(later, name).load_state_dict(saved[name])
losses = [later.step(*images(torch.float64)) for _ in range(STEPS_AFTER)]

weights = {}
for role in ("generator", "discriminator"):
    after = getattr(later, role).state_dict()
    for name, before in saved[role].items():
        if before.is_floating_point():
            # What two steps changed is compared: the weights themselves hardly differ.
            change = after[name] - before.double()
            change = change.permute(2, 3, 1, 0).contiguous() if change.dim() == 4 else change
            weights[f"{role}.{name}"] = change

write_golden("reference_run", {
    "options": OPTIONS,
    "step": STEPS_BEFORE,
    "epoch": 2,
    "file": base64.b64encode(file.getvalue()).decode("ascii"),
    "source": source,
    "target": target,
    "losses": losses,
    "changes": [summarise(change, name) for name, change in weights.items()],
})
