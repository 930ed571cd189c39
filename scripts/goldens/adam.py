"""kernels-test/goldens/adam.json: five steps with given gradients; parameters and moments after each.

The gradients are uniform, except that the last ones (`smallGradients.from` on) are multiplied by
`smallGradients.factor`: they come near epsilon, where its place in the formula shows.
"""

import torch

from common import describe, generate, store, write_golden

LENGTH = 67
SMALL_FROM = 48
SMALL_FACTOR = 2.0 ** -20  # a power of two: exact in float32
STEPS = 5
CASES = [
    ("pix2pix", {"betas": [0.5, 0.999], "epsilon": 1e-8}, [2e-4] * STEPS),
    ("torch defaults", {"betas": [0.9, 0.999], "epsilon": 1e-8}, [1e-3] * STEPS),
    ("falling rate", {"betas": [0.5, 0.999], "epsilon": 1e-8}, [2e-4, 2e-4, 1.5e-4, 5e-5, 0.0]),
]


def make_case(name, options, rates):
    parameters = describe(f"adam/{name}/parameters", [LENGTH], 0.1)
    gradients = [describe(f"adam/{name}/gradient{step}", [LENGTH], 0.5) for step in range(STEPS)]
    tensor = generate(parameters).requires_grad_()
    optimizer = torch.optim.Adam([tensor], lr=rates[0], betas=tuple(options["betas"]), eps=options["epsilon"])
    steps = []
    for rate, gradient in zip(rates, gradients):
        optimizer.param_groups[0]["lr"] = rate
        tensor.grad = generate(gradient)
        tensor.grad[SMALL_FROM:] *= SMALL_FACTOR
        optimizer.step()
        state = optimizer.state[tensor]
        steps.append({
            "parameters": store(tensor), "firstMoment": store(state["exp_avg"]), "secondMoment": store(state["exp_avg_sq"]),
        })
    return {
        "name": name, **options, "learningRates": rates,
        "inputs": {"parameters": parameters, "gradients": gradients}, "expected": {"steps": steps},
    }


write_golden("adam", {
    "smallGradients": {"from": SMALL_FROM, "factor": SMALL_FACTOR}, "cases": [make_case(*case) for case in CASES],
})
