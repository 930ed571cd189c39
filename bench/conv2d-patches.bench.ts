import { PATCHES } from '../src/kernels/conv2d/patches.js';
import { convEntries } from './conv2d.bench.js';
import type { BenchEntry } from './harness.js';
import { patchganLayers, unetLayers } from './layers.js';

const BATCH = 1;
const unet = unetLayers({ size: 256, ngf: 64, batch: BATCH });
const patchgan = patchganLayers({ size: 256, ndf: 64, batch: BATCH });

/** The layers at the image's end: of three channels and of six. */
const layers = [...unet, ...patchgan].filter(({ name }) => ['e1', 'd8', 'p1'].includes(name));

export const entries: readonly BenchEntry[] = layers.flatMap((layer) => convEntries(layer, PATCHES));
