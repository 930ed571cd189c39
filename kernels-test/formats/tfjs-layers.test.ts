import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource } from '../../src/formats/byte-source.js';
import { openTfjsLayers } from '../../src/formats/tfjs-layers.js';
import golden from '../goldens/tfjs.json';
import { float32 } from '../harness/golden.js';
import { goldenModel, modelOf, openModel, type TfjsModel, type WeightSpec } from '../harness/tfjs-golden.js';
import { refuses } from '../harness/weights.js';

const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const small = (weights: WeightSpec[], data: Uint8Array, shardBytes = 3): TfjsModel =>
  modelOf({ class_name: 'Model' }, weights, data, shardBytes);
const float = (name: string, shape: number[]): WeightSpec => ({ name, shape, dtype: 'float32' });

golden.cases.forEach(({ size, variants }, index) => {
  variants.forEach(({ quantisation, weights, weightSpecs }, variant) => {
    test(`weights of ${quantisation ?? 'float32'} at ${size} pixels are those that TensorFlow.js reads, to the bit`, async () => {
      const file = await openModel(goldenModel(index, variant));
      assert.equal(
        [...file.tensors.keys()],
        weightSpecs.map(({ name }) => name),
      );
      const dtype = { uint8: 'u8', uint16: 'u16', float16: 'f16' }[quantisation as string] ?? 'f32';
      for (const expected of weights) {
        const tensor = file.tensors.get(expected.name)!;
        assert.equal([tensor.shape, tensor.dtype], [expected.shape, dtype]);
        assert.equal(await tensor.read(), float32(expected), expected.name);
      }
    });
  });
});

test('a weight may lie in many files, several groups stand beside each other, and the file says what made it', async () => {
  const model = small([float('a/kernel', [2, 3]), float('empty', [0]), float('b', [])], bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6, 7)));
  model.json.weightsManifest.push({ paths: ['./more/weights.bin'], weights: [{ name: 'c', shape: [2], dtype: 'int32' }] });
  model.files.set('more/weights.bin', bytesOf(Int32Array.of(-7, 9)));
  const file = await openModel(model);
  assert.is(model.files.size, 11);
  assert.equal(await file.tensors.get('a/kernel')!.read(), Float32Array.of(1, 2, 3, 4, 5, 6));
  assert.equal(await file.tensors.get('empty')!.read(), new Float32Array(0));
  assert.equal(await file.tensors.get('b')!.read(), Float32Array.of(7));
  assert.equal(await file.tensors.get('c')!.read(), Float32Array.of(-7, 9));
  assert.equal(
    [...file.metadata],
    [
      ['format', 'layers-model'],
      ['generatedBy', 'TensorFlow.js tfjs-layers v4.22.0'],
    ],
  );
  assert.equal(file.topology, { class_name: 'Model' });
});

test('whole numbers that are quantised are rounded, as TensorFlow.js does', async () => {
  const file = await openModel(
    small([{ name: 'x', shape: [4], dtype: 'int32', quantization: { dtype: 'uint8', min: -3, scale: 0.5 } }], Uint8Array.of(0, 1, 6, 255)),
  );
  assert.equal(await file.tensors.get('x')!.read(), Float32Array.of(-3, -2, 0, 125));
});

test('paths that leave the folder, are no paths or come twice are refused before anything is opened', async () => {
  for (const path of [
    '../a.bin',
    '/etc/passwd',
    'a/../../b',
    'a//b',
    './../a',
    '.',
    '',
    'C:\\a',
    'a\\..\\b',
    'https://example.org/a',
    '%2e%2e/a',
    'a\0b',
    'a/.',
    'a?b',
    7,
    null,
  ]) {
    const model = small([float('x', [1])], new Uint8Array(4), 4);
    model.json.weightsManifest[0]!.paths = [path as string];
    let opened = 0;
    const source = bytesSource(new TextEncoder().encode(JSON.stringify(model.json)), 'model.json');
    await refuses(
      () => openTfjsLayers(source, async () => (opened++, bytesSource(new Uint8Array(4)))),
      'WEIGHTS_CORRUPT',
      /path of weightsManifest/,
    );
    assert.is(opened, 0);
  }
  const twice = small([float('x', [2])], new Uint8Array(8), 4);
  twice.json.weightsManifest[0]!.paths = ['a.bin', './a.bin'];
  await refuses(() => openModel(twice), 'WEIGHTS_CORRUPT', /"a\.bin"/, /twice/);
});

test('damaged models are refused by what is wrong with them', async () => {
  const bad = (
    change: (json: Record<string, any>, first: Record<string, any>) => void,
    code = 'WEIGHTS_CORRUPT',
    ...words: RegExp[]
  ): Promise<void> => {
    const model = small([float('x', [2]), float('y', [1])], new Uint8Array(12), 12);
    change(model.json, model.json.weightsManifest[0]!.weights[0]!);
    return refuses(() => openModel(model), code, ...words);
  };
  await openModel(small([float('x', [2]), float('y', [1])], new Uint8Array(12), 12));
  await bad((_, x) => (x.shape = [3]), 'WEIGHTS_CORRUPT', /16 bytes for the shapes/, /12 bytes/);
  await bad((_, x) => (x.shape = [1]), 'WEIGHTS_CORRUPT', /8 bytes for the shapes/);
  await bad((_, x) => (x.shape = [-2]), 'WEIGHTS_CORRUPT', /shape of weight "x"/);
  await bad((_, x) => (x.shape = [2 ** 40, 2 ** 40]), 'WEIGHTS_CORRUPT', /shape of weight "x"/);
  await bad((_, x) => (x.name = 'y'), 'WEIGHTS_CORRUPT', /"y"/, /twice/);
  await bad((_, x) => (x.name = 3), 'WEIGHTS_CORRUPT', /a weight/);
  await bad((_, x) => (x.dtype = 'string'), 'WEIGHTS_UNSUPPORTED', /"string"/);
  await bad((_, x) => (x.dtype = 'constructor'), 'WEIGHTS_UNSUPPORTED');
  await bad((_, x) => (x.quantization = 1), 'WEIGHTS_CORRUPT', /quantization/);
  await bad((_, x) => (x.quantization = { dtype: 'uint8' }), 'WEIGHTS_CORRUPT', /min and scale/);
  await bad((_, x) => (x.quantization = { dtype: 'uint8', min: null, scale: 1 }), 'WEIGHTS_CORRUPT', /min and scale/);
  await bad((_, x) => (x.quantization = { dtype: 'int4', min: 0, scale: 1 }), 'WEIGHTS_UNSUPPORTED', /int4/);
  await bad((_, x) => Object.assign(x, { dtype: 'int32', quantization: { dtype: 'float16' } }), 'WEIGHTS_UNSUPPORTED', /float16/);
  await bad((json) => (json.weightsManifest = {}), 'WEIGHTS_CORRUPT', /weightsManifest/);
  await bad((json) => (json.weightsManifest = [{ paths: [] }]), 'WEIGHTS_CORRUPT', /group/);
  await bad((json) => (json.modelTopology = null), 'WEIGHTS_CORRUPT', /modelTopology/);
  await bad((json) => (json.format = 'graph-model'), 'WEIGHTS_UNSUPPORTED', /graph model/, /tensorflowjs_converter/);
  await bad((json) => (json.modelTopology = { node: [] }), 'WEIGHTS_UNSUPPORTED', /graph model/);
  await bad((json) => (json.padding = 'x'.repeat(1 << 22)), 'WEIGHTS_CORRUPT', /4194304 bytes/);
  for (const text of ['', '[', '3', 'null', `${'['.repeat(100_000)}`, '\xff']) {
    await refuses(
      () =>
        openTfjsLayers(
          bytesSource(
            Uint8Array.from(text, (character) => character.charCodeAt(0)),
            'model.json',
          ),
          async () => bytesSource(new Uint8Array(0)),
        ),
      'WEIGHTS_CORRUPT',
    );
  }
});

test.run();
