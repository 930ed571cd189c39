"""kernels-test/goldens/stargan_both.json: steps of StarGAN on two labelled sets at once, as the authors' program (yunjey/stargan,
solver.py, train_multi) takes them.

The networks are as small as those of stargan.py, whose formula fills them. The generator is told [attributes of the first set | classes of the
second | which of the two]; what is not known of an image is zero. The discriminator finds attributes and classes, and learns those of the set
that the images are of: a summed binary cross-entropy, or a cross-entropy. An iteration takes a step of the first set and one of the second; in
every n_critic-th the generator learns in both. Everything in float64, losses in float32 too (`spread`).
"""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, l1_loss, one_hot

from adversarial import gradient_penalty
from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, summarise, write_golden
from gan_models import StarGANDiscriminator, StarGANGenerator
from stargan import (
    ADAM, BATCH, BLOCKS, LAMBDA_CLS, LAMBDA_GP, LAMBDA_REC, LAYERS, NDF, NGF, ORDERS, SHARES, SIZE, count, fill, gradients,
    parameter_descriptions, with_labels,
)

ATTRIBUTES, CLASSES, N_CRITIC, ROUNDS, BATCHES = 3, 2, 2, 5, 2
IMAGES = [[describe(f"stargan/both {kind} {batch}", [BATCH, SIZE, SIZE, 3]) for batch in range(BATCHES)] for kind in range(2)]
# Of each batch of the first set rows of attributes, of the second the numbers of classes.
LABELS = [[[[1, 0, 1], [0, 1, 0], [0, 0, 1], [1, 0, 0]], [[0, 1, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0]]], [[0, 1, 1, 0], [1, 0, 0, 0]]]


def build():
    return {
        "generator": StarGANGenerator(3, ATTRIBUTES + CLASSES + 2, NGF, BLOCKS),
        "discriminator": StarGANDiscriminator(SIZE, 3, ATTRIBUTES + CLASSES, NDF, LAYERS),
    }


def told(kind, labels, dtype):
    """What the generator is told of a batch."""
    mask = one_hot(torch.full([BATCH], kind), 2).to(dtype)
    if kind == 0:
        return torch.cat([torch.tensor(labels, dtype=dtype), torch.zeros(BATCH, CLASSES, dtype=dtype), mask], dim=1)
    return torch.cat([torch.zeros(BATCH, ATTRIBUTES, dtype=dtype), one_hot(torch.tensor(labels), CLASSES).to(dtype), mask], dim=1)


def label_loss(kind, logits, labels):
    if kind == 0:
        wanted = torch.as_tensor(labels, dtype=logits.dtype)
        return binary_cross_entropy_with_logits(logits[:, :ATTRIBUTES], wanted, reduction="sum") / logits.size(0)
    return cross_entropy(logits[:, ATTRIBUTES:], torch.as_tensor(labels))


class Both:
    def __init__(self, dtype):
        self.dtype = dtype
        self.networks = {name: fill(module.to(dtype), name) for name, module in build().items()}
        self.optimizers = {name: torch.optim.Adam(module.parameters(), **ADAM) for name, module in self.networks.items()}

    def step(self, round_, kind):
        number, batch = 2 * round_ + kind, round_ % BATCHES
        real = nhwc_to_nchw(generate(IMAGES[kind][batch], self.dtype))
        order, labels = ORDERS[number], LABELS[kind][batch]
        wanted_labels = [labels[image] for image in order]
        own, wanted = told(kind, labels, self.dtype), told(kind, wanted_labels, self.dtype)
        shares = generate(SHARES[number], self.dtype)
        generator, judge = self.networks["generator"], self.networks["discriminator"]

        on_real, classes = judge(real)
        made = generator(with_labels(real, wanted))
        losses = {
            "discriminatorReal": -on_real.mean(), "discriminatorFake": judge(made.detach())[0].mean(),
            "discriminatorLabels": label_loss(kind, classes, labels),
            "penalty": gradient_penalty(lambda x: judge(x)[0], real, made.detach(), shares),
        }
        self.optimizers["discriminator"].zero_grad()
        judged = losses["discriminatorReal"] + losses["discriminatorFake"]
        (judged + LAMBDA_CLS * losses["discriminatorLabels"] + LAMBDA_GP * losses["penalty"]).backward()
        self.gradients = list(gradients(judge, "discriminator"))
        self.optimizers["discriminator"].step()

        if (round_ + 1) % N_CRITIC == 0:
            made = generator(with_labels(real, wanted))
            on_made, classes = judge(made)
            again = generator(with_labels(made, own))
            losses["generatorFake"] = -on_made.mean()
            losses["generatorLabels"] = label_loss(kind, classes, wanted_labels)
            losses["reconstruction"] = l1_loss(again, real)
            self.optimizers["generator"].zero_grad()
            (losses["generatorFake"] + LAMBDA_CLS * losses["generatorLabels"] + LAMBDA_REC * losses["reconstruction"]).backward()
            self.gradients += gradients(generator, "generator")
            self.optimizers["generator"].step()
            self.made = {"made": made, "again": again}
        return {name: loss.item() for name, loss in losses.items()}


def train(dtype):
    run = Both(dtype)
    losses, first = [], []
    for round_ in range(ROUNDS):
        for kind in range(2):
            losses.append(run.step(round_, kind))
            # Of the first step of each set in which both networks learn.
            if round_ + 1 == N_CRITIC:
                made = [summarise(nchw_to_nhwc(image), name) for name, image in run.made.items()]
                first.append({"made": made, "gradients": run.gradients})
    return losses, first


double, first = train(torch.float64)
single, _ = train(torch.float32)
spread = {
    name: max(abs(a[name] - b[name]) / abs(b[name]) for a, b in zip(single, double) if name in b) for name in double[2 * N_CRITIC - 1]
}
print("  float32 differs from float64, relative:", {name: f"{value:.1e}" for name, value in spread.items()})
write_golden("stargan_both", {
    "options": {
        "size": SIZE, "ngf": NGF, "ndf": NDF, "blocks": BLOCKS, "layers": LAYERS,
        "lambdaCls": LAMBDA_CLS, "lambdaRec": LAMBDA_REC, "lambdaGp": LAMBDA_GP, "nCritic": N_CRITIC,
    },
    "batch": BATCH, "learningRate": ADAM["lr"], "attributes": ATTRIBUTES, "classes": CLASSES,
    "counts": {
        "small": {name: count(module) for name, module in build().items()},
        "papers": {
            "generator": count(StarGANGenerator(3, 5 + 8 + 2, 64, 6)), "discriminator": count(StarGANDiscriminator(256, 3, 5 + 8, 64, 6)),
        },
    },
    "parameters": {name: dict(parameter_descriptions(module, name)) for name, module in build().items()},
    "images": IMAGES, "labels": LABELS, "shares": SHARES, "orders": ORDERS,
    "first": first, "losses": double, "spread": spread,
})
