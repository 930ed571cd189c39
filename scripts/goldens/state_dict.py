"""kernels-test/goldens/state_dict.json: names and PyTorch shapes of the networks' state dicts."""

from common import write_golden
from pix2pix_reference import PatchGAN, UNet

SIZES = [16, 32, 64, 128, 256, 512]
GENERATOR_PARAMETERS_AT_256 = 54_413_955
DISCRIMINATOR_PARAMETERS = 2_768_705


def entry(size, module):
    parameters = {name for name, _ in module.named_parameters()}
    tensors = [[name, list(tensor.shape)] for name, tensor in module.state_dict().items()]
    return {
        "size": size,
        "parameterCount": sum(parameter.numel() for parameter in module.parameters()),
        "parameters": [tensor for tensor in tensors if tensor[0] in parameters],
        "buffers": [tensor for tensor in tensors if tensor[0] not in parameters],
    }


generators = [entry(size, UNet(size, ngf=64)) for size in SIZES]
discriminator = entry(None, PatchGAN(ndf=64))
assert generators[SIZES.index(256)]["parameterCount"] == GENERATOR_PARAMETERS_AT_256
assert discriminator["parameterCount"] == DISCRIMINATOR_PARAMETERS
del discriminator["size"]
write_golden("state_dict", {"ngf": 64, "ndf": 64, "generators": generators, "discriminator": discriminator}, computed_in="none")
