import { WINOGRAD_VARIANTS, type WinogradVariant } from '../src/kernels/conv2d/winograd.js';
import { convEntries } from './conv2d.bench.js';
import type { BenchEntry } from './harness.js';
import { patchganLayers, residualLayer, unetLayers, type ConvLayer } from './layers.js';

const BATCH = 1;
const unet = unetLayers({ size: 256, ngf: 64, batch: BATCH });
const patchgan = patchganLayers({ size: 256, ndf: 64, batch: BATCH });
const named = (name: string): ConvLayer => [...unet, ...patchgan].find((layer) => layer.name === name)!;

/** One layer of each kind, with the variants that it has: the direct ones are those of conv2d.bench.ts, and of `npm run tune`. */
const cases: readonly [ConvLayer, readonly WinogradVariant[]][] = [
  [named('e3'), ['winograd2', 'winograd3']],
  [named('d6'), ['winograd2', 'winograd3']],
  [named('p4'), ['winograd3']],
  [residualLayer({ size: 64, width: 256, batch: BATCH }), WINOGRAD_VARIANTS.filter((variant) => variant !== 'winograd3')],
];

export const entries: readonly BenchEntry[] = cases.flatMap(([layer, variants]) =>
  variants.flatMap((variant) => convEntries(layer, variant)),
);
