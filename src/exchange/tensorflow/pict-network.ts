import { withArticle } from '../../checks.js';
import type { StoredTensor, TensorToWrite, WeightFile } from '../../formats/weight-file.js';
import { ShadegradError } from '../../errors.js';
import { networkKind } from '../../models/registry.js';
import type { LayerTensors } from '../../models/layer-graph.js';
import { UNET, type UNetOptions, unetLevels } from '../../models/unet.js';
import { formatShape } from '../../tensor/shape.js';
import { checkedTensor } from '../network/checked-tensor.js';
import { constantTensor } from '../network/fit-network.js';
import type { NetworkTensor, NetworkWeights } from '../network/network-weights.js';
import { inferWidth, notThisNetwork, NetworkFiller, swapInputHalves } from './unet-levels.js';

/** What pix2pix-tensorflow's generator is, whatever its size. */
const FIXED = {
  dropout: 0.5,
  dropoutBlocks: 'innermost',
  norm: 'batch',
  bias: 'everywhere',
  epsilon: 1e-5,
  slope: 0.2,
  innermostNorm: true,
  skip: 'relu',
  noise: 0,
  noiseAt: 'input',
  upsample: 'transposed',
} as const satisfies UNetOptions;

/** How a version of pix2pix-tensorflow names the variables of a layer. */
interface Naming {
  readonly down: string;
  readonly up: string;
  readonly kernel: string;
  /** Null for the versions whose convolutions have none. */
  readonly bias: string | null;
  readonly norm: string;
  readonly scale: string;
  readonly offset: string;
}

/** Since its layers are tf.layers, as in all published models; and before. */
const NAMINGS: readonly Naming[] = [
  { down: 'conv2d', up: 'conv2d_transpose', kernel: 'kernel', bias: 'bias', norm: 'batch_normalization', scale: 'gamma', offset: 'beta' },
  { down: 'conv', up: 'deconv', kernel: 'filter', bias: null, norm: 'batchnorm', scale: 'scale', offset: 'offset' },
];
const NAMING = NAMINGS[0]!;
const LONGEST_QUOTE = 80;

const scope = (side: 'encoder' | 'decoder', level: number): string => `generator/${side}_${level}`;

/**
 * The generator in a .pict file: pix2pix-tensorflow's U-Net of any width and depth, whose norms use the image's own
 * moments (run it with `statistics: 'batch'`). The format knows no running statistics: they are filled with 0 and 1.
 *
 * @throws WEIGHTS_UNSUPPORTED for what is no such generator, with the first tensor that says so
 */
export function pictNetwork(file: WeightFile): NetworkWeights {
  const { name: label, tensors } = file;
  const left = new Map(tensors);
  const take = (name: string): StoredTensor => {
    const tensor = left.get(name);
    if (!tensor) throw notThisNetwork(label, `tensor "${name}"`, 'the tensors of a generator of pix2pix-tensorflow', 'it is not there');
    left.delete(name);
    return checkedTensor(tensor, label);
  };

  const naming = NAMINGS.find(({ down, kernel }) => tensors.has(`${scope('encoder', 1)}/${down}/${kernel}`));
  if (!naming) {
    const [first] = tensors.keys();
    throw notThisNetwork(
      label,
      'the generator',
      `a tensor "${scope('encoder', 1)}/${NAMING.down}/${NAMING.kernel}"`,
      `${tensors.size} tensors${first === undefined ? '' : `, such as "${first.slice(0, LONGEST_QUOTE)}"`}`,
    );
  }
  const encoderKernel = (level: number): string => `${scope('encoder', level)}/${naming.down}/${naming.kernel}`;
  const channels: number[] = [];
  for (let level = 1; tensors.has(encoderKernel(level)); level++) channels.push(tensors.get(encoderKernel(level))!.shape[3] ?? 0);
  const ngf = inferWidth(label, channels, (level) => `"${encoderKernel(level + 1)}"`);
  const levels = channels.length;
  const inChannels = channelsAlong(tensors.get(encoderKernel(1))!, 2, label);
  const lastKernel = `${scope('decoder', 1)}/${naming.up}/${naming.kernel}`;
  const outChannels = tensors.has(lastKernel) ? channelsAlong(tensors.get(lastKernel)!, 2, label) : 0;

  const options: UNetOptions = { size: 2 ** levels, inChannels, outChannels: Math.max(outChannels, 1), ngf, ...FIXED };
  const places = unetLevels(options);
  const filler = new NetworkFiller(label, options);
  const fillNorm = (norm: LayerTensors | null, path: string): void => {
    if (!norm) return;
    filler.fill(norm, 'weight', take(`${path}/${naming.norm}/${naming.scale}`));
    filler.fill(norm, 'bias', take(`${path}/${naming.norm}/${naming.offset}`));
    filler.fill(norm, 'running_mean', null, 0);
    filler.fill(norm, 'running_var', null, 1);
  };
  for (let level = 1; level <= levels; level++) {
    for (const side of ['encoder', 'decoder'] as const) {
      const { conv, norm } = places[side][level - 1]!;
      const path = scope(side, level);
      const layer = side === 'encoder' ? naming.down : naming.up;
      const kernel = take(`${path}/${layer}/${naming.kernel}`);
      filler.fill(conv, 'weight', side === 'decoder' && level < levels ? swapInputHalves(kernel) : kernel);
      filler.fill(conv, 'bias', naming.bias === null ? null : take(`${path}/${layer}/${naming.bias}`));
      fillNorm(norm, path);
    }
  }
  for (const [name, { shape }] of left)
    throw notThisNetwork(
      label,
      `tensor "${name.slice(0, LONGEST_QUOTE)}"`,
      'only the tensors of a generator of pix2pix-tensorflow',
      formatShape(shape),
    );
  return filler.weights();
}

function channelsAlong({ name, shape }: StoredTensor, axis: number, label: string): number {
  const count = shape.length === 4 ? shape[axis]! : 0;
  if (count < 1) throw notThisNetwork(label, `shape of "${name}"`, 'a kernel of four axes', formatShape(shape));
  return count;
}

/**
 * The tensors of a .pict file that computes what this U-Net does with batch statistics, one image at a time; see
 * encodePict(). Biases that the network lacks are written as zeros, running statistics are left out.
 *
 * A U-Net whose innermost layer has no norm cannot be written, whatever the numbers: the programs that run .pict files
 * normalise that layer by the image's own moments, and those of a single pixel leave nothing of it but the offset.
 * What the network knows from its innermost layer would be gone.
 *
 * @throws WEIGHTS_UNSUPPORTED for a network that the format cannot express
 */
export function networkToPict({ architecture, tensors }: NetworkWeights): TensorToWrite[] {
  if (architecture.kind !== UNET.kind) throw cannotWrite('the network', 'a U-Net', withArticle(networkKind(architecture.kind).title));
  const options: UNetOptions = architecture.options;
  const {
    norm = 'batch',
    innermostNorm = false,
    epsilon = FIXED.epsilon,
    slope = FIXED.slope,
    skip = 'relu',
    upsample = FIXED.upsample,
  } = options;
  if (norm !== 'batch') throw cannotWrite('norm', 'batch norm', norm);
  if (!innermostNorm)
    throw cannotWrite(
      'the innermost encoder layer',
      'a norm after it (innermostNorm)',
      'none: its only pixel would be lost in the norm that .pict files have there',
    );
  if (upsample !== FIXED.upsample) throw cannotWrite('the decoder', 'transposed convolutions', `upsample '${upsample}'`);
  if (skip !== 'relu') throw cannotWrite('skip connections', 'a ReLU after them', `skip '${skip}'`);
  if (Math.fround(epsilon) !== Math.fround(FIXED.epsilon))
    throw cannotWrite('epsilon of the norms', String(FIXED.epsilon), String(epsilon));
  if (Math.fround(slope) !== Math.fround(FIXED.slope)) throw cannotWrite('slope of the leaky ReLUs', String(FIXED.slope), String(slope));

  const written: TensorToWrite[] = [];
  const write = (
    name: string,
    own: { readonly name: string } | undefined,
    missing: number,
    convert = (tensor: NetworkTensor) => tensor,
  ): void => {
    const tensor = own && tensors.get(own.name);
    if (own && !tensor) {
      throw new ShadegradError('WEIGHTS_MISMATCH', `tensor "${own.name}"`, {
        expected: 'every tensor of the network',
        received: 'it is not there',
        fix: 'pass the tensors of networkWeights() or of a file, all of them',
      });
    }
    const converted = tensor ? convert(tensor) : constantTensor([missing], 0);
    written.push({ name, shape: converted.shape, read: () => converted.read() });
  };
  const { encoder, decoder } = unetLevels(options);
  for (const [side, levels] of [
    ['encoder', encoder],
    ['decoder', decoder],
  ] as const) {
    for (const [index, { conv, norm: normSlots }] of levels.entries()) {
      const path = scope(side, index + 1);
      const layer = `${path}/${side === 'encoder' ? NAMING.down : NAMING.up}`;
      const swapped = side === 'decoder' && index < levels.length - 1;
      write(`${layer}/${NAMING.kernel}`, conv.get('weight'), 0, swapped ? swapInputHalves : undefined);
      write(`${layer}/${NAMING.bias}`, conv.get('bias'), conv.get('weight')!.shape[side === 'encoder' ? 3 : 2]!);
      if (!normSlots) continue;
      write(`${path}/${NAMING.norm}/${NAMING.scale}`, normSlots.get('weight'), 0);
      write(`${path}/${NAMING.norm}/${NAMING.offset}`, normSlots.get('bias'), 0);
    }
  }
  return written;
}

function cannotWrite(what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `a .pict file cannot hold this network: ${what}`, {
    expected,
    received,
    fix: 'write it as safetensors, .pth or ONNX instead',
  });
}
