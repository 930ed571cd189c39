"""kernels-test/goldens/objectives.json: adversarial losses and their gradients by the logits; gradient penalties of small PatchGANs."""

import torch

from adversarial import OBJECTIVES, gradient_penalty
from common import describe, generate, nhwc_to_nchw, store, summarise, weight_from_torch, write_golden
from network_cases import PatchGAN
from pix2pix_inputs import fill_parameters

# Wide enough for both sides of the hinge's corners and of 0.
LOGITS = describe("objectives/logits", [2, 3, 5, 1], 3.0)
SHAPE = [3, 16, 16, 3]
IMAGES = {name: describe(f"objectives/{name}", SHAPE) for name in ("real", "fake")}
SHARES = describe("objectives/shares", [3, 1, 1, 1], 0.5, 0.5)


def losses():
    for objective, parts in OBJECTIVES.items():
        for part, loss_of in parts.items():
            logits = generate(LOGITS).requires_grad_(True)
            loss = loss_of(logits)
            loss.backward()
            yield {"objective": objective, "part": part, "loss": loss.item(), "gradient": store(logits.grad)}


def penalties():
    for norm in ("instance", "batch", "none"):
        judge = fill_parameters("D", PatchGAN(norm, 2, 3, 3).double())
        images = [nhwc_to_nchw(generate(IMAGES[name])) for name in ("real", "fake")]
        penalty = gradient_penalty(judge, *images, generate(SHARES))
        penalty.backward()
        gradients = [
            summarise(weight_from_torch(each.grad) if each.dim() == 4 else each.grad, name)
            for name, each in judge.named_parameters() if each.grad is not None
        ]
        yield {"norm": norm, "options": {"inChannels": 3, "ndf": 3, "layers": 2, "norm": norm}, "penalty": penalty.item(), "gradients": gradients}


write_golden("objectives", {
    "logits": LOGITS, "losses": list(losses()), "images": IMAGES, "shares": SHARES, "penalties": list(penalties()),
})
