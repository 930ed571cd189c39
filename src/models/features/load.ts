import { checkNumbers } from '../../formats/finite.js';
import { quoteName } from '../../formats/names.js';
import type { StoredTensor, WeightFile } from '../../formats/weight-file.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { FeatureNetwork, FeatureNetworkKind } from './kind.js';
import { PerceptualDistance } from './perceptual-distance.js';
import { FEATURE_NETWORKS } from './registry.js';
import { formatShape, type Shape } from '../../tensor/shape.js';

/** A feature network out of a file, on a device. */
export interface LoadedFeatures {
  /** Its kind, a row of FEATURE_NETWORKS. */
  readonly kind: FeatureNetworkKind;
  /** The network, which is disposed by whoever loaded it. */
  readonly network: FeatureNetwork;
}

/** LPIPS out of two files, on a device. */
export interface LoadedDistance extends LoadedFeatures {
  /** The distance, whose part the network is. */
  readonly distance: PerceptualDistance;
}

/** What a file holds, in a few words for an error. */
function contents({ tensors }: WeightFile): string {
  const names = [...tensors.keys()];
  if (names.length === 0) return 'no tensor';
  return `${names.length} tensors, the first of which is ${quoteName(names[0]!)} ${formatShape(tensors.get(names[0]!)!.shape)}`;
}

/** The kind of network that a file holds, among some. @throws WEIGHTS_UNSUPPORTED for a file of none of them */
function kindIn(file: WeightFile, kinds: readonly FeatureNetworkKind[]): FeatureNetworkKind {
  const shapes = shapesOf(file);
  const kind = kinds.find((each) => each.looksLike(shapes));
  if (kind) return kind;
  const other = FEATURE_NETWORKS.find((each) => each.looksLike(shapes));
  throw new ShadegradError('WEIGHTS_UNSUPPORTED', `${file.name}: it is no ${kinds.map(({ title }) => title).join(' or ')}`, {
    expected: kinds.map(({ title, anchor }) => `the weights of ${title}, with a tensor ${quoteName(anchor)}`).join(', or '),
    received: other ? `those of ${other.title}` : contents(file),
    fix: `name ${kinds.map((each) => each.file).join(', or ')}`,
  });
}

const shapesOf = ({ tensors }: WeightFile): ReadonlyMap<string, Shape> => new Map([...tensors].map(([name, { shape }]) => [name, shape]));

/** The tensors of a file that pass, with their numbers checked whenever they are read. */
function part(file: WeightFile, passes: (name: string) => boolean): WeightFile {
  const checked = (tensor: StoredTensor): StoredTensor => ({
    ...tensor,
    async read() {
      const numbers = await tensor.read();
      checkNumbers(numbers, { label: file.name, name: tensor.name, shape: tensor.shape });
      return numbers;
    },
  });
  const chosen = [...file.tensors].filter(([name]) => passes(name));
  return { ...file, tensors: new Map(chosen.map(([name, tensor]): [string, StoredTensor] => [name, checked(tensor)])) };
}

/** The network of a file's own options, on no device yet. */
function build(kind: FeatureNetworkKind, file: WeightFile): FeatureNetwork {
  return new kind.network(kind.options(shapesOf(file), file.name) as never);
}

/**
 * Loads a feature network out of a file of PyTorch's weights, such as torchvision and pytorch-fid publish: its kind is told by names and
 * shapes. What the classifier has is left aside.
 *
 * @param kinds that are meant, by the names of their rows. Default: all
 * @throws WEIGHTS_UNSUPPORTED for a file of no such network; WEIGHTS_MISMATCH for one that has not all of it, or more; WEIGHTS_CORRUPT
 *   for numbers that are not finite. After an error nothing is left on the device.
 */
export async function loadFeatures(gpu: Gpu, file: WeightFile, kinds?: readonly string[]): Promise<LoadedFeatures> {
  const kind = kindIn(file, kinds ? FEATURE_NETWORKS.filter((each) => kinds.includes(each.kind)) : FEATURE_NETWORKS);
  const network = build(kind, file);
  try {
    network.to(gpu, { training: false });
    await network.loadStateDict(
      part(file, (name) => !kind.beyond.test(name)),
      { layout: 'pytorch' },
    );
    return { kind, network };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/** The weights of a layer in a file of the package lpips. */
const LAYER_WEIGHT = /^lin(\d+)\.model\.1\.weight$/;

/**
 * Loads LPIPS out of two files: the weights of a network, as torchvision publishes them, and the weights of its layers, the small file
 * of the package lpips for that network (version 0.1: `alex.pth`, `vgg.pth`).
 *
 * @throws WEIGHTS_UNSUPPORTED for files that hold something else; WEIGHTS_MISMATCH for two that do not belong together; WEIGHTS_CORRUPT
 */
export async function loadPerceptualDistance(gpu: Gpu, networkFile: WeightFile, layersFile: WeightFile): Promise<LoadedDistance> {
  const kind = kindIn(
    networkFile,
    FEATURE_NETWORKS.filter((each) => each.channels),
  );
  const network = build(kind, networkFile);
  const channels = kind.channels!(network);
  expectLayers(layersFile, kind, channels);
  const distance = new PerceptualDistance(network, channels);
  try {
    distance.to(gpu, { training: false });
    await network.loadStateDict(
      part(networkFile, (name) => !kind.beyond.test(name)),
      { layout: 'pytorch' },
    );
    const all = part(layersFile, (name) => LAYER_WEIGHT.test(name));
    for (const [layer, weights] of distance.layers.entries()) {
      const prefix = `lin${layer}.`;
      await weights.loadStateDict(
        part(all, (name) => name.startsWith(prefix)),
        { layout: 'pytorch', prefix },
      );
    }
    return { kind, network, distance };
  } catch (error) {
    distance.dispose();
    throw error;
  }
}

/** @throws WEIGHTS_UNSUPPORTED for no file of layers; WEIGHTS_MISMATCH for one of another network */
function expectLayers(file: WeightFile, { title }: FeatureNetworkKind, channels: readonly number[]): void {
  const found = [...file.tensors].flatMap(([name, { shape }]) => {
    const layer = LAYER_WEIGHT.exec(name)?.[1];
    return layer !== undefined && shape.length === 4 && shape[0] === 1 ? [[Number(layer), shape[1]!] as const] : [];
  });
  const own = found.sort(([a], [b]) => a - b).map(([, count]) => count);
  if (own.length === channels.length && own.every((count, layer) => count === channels[layer])) return;
  const expected = `${channels.length} tensors, "lin0.model.1.weight" and so on, for ${channels.join(', ')} channels`;
  const fix = `name the file of the package lpips (weights/v0.1) that belongs to ${title}`;
  throw found.length === 0
    ? new ShadegradError('WEIGHTS_UNSUPPORTED', `${file.name}: no weights of the layers of LPIPS`, {
        expected,
        received: contents(file),
        fix,
      })
    : new ShadegradError('WEIGHTS_MISMATCH', `${file.name}: the layers of LPIPS are those of another network`, {
        expected,
        received: `${own.length} of them, for ${own.join(', ')} channels`,
        fix,
      });
}
