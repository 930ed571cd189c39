"""The whole-model goldens: pix2pix_outputs.json, pix2pix_gradients.json and pix2pix_training.json.

No dropout anywhere; batch norm uses the batch's statistics (training mode) unless a field says
`evaluation`. Everything is computed in float64; where float32 PyTorch is stored beside it, the
difference of the two is what rounding alone does to this model.
"""

import torch

from common import nchw_to_nhwc, store, summarise, weight_from_torch, write_golden
from pix2pix_inputs import describe_batch, fill_parameters, make_batch
from pix2pix_reference import PatchGAN, Trainer, UNet

SIZE = 32
WIDTH = 8
BATCH = 2
STEPS = 25
BATCHES = 4


def make_networks(size, ngf, ndf, dtype):
    return (fill_parameters("G", UNet(size, ngf).to(dtype)), fill_parameters("D", PatchGAN(ndf).to(dtype)))


def make_trainer(dtype):
    return Trainer(*make_networks(SIZE, WIDTH, WIDTH, dtype))


def outputs_case(size, ngf, ndf, batch, full):
    """G's output, then D's logits on the real pair and on the generated one."""
    generator, discriminator = make_networks(size, ngf, ndf, torch.float64)
    description = describe_batch(size, batch, 0)
    source, target = make_batch(description, torch.float64)
    with torch.no_grad():
        fake = generator(source)
        real_logits = discriminator(torch.cat([source, target], 1))
        fake_logits = discriminator(torch.cat([source, fake], 1))
        evaluated = generator.eval()(source)
    keep = (lambda tensor, name: store(nchw_to_nhwc(tensor))) if full else (
        lambda tensor, name: summarise(nchw_to_nhwc(tensor), f"size{size}/{name}"))
    return {
        "size": size, "ngf": ngf, "ndf": ndf, "batch": batch, "inputs": description,
        "expected": {
            "generated": keep(fake, "generated"),
            "realLogits": keep(real_logits, "realLogits"),
            "fakeLogits": keep(fake_logits, "fakeLogits"),
            "evaluationGenerated": summarise(nchw_to_nhwc(evaluated), f"size{size}/evaluationGenerated"),
        },
    }


def gradients(network, module):
    """Every parameter's gradient, in shadegrad's layout."""
    return {
        f"{network}.{name}": weight_from_torch(parameter.grad) if parameter.dim() == 4 else parameter.grad.clone()
        for name, parameter in module.named_parameters()
    }


def step_one(dtype):
    """The gradients that the first training step makes, and G's through a D that was not updated."""
    description = describe_batch(SIZE, BATCH, 0)
    source, target = make_batch(description, dtype)
    trainer = make_trainer(dtype)
    trainer.step(source, target)
    result = {
        "discriminator": gradients("D", trainer.discriminator),
        "generator": gradients("G", trainer.generator),
    }
    trainer = make_trainer(dtype)
    gan_loss, l1_loss = trainer.generator_losses(source, target, trainer.generator(source))
    (gan_loss + l1_loss * trainer.l1_weight).backward()
    result["generatorThroughInitialDiscriminator"] = gradients("G", trainer.generator)
    return description, result


def write_gradients():
    description, double = step_one(torch.float64)
    _, single = step_one(torch.float32)
    content = {"size": SIZE, "ngf": WIDTH, "ndf": WIDTH, "batch": BATCH, "inputs": description}
    for group, tensors in double.items():
        content[group] = []
        for name, tensor in tensors.items():
            difference = ((single[group][name].double() - tensor).norm() / tensor.norm()).item()
            content[group].append({**summarise(tensor, name), "float32RelativeDifference": difference})
        worst = max(content[group], key=lambda entry: entry["float32RelativeDifference"])
        print(f"  {group}: float32 differs most in {worst['name']}: {worst['float32RelativeDifference']:.2e} relative")
    write_golden("pix2pix_gradients", content)


def train(dtype):
    batches = [make_batch(describe_batch(SIZE, BATCH, index), dtype) for index in range(BATCHES)]
    trainer = make_trainer(dtype)
    losses = [trainer.step(*batches[step % BATCHES]) for step in range(STEPS)]
    with torch.no_grad():
        generated = nchw_to_nhwc(trainer.generator(batches[0][0]))
    return losses, generated


def write_training():
    double, generated = train(torch.float64)
    single, generated_single = train(torch.float32)
    drift = {
        name: max(abs(a[name] - b[name]) / abs(b[name]) for a, b in zip(single, double)) for name in double[0]
    }
    print("  drift of float32 from float64, relative:", {name: f"{value:.2e}" for name, value in drift.items()})
    print("  generated after training, largest difference:", (generated_single.double() - generated).abs().max().item())
    write_golden("pix2pix_training", {
        "size": SIZE, "ngf": WIDTH, "ndf": WIDTH, "batch": BATCH, "steps": STEPS,
        "adam": {"learningRate": 2e-4, "betas": [0.5, 0.999], "epsilon": 1e-8}, "l1Weight": 100,
        "inputs": [describe_batch(SIZE, BATCH, index) for index in range(BATCHES)],
        "losses": double, "lossesFloat32": single, "drift": drift,
        "generatedAfterTraining": summarise(generated, "generatedAfterTraining"),
    }, computed_in="float64, and float32 where named so")


write_golden("pix2pix_outputs", {"cases": [
    outputs_case(32, 8, 8, 2, full=True),
    outputs_case(64, 8, 8, 1, full=True),
    outputs_case(256, 16, 16, 1, full=False),
]})
write_gradients()
write_training()
