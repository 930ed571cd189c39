import { add, l1Loss, mul } from '../autograd/ops.js';
import { ShadegradError } from '../errors.js';
import type { Judgement, Network } from '../models/kind.js';
import type { Tensor } from '../tensor/tensor.js';
import type { OptionRow } from '../training/option-table.js';
import type { SchemeLoss } from '../training/scheme.js';
import { STEP_KINDS } from './adversarial-options.js';
import { hasPenalty } from './objectives.js';
import { weightRow } from './option-rows.js';

/** Options of a scheme whose generator may be trained for what a discriminator sees of its images. */
export interface FeatureMatchingOptions {
  /** The weight of the loss of feature matching, at least 0; pix2pixHD has 10. Default 0: there is none. */
  lambdaFeat?: number;
}

/** The row of its weight. */
export const LAMBDA_FEAT_ROW: OptionRow = {
  ...weightRow(
    0,
    'lambda_feat',
    'weight of feature matching: what the layers of the discriminator see of made images is to be what they see',
  ),
  fix: 'leave it out for 0; pix2pixHD uses 10',
};

/** Whether a generator is trained for it. */
export const matchesFeatures = ({ lambdaFeat = 0 }: FeatureMatchingOptions): boolean => lambdaFeat > 0;

/** The row of the log. */
export const FEATURE_LOSS: SchemeLoss<FeatureMatchingOptions> = {
  ...{ label: 'G_feat', plot: 'Feature matching', when: matchesFeatures, phases: [STEP_KINDS.both] },
};

/** What the sum over the layers of a discriminator is weighted by, over their number. */
const LAYERS_WEIGHT = 4;

/** Sums tensors of one number each. */
export const summed = (losses: readonly Tensor[]): Tensor => losses.reduce((sum, each) => add(sum, each));

/**
 * Takes the loss of feature matching (Wang et al., "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs",
 * 2018): the mean absolute difference between what each layer of a discriminator but the last makes of a generated image and of the real
 * one, times 4 over the number of those layers, the mean over its scales.
 *
 * @param made of the generated image: everyJudgement()
 * @param real of the real one; no gradient goes there
 * @returns a tensor of one number
 */
export function featureMatching(made: readonly Judgement[], real: readonly Judgement[]): Tensor {
  const losses = made.flatMap(({ features }, scale) =>
    features.map((each, layer) =>
      mul(l1Loss(each, real[scale]!.features[layer]!.detach()), LAYERS_WEIGHT / (features.length * made.length)),
    ),
  );
  return summed(losses);
}

/**
 * Checks that there is a discriminator whose features are to be matched.
 *
 * @throws INVALID_ARGUMENT for a weight without one
 */
export function expectFeatures({ lambdaFeat = 0, lambdaGan }: FeatureMatchingOptions & { readonly lambdaGan?: number }): void {
  if (lambdaFeat === 0 || lambdaGan !== 0) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'lambdaFeat of the training', {
    expected: '0 with lambdaGan 0: there is no discriminator whose features could be matched',
    received: String(lambdaFeat),
    fix: 'leave lambdaFeat out, or give lambdaGan a weight',
  });
}

/**
 * Checks that a discriminator can be trained with the losses of the options.
 *
 * @throws INVALID_ARGUMENT for one that does not show what its layers make, and for a gradient penalty of several scales
 */
export function expectJudge(network: Network, options: FeatureMatchingOptions & { readonly ganMode?: unknown }): void {
  if (matchesFeatures(options) && !network.judge) {
    throw new ShadegradError('INVALID_ARGUMENT', 'lambdaFeat of the training', {
      expected: '0 with a discriminator that does not show what its layers make of an image',
      received: String(options.lambdaFeat),
      fix: 'leave it out, or choose patchgan or multiscale-patchgan',
    });
  }
  if (!('outputs' in network) || !hasPenalty(options)) return;
  throw new ShadegradError('INVALID_ARGUMENT', 'ganMode of the training', {
    expected: 'one without a gradient penalty for a discriminator of several scales',
    received: String(options.ganMode),
    fix: 'choose vanilla, lsgan or hinge, or a discriminator of one scale',
  });
}
