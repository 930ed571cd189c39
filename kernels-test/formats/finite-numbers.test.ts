// Numbers that no network can compute with, in every format that is read, and numbers that a short type cannot hold.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exportOnnx } from '../../src/exchange/onnx/export-network.js';
import { encodeNetwork } from '../../src/exchange/network-file.js';
import type { NetworkTensor, NetworkWeights } from '../../src/exchange/network/network-weights.js';
import { pytorchStateDict } from '../../src/exchange/pytorch/pytorch-run.js';
import { networksIn, type FoundNetwork } from '../../src/exchange/read-weights.js';
import { referenceStateDict } from '../../src/exchange/pytorch/reference-network.js';
import { encodeWeights, type WriteOptions } from '../../src/exchange/write-weights.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { openPict } from '../../src/formats/pict.js';
import { openPyTorch } from '../../src/formats/pytorch-file.js';
import { encodePyTorch } from '../../src/formats/pytorch-write.js';
import { encodeSafetensors, openSafetensors, openShardedSafetensors } from '../../src/formats/safetensors-file.js';
import type { StoredDType, WeightFile } from '../../src/formats/weight-file.js';
import { checkNumbersOf } from '../../src/node/programs/inspect-numbers.js';
import { goldenModel, openModel } from '../harness/tfjs-golden.js';
import { pictBytes } from '../harness/pict-golden.js';
import { legacyOf, tensorPickle } from '../harness/pytorch-golden.js';
import { collect, fileOf, formulaNetwork, refuses } from '../harness/weights.js';

const unet = formulaNetwork({ kind: 'unet', options: { size: 16, ngf: 2, inChannels: 2, outChannels: 1 } });
const patchgan = formulaNetwork({ kind: 'patchgan', options: { ndf: 2, layers: 1 } });

function withNumber({ architecture, tensors }: NetworkWeights, name: string, index: number, value: number): NetworkWeights {
  const { shape, read } = tensors.get(name)!;
  const changed: NetworkTensor = {
    shape,
    read: async () => {
      const values = (await read()).slice();
      values[index] = value;
      return values;
    },
  };
  return { architecture, tensors: new Map(tensors).set(name, changed) };
}

const found = (weights: NetworkWeights): FoundNetwork => ({
  role: 'generator',
  weights,
  origin: 'shadegrad network',
  statistics: 'batch',
  prefix: '',
});
const numberLines = async (file: WeightFile): Promise<readonly string[]> => (await checkNumbersOf(file)).lines;
const safetensors = async (pieces: AsyncIterable<Uint8Array>): Promise<WeightFile> =>
  openSafetensors(bytesSource(await collect(pieces), 'w.safetensors'));
const pytorch = async (weights: NetworkWeights, dtype?: 'f16' | 'bf16'): Promise<WeightFile> =>
  openPyTorch(bytesSource(await collect(encodePyTorch(pytorchStateDict(weights), { dtype })), 'w.pth'));

async function readAll(file: WeightFile): Promise<void> {
  for (const { weights } of networksIn(file)) for (const tensor of weights.tensors.values()) await tensor.read();
}

/** Files of each format with one number that is not finite; [h, w, in, out] here is [out, in, h, w] to PyTorch. */
const KERNEL = 'model.model.0.weight';
const files: [what: string, open: (value: number) => Promise<WeightFile>, where: string, index: RegExp][] = [
  [
    'a file of one network',
    (value) => safetensors(encodeNetwork(withNumber(unet, KERNEL, 5, value))),
    KERNEL,
    /index 5, at \[0, 1, 0, 1\] of \[4, 4, 2, 2\]/,
  ],
  ['float16', (value) => safetensors(encodeNetwork(withNumber(unet, KERNEL, 5, value), { dtype: 'f16' })), KERNEL, /index 5,/],
  ['bfloat16', (value) => safetensors(encodeNetwork(withNumber(unet, KERNEL, 5, value), { dtype: 'bf16' })), KERNEL, /index 5,/],
  [
    "PyTorch's layout",
    (value) => safetensors(encodeNetwork(withNumber(unet, KERNEL, 1, value), { layout: 'pytorch' })),
    KERNEL,
    /index 32, at \[1, 0, 0, 0\] of \[2, 2, 4, 4\]/,
  ],
  ['a .pth', (value) => pytorch(withNumber(patchgan, 'model.3.running_mean', 3, value)), 'model.3.running_mean', /index 3$/m],
  ['a .pth of float16', (value) => pytorch(withNumber(patchgan, 'model.3.bias', 0, value), 'f16'), 'model.3.bias', /index 0$/m],
  [
    'several files',
    async (value) => {
      const tensors = referenceStateDict(withNumber(patchgan, 'model.0.bias', 1, value));
      const shard = await collect(encodeSafetensors(tensors));
      const index = JSON.stringify({ weight_map: Object.fromEntries(tensors.map(({ name }) => [name, 'a.safetensors'])) });
      return openShardedSafetensors(bytesSource(new TextEncoder().encode(index), 'w.index.json'), async () => bytesSource(shard));
    },
    'model.0.bias',
    /index 1$/m,
  ],
  [
    'a TensorFlow.js model',
    async (value) => {
      const model = goldenModel(0, 0, 1 << 24);
      const [bytes] = model.files.values();
      new DataView(bytes!.buffer).setFloat32(4 * 2, value, true);
      return openModel(model);
    },
    '',
    /index 2\b/,
  ],
];

for (const [what, open, where, index] of files) {
  test(`NaN and infinity in ${what} are refused by tensor, index and value, and listed when the file is inspected`, async () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      const file = await open(value);
      await refuses(
        () => readAll(file),
        'WEIGHTS_CORRUPT',
        new RegExp(JSON.stringify(where).slice(0, -1)),
        new RegExp(`received: ${value} at`),
        index,
        /earlier checkpoint/,
      );
      const [line] = await numberLines(file);
      assert.match(line!, new RegExp(`^numbers: 1 not finite, the first ${value} in "${where}`));
    }
    await readAll(await open(0.5));
    assert.equal(await numberLines(await open(0.5)), ['numbers: all finite']);
  });
}

test('a number past the range of float32 is none here', async () => {
  const big = (name: string): WeightFile => fileOf([{ name, shape: [2], dtype: 'f64', read: async () => Float32Array.from([1, 1e300]) }]);
  assert.match((await numberLines(big('x')))[0]!, /Infinity in "x" at index 1/);
  const scaled = goldenModel(1, 1, 1 << 24);
  const weight = scaled.json.weightsManifest[0]!.weights.find(({ quantization }) => quantization?.scale !== undefined)!;
  weight.quantization!.scale = 1e38;
  await refuses(async () => readAll(await openModel(scaled)), 'WEIGHTS_CORRUPT', /Infinity at/);
});

test('the older files of PyTorch and .pict files likewise', async () => {
  const numbers = new Float32Array([1, 2, NaN, 4, 5, 6]);
  const legacy = await openPyTorch(
    bytesSource(legacyOf(tensorPickle({}), [{ count: 6, bytes: new Uint8Array(numbers.buffer) }]), 'old.pth'),
  );
  assert.match((await numberLines(legacy))[0]!, /1 not finite, the first NaN in "t" at index 2, at \[0, 2\] of \[2, 3\]/);
  const codebook = new Float32Array(256);
  codebook[9] = Infinity;
  await refuses(() => openPict(bytesSource(pictBytes('[]', codebook, new Uint8Array(0)))), 'WEIGHTS_CORRUPT', /entry 9/);
});

test('a negative variance is refused and told apart; a network that nothing of is taken is not looked at', async () => {
  const negative = await pytorch(withNumber(patchgan, 'model.3.running_var', 2, -0.25));
  await refuses(() => readAll(negative), 'WEIGHTS_CORRUPT', /"model\.3\.running_var" holds a negative variance/, /-0\.25 at index 2/);
  assert.match((await numberLines(negative))[0]!, /^numbers: 1 negative variances, the first -0\.25 in "model\.3\.running_var" at index 2/);
  // A single 0 is what a channel has that never changes.
  await readAll(await pytorch(withNumber(patchgan, 'model.3.running_var', 2, 0)));
});

const overflowing: [dtype: StoredDType, largest: number, first: number][] = [
  ['f16', 65_519.99, 65_520],
  ['bf16', 3.3961773e38, 3.39617753e38],
];
for (const [dtype, largest, first] of overflowing) {
  test(`a number that ${dtype} does not reach is refused by tensor, index and value when it is written`, async () => {
    for (const sign of [1, -1]) {
      const write = (value: number, format: 'safetensors' | 'pytorch', options: WriteOptions = {}) =>
        collect(encodeWeights(found(withNumber(unet, KERNEL, 3, sign * value)), format, { dtype, ...options }));
      for (const value of [0, largest]) await Promise.all([write(value, 'safetensors'), write(value, 'pytorch')]);
      const words = [new RegExp(`"${KERNEL}"`), dtype === 'f16' ? /float16/ : /bfloat16/, /write f32/];
      await refuses(() => write(first, 'safetensors'), 'WEIGHTS_UNSUPPORTED', ...words, /index 3, at/);
      await refuses(() => write(first, 'safetensors', { layout: 'pytorch' }), 'WEIGHTS_UNSUPPORTED', ...words);
      await refuses(() => write(first, 'pytorch'), 'WEIGHTS_UNSUPPORTED', ...words);
    }
  });
}

test('an ONNX model likewise', async () => {
  const write = (value: number) => collect(exportOnnx(withNumber(unet, KERNEL, 0, value), { dtype: 'f16' }).model.encode());
  await write(65_504);
  await refuses(() => write(-70_000), 'WEIGHTS_UNSUPPORTED', new RegExp(`"${KERNEL}"`), /-70000 at index 0,/);
});

test.run();
