import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildNetwork } from '../../../src/models/registry.js';
import { askedLabels, wantedLabels } from '../../../src/node/programs/label-words.js';
import { failure } from '../../harness/devices.js';

const plain = buildNetwork({ kind: 'dcgan-generator', options: { size: 32, nz: 2, ngf: 1 } });
const ofNoise = buildNetwork({
  kind: 'cgan-generator',
  options: { size: 4, nz: 2, labels: 3, noiseUnits: 2, labelUnits: 2, units: 2 },
});
const ofImages = buildNetwork({ kind: 'stargan-generator', options: { labels: 3, ngf: 1, blocks: 1 } });
const NAMES = ['cat', 'dog', 'red fox'];

test('labels are asked for by name, or by number from 0 where a file has no names, in their order and each once', () => {
  for (const network of [ofNoise, ofImages]) {
    assert.equal(askedLabels(network, ['red fox', 'cat,red fox'], NAMES), { names: NAMES, asked: [2, 0] });
    assert.equal(askedLabels(network, ['2', '0'], undefined), { names: ['0', '1', '2'], asked: [2, 0] });
    assert.equal(askedLabels(network, undefined, NAMES), { names: NAMES, asked: null });
    // Names of another number of labels are not those of this network.
    assert.equal(askedLabels(network, ['1'], ['cat']), { names: ['0', '1', '2'], asked: [1] });
  }
  assert.is(askedLabels(plain, undefined, undefined), null);
});

test('what an image is to become is 1 or 0 for each label; none is a word of its own', () => {
  assert.equal(wantedLabels(ofImages, ['dog', 'cat'], NAMES), [1, 1, 0]);
  assert.equal(wantedLabels(ofImages, ['none'], NAMES), [0, 0, 0]);
  assert.equal(wantedLabels(ofImages, ['none'], ['none', 'a', 'b']), [1, 0, 0]);
  assert.equal(wantedLabels(plain, undefined, undefined), []);
});

test('labels that there are not, none at all, and labels for a network without any are refused', async () => {
  await failure('BAD_FLAG', () => askedLabels(ofNoise, ['cow'], NAMES), /cat, dog, red fox/, /received: cow/);
  await failure('BAD_FLAG', () => wantedLabels(ofImages, ['red fxo'], NAMES), /did you mean red fox\?/);
  await failure('BAD_FLAG', () => askedLabels(ofNoise, ['3'], undefined), /0, 1, 2, by its number/);
  await failure('BAD_FLAG', () => askedLabels(ofNoise, [','], NAMES), /received: nothing/);
  await failure('BAD_FLAG', () => wantedLabels(ofImages, undefined, NAMES), /--label is missing/, /or none/);
  for (const words of [['cat'], ['none']]) await failure('BAD_FLAG', () => wantedLabels(plain, words, NAMES), /takes no labels/);
});

test.run();
