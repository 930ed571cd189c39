import { checkChoice, refused } from '../nn/options.js';
import { expectOptions } from '../checks.js';
import type { Norm } from './defaults.js';

/** What the implementations of pix2pix disagree about, in both networks. The defaults are the PyTorch reference's. */
export interface VariantOptions {
  /** The normalisation. 'instance' has neither scale, shift nor running statistics, as the reference's has none. Default 'batch'. */
  norm?: Norm;
  /**
   * Which convolutions add a bias: those at the ends alone (the U-Net's last, the PatchGAN's first and last), or every one,
   * as in pix2pix-tensorflow. Default, as the reference: every one with instance norm, else the ends.
   */
  bias?: 'ends' | 'everywhere';
  /** Added to the variance under the root of every norm. Default 1e-5; Keras has 1e-3. */
  epsilon?: number;
  /** Slope of the leaky ReLUs below zero. Default 0.2; Keras has 0.3. */
  slope?: number;
}

const NORMS: readonly string[] = ['batch', 'instance', 'none'] satisfies Norm[];
const BIASES: readonly string[] = ['ends', 'everywhere'] satisfies VariantOptions['bias'][];

/**
 * Resolves the options of a variant: those that are not given get their defaults.
 * @param options those of the network that are not its own; any name but the four is refused
 * @param network names it in errors, as "a U-Net"
 * @param others names of the network's own options
 * @throws INVALID_ARGUMENT
 */
export function resolveVariant(options: VariantOptions, network: string, others: readonly string[]): Required<VariantOptions> {
  expectOptions<object>(network, options, [...others, 'norm', 'bias', 'epsilon', 'slope'] as never[]);
  const { norm = 'batch', bias = norm === 'instance' ? 'everywhere' : 'ends', epsilon = 1e-5, slope = 0.2 } = options;
  checkChoice(`norm of ${network}`, norm, NORMS);
  checkChoice(`bias of ${network}`, bias, BIASES);
  if (!(Number.isFinite(epsilon) && epsilon > 0)) throw refused(`epsilon of ${network}`, 'a number above 0, such as 1e-5', epsilon);
  if (!(Number.isFinite(slope) && slope >= 0 && slope <= 1))
    throw refused(`slope of ${network}`, 'a number from 0 to 1, such as 0.2', slope);
  return { norm, bias, epsilon, slope };
}

/**
 * What the options of a variant say, in words: the norm always, the others only where they are not as in the PyTorch reference.
 *
 * @param own what else the network's options say; stands after the norm
 */
export function describeVariant(
  { norm, bias, epsilon, slope }: Required<VariantOptions>,
  own: readonly (string | false)[] = [],
): (string | false)[] {
  return [
    norm === 'none' ? 'no norm' : `${norm} norm`,
    ...own,
    bias !== (norm === 'instance' ? 'everywhere' : 'ends') && `biases ${bias === 'ends' ? 'at the ends' : 'everywhere'}`,
    epsilon !== 1e-5 && `epsilon ${epsilon}`,
    slope !== 0.2 && `slope ${slope}`,
  ];
}
