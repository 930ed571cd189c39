import { rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as sg from '../../src/index.js';
import type { Shape, Tensor } from '../../src/index.js';
import { exportedOperations } from '../../src/exchange/onnx/operations.js';
import type { SaveOnnxOptions } from '../../src/node/weights/onnx.js';
import { testGpu } from '../harness/gpu.js';
import { agrees, Made } from '../harness/onnx.js';
import { temporaryFolder } from '../harness/program.js';

const gpu = await testGpu();
const folder = temporaryFolder('onnx-operations');
test.after(() => rmSync(folder, { recursive: true, force: true }));

const IMAGE: readonly Shape[] = [
  [1, 6, 8, 4],
  [3, 6, 8, 4],
];
/** Exported as squares, where height and width are easily confused, and run as others, odd ones too. */
const ANY_SIZE: readonly Shape[] = [
  [1, 6, 6, 4],
  [2, 12, 10, 4],
  [3, 8, 6, 4],
  [1, 7, 9, 4],
];
const ROWS: readonly Shape[] = [
  [2, 6],
  [5, 6],
];
const HEIGHT_TOO = { dynamicAxes: [0, 1, 2] };

/** Each operation: what it is computed of, and any height and width where it takes them. */
const CASES: Record<
  string,
  readonly [
    shapes: readonly Shape[],
    parameters: Record<string, Shape>,
    run: (x: Tensor, w: Record<string, Tensor>) => Tensor,
    options?: Partial<SaveOnnxOptions>,
    absolute?: number,
  ]
> = {
  neg: [ANY_SIZE, {}, (x) => sg.neg(x), HEIGHT_TOO],
  exp: [ROWS, {}, (x) => sg.exp(x)],
  log: [ROWS, {}, (x) => sg.log(sg.add(sg.abs(x), 0.5))],
  sqrt: [ROWS, {}, (x) => sg.sqrt(sg.abs(x))],
  square: [ROWS, {}, (x) => sg.square(x)],
  sign: [ROWS, {}, (x) => sg.sign(x)],
  abs: [ROWS, {}, (x) => sg.abs(x)],
  reciprocal: [ROWS, {}, (x) => sg.reciprocal(sg.add(sg.abs(x), 0.5))],
  relu: [IMAGE, {}, (x) => sg.relu(x)],
  leakyRelu: [IMAGE, {}, (x) => sg.leakyRelu(x, 0.2)],
  tanh: [IMAGE, {}, (x) => sg.tanh(x)],
  sigmoid: [IMAGE, {}, (x) => sg.sigmoid(x)],
  elu: [IMAGE, {}, (x) => sg.elu(x, 0.7)],
  silu: [IMAGE, {}, (x) => sg.silu(x)],
  gelu: [IMAGE, {}, (x) => sg.add(sg.gelu(x), sg.gelu(x, { approximate: 'tanh' }))],
  softplus: [IMAGE, {}, (x) => sg.add(sg.softplus(x, 2), sg.softplus(x))],
  clamp: [IMAGE, {}, (x) => sg.add(sg.clamp(x, { min: -0.5, max: 0.25 }), sg.add(sg.clamp(x, { min: 0.1 }), sg.clamp(x, { max: 0.3 })))],
  copy: [IMAGE, {}, (x) => sg.copy(x)],
  add: [
    ANY_SIZE,
    { row: [4], one: [1], map: [1, 1, 1, 4], column: [1, 4] },
    (x, w) => sg.add(sg.add(sg.add(x, w.row!), w.one!), sg.add(w.map!, w.column!)),
    HEIGHT_TOO,
  ],
  sub: [IMAGE, { plane: [6, 8, 1], line: [8, 4] }, (x, w) => sg.sub(1, sg.sub(sg.sub(x, w.plane!), w.line!))],
  mul: [
    [
      [2, 3, 4, 5, 3],
      [3, 3, 4, 5, 3],
    ],
    { part: [5, 1] },
    (x, w) => sg.mul(x, w.part!),
  ],
  div: [ROWS, { row: [6] }, (x, w) => sg.div(sg.div(x, w.row!), 3)],
  pow: [ROWS, { row: [6] }, (x, w) => sg.add(sg.pow(sg.abs(x), w.row!), sg.pow(x, 3))],
  maximum: [ROWS, {}, (x) => sg.maximum(x, 0.2)],
  minimum: [ROWS, { row: [6] }, (x, w) => sg.minimum(x, w.row!)],
  equal: [ROWS, {}, (x) => sg.equal(sg.relu(x), 0)],
  notEqual: [ROWS, {}, (x) => sg.notEqual(sg.relu(x), 0)],
  greater: [ROWS, { row: [6] }, (x, w) => sg.greater(x, w.row!)],
  greaterEqual: [ROWS, {}, (x) => sg.greaterEqual(sg.relu(x), 0)],
  less: [ROWS, {}, (x) => sg.less(x, 0.1)],
  lessEqual: [ROWS, {}, (x) => sg.lessEqual(sg.relu(x), 0)],
  where: [IMAGE, { row: [4] }, (x, w) => sg.where(sg.greater(x, 0), x, w.row!)],
  addScaled: [IMAGE, {}, (x) => sg.addScaled(x, sg.relu(x), 2, -0.5)],
  sum: [IMAGE, {}, (x) => sg.add(sg.sum(x, { axes: [1, 2], keepDims: true }), sg.sum(x, { axes: [1, 3] }).reshape([x.shape[0]!, 1, 8, 1]))],
  mean: [ANY_SIZE, { kernel: [1, 1, 4, 3] }, (x, w) => sg.mean(sg.conv2d(x, w.kernel!, null), { axes: [1, 2] }), HEIGHT_TOO],
  max: [IMAGE, {}, (x) => sg.add(sg.max(x, { axes: -1, keepDims: true }), sg.max(x))],
  min: [IMAGE, {}, (x) => sg.min(sg.relu(x), { axes: [0, 3] })],
  argmax: [IMAGE, {}, (x) => sg.argmax(x, { axis: -1 })],
  argmin: [IMAGE, {}, (x) => sg.argmin(x)],
  reshape: [
    IMAGE,
    {},
    (x) =>
      sg
        .relu(x)
        .reshape([x.shape[0]!, 48 * 4])
        .reshape([x.shape[0]!, 3, 16, 4]),
  ],
  permute: [IMAGE, {}, (x) => sg.relu(sg.permute(sg.relu(x), [0, 2, 3, 1]))],
  flip: [IMAGE, {}, (x) => sg.flip(sg.add(sg.flip(x, [2]), x), [1, 3])],
  slice: [
    [
      [1, 6, 8, 4],
      [2, 6, 10, 4],
    ],
    {},
    (x) =>
      sg.concat([sg.slice(x, { axis: 1, start: 1 }), sg.slice(sg.slice(x, { axis: 1, end: -1 }), { axis: 3, start: 1, end: 4, step: 2 })]),
    { dynamicAxes: [0, 2] },
  ],
  concat: [ANY_SIZE, {}, (x) => sg.concat([sg.concat([x, sg.relu(x)], { axis: 1 }), sg.concat([x, x], { axis: 1 })]), HEIGHT_TOO],
  stack: [IMAGE, {}, (x) => sg.sum(sg.stack([x, sg.relu(x)], { axis: 1 }), { axes: 2 })],
  expand: [
    [
      [2, 1, 6],
      [3, 1, 6],
    ],
    { row: [6] },
    (x, w) => sg.add(sg.expand(x, [-1, 5, -1]), sg.expand(w.row!, [5, 6])),
  ],
  softmax: [IMAGE, {}, (x) => sg.add(sg.softmax(sg.relu(x)), sg.softmax(x, { axis: 1 }))],
  logSoftmax: [ROWS, {}, (x) => sg.logSoftmax(x)],
  linear: [
    [
      [2, 3, 6],
      [4, 3, 6],
    ],
    { weight: [6, 5], bias: [5] },
    (x, w) => sg.linear(sg.linear(x, w.weight!, w.bias!), sg.transpose(w.weight!), null),
  ],
  matmul: [
    [
      [2, 3, 6],
      [4, 3, 6],
    ],
    { weight: [5, 6], many: [1, 3, 6], vector: [5] },
    (x, w) =>
      sg.matmul(
        sg.add(
          sg.matmul(x, w.weight!, { transposeB: true }),
          sg.matmul(sg.matmul(sg.matmul(x, w.many!, { transposeB: true }), w.many!), w.weight!, { transposeB: true }),
        ),
        w.vector!,
      ),
  ],
  embedding: [IMAGE, { table: [4, 3] }, (x, w) => sg.embedding(sg.argmax(x, { axis: -1 }), w.table!)],
  oneHot: [IMAGE, {}, (x) => sg.oneHot(sg.argmax(x, { axis: -1 }), 4)],
  l1Loss: [[[2, 6]], {}, (x) => sg.l1Loss(x, 0.5), { dynamicAxes: [] }],
  mseLoss: [[[2, 6]], { row: [2, 6] }, (x, w) => sg.mseLoss(x, w.row!), { dynamicAxes: [] }],
  bceWithLogits: [[[2, 6]], {}, (x) => sg.add(sg.bceWithLogits(x, 1), sg.bceWithLogits(sg.mul(x, 60), 0)), { dynamicAxes: [] }],
  conv2d: [
    ANY_SIZE,
    { a: [3, 3, 4, 5], b: [5], c: [1, 3, 1, 10], d: [3, 3, 10, 16], e: [3, 3, 16, 16] },
    (x, w) =>
      sg.conv2d(
        sg.conv2d(
          sg.conv2d(sg.conv2d(x, w.a!, w.b!, { stride: [2, 1], padding: 1 }), w.c!, null, { groups: 5, padding: [0, 1] }),
          w.d!,
          null,
          { padding: 1 },
        ),
        w.e!,
        null,
        { dilation: 2, padding: 2 },
      ),
    HEIGHT_TOO,
    2e-4,
  ],
  convTranspose2d: [
    ANY_SIZE,
    { a: [3, 3, 5, 4], b: [5], c: [2, 2, 2, 5] },
    (x, w) => sg.convTranspose2d(x, w.a!, w.b!, { stride: 2, padding: 1, outputPadding: [1, 0] }),
    HEIGHT_TOO,
  ],
  maxPool2d: [
    IMAGE,
    {},
    (x) =>
      sg.add(
        sg.maxPool2d(x, { kernel: 3, stride: 2, padding: 1, ceilMode: true }),
        sg.max(sg.maxPool2d(x, { kernel: 2, stride: 3, ceilMode: true })),
      ),
  ],
  avgPool2d: [
    IMAGE,
    {},
    (x) =>
      sg.add(
        sg.add(
          sg.avgPool2d(x, { kernel: 3, stride: 2, padding: 1, ceilMode: true }),
          sg.avgPool2d(x, { kernel: 3, stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
        ),
        sg.mean(sg.avgPool2d(x, { kernel: [2, 3], padding: [1, 1] })),
      ),
  ],
  globalAveragePool: [ANY_SIZE, {}, (x) => sg.globalAveragePool(sg.relu(x)), HEIGHT_TOO],
  pad: [
    ANY_SIZE,
    {},
    (x) => sg.pad(sg.pad(sg.pad(x, [1, 2, 0, 3], { mode: 'reflect' }), 2, { mode: 'replicate' }), [0, 1, 2, 0], { value: 0.5 }),
    HEIGHT_TOO,
  ],
  upsample: [
    ANY_SIZE,
    {},
    (x) => sg.upsample(sg.upsample(sg.upsample(x, { scale: 2 }), { scale: [1.5, 2], mode: 'bilinear' }), { scale: 0.5, mode: 'bilinear' }),
    HEIGHT_TOO,
  ],
  pixelShuffle: [ANY_SIZE, {}, (x) => sg.pixelShuffle(x, 2), HEIGHT_TOO],
  batchNorm: [
    ANY_SIZE,
    { gamma: [4], beta: [4], mean: [4], variance: [4] },
    (x, w) => {
      const running = { mean: w.mean!, variance: w.variance! };
      return sg.add(
        sg.batchNorm(x, w.gamma!, w.beta!, { running, statistics: 'running' }),
        sg.batchNorm(x, w.gamma!, w.beta!, { epsilon: 1e-3 }),
      );
    },
    HEIGHT_TOO,
  ],
  instanceNorm: [
    ANY_SIZE,
    { gamma: [4], beta: [4] },
    (x, w) => sg.add(sg.instanceNorm(x), sg.instanceNorm(x, { gamma: w.gamma!, beta: w.beta!, epsilon: 1e-2 })),
    HEIGHT_TOO,
  ],
  groupNorm: [
    ANY_SIZE,
    { gamma: [4], beta: [4] },
    (x, w) => sg.add(sg.groupNorm(x, 2, { gamma: w.gamma! }), sg.groupNorm(x, 4, { beta: w.beta! })),
    HEIGHT_TOO,
  ],
  layerNorm: [
    ANY_SIZE,
    { gamma: [4], beta: [4] },
    (x, w) => sg.add(sg.layerNorm(x, [4], { gamma: w.gamma!, beta: w.beta! }), sg.layerNorm(sg.relu(x), [4])),
    HEIGHT_TOO,
  ],
};

for (const [name, [shapes, parameters, run, options, absolute]] of Object.entries(CASES)) {
  test(`${name}: ONNX Runtime computes what the module computes`, async () => {
    // A parameter that tells on which device the module is.
    const module = new Made({ anchor: [1], ...parameters }, (x, w) => run(x, w)).to(gpu, { seed: 5 });
    await agrees(folder, name, module, shapes, options, absolute);
    module.dispose();
  });
}

test('every operation that is exported is tried above', () => {
  assert.equal(exportedOperations().sort(), Object.keys(CASES).sort());
});

test.run();
