"""kernels-test/goldens/stargan.json: steps of StarGAN as the authors' program (yunjey/stargan, solver.py) takes them.

Small networks, with the weights, images, mixtures and orders of labels of the formula: the discriminator learns in every step, the generator
in every n_critic-th from the discriminator as it is then. Of attributes the loss of the labels is summed and divided by the batch; of classes
it is the mean. Everything in float64; losses in float32 too: the difference of the two (`spread`) is what rounding alone does. The gradient
penalty is there by itself, too, and is held to its closed form here.
"""

import math

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, conv2d, conv_transpose2d, cross_entropy, l1_loss, leaky_relu

from adversarial import gradient_penalty
from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, summarise, weight_from_torch, weight_to_torch, write_golden
from gan_models import StarGANDiscriminator, StarGANGenerator

SIZE, NGF, NDF, BLOCKS, LAYERS, LABELS, BATCH, BATCHES = 16, 4, 4, 1, 3, 3, 4, 3
# Three weights, so that none can be taken for another.
LAMBDA_CLS, LAMBDA_REC, LAMBDA_GP = 1.5, 7.0, 10.0
ADAM = {"lr": 1e-4, "betas": (0.5, 0.999), "eps": 1e-8}
STEPS = 10
CASES = [{"labelLoss": "attributes", "nCritic": 2}, {"labelLoss": "classes", "nCritic": 1}]
IMAGES = [describe(f"stargan/images {index}", [BATCH, SIZE, SIZE, 3]) for index in range(BATCHES)]
SHARES = [describe(f"stargan/shares {step}", [BATCH, 1, 1, 1], 0.5, 0.5) for step in range(STEPS)]
# For each image the one of the batch whose labels it is to get.
ORDERS = [[(step + 1 + image * (3 if step % 2 else 1)) % BATCH for image in range(BATCH)] for step in range(STEPS)]
CLASSES = [[0, 2, 1, 1], [2, 0, 0, 1], [1, 2, 2, 0]]


def labels_of(batch, kind):
    if kind == "classes":
        return [[float(each == label) for label in range(LABELS)] for each in CLASSES[batch]]
    return [[float((each >> bit) & 1) for bit in range(LABELS)] for each in (3 * batch + 5 * image for image in range(BATCH))]


def parameter_descriptions(module, network):
    for name, parameter in module.named_parameters():
        shape = list(parameter.shape)
        if len(shape) == 4:
            # Signals neither grow nor vanish on their way: the losses are numbers like those of a training.
            fan_in = shape[1] * shape[2] * shape[3]
            yield name, describe(f"stargan/{network}.{name}", [shape[2], shape[3], shape[1], shape[0]], round(math.sqrt(6 / fan_in), 4))
        else:
            yield name, describe(f"stargan/{network}.{name}", shape, 0.05, 1.0 if network == "generator" and name.endswith("weight") else 0.0)


def fill(module, network):
    with torch.no_grad():
        parameters = dict(module.named_parameters())
        for name, description in parameter_descriptions(module, network):
            data = generate(description, parameters[name].dtype)
            parameters[name].copy_(weight_to_torch(data) if data.dim() == 4 else data)
    return module


def build():
    return {
        "generator": StarGANGenerator(3, LABELS, NGF, BLOCKS),
        "discriminator": StarGANDiscriminator(SIZE, 3, LABELS, NDF, LAYERS),
    }


def with_labels(images, labels):
    return torch.cat([images, labels[:, :, None, None].expand(-1, -1, *images.shape[2:])], dim=1)


def gradients(module, network):
    """Every parameter's gradient, in shadegrad's layout."""
    for name, parameter in module.named_parameters():
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        yield summarise(weight_from_torch(gradient) if gradient.dim() == 4 else gradient, f"{network}.{name}")


class StarGAN:
    def __init__(self, dtype, case):
        self.dtype, self.case = dtype, case
        self.networks = {name: fill(module.to(dtype), name) for name, module in build().items()}
        self.optimizers = {name: torch.optim.Adam(module.parameters(), **ADAM) for name, module in self.networks.items()}

    def label_loss(self, logits, labels):
        if self.case["labelLoss"] == "classes":
            return cross_entropy(logits, labels.argmax(1))
        return binary_cross_entropy_with_logits(logits, labels, reduction="sum") / logits.size(0)

    def step(self, number):
        batch = number % BATCHES
        real = nhwc_to_nchw(generate(IMAGES[batch], self.dtype))
        own = torch.tensor(labels_of(batch, self.case["labelLoss"]), dtype=self.dtype)
        wanted = own[ORDERS[number]]
        shares = generate(SHARES[number], self.dtype)
        generator, judge = self.networks["generator"], self.networks["discriminator"]

        on_real, classes = judge(real)
        made = generator(with_labels(real, wanted))
        losses = {
            "discriminatorReal": -on_real.mean(), "discriminatorFake": judge(made.detach())[0].mean(),
            "discriminatorLabels": self.label_loss(classes, own),
            "penalty": gradient_penalty(lambda x: judge(x)[0], real, made.detach(), shares),
        }
        self.optimizers["discriminator"].zero_grad()
        judged = losses["discriminatorReal"] + losses["discriminatorFake"]
        (judged + LAMBDA_CLS * losses["discriminatorLabels"] + LAMBDA_GP * losses["penalty"]).backward()
        self.gradients = list(gradients(judge, "discriminator"))
        self.optimizers["discriminator"].step()

        if (number + 1) % self.case["nCritic"] == 0:
            made = generator(with_labels(real, wanted))
            on_made, classes = judge(made)
            again = generator(with_labels(made, own))
            losses["generatorFake"] = -on_made.mean()
            losses["generatorLabels"] = self.label_loss(classes, wanted)
            losses["reconstruction"] = l1_loss(again, real)
            self.optimizers["generator"].zero_grad()
            (losses["generatorFake"] + LAMBDA_CLS * losses["generatorLabels"] + LAMBDA_REC * losses["reconstruction"]).backward()
            self.gradients += gradients(generator, "generator")
            self.optimizers["generator"].step()
            self.made = {"made": made, "again": again}
        return {name: loss.item() for name, loss in losses.items()}


def train(dtype, case):
    run = StarGAN(dtype, case)
    losses, first = [], None
    for number in range(STEPS):
        losses.append(run.step(number))
        # Of the first step in which both networks learn.
        if number + 1 == case["nCritic"]:
            first = {"made": [summarise(nchw_to_nhwc(image), name) for name, image in run.made.items()], "gradients": run.gradients}
    return losses, first


def make_case(case):
    double, first = train(torch.float64, case)
    single, _ = train(torch.float32, case)
    pairs = [(a, b) for a, b in zip(single, double)]
    spread = {name: max(abs(a[name] - b[name]) / abs(b[name]) for a, b in pairs if name in b) for name in double[case["nCritic"] - 1]}
    print(f"  {case}: float32 differs from float64, relative:", {name: f"{value:.1e}" for name, value in spread.items()})
    labels = [labels_of(batch, case["labelLoss"]) for batch in range(BATCHES)]
    return {**case, "labels": labels, "losses": double, "spread": spread, **first}


def closed_form(judge, mixed):
    """The penalty and its gradients by weights, without differentiating anything: the slope is linear in each weight, between the kinks."""
    convolutions = [judge.main[2 * layer] for layer in range(LAYERS)]
    passed, x = [], mixed
    for each in convolutions:
        a = conv2d(x, each.weight, each.bias, stride=2, padding=1)
        passed.append(torch.where(a > 0, torch.ones_like(a), torch.full_like(a, 0.01)))
        x = leaky_relu(a, 0.01)
    seed = torch.ones_like(judge.conv1(x))
    slope, kept = conv_transpose2d(seed, judge.conv1.weight, padding=1), []
    for each, mask in zip(reversed(convolutions), reversed(passed)):
        kept.insert(0, mask * slope)
        slope = conv_transpose2d(kept[0], each.weight, stride=2, padding=1)
    lengths = slope.flatten(1).norm(dim=1)
    tangent = (2 / BATCH * (lengths - 1) / lengths)[:, None, None, None] * slope
    by_weight = {}
    for layer, (each, mask, e) in enumerate(zip(convolutions, passed, kept)):
        by_weight[f"main.{2 * layer}.weight"] = torch.nn.grad.conv2d_weight(tangent, each.weight.shape, e, stride=2, padding=1)
        tangent = mask * conv2d(tangent, each.weight, stride=2, padding=1)
    by_weight["conv1.weight"] = torch.nn.grad.conv2d_weight(tangent, judge.conv1.weight.shape, seed, padding=1)
    return ((lengths - 1) ** 2).mean(), by_weight


def penalty_alone():
    judge = fill(build()["discriminator"].double(), "discriminator")
    real, fake = (nhwc_to_nchw(generate(image)) for image in IMAGES[:2])
    shares = generate(SHARES[0])
    penalty = gradient_penalty(lambda x: judge(x)[0], real, fake, shares)
    penalty.backward()
    with torch.no_grad():
        value, by_weight = closed_form(judge, shares * real + (1 - shares) * fake)
    assert abs(value.item() - penalty.item()) < 1e-12
    for name, parameter in judge.named_parameters():
        expected = by_weight.get(name, torch.zeros_like(parameter))
        found = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        assert (found - expected).abs().max() < 1e-12, name
    return {"value": penalty.item(), "gradients": list(gradients(judge, "discriminator"))}


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


if __name__ == "__main__":
    write_golden("stargan", {
        "options": {
            "size": SIZE, "ngf": NGF, "ndf": NDF, "blocks": BLOCKS, "layers": LAYERS,
            "lambdaCls": LAMBDA_CLS, "lambdaRec": LAMBDA_REC, "lambdaGp": LAMBDA_GP,
        },
        "batch": BATCH, "labelCount": LABELS, "learningRate": ADAM["lr"],
        "counts": {
            "small": {name: count(module) for name, module in build().items()},
            "papers": {"generator": count(StarGANGenerator(3, 5, 64, 6)), "discriminator": count(StarGANDiscriminator(128, 3, 5, 64, 6))},
        },
        "parameters": {name: dict(parameter_descriptions(module, name)) for name, module in build().items()},
        "images": IMAGES, "shares": SHARES, "orders": ORDERS,
        "penalty": penalty_alone(),
        "cases": [make_case(case) for case in CASES],
    })
