import { noGrad } from '../../autograd/graph.js';
import type { RgbImage } from '../../data/image.js';
import type { Gpu } from '../../gpu/gpu.js';
import { loadPerceptualDistance } from '../../models/features/load.js';
import { Tensor } from '../../tensor/tensor.js';
import type { EvaluationMetric, MetricContext } from './metric.js';

const NETWORK = 'lpips-network';
const LAYERS = 'lpips-weights';

/** Bytes as the network takes them: [1, h, w, 3] in [-1, 1]. */
const tensorOf = (gpu: Gpu, { data, width, height }: RgbImage): Tensor =>
  Tensor.from(
    gpu,
    Float32Array.from(data, (byte) => byte / 127.5 - 1),
    [1, height, width, 3],
    'picture for LPIPS',
  );

/** The learned perceptual distance. */
export const lpips: EvaluationMetric = {
  name: 'lpips',
  description: 'the learned perceptual distance, LPIPS 0.1 (Zhang et al. 2018), by the features of AlexNet or VGG16',
  compares: 'pairs',
  values: { lpips: { label: 'LPIPS', better: 'lower' } },
  leastSide: 31,
  weights: [
    { flag: NETWORK, description: 'the weights of the network of lpips: alexnet-owt-7be5be79.pth or vgg16-397923af.pth of torchvision' },
    { flag: LAYERS, description: 'the weights of its layers: alex.pth or vgg.pth, version 0.1, of the package lpips (docs/features.md)' },
  ],
  onDevice: true,
  async begin({ gpu: device, weights }: MetricContext) {
    const gpu = device!;
    const { distance } = await loadPerceptualDistance(gpu, weights[NETWORK]!, weights[LAYERS]!);
    return {
      async add({ made, real }) {
        const measured = gpu.scope(() => noGrad(() => distance.forward(tensorOf(gpu, made!), tensorOf(gpu, real!))));
        const value = await measured.item();
        measured.dispose();
        return { lpips: value };
      },
      dispose: () => distance.dispose(),
    };
  },
};
