"""kernels-test/goldens/batch_norm.json: training, running statistics, evaluation, all gradients.

`evaluation*` use the running statistics given as inputs, not the updated ones. PyTorch refuses
to train on one value a channel; there the batch variance is 0, so the output is the shift, the
gradients of input and scale are 0, and no unbiased variance exists to update running ones with:
that case has no `runningMean` and no `runningVariance`.
"""

import torch
import torch.nn.functional as functional

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, write_golden

EPSILON = 1e-5
MOMENTUM = 0.1
# name, (N, H, W, C), input scale, input offset
CASES = [
    ("batch 4", (4, 3, 3, 7), 1.0, 0.0),
    ("31 pixels", (1, 31, 31, 6), 2.0, 0.5),
    ("one pixel, batch 2", (2, 1, 1, 8), 1.0, 0.0),
    ("mean far from zero", (2, 9, 9, 4), 1.0, 100.0),
    ("variance near epsilon", (1, 4, 4, 8), 0.01, 0.0),
    ("one value a channel", (1, 1, 1, 8), 1.0, 0.0),
]


def make_case(name, shape, scale, offset):
    channels = shape[3]
    prefix = f"batch_norm/{name}/"
    inputs = {
        "input": describe(prefix + "input", shape, scale, offset),
        "weight": describe(prefix + "weight", [channels], 0.5, 1.0),
        "bias": describe(prefix + "bias", [channels], 0.5),
        "runningMean": describe(prefix + "runningMean", [channels], 0.3, offset),
        "runningVariance": describe(prefix + "runningVariance", [channels], 0.5, 1.0),
        "outputGradient": describe(prefix + "outputGradient", shape),
    }
    x = nhwc_to_nchw(generate(inputs["input"])).requires_grad_()
    weight = generate(inputs["weight"]).requires_grad_()
    bias = generate(inputs["bias"]).requires_grad_()
    running_mean = generate(inputs["runningMean"])
    running_variance = generate(inputs["runningVariance"])
    output_gradient = nhwc_to_nchw(generate(inputs["outputGradient"]))
    expected = {}

    evaluated = functional.batch_norm(x, running_mean, running_variance, weight, bias, False, MOMENTUM, EPSILON)
    gradients = torch.autograd.grad(evaluated, (x, weight, bias), output_gradient)
    expected["evaluationOutput"] = store(nchw_to_nhwc(evaluated))
    expected["evaluationInputGradient"] = store(nchw_to_nhwc(gradients[0]))
    expected["evaluationWeightGradient"] = store(gradients[1])
    expected["evaluationBiasGradient"] = store(gradients[2])

    expected["batchMean"] = store(x.mean(dim=(0, 2, 3)))
    expected["batchVariance"] = store(x.var(dim=(0, 2, 3), unbiased=False))
    if shape[0] * shape[1] * shape[2] == 1:
        output = bias.reshape(1, channels, 1, 1)
        gradients = (torch.zeros_like(x), torch.zeros_like(weight), output_gradient.reshape(channels))
    else:
        output = functional.batch_norm(x, running_mean, running_variance, weight, bias, True, MOMENTUM, EPSILON)
        gradients = torch.autograd.grad(output, (x, weight, bias), output_gradient)
        expected["runningMean"] = store(running_mean)
        expected["runningVariance"] = store(running_variance)
    expected["output"] = store(nchw_to_nhwc(output))
    expected["inputGradient"] = store(nchw_to_nhwc(gradients[0]))
    expected["weightGradient"] = store(gradients[1])
    expected["biasGradient"] = store(gradients[2])
    return {"name": name, "inputs": inputs, "expected": expected}


write_golden("batch_norm", {
    "epsilon": EPSILON, "momentum": MOMENTUM, "cases": [make_case(*case) for case in CASES],
})
