// A file of one network keeps what a checkpoint says of its images and labels.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findNetwork, type FoundNetwork } from '../../src/exchange/read-weights.js';
import { encodeWeights } from '../../src/exchange/write-weights.js';
import { bytesSource, joinBytes } from '../../src/formats/byte-source.js';
import { openSafetensors } from '../../src/formats/safetensors-file.js';
import type { NetworkArchitecture } from '../../src/models/kind.js';
import { formulaNetwork } from '../harness/weights.js';

/** A network with what is known of it, written and read again. */
async function again(architecture: NetworkArchitecture, facts: Partial<FoundNetwork>): Promise<FoundNetwork> {
  const found: FoundNetwork = {
    ...{ role: 'generator', weights: formulaNetwork(architecture), origin: 'shadegrad checkpoint', statistics: 'batch', prefix: '' },
    ...facts,
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeWeights(found, 'safetensors')) chunks.push(chunk);
  return findNetwork(await openSafetensors(bytesSource(joinBytes(chunks))));
}

const unet = (options: object): NetworkArchitecture => ({ kind: 'unet', options: { size: 32, ngf: 2, ...options } });

test('how images are coded, and that they were not resized', async () => {
  const coding = { inChannels: 1, outChannels: 2, colourSpace: 'lab' };
  const {
    coding: read,
    unscaled,
    imageSize,
  } = await again(unet({ inChannels: 1, outChannels: 2 }), { coding, unscaled: true, imageSize: [64, 32] });
  assert.equal([read, unscaled, imageSize], [coding, true, [64, 32]]);
});

test('labels, which of them exclude one another, and nothing where nothing is known', async () => {
  const labels = ['black', 'blond', 'young'];
  const labelSets = [{ names: labels, exclusive: false }];
  const labelGroups = [['black', 'blond']];
  const architecture = { kind: 'stargan-generator', options: { ngf: 2, blocks: 1, labels: 3 } };
  const read = await again(architecture, { labels, labelSets, labelGroups });
  assert.equal([read.labels, read.labelSets, read.labelGroups], [labels, labelSets, labelGroups]);
  const plain = await again(unet({}), {});
  for (const name of ['labels', 'coding', 'unscaled', 'imageSize'] as const) assert.is(plain[name], undefined);
});

test.run();
