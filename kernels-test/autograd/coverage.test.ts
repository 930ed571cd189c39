import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { entriesByFile } from '../../bench/entries.js';
import * as api from '../../src/index.js';
import * as ops from '../../src/autograd/ops.js';
import edges from '../goldens/edge_cases.json';

// A new operation is finished when it has all that the others have. Its gradients, layouts and replays are demanded by
// every-operation.test.ts and second-order.test.ts, PyTorch's numbers by operation-goldens.test.ts, what it saves by stale.test.ts,
// and what it refuses by operands.test.ts; here are its row in the documentation, its benchmark and odd numbers.

const operations = Object.keys(ops);
/** Functions that make tensors, which the documentation lists too. */
const CREATION = ['arange', 'full', 'ones', 'onesLike', 'rand', 'randn', 'scalar', 'zeros', 'zerosLike'];

test('every operation has a row in docs/operations.md', () => {
  const rows = readFileSync(join(process.cwd(), 'docs/operations.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  // The first column alone: the others say what PyTorch and TensorFlow.js call it.
  const named = new Set(rows.flatMap((row) => [...row.split(' | ')[0]!.matchAll(/`(\w+)/g)].map(([, name]) => name!)));
  assert.equal(
    [...operations, ...CREATION].filter((name) => !named.has(name)),
    [],
  );
  assert.equal(
    CREATION.filter((name) => !(name in api)),
    [],
  );
});

/** The kernel that does an operation's work, or the beginning of an entry's label, where it is not called as the operation is. */
const MEASURED_AS: Readonly<Record<string, string>> = {
  avgPool2d: 'averagePool',
  batchNorm: 'batchNormApply',
  cast: 'copy',
  conv2d: 'conv2dForward',
  convTranspose2d: 'conv2dInputGrad',
  concat: 'copy',
  crossEntropy: 'pickLabels',
  flip: 'stridedCopy',
  globalAveragePool: 'reduceAxes',
  groupNorm: 'group norm',
  hingeLoss: 'activationForward',
  instanceNorm: 'instance norm',
  layerNorm: 'layer norm',
  linear: 'conv2dForward',
  logSoftmax: 'softmax',
  maxPool2d: 'maxPool',
  nllLoss: 'pickLabels',
  oneHot: 'spreadLabels',
  permute: 'stridedCopy',
  pixelShuffle: 'stridedCopy',
  pixelUnshuffle: 'stridedCopy',
  slice: 'stridedCopy',
  split: 'stridedCopy',
  stack: 'stridedCopy',
  transpose: 'stridedCopy',
};
/** They make a handle, and dispatch nothing but a copy of a channel slice. */
const VIEWS = ['flatten', 'reshape', 'sliceChannels', 'squeeze', 'unsqueeze'];

test('every operation has a benchmark', () => {
  const entries = Object.values(entriesByFile).flat();
  const measured = (name: string): boolean =>
    entries.some(({ kernel, label }) => kernel === name || [' ', ','].some((end) => label.startsWith(name + end)));
  assert.equal(
    operations.filter((name) => !VIEWS.includes(name) && !measured(MEASURED_AS[name] ?? name)),
    [],
  );
  assert.equal(
    Object.keys(MEASURED_AS).filter((name) => !operations.includes(name)),
    [],
    'no operation any more',
  );
});

/** They move numbers or choose among them, which tests of their kernels compare bit by bit. */
const MOVES = [
  'cast',
  'concat',
  'copy',
  'expand',
  'flatten',
  'flip',
  'oneHot',
  'permute',
  'pixelShuffle',
  'pixelUnshuffle',
  'reshape',
  'slice',
  'sliceChannels',
  'split',
  'squeeze',
  'stack',
  'transpose',
  'unsqueeze',
];
/** With odd numbers elsewhere: comparisons in goldens/operations.json; a sum of products and an adjoint as those that are here. */
const ELSEWHERE = [
  'equal',
  'greater',
  'greaterEqual',
  'less',
  'lessEqual',
  'notEqual',
  'addScaled',
  'convTranspose2d',
  'dropout',
  'floatToImage',
];

test('every operation that computes meets NaN, infinities and ties', () => {
  const named = new Set([...edges.cases.map(({ name }) => name), ...MOVES, ...ELSEWHERE]);
  assert.equal(
    operations.filter((name) => !named.has(name)),
    [],
  );
});

test.run();
