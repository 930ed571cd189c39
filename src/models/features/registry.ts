import { ALEXNET } from './alexnet.js';
import { INCEPTION } from './inception.js';
import type { FeatureNetworkKind } from './kind.js';
import { VGG } from './vgg16.js';

/** Every kind of feature network there is; the first row that recognises a file has it. */
export const FEATURE_NETWORKS: readonly FeatureNetworkKind[] = [INCEPTION, ALEXNET, VGG];
