import {
  Conv2d,
  ConvTranspose2d,
  createImage,
  hookForward,
  isLabelledGenerator,
  layerOutputs,
  mul,
  networkNumbers,
  noGrad,
  resizeBicubic,
  Tensor,
  UNet,
  withLabels,
  type Layer,
  type LayerOutput,
  type Module,
  type RgbImage,
} from 'shadegrad';
import { fromPixels, toImageData } from 'shadegrad/canvas';
import type { OpenModel } from '../../common/models.js';
import { rgbaOf, rgbOf } from '../draw/pixels.js';
import type { FeatureMap } from './maps.js';

/** How a generator is run to look into it. */
export interface LookOptions {
  readonly seed: number;
  readonly dropout: boolean;
  /** Skip connections that carry zeros, counted from the outermost, 1. */
  readonly skipsOff: readonly number[];
  /** The convolution whose result is wanted, in the order in which they run. */
  readonly layer: number | null;
}

/** What was seen. */
export interface Look {
  /** How the generator was run for it; by now something else may be wanted. */
  readonly how: LookOptions;
  readonly image: RgbImage;
  /** The convolutions in the order in which they ran. */
  readonly layers: readonly Omit<FeatureMap, 'data'>[];
  /** What the wanted one made. */
  readonly map: FeatureMap | null;
}

/** The layers of a U-Net that take a skip connection beside what comes from below, outermost first: by PyTorch's names of them. */
export function skipLayers(generator: Module): Layer[] {
  if (!(generator instanceof UNet)) return [];
  const named = [...generator.namedModules()].filter(
    ([name]) => name === 'model.model.3' || /^model\.model\.1(\.model\.3)*\.model\.5$/.test(name),
  );
  return named.sort(([a], [b]) => a.length - b.length).map(([, layer]) => layer as Layer);
}

/** Zeros in the place of the skip connection: the first half of what the layer takes. What comes from below stays as it is. */
function cut(layer: Layer): () => void {
  return hookForward(layer, {
    before: (x) => {
      const channels = x.shape.at(-1)!;
      const mask = Float32Array.from({ length: channels }, (_, channel) => (channel < channels / 2 ? 0 : 1));
      return mul(x, Tensor.from(x.gpu, mask, [channels]));
    },
  });
}

const isConvolution = (layer: Module): boolean => layer instanceof Conv2d || layer instanceof ConvTranspose2d;

/** Runs the model's generator on a picture, eagerly, and keeps what is asked for. */
export async function look(model: OpenModel, picture: RgbImage, how: LookOptions): Promise<Look> {
  const { seed, dropout, skipsOff, layer } = how;
  const { gpu, generator, codings, width, height, found } = model;
  const fitted = resizeBicubic(picture, width, height);
  const shape = [1, height, width, generator.inChannels];
  const cuts = skipLayers(generator)
    .filter((_, at) => skipsOff.includes(at + 1))
    .map(cut);
  const run = (): { made: Tensor; layers: LayerOutput[] } => {
    const input = codings
      ? Tensor.from(gpu, networkNumbers(codings.source.see(fitted).values), shape)
      : fromPixels(gpu, new ImageData(rgbaOf(fitted), width, height), { channels: generator.inChannels as 1 | 3 });
    const labels = isLabelledGenerator(generator) ? generator.labels : 0;
    const x = labels > 0 ? withLabels(input, Tensor.from(gpu, new Float32Array(labels), [1, labels])) : input;
    generator.advanceDropout(seed);
    const forward = (): Tensor => generator.forward(x, { training: false, statistics: found.statistics, dropout });
    const { result, layers } = layerOutputs(generator, forward, { only: isConvolution });
    return { made: result, layers };
  };
  let outcome: ReturnType<typeof run>;
  try {
    outcome = gpu.scope(() => noGrad(run));
  } finally {
    for (const uncut of cuts) uncut();
  }
  const { made, layers } = outcome;
  try {
    const sizes = layers.map(({ output: { shape: made } }) => ({ height: made[1]!, width: made[2]!, channels: made[3]! }));
    const wanted = layer === null ? undefined : layers[Math.min(layer, layers.length - 1)];
    const map = wanted ? { ...sizes[layers.indexOf(wanted)]!, data: await wanted.output.data() } : null;
    return { how, image: await imageOf(made, model, fitted), layers: sizes, map };
  } finally {
    made.dispose();
    for (const { output } of layers) output.dispose();
  }
}

async function imageOf(made: Tensor, { codings, width, height, generator }: OpenModel, given: RgbImage): Promise<RgbImage> {
  if (!codings) return rgbOf(width, height, (await toImageData(made)).data);
  const values = { kind: 'numbers', channels: generator.outChannels, data: await made.data() } as const;
  return codings.target.show({ ...createImage(width, height), values }, given);
}
