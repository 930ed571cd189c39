import { quoteName } from '../../formats/names.js';
import type { WeightFile } from '../../formats/weight-file.js';
import { ShadegradError } from '../../errors.js';
import type { Shape } from '../../tensor/shape.js';
import { NETWORKS } from '../../models/registry.js';

/** Longer names are no known network's; a pattern may take time that grows with the square of a name's length. */
const LONGEST_NAME = 200;

/** Tensor names and shapes of a file, those of absurd length left out, with what recognising a network asks of them. */
class Tensors {
  private readonly shapes: ReadonlyMap<string, Shape>;

  constructor(shapes: ReadonlyMap<string, Shape>) {
    this.shapes = new Map([...shapes].filter(([name]) => name.length <= LONGEST_NAME));
  }

  has(pattern: RegExp): boolean {
    return this.shape(pattern) !== undefined;
  }

  /** Shape of the first tensor of such a name. */
  shape(pattern: RegExp): Shape | undefined {
    for (const [name, shape] of this.shapes) if (pattern.test(name)) return shape;
    return undefined;
  }

  /** How many different texts the pattern's group matches. */
  count(pattern: RegExp): number {
    return new Set([...this.shapes.keys()].flatMap((name) => pattern.exec(name)?.[1] ?? [])).size;
  }

  /** Tensors of such names and shapes. */
  list(pattern: RegExp, fits: (shape: Shape) => boolean = () => true): Shape[] {
    return [...this.shapes].filter(([name, shape]) => pattern.test(name) && fits(shape)).map(([, shape]) => shape);
  }
}

const isKernel =
  (side: number) =>
  (shape: Shape | undefined): boolean =>
    shape?.length === 4 && shape[2] === side && shape[3] === side;
const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** A kind of network that is not run here; says what it is if the tensors are its own. */
type Recogniser = (tensors: Tensors) => string | null;

/** One row a kind, the more particular before the more general. */
const KINDS: readonly Recogniser[] = [
  function resnetGenerator(tensors) {
    const blocks = tensors.count(/(?:^|\.)model\.(\d+)\.conv_block\.\d+\.weight$/);
    if (blocks === 0) return null;
    const kernels = tensors.list(/(?:^|\.)model\.\d+\.weight$/, isKernel(7));
    const [first, last] = [kernels[0], kernels.at(-1)];
    const channels = first && last ? `, ${first[1]} -> ${last[0]} channels, ngf ${first[0]}` : '';
    // Down and up are as many, each a 3 x 3 kernel outside of the blocks.
    const halvings = Math.floor(tensors.list(/(?:^|\.)model\.\d+\.weight$/, isKernel(3)).length / 2);
    if (tensors.has(/(?:^|\.)model1_1\./)) {
      return `a ResNet generator with a local enhancer, as pix2pixHD's: ${plural(blocks, 'block')} in the global one`;
    }
    const kin = halvings > 2 ? `pix2pixHD's (${halvings} halvings)` : "CycleGAN's";
    return `a ResNet generator with ${plural(blocks, 'block')}${channels}, as ${kin}`;
  },
  function multiscaleDiscriminator(tensors) {
    const scales = tensors.count(/(?:^|\.)(?:scale(\d+)_)layer\d+\.\d+\.weight$/) || tensors.count(/(?:^|\.)layer(\d+)\.0\.weight$/);
    const first = tensors.shape(/(?:^|\.)(?:scale\d+_)?layer\d+\.\d+\.weight$/);
    return scales > 0 && isKernel(4)(first) ? `a discriminator of ${plural(scales, 'scale')}, as pix2pixHD's` : null;
  },
  function spade(tensors) {
    const norms = tensors.list(/\.mlp_gamma\.weight$/).length;
    return norms > 0 ? `a SPADE (GauGAN) generator with ${plural(norms, 'modulated norm')}` : null;
  },
  function lora(tensors) {
    const adapted = tensors.count(/^(.+)\.(?:lora_(?:down|A)(?:\.\w+)?\.weight|hada_w1_a)$/);
    return adapted > 0 ? `a LoRA adapter of ${plural(adapted, 'layer')}, which is no network by itself` : null;
  },
  function diffusion(tensors) {
    const blocks = tensors.count(/(?<!encoder\.|decoder\.)\b((?:input|output|down|up)_blocks\.\d+)\.(?:\d+\.in_layers|resnets)\./);
    return blocks > 0 ? `the U-Net of a diffusion model (Stable Diffusion and its kin) with ${plural(blocks, 'block')}` : null;
  },
  function autoencoder(tensors) {
    const blocks = tensors.count(/(?:^|\.)((?:encoder|decoder)\.(?:down|up)(?:_blocks)?\.\d+)\./);
    const decodes = tensors.has(/(?:^|\.)decoder\.conv_in\.weight$/);
    return blocks > 0 && decodes ? `the autoencoder of a diffusion model with ${plural(blocks, 'block')}` : null;
  },
  function styleGan(tensors) {
    const layers = tensors.count(/(?:^|\.)(?:mapping\.fc|style\.)(\d+)\.weight$/);
    const makes = tensors.has(/(?:^|\.)(?:synthesis|convs|to_rgbs?\d*)\./);
    return layers > 0 && makes ? `a StyleGAN generator with a mapping network of ${plural(layers, 'layer')}` : null;
  },
  function residualDense(tensors) {
    const blocks = tensors.count(/(?:^|\.)(?:RRDB_trunk|body)\.(\d+)\.(?:RDB|rdb)1\.conv1\.weight$/);
    return blocks > 0 ? `an ESRGAN generator with ${plural(blocks, 'residual dense block')}` : null;
  },
  function classifier(tensors) {
    const blocks = tensors.count(/(?:^|\.)(layer\d+\.\d+)\.conv1\.weight$/);
    if (blocks === 0 || !tensors.has(/(?:^|\.)conv1\.weight$/)) return null;
    // Two convolutions a block, or three; the first convolution and the last matrix make two more.
    const depth = blocks * (tensors.has(/(?:^|\.)layer\d+\.\d+\.conv3\.weight$/) ? 3 : 2) + 2;
    return `a ResNet-${depth} that classifies images, as torchvision's: ${plural(blocks, 'block')}`;
  },
  function vgg(tensors) {
    const convolutions = tensors.list(/(?:^|\.)features\.\d+\.weight$/, ({ length }) => length === 4);
    const matrices = tensors.list(/(?:^|\.)classifier\.\d+\.weight$/, ({ length }) => length === 2).length;
    if (convolutions.length === 0) return null;
    const name = convolutions.every(isKernel(3)) ? `a VGG-${convolutions.length + (matrices || 3)}` : 'a network';
    const layers = `${plural(convolutions.length, 'convolution')}, ${plural(matrices, 'linear layer')}`;
    return `${name} that classifies images, as torchvision's: ${layers}`;
  },
  function dcgan(tensors) {
    const first = tensors.shape(/(?:^|\.)main\.0\.weight$/);
    if (!isKernel(4)(first)) return null;
    const layers = tensors.list(/(?:^|\.)main\.\d+\.weight$/, isKernel(4)).length;
    // A discriminator begins with the few channels of a picture, a generator ends with them.
    const judges = first![1]! <= 4;
    if (judges) return `a DCGAN discriminator with ${plural(layers, 'layer')}`;
    return `a DCGAN generator with ${plural(layers, 'layer')}, which makes pictures of ${first![0]} random numbers`;
  },
  function otherUNet(tensors) {
    const ups = tensors.count(/(?:^|\.)up(\d+)\./) || tensors.count(/(?:^|\.)decoder\.blocks\.(\d+)\./);
    const downs = tensors.has(/(?:^|\.)(?:inc|down1|encoder\.layer1|encoder\.\w+)\b/);
    return ups > 1 && downs ? `a U-Net of another kind, with ${plural(ups, 'level')} up: not the one of pix2pix` : null;
  },
  function transformer(tensors) {
    const blocks = tensors.count(/((?:^|\.)(?:layers?|blocks|h|resblocks)\.\d+)\.(?:\w+\.)*(?:self_attn|self|attn|attention)\b/);
    return blocks > 0 ? `a transformer with ${plural(blocks, 'block')}` : null;
  },
  function optimiser(tensors) {
    const moments = tensors.list(/(?:^|\.)(?:exp_avg_sq|momentum_buffer)$/).length;
    const alone = !tensors.has(/\.weight$/);
    return moments > 0 && alone ? `the state of an optimiser for ${plural(moments, 'tensor')}, without a network` : null;
  },
];

/** Tensor names quoted of a file that holds nothing known. */
const NAMED_TENSORS = 3;

/** What kind of network these tensors are, with counts that show why; null for none that is known. */
export function describeForeign(shapes: ReadonlyMap<string, Shape>): string | null {
  const tensors = new Tensors(shapes);
  for (const recognise of KINDS) {
    const kind = recognise(tensors);
    if (kind !== null) return kind;
  }
  return null;
}

/** The error for a file without a network that can be run here: it names what the file holds instead. */
export function noNetwork({ name, tensors, metadata }: WeightFile): ShadegradError {
  if (/"format"\s*:\s*"shadegrad-module"/.test(metadata.get('shadegrad') ?? '')) {
    return new ShadegradError('WEIGHTS_UNSUPPORTED', `${name}: these are the weights of a module that only its own program can build`, {
      expected: `a file that says how its network is built: ${titles(NETWORKS)}`,
      received: `${plural(tensors.size, 'tensor')} of another module`,
      fix: 'in code, build the module and call loadModule() on it; registerNetwork() makes files that say what they hold',
    });
  }
  const shapes = new Map([...tensors].map(([key, { shape }]) => [key, shape]));
  const kind = describeForeign(shapes);
  const names = [...tensors.keys()].slice(0, NAMED_TENSORS).map(quoteName);
  const counted = `${plural(tensors.size, 'tensor')}${names.length === 0 ? '' : `, such as ${names.join(', ')}`}`;
  const what = kind === null ? 'no network that is known here' : `this is ${kind}; not supported yet`;
  const programs = "pytorch-CycleGAN-and-pix2pix, PyTorch's DCGAN example or StarGAN's program";
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${name}: ${what}`, {
    expected: `a network as ${programs} has it: ${titles(NETWORKS.filter(({ pytorch }) => pytorch))}`,
    received: kind === null ? `${counted}; ${shapesInWords([...shapes.values()])}` : counted,
    fix:
      'name the weights of such a network, as its program saves them: latest_net_G.pth of pytorch-CycleGAN-and-pix2pix, ' +
      "netG_epoch_24.pth of PyTorch's DCGAN example, 200000-G.ckpt of StarGAN",
  });
}

const titles = (kinds: typeof NETWORKS): string => kinds.map(({ title }) => title).join(', ');

/** `12 kernels of convolutions, 3 matrices`: what an unknown network consists of. */
function shapesInWords(shapes: readonly Shape[]): string {
  const count = (axes: number): number => shapes.filter(({ length }) => length === axes).length;
  return `${count(4)} kernels of convolutions, ${count(2)} matrices, ${count(1)} vectors`;
}
