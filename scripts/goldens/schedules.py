"""kernels-test/goldens/schedules.json: learning rates of torch.optim.lr_scheduler for the first steps, of base rates 1 and 0.3.

The last cases are ReduceLROnPlateau on a metric that falls, stalls and falls again.
"""

import warnings

import torch
from torch.optim import lr_scheduler as torch_schedules

from common import write_golden

warnings.simplefilter("ignore")
STEPS = 40
BASES = [1.0, 0.3]
CASES = [
    ("constant", {"factor": 0.25, "steps": 5}, lambda o: torch_schedules.ConstantLR(o, 0.25, 5)),
    ("linear", {"startFactor": 0.25, "endFactor": 0.75, "steps": 7}, lambda o: torch_schedules.LinearLR(o, 0.25, 0.75, 7)),
    ("linear", {"steps": 20}, lambda o: torch_schedules.LinearLR(o, 1.0, 0.0, 20)),
    ("step", {"every": 6, "gamma": 0.5}, lambda o: torch_schedules.StepLR(o, 6, 0.5)),
    ("multiStep", {"milestones": [3, 3, 20], "gamma": 0.3}, lambda o: torch_schedules.MultiStepLR(o, [3, 3, 20], 0.3)),
    ("exponential", {"gamma": 0.9}, lambda o: torch_schedules.ExponentialLR(o, 0.9)),
    ("cosine", {"steps": 25, "minimum": 0.01}, lambda o: torch_schedules.CosineAnnealingLR(o, 25, 0.01)),
    ("cosineRestarts", {"steps": 7}, lambda o: torch_schedules.CosineAnnealingWarmRestarts(o, 7)),
    ("cosineRestarts", {"steps": 4, "factor": 2, "minimum": 0.02}, lambda o: torch_schedules.CosineAnnealingWarmRestarts(o, 4, 2, 0.02)),
    ("polynomial", {"steps": 30, "power": 2.5}, lambda o: torch_schedules.PolynomialLR(o, 30, 2.5)),
    ("warmUp", {"steps": 8, "startFactor": 0.1}, lambda o: torch_schedules.SequentialLR(
        o, [torch_schedules.LinearLR(o, 0.1, 1.0, 8), torch_schedules.ExponentialLR(o, 0.9)], [8])),
]
METRICS = [5.0, 4.0, 4.0, 3.9999, 4.2, 4.1, 4.0, 4.0, 4.0, 3.0, 3.1, 3.1, 3.1, 3.1, 3.1, 3.1, 3.1, float("inf"), 3.1, 3.1, 2.0, 2.0, 1.9, 2.0]
PLATEAUS = [
    ({"patience": 2, "factor": 0.5}, {"patience": 2, "factor": 0.5}),
    ({"patience": 1, "cooldown": 2, "threshold": 0.05, "minimum": 0.2}, {"patience": 1, "cooldown": 2, "threshold": 0.05, "min_lr": 0.2}),
    ({"mode": "max", "patience": 3, "thresholdMode": "absolute", "threshold": 0.05},
     {"mode": "max", "patience": 3, "threshold_mode": "abs", "threshold": 0.05}),
]


def optimizer():
    return torch.optim.SGD([{"params": [torch.zeros(1, requires_grad=True)], "lr": base} for base in BASES], lr=1.0)


def rates_of(made):
    return [group["lr"] for group in made.param_groups]


def make_case(kind, options, make):
    made = optimizer()
    scheduler = make(made)
    rates = []
    for _ in range(STEPS):
        rates.append(rates_of(made))
        made.step()
        scheduler.step()
    return {"kind": kind, "options": options, "rates": rates}


def make_plateau(options, torch_options):
    made = optimizer()
    scheduler = torch_schedules.ReduceLROnPlateau(made, **torch_options)
    rates = []
    for metric in METRICS:
        scheduler.step(metric)
        rates.append(rates_of(made))
    return {"options": options, "rates": rates}


write_golden("schedules", {
    "bases": BASES, "warmUpThen": {"gamma": 0.9},
    "cases": [make_case(*case) for case in CASES],
    "metrics": [metric if metric != float("inf") else "Infinity" for metric in METRICS],
    "plateaus": [make_plateau(*case) for case in PLATEAUS],
})
