import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeLabelGroups, decodeLabelSets } from '../../../src/data/labels.js';
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
  assert.equal(wantedLabels(ofImages, ['dog', 'cat'], { labels: NAMES }), [1, 1, 0]);
  assert.equal(wantedLabels(ofImages, ['none'], { labels: NAMES }), [0, 0, 0]);
  assert.equal(wantedLabels(ofImages, ['none'], { labels: ['none', 'a', 'b'] }), [1, 0, 0]);
  assert.equal(wantedLabels(plain, undefined, {}), []);
});

test('labels that there are not, none at all, and labels for a network without any are refused', async () => {
  await failure('BAD_FLAG', () => askedLabels(ofNoise, ['cow'], NAMES), /cat, dog, red fox/, /received: cow/);
  await failure('BAD_FLAG', () => wantedLabels(ofImages, ['red fxo'], { labels: NAMES }), /did you mean red fox\?/);
  await failure('BAD_FLAG', () => askedLabels(ofNoise, ['3'], undefined), /0, 1, 2, by its number/);
  await failure('BAD_FLAG', () => askedLabels(ofNoise, [','], NAMES), /received: nothing/);
  await failure('BAD_FLAG', () => wantedLabels(ofImages, undefined, { labels: NAMES }), /--label is missing/, /or none/);
  for (const words of [['cat'], ['none']])
    await failure('BAD_FLAG', () => wantedLabels(plain, words, { labels: NAMES }), /takes no labels/);
});

test('labels that exclude one another are refused together, set by set; where a file does not say which do, any go together', async () => {
  const classes = { labels: NAMES, labelSets: decodeLabelSets('3 classes', NAMES)! };
  assert.equal(wantedLabels(ofImages, ['red fox'], classes), [0, 0, 1]);
  await failure(
    'BAD_FLAG',
    () => wantedLabels(ofImages, ['cat', 'red fox'], classes),
    /one at most of cat, dog, red fox/,
    /--label cat red fox/,
  );
  // An image is of some class.
  await failure(
    'BAD_FLAG',
    () => wantedLabels(ofImages, ['none'], classes),
    /labels of the network: cat, dog, red fox; none where/,
    /no set of attributes/,
  );
  await failure('BAD_FLAG', () => wantedLabels(ofImages, undefined, classes), /of cat, dog, red fox\n/);
  const attributes = { labels: NAMES, labelSets: decodeLabelSets('3 attributes', NAMES)! };
  assert.equal(wantedLabels(ofImages, ['cat', 'dog'], attributes), [1, 1, 0]);
  const grouped = { ...attributes, labelGroups: decodeLabelGroups('0,1', NAMES)! };
  await failure(
    'BAD_FLAG',
    () => wantedLabels(ofImages, ['red fox', 'dog', 'cat'], grouped),
    /one at most of cat, dog/,
    /--label cat dog\n/,
  );
  assert.equal(wantedLabels(ofImages, ['dog', 'red fox'], grouped), [0, 1, 1]);
  assert.equal(wantedLabels(ofImages, ['none'], grouped), [0, 0, 0]);
});

test('labels of several sets tell a network which set they are of too; those of two at once are refused', async () => {
  const ofBoth = buildNetwork({ kind: 'stargan-generator', options: { labels: 6, ngf: 1, blocks: 1 } });
  const labels = ['old', 'smiling', 'cat', 'dog'];
  const both = { labels, labelSets: decodeLabelSets('2 attributes,2 classes', labels)! };
  assert.equal(wantedLabels(ofBoth, ['smiling', 'old'], both), [1, 1, 0, 0, 1, 0]);
  assert.equal(wantedLabels(ofBoth, ['dog'], both), [0, 0, 0, 1, 0, 1]);
  await failure('BAD_FLAG', () => wantedLabels(ofBoth, ['cat', 'dog'], both), /one at most of cat, dog/);
  await failure('BAD_FLAG', () => wantedLabels(ofBoth, ['cat', 'old'], both), /old, smiling; or cat, dog/, /--label old cat/, /twice/);
  // Attributes are what an image may have none of.
  assert.equal(wantedLabels(ofBoth, ['none'], both), [0, 0, 0, 0, 1, 0]);
  const turned = { labels, labelSets: decodeLabelSets('2 classes,2 attributes', labels)! };
  assert.equal(wantedLabels(ofBoth, ['none'], turned), [0, 0, 0, 0, 0, 1]);
  for (const [kinds, words] of [
    ['2 attributes,2 attributes', /2 sets of attributes/],
    ['2 classes,2 classes', /no set of attributes/],
  ] as const) {
    const sets = { labels, labelSets: decodeLabelSets(kinds, labels)! };
    await failure('BAD_FLAG', () => wantedLabels(ofBoth, ['none'], sets), /old, smiling; or cat, dog; none where/, words);
  }
  await failure('BAD_FLAG', () => wantedLabels(ofBoth, undefined, both), /--label is missing/);
});

test.run();
