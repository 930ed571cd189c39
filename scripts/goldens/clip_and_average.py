"""kernels-test/goldens/clip_and_average.json: gradients clipped by norm and by value; moving averages of weights.

Norms that are not finite come as text.
"""

import torch

from common import describe, generate, store, write_golden

SIZES = [70, 5, 33]
DECAY = 0.9


def gradients_of(name, scale):
    return [describe(f"clip/{name}/{index}", [size], scale) for index, size in enumerate(SIZES)]


def leaves(described, special):
    tensors = []
    for each in described:
        tensor = torch.zeros(each["shape"], requires_grad=True)
        tensor.grad = generate(each, torch.float32)
        tensors.append(tensor)
    for index, at, value in special:
        tensors[index].grad[at] = float(value)
    return tensors


def joined(tensors):
    return torch.cat([tensor.grad for tensor in tensors])


def norm_case(name, scale, max_norm, special=()):
    described = gradients_of(name, scale)
    tensors = leaves(described, special)
    norm = torch.nn.utils.clip_grad_norm_(tensors, max_norm)
    finite = bool(torch.isfinite(norm))
    return {"name": name, "maxNorm": max_norm, "gradients": described, "special": special,
            "norm": norm.item() if finite else str(norm.item()), "clipped": store(joined(tensors))}


def value_case(name, scale, value, special=()):
    described = gradients_of(name, scale)
    tensors = leaves(described, special)
    torch.nn.utils.clip_grad_value_(tensors, value)
    return {"name": name, "value": value, "gradients": described, "special": special, "clipped": store(joined(tensors))}


def averages():
    module = torch.nn.Linear(7, 3).double()
    weights = [describe(f"average/{step}", [24], 1.0) for step in range(5)]
    averaged = torch.optim.swa_utils.AveragedModel(module, avg_fn=lambda average, p, _: DECAY * average + (1 - DECAY) * p)
    steps = []
    for each in weights:
        flat = generate(each)
        with torch.no_grad():
            module.weight.copy_(flat[:21].reshape(3, 7))
            module.bias.copy_(flat[21:])
        averaged.update_parameters(module)
        steps.append(store(torch.cat([p.detach().reshape(-1) for p in averaged.module.parameters()])))
    return {"decay": DECAY, "weights": weights, "steps": steps}


write_golden("clip_and_average", {
    "sizes": SIZES,
    "norms": [
        norm_case("larger", 3.0, 1.0), norm_case("smaller", 0.01, 1.0), norm_case("zero", 1.0, 0.0),
        norm_case("infinite", 1.0, 1.0, [(1, 2, "inf")]), norm_case("nan", 1.0, 1.0, [(2, 3, "nan")]),
    ],
    "values": [value_case("inside", 0.5, 1.0), value_case("outside", 3.0, 1.0, [(0, 1, "inf"), (0, 2, "-inf"), (1, 0, "nan")]), value_case("nothing", 1.0, 0.0)],
    "average": averages(),
}, computed_in="float32 (averages: float64)")
