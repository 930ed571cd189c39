"""kernels-test/goldens/rate_policies.json: the learning rate of each epoch by the policies of pytorch-CycleGAN-and-pix2pix.

`epochs` are all epochs, `epochsDecay` the last of them (n_epochs and n_epochs_decay there: the first ones, and the rest). The plateau case
has a metric for each epoch, of which the schedule hears at its end.
"""

import warnings

import torch
from torch.optim import lr_scheduler as schedulers

from common import write_golden

warnings.simplefilter("ignore")
BASE = 2e-4
METRICS = [0.5, 0.4, 0.399, 0.41, 0.4, 0.42, 0.43, 0.44, 0.2, 0.21, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]


def linear(o, epochs, decay):
    return schedulers.LambdaLR(o, lambda epoch: 1.0 - max(0, epoch + 1 - (epochs - decay)) / float(decay + 1))


CASES = [
    ("linear", {"epochs": 12}, lambda o: linear(o, 12, 6)),
    ("linear", {"epochs": 12, "epochsDecay": 3}, lambda o: linear(o, 12, 3)),
    ("linear", {"epochs": 9, "epochsDecay": 9}, lambda o: linear(o, 9, 9)),
    ("linear", {"epochs": 9, "epochsDecay": 0}, lambda o: linear(o, 9, 0)),
    ("step", {"epochs": 12, "lrDecayIters": 5}, lambda o: schedulers.StepLR(o, step_size=5, gamma=0.1)),
    ("step", {"epochs": 60, "lrDecayFactor": 0.3}, lambda o: schedulers.StepLR(o, step_size=50, gamma=0.3)),
    ("cosine", {"epochs": 12}, lambda o: schedulers.CosineAnnealingLR(o, T_max=12, eta_min=0)),
    ("cosine", {"epochs": 12, "epochsDecay": 5}, lambda o: schedulers.CosineAnnealingLR(o, T_max=7, eta_min=0)),
    ("constant", {"epochs": 4}, lambda o: schedulers.LambdaLR(o, lambda _: 1.0)),
    ("plateau", {"epochs": 18}, lambda o: schedulers.ReduceLROnPlateau(o, mode="min", factor=0.2, threshold=0.01, patience=5)),
    ("plateau", {"epochs": 18, "lrDecayFactor": 0.5},
     lambda o: schedulers.ReduceLROnPlateau(o, mode="min", factor=0.5, threshold=0.01, patience=5)),
]


def make_case(policy, options, make):
    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=BASE)
    scheduler = make(optimizer)
    rates = []
    for epoch in range(options["epochs"]):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if policy == "plateau":
            scheduler.step(METRICS[epoch])
        else:
            scheduler.step()
    return {"policy": policy, "options": options, "rates": rates}


write_golden("rate_policies", {"base": BASE, "metrics": METRICS, "cases": [make_case(*case) for case in CASES]})
