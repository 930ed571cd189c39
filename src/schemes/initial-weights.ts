import { kaimingNormal, normal, orthogonal, xavierNormal, type Initializer } from '../nn/initializers.js';
import { fill } from '../kernels/elementwise.js';
import type { Network } from '../models/kind.js';
import type { OptionRow } from '../training/option-table.js';

/** How weights are drawn, by the names that pytorch-CycleGAN-and-pix2pix has for it (`--init_type`); `gain` scales them. */
export const INITIAL_WEIGHTS = {
  normal: (gain) => normal(0, gain),
  xavier: (gain) => xavierNormal(gain),
  /** He et al. 2015; it has a scale of its own, so that the gain does nothing. */
  kaiming: () => kaimingNormal(),
  orthogonal: (gain) => orthogonal(gain),
} as const satisfies Record<string, (gain: number) => Initializer>;

/** The name of a way of drawing weights. */
export type InitialWeightsName = keyof typeof INITIAL_WEIGHTS;

/** Options of a scheme that say how the weights of its networks are drawn. */
export interface InitialWeightsOptions {
  /** How weights are drawn. Default 'normal'. */
  initType?: InitialWeightsName;
  /** What scales them: of 'normal' their standard deviation. Default 0.02. */
  initGain?: number;
}

const DEFAULTS = { initType: 'normal', initGain: 0.02 } as const;

/** The rows of the options that say how weights are drawn. */
export const INITIAL_WEIGHTS_ROWS = {
  initType: {
    default: DEFAULTS.initType,
    flag: {
      group: 'Networks',
      reference: ['init_type'],
      type: 'choice',
      choices: Object.keys(INITIAL_WEIGHTS),
      default: DEFAULTS.initType,
      description: 'how the weights of new networks are drawn',
    },
  },
  initGain: {
    default: DEFAULTS.initGain,
    fits: (value) => Number.isFinite(value) && (value as number) > 0,
    only: { when: ({ initType }) => initType !== 'kaiming', expected: 'another initType than kaiming' },
    expected: 'a number above 0',
    flag: {
      group: 'Networks',
      reference: ['init_gain'],
      type: 'number',
      min: 1e-6,
      max: 100,
      description: 'what scales them, but for kaiming: of normal their standard deviation; 0.02',
    },
  },
} as const satisfies Record<keyof InitialWeightsOptions, OptionRow>;

/**
 * Draws the weights of networks anew, as the reference program's init_weights does: those of convolutions and linear layers as the options
 * say, the scales of norms from N(1, gain); biases are 0. With the defaults nothing is done: that is how the networks are placed.
 *
 * @param seed of the run
 */
export function drawWeights(
  networks: Readonly<Record<string, Network>>,
  { initType = DEFAULTS.initType, initGain = DEFAULTS.initGain }: InitialWeightsOptions,
  seed: number,
): void {
  if (initType === DEFAULTS.initType && initGain === DEFAULTS.initGain) return;
  const weights = INITIAL_WEIGHTS[initType](initGain);
  let stream = 0;
  for (const network of Object.values(networks)) {
    for (const [name, { trainable, value }] of network.namedTensors()) {
      // A number of its own for each tensor of all networks, whether it is drawn or not.
      stream++;
      if (!trainable) continue;
      if (value.shape.length > 1) weights(value, seed, stream);
      else if (name.endsWith('.weight')) normal(1, initGain)(value, seed, stream);
      else fill(value, 0);
    }
  }
}
