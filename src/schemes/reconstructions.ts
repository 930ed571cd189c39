import { l1Loss, mseLoss } from '../autograd/ops.js';
import type { Tensor } from '../tensor/tensor.js';
import type { OptionRow } from '../training/option-table.js';
import type { SchemeLoss } from '../training/scheme.js';
import { STEP_KINDS } from './adversarial-options.js';

/** A loss of how far what was made is from what it should be, and what the log calls it. */
export interface Reconstruction {
  /** Its name in the log. */
  readonly loss: string;
  /** How the report calls it. */
  readonly label: string;
  /** How a progress bar calls it. */
  readonly short: string;
  /** The metric of pairs that is the same, where there is one. */
  readonly metric?: string;
  /** The loss of images in [-1, 1]: a tensor of one number. */
  of(made: Tensor, wanted: Tensor): Tensor;
}

/** The losses of an image beside the one that it should be, by the names that they are chosen by. */
export const RECONSTRUCTIONS = {
  /** The mean absolute difference: the paper's choice, which blurs less. */
  l1: { loss: 'generatorL1', label: 'G_L1', short: 'L1', metric: 'l1', of: l1Loss },
  /** The mean squared difference. */
  l2: { loss: 'generatorL2', label: 'G_L2', short: 'L2', of: mseLoss },
} as const satisfies Record<string, Reconstruction>;

/** The name of a loss of reconstruction. */
export type ReconstructionName = keyof typeof RECONSTRUCTIONS;

/** The loss of reconstruction of a scheme's options: without a choice L1. */
export const reconstructionOf = ({ reconstruction = 'l1' }: { readonly reconstruction?: ReconstructionName }): Reconstruction =>
  RECONSTRUCTIONS[reconstruction];

/** The row of an option that chooses the loss of reconstruction. */
export const RECONSTRUCTION_ROW: OptionRow = {
  default: 'l1',
  flag: {
    group: 'Training',
    type: 'choice',
    choices: Object.keys(RECONSTRUCTIONS),
    default: 'l1',
    description: 'what --lambda weighs: the mean absolute difference (l1), or the mean squared one (l2)',
  },
};

/** A row of the log for each loss of reconstruction, there where it is the chosen one. */
export const RECONSTRUCTION_LOSSES: Readonly<Record<string, SchemeLoss<{ readonly reconstruction?: ReconstructionName }>>> =
  Object.fromEntries(
    Object.values<Reconstruction>(RECONSTRUCTIONS).map(({ loss, label, short, metric }) => [
      loss,
      {
        ...{ label, short, plot: 'Reconstruction', phases: [STEP_KINDS.both], ...(metric !== undefined && { metric }) },
        when: (options: { readonly reconstruction?: ReconstructionName }) => reconstructionOf(options).loss === loss,
      },
    ]),
  );
