import { backward } from '../../src/autograd/backward.js';
import { noGrad } from '../../src/autograd/graph.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { l1Loss } from '../../src/autograd/ops.js';
import { conv2dForward, conv2dInputGrad, conv2dWeightGrad } from '../../src/kernels/conv2d/conv2d.js';
import { copy } from '../../src/kernels/elementwise.js';
import { PatchGAN } from '../../src/models/patchgan.js';
import { ResNetGenerator } from '../../src/models/resnet.js';
import { UNet } from '../../src/models/unet.js';
import type { Module } from '../../src/nn/module.js';
import { openNodeGpu } from '../../src/node/adapter/adapter.js';
import { Adam } from '../../src/optim/adam.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { PIX2PIX_LOSSES, pix2pixStep, type Pix2Pix } from '../../src/schemes/pix2pix-step.js';
import { timeUntilDone } from '../timing.js';
import { convOperands, gemmOperands, networkImages, networkParameters, type ConvCase, type GemmCase, type NetworkCase } from './cases.js';
import type { Peer, Prepared } from './peer.js';

/** shadegrad, recorded and replayed, as it trains. */
export async function openOurs(adapter: string | undefined): Promise<Peer> {
  const { gpu } = await openNodeGpu(adapter === undefined ? {} : { adapter });
  return {
    async prepare(peerCase) {
      if (peerCase.kind === 'conv') return prepareConv(gpu, peerCase);
      return peerCase.kind === 'gemm' ? prepareGemm(gpu, peerCase) : prepareNetwork(gpu, peerCase);
    },
  };
}

/** `body` writes `results`; each run of result() runs it once more. */
async function recorded(
  gpu: Gpu,
  body: () => void,
  results: Tensor,
  runs: number,
  owned: readonly { dispose(): void }[],
): Promise<Prepared> {
  const { recording } = await gpu.record(body);
  return {
    async run(times) {
      await timeUntilDone(gpu, () => {
        for (let time = 0; time < times; time++) recording.run();
      });
    },
    async result() {
      const all: number[][] = [];
      for (let run = 0; run < runs; run++) {
        recording.run();
        all.push([...(await results.data())]);
      }
      return Float32Array.from(all.flat());
    },
    dispose() {
      recording.destroy();
      for (const value of [results, ...owned]) value.dispose();
      gpu.trim();
    },
  };
}

function prepareConv(gpu: Gpu, peerCase: ConvCase): Promise<Prepared> {
  const {
    layer: { input, weight, output, geometry },
    pass,
  } = peerCase;
  const operands = convOperands(peerCase);
  const x = Tensor.from(gpu, operands.x, input, 'x');
  const w = Tensor.from(gpu, operands.w, weight, 'w');
  const dy = Tensor.from(gpu, operands.dy, output, 'dy');
  const results = Tensor.empty(gpu, { convolve: output, adjoint: input, weight }[pass], 'result');
  const body = {
    convolve: () => void conv2dForward(x, w, null, geometry, results),
    adjoint: () => void conv2dInputGrad(dy, w, null, input, geometry, results),
    weight: () => void conv2dWeightGrad(x, dy, weight, geometry, results),
  }[pass];
  return recorded(gpu, body, results, 1, [x, w, dy]);
}

/** A matrix product is a convolution with a kernel of one pixel: the rows of A are its pixels. */
function prepareGemm(gpu: Gpu, peerCase: GemmCase): Promise<Prepared> {
  const { side } = peerCase;
  const operands = gemmOperands(peerCase);
  const a = Tensor.from(gpu, operands.a, [1, 1, side, side], 'a');
  const b = Tensor.from(gpu, operands.b, [1, 1, side, side], 'b');
  const results = Tensor.empty(gpu, [1, 1, side, side], 'result');
  return recorded(gpu, () => void conv2dForward(a, b, null, { stride: [1, 1], padding: [0, 0] }, results), results, 1, [a, b]);
}

function place(module: Module, network: 'G' | 'D', peerCase: NetworkCase): void {
  const tensors = module.namedParameters();
  for (const [name, { data }] of networkParameters(network, peerCase)) tensors.get(name)!.write(data);
}

function prepareNetwork(gpu: Gpu, peerCase: NetworkCase): Promise<Prepared> {
  const { size, ngf } = peerCase;
  const shape = [1, size, size, 3];
  const images = networkImages(peerCase);
  const source = Tensor.from(gpu, images.source, shape, 'source');
  const target = Tensor.from(gpu, images.target, shape, 'target');
  const adam = { learningRate: 2e-4, betas: [0.5, 0.999] as const };
  const resnet = peerCase.kind === 'resnet' || peerCase.kind === 'resnet-step';
  const generator = resnet ? new ResNetGenerator({ ngf }).to(gpu, { seed: 1 }) : new UNet({ size, ngf }).to(gpu, { seed: 1 });
  place(generator, 'G', peerCase);
  if (peerCase.kind === 'resnet-step') {
    const optimizer = new Adam(generator, adam);
    const loss = Tensor.from(gpu, new Float32Array(1), [1], 'loss');
    const fit = (): void =>
      gpu.scope(() => {
        optimizer.zeroGrad();
        const made = l1Loss(generator.forward(source, { training: true }), target);
        backward(made);
        optimizer.step();
        copy(made.viewAs([1]), loss);
      });
    return recorded(gpu, fit, loss, 2, [source, target, generator]);
  }
  if (peerCase.kind !== 'step') {
    const results = Tensor.empty(gpu, shape, 'generated');
    const body = (): void => void noGrad(() => copy(generator.forward(source, { training: false, dropout: false }), results));
    return recorded(gpu, body, results, 1, [source, target, generator]);
  }
  const discriminator = new PatchGAN({ ndf: ngf }).to(gpu, { seed: 2 });
  place(discriminator, 'D', peerCase);
  const networks: Pix2Pix = {
    generator,
    discriminator,
    generatorOptimizer: new Adam(generator, adam),
    discriminatorOptimizer: new Adam(discriminator, adam),
  };
  const losses = Tensor.from(gpu, new Float32Array(PIX2PIX_LOSSES.length), [PIX2PIX_LOSSES.length], 'losses');
  return recorded(gpu, () => pix2pixStep(networks, source, target, losses, { dropout: false }), losses, 2, [
    source,
    target,
    generator,
    discriminator,
  ]);
}
