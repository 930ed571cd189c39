"""kernels-test/goldens/module_state.json: a small network of somebody's, as torch.save writes its state dict, and what it makes.

One layer of every kind whose weights lie otherwise in PyTorch than in shadegrad: convolutions (one not square), batch norm,
a transposed convolution with output padding, an affine instance norm, and linear layers (one square) after a Flatten.
"""

import base64
import io

import torch
from torch import nn

from common import describe, generate, nchw_to_nhwc, nhwc_to_nchw, store, write_golden


class Stranger(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, (3, 2), padding=1), nn.BatchNorm2d(4), nn.ReLU(),
            nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1, bias=False), nn.InstanceNorm2d(2, affine=True), nn.SiLU(),
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(2 * 6 * 10, 5), nn.GELU(), nn.Linear(5, 5))

    def forward(self, x):
        return self.head(self.features(x))


torch.manual_seed(1)
network = Stranger()
for parameter in network.parameters():
    if parameter.dim() == 1:
        nn.init.uniform_(parameter, 0.5, 1.5)
for _ in range(3):
    network(torch.randn(4, 3, 3, 4))
network.eval()
file = io.BytesIO()
torch.save(network.state_dict(), file)
described = describe("module_state/x", [2, 3, 4, 3])
double = network.double()
x = nhwc_to_nchw(generate(described))
write_golden("module_state", {
    "file": base64.b64encode(file.getvalue()).decode("ascii"),
    "names": [[name, list(tensor.shape)] for name, tensor in network.state_dict().items()],
    "x": described,
    "features": store(nchw_to_nhwc(network.features(x))),
    "output": store(network(x)),
})
