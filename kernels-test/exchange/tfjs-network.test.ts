import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadNetwork } from '../../src/exchange/network/load-network.js';
import type { NetworkWeights } from '../../src/exchange/network/network-weights.js';
import { networksIn } from '../../src/exchange/read-weights.js';
import { tfjsNetwork } from '../../src/exchange/tensorflow/tfjs-network.js';
import { encodeWeights } from '../../src/exchange/write-weights.js';
import { ShadegradError } from '../../src/errors.js';
import type { UNet } from '../../src/models/unet.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/tfjs.json';
import kerasGolden from '../goldens/tfjs_keras.json';
import { generate, type GeneratedArray } from '../harness/deterministic.js';
import { assertClose, float32, type StoredArray } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { goldenModel, kerasModel, openModel, type TfjsModel } from '../harness/tfjs-golden.js';
import { fileOf, openBytes } from '../harness/weights.js';

const gpu = await testGpu();

async function run(weights: NetworkWeights, input: GeneratedArray, statistics: 'batch' | 'running'): Promise<Float32Array> {
  const network = (await loadNetwork(gpu, weights)) as UNet;
  const x = Tensor.from(gpu, generate(input), input.shape);
  const y = gpu.scope(() => network.forward(x, { training: false, statistics }));
  const result = await y.data();
  for (const tensor of [x, y]) tensor.dispose();
  network.dispose();
  return result;
}

async function agrees(model: TfjsModel, expected: { input: GeneratedArray; running: StoredArray; batch: StoredArray }): Promise<void> {
  const weights = tfjsNetwork(await openModel(model));
  assertClose(await run(weights, expected.input, 'running'), float32(expected.running), { absolute: 1e-4, label: 'predict()' });
  assertClose(await run(weights, expected.input, 'batch'), float32(expected.batch), { absolute: 1e-4, label: 'in training mode' });
}

const options = (size: number, ngf: number): object => ({
  size,
  ngf,
  inChannels: 3,
  outChannels: 3,
  dropout: 0.5,
  norm: 'batch',
  bias: 'ends',
  epsilon: 1e-3,
  slope: 0.3,
  innermostNorm: true,
  skip: 'leaky',
});

golden.cases.forEach(({ size, ngf, variants }, index) => {
  variants.forEach((variant, number) => {
    test(
      `the tutorial's U-Net of ${size} pixels in ${variant.quantisation ?? 'float32'} computes what TensorFlow.js does ` +
        `within 1e-4, with either statistics`,
      async () => {
        assert.equal(tfjsNetwork(await openModel(goldenModel(index, number))).architecture, { kind: 'unet', options: options(size, ngf) });
        await agrees(goldenModel(index, number), variant);
      },
    );
  });
});

test('a model of Keras 3 computes what Keras does within 1e-4, with either statistics', async () => {
  assert.equal(tfjsNetwork(await openModel(kerasModel())).architecture, {
    kind: 'unet',
    options: options(kerasGolden.size, kerasGolden.ngf),
  });
  await agrees(kerasModel(), kerasGolden);
});

type Json = Record<string, any>;
const layersOf = (model: TfjsModel): Json[] => (model.json.modelTopology as Json).config.layers;
/** The layers of one class, inside Sequentials, too, in the order of the file. */
const ofClass = (model: TfjsModel, name: string): Json[] =>
  layersOf(model)
    .flatMap((layer) => (layer.class_name === 'Sequential' ? layer.config.layers : [layer]))
    .filter((layer) => layer.class_name === name);
const changed = (change: (model: TfjsModel) => void): TfjsModel => {
  const model = goldenModel(1, 0, 1 << 20);
  change(model);
  return model;
};

test('what means the same is read the same', async () => {
  const expected = golden.cases[1]!.variants[0]!;
  // A decoder that is joined [encoder, decoder] has its kernels' inputs in that order: here both are exchanged.
  await agrees(
    changed((model) => {
      for (const layer of layersOf(model)) if (layer.class_name === 'Concatenate') layer.inbound_nodes[0].reverse();
      const { weights } = model.json.weightsManifest[0]!;
      const [path] = model.json.weightsManifest[0]!.paths;
      const data = model.files.get(path!)!;
      const joined = new Set(
        ofClass(model, 'Conv2DTranspose')
          .slice(1)
          .map((layer) => `${layer.config.name}/kernel`),
      );
      let start = 0;
      for (const { name, shape } of weights) {
        const count = shape.reduce((product, length) => product * length, 1);
        const [half] = [shape.at(-1)! / 2];
        if (joined.has(name)) {
          for (let row = start; row < start + count; row += 2 * half)
            data.set([...data.subarray(row + half, row + 2 * half), ...data.subarray(row, row + half)], row);
        }
        start += count;
      }
    }),
    expected,
  );
  await agrees(
    changed((model) => {
      const last = ofClass(model, 'Conv2DTranspose').at(-1)!;
      last.config.activation = 'linear';
      layersOf(model).push({
        class_name: 'Activation',
        name: 'end',
        config: { name: 'end', activation: 'tanh' },
        inbound_nodes: [[[last.name, 0, 0, {}]]],
      });
      (model.json.modelTopology as Json).config.output_layers = [['end', 0, 0]];
      for (const layer of ofClass(model, 'ReLU'))
        Object.assign(layer, { class_name: 'Activation', config: { name: layer.config.name, activation: 'relu' } });
      const input = layersOf(model)[0]!;
      input.config.batch_input_shape = [null, null, null, 3];
    }),
    expected,
  );
});

test('one layer that joins at every level, as in the TensorFlow examples, is read', async () => {
  await agrees(
    changed((model) => {
      const layers = layersOf(model);
      const joins = layers.filter(({ class_name: name }) => name === 'Concatenate');
      const use = new Map(joins.map(({ name }, index) => [name as string, index]));
      const redirect = (each: any[]): void => {
        if (use.has(each[0])) [each[0], each[1]] = ['join', use.get(each[0])];
      };
      for (const layer of layers) for (const node of layer.inbound_nodes) node.forEach(redirect);
      const join = {
        class_name: 'Concatenate',
        name: 'join',
        config: { name: 'join', axis: -1 },
        inbound_nodes: joins.map(({ inbound_nodes: [node] }) => node),
      };
      (model.json.modelTopology as Json).config.layers = [...layers.filter((layer) => !joins.includes(layer)), join];
    }),
    golden.cases[1]!.variants[0]!,
  );
});

/** The blocks that hold a norm. */
const sequentials = (model: TfjsModel): Json[] =>
  layersOf(model).filter(
    ({ class_name: kind, config }) =>
      kind === 'Sequential' && config.layers.some((layer: Json) => layer.class_name === 'BatchNormalization'),
  );

test('layers that are called with training=True take the statistics of the image', async () => {
  const called = (argument: unknown) =>
    changed((model) => sequentials(model).forEach(({ inbound_nodes: [node] }) => (node[0][3] = { training: argument })));
  for (const argument of [true, 1]) assert.is(tfjsNetwork(await openModel(called(argument))).statistics, 'batch');
  for (const argument of [false, null, 0]) assert.is(tfjsNetwork(await openModel(called(argument))).statistics, 'running');
  assert.is(tfjsNetwork(await openModel(goldenModel(1, 0))).statistics, 'running');
  const [found] = networksIn(await openModel(called(true)));
  assert.is(found!.statistics, 'batch');
  // Keras 3 writes arguments by their names.
  const keras = kerasModel();
  const layers = (keras.json.modelTopology as Json).model_config.config.layers as Json[];
  for (const layer of layers)
    if (layer.class_name === 'Sequential' || layer.class_name === 'BatchNormalization') layer.inbound_nodes[0].kwargs = { training: true };
  assert.is(tfjsNetwork(await openModel(keras)).statistics, 'batch');
  // Dropout that is called with training=False is none at all.
  const off = tfjsNetwork(await openModel(called(false)));
  assert.is((off.architecture.options as { dropout: number }).dropout, 0);
});

test('a model for larger images than leave one pixel says so, and keeps it when it is written', async () => {
  const [found] = networksIn(await openModel(changed((model) => (layersOf(model)[0]!.config.batch_input_shape = [null, 32, 48, 3]))));
  assert.equal(found!.imageSize, [48, 32]);
  assert.is((found!.weights.architecture.options as { size: number }).size, 16);
  assert.equal(networksIn(await openBytes(encodeWeights(found!, 'safetensors')))[0]!.imageSize, [48, 32]);
  assert.is(networksIn(await openModel(goldenModel(1, 0)))[0]!.imageSize, undefined);
});

test('biases everywhere, norms without scale or shift, and an innermost layer without norm are read', async () => {
  const withoutInnermost = changed((model) => {
    const [innermost] = layersOf(model)
      .filter((layer) => layer.class_name === 'Sequential' && layer.config.layers[0].class_name === 'Conv2D')
      .slice(-1);
    const { name } = innermost!.config.layers.splice(1, 1)[0].config;
    dropWeights(model, (weight) => weight.startsWith(`${name}/`));
  });
  assert.is((tfjsNetwork(await openModel(withoutInnermost)).architecture.options as { innermostNorm: boolean }).innermostNorm, false);

  const bare = changed((model) => {
    const [norm] = ofClass(model, 'BatchNormalization');
    Object.assign(norm!.config, { scale: false, center: false });
    dropWeights(model, (weight) => weight === `${norm!.config.name}/gamma` || weight === `${norm!.config.name}/beta`);
    const conv = ofClass(model, 'Conv2D')[1]!;
    conv.config.use_bias = true;
    model.json.weightsManifest.push({ paths: ['bias'], weights: [{ name: `${conv.config.name}/bias`, shape: [4], dtype: 'float32' }] });
    model.files.set('bias', new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
  });
  const { architecture, tensors } = tfjsNetwork(await openModel(bare));
  assert.is((architecture.options as { bias: string }).bias, 'everywhere');
  const second = 'model.model.1.model';
  assert.equal(await tensors.get(`${second}.1.bias`)!.read(), Float32Array.of(1, 2, 3, 4));
  assert.equal(await tensors.get('model.model.0.bias')!.read(), new Float32Array(2));
  assert.equal(await tensors.get(`${second}.2.weight`)!.read(), new Float32Array(4).fill(1));
  assert.equal(await tensors.get(`${second}.2.bias`)!.read(), new Float32Array(4));
});

/** Takes weights out of a model of one group and one file of single bytes. */
function dropWeights(model: TfjsModel, dropped: (name: string) => boolean): void {
  const group = model.json.weightsManifest[0]!;
  const data = [...model.files.get(group.paths[0]!)!];
  const kept: number[] = [];
  for (const { name, shape } of group.weights) {
    const bytes = data.splice(
      0,
      shape.reduce((product, length) => product * length, 1),
    );
    if (!dropped(name)) kept.push(...bytes);
  }
  group.weights = group.weights.filter(({ name }) => !dropped(name));
  model.files.set(group.paths[0]!, Uint8Array.from(kept));
}

async function refuses(change: (model: TfjsModel) => void, code: string, ...words: RegExp[]): Promise<void> {
  const file = await openModel(changed(change));
  let caught: unknown;
  try {
    tfjsNetwork(file);
  } catch (error) {
    caught = error;
  }
  assert.instance(caught, ShadegradError, `accepted, or failed with ${String(caught)}`);
  const { message, code: received } = caught as ShadegradError;
  assert.is(received, code, message);
  for (const word of [/model\.json/, /expected:/, /received:/, /fix:/, ...words]) assert.match(message, word);
}

test('other networks are refused by the layer that says so', async () => {
  const no = (change: (model: TfjsModel) => void, ...words: RegExp[]): Promise<void> => refuses(change, 'WEIGHTS_UNSUPPORTED', ...words);
  const conv =
    (config: Json, level = 1) =>
    (model: TfjsModel): void =>
      void Object.assign(ofClass(model, 'Conv2D')[level]!.config, config);
  await no(conv({ kernel_size: [3, 3] }), /Conv2D\d+"/, /\[3,3\]/);
  await no(conv({ strides: [1, 1] }), /strides/);
  await no(conv({ dilation_rate: [2, 2] }), /dilation_rate/);
  await no(conv({ padding: 'valid' }), /padding same/, /valid/);
  await no(conv({ activation: 'relu' }), /activation linear/);
  await no(conv({ data_format: 'channels_first' }), /channels_first/);
  await no((model) => (ofClass(model, 'Conv2D')[2]!.class_name = 'SeparableConv2D'), /SeparableConv2D/);
  await no((model) => (ofClass(model, 'BatchNormalization')[1]!.class_name = 'InstanceNormalization'), /InstanceNormalization/);
  await no((model) => (ofClass(model, 'BatchNormalization')[1]!.config.axis = 1), /axis 1/);
  await no((model) => (ofClass(model, 'BatchNormalization')[2]!.config.epsilon = 1e-5), /epsilon of layer/);
  await no((model) => (ofClass(model, 'LeakyReLU')[2]!.config.alpha = 0.2), /slope of layer/);
  await no((model) => (ofClass(model, 'ReLU')[0]!.config.max_value = 6), /ReLU/);
  await no((model) => (ofClass(model, 'Dropout')[0]!.config.rate = 0.3), /dropout after layer/);
  await no((model) => (ofClass(model, 'Concatenate')[0]!.config.axis = 1), /axis 1/);
  await no((model) => (ofClass(model, 'Conv2DTranspose').at(-1)!.config.activation = 'sigmoid'), /activation tanh/, /sigmoid/);
  await no((model) => (layersOf(model)[0]!.config.batch_input_shape = [null, 24, 24, 3]), /multiples of 16 pixels/);
  // Norms of which one takes the image's statistics and the others those of the training are no network of this library's.
  await no((model) => (sequentials(model)[2]!.inbound_nodes[0][0][3] = { training: true }), /batch norm layer/, /training=True/);
  await no(
    (model) =>
      layersOf(model).push({
        class_name: 'Flatten',
        name: 'more',
        config: { name: 'more' },
        inbound_nodes: [[[layersOf(model)[1]!.name, 0, 0]]],
      }),
    /layer "more"/,
  );
  await no((model) => ((model.json.modelTopology as Json).class_name = 'Sequential'), /functional model/);
  await no((model) => ((model.json.modelTopology as Json).config.output_layers = []), /outputs/);
  await no((model) => (model.json.weightsManifest[0]!.weights[3]!.name = 'other/kernel'), /beta of layer/, /0 of them/);
  // A skip connection to the wrong level: every level of the decoder gets the innermost but one.
  await no((model) => {
    const joins = ofClass(model, 'Concatenate');
    joins[1]!.inbound_nodes[0][1] = joins[0]!.inbound_nodes[0][1];
  }, /skip connection/);
  await no(
    (model) => {
      const { weights } = model.json.weightsManifest[0]!;
      const first = weights.findIndex(({ shape }) => shape.length === 4);
      weights[first]!.shape = [2, 8, ...weights[first]!.shape.slice(2)];
    },
    /shape of/,
    /\[4, 4, 3, 2\]/,
  );
});

test('topologies that contradict themselves are refused', async () => {
  const no = (change: (model: TfjsModel) => void, ...words: RegExp[]): Promise<void> => refuses(change, 'WEIGHTS_CORRUPT', ...words);
  const nodes = (model: TfjsModel, layer = 2): any[] => layersOf(model)[layer]!.inbound_nodes;
  await no((model) => (nodes(model)[0][0][0] = 'nobody'), /"nobody"/);
  await no((model) => (nodes(model)[0][0] = 7), /inbound_nodes/);
  await no((model) => (nodes(model, 1)[0][0][0] = layersOf(model).at(-1)!.name), /without loops/);
  await no((model) => (layersOf(model)[3]!.name = layersOf(model)[2]!.name), /twice/);
  await no((model) => ((model.json.modelTopology as Json).config.layers = 1), /layers/);
  await no((model) => delete (model.json.modelTopology as Json).config, /modelTopology/);
  await no((model) => delete ofClass(model, 'Conv2D')[1]!.config, /a layer/);
});

test('a file of another format is an error of the caller', () => {
  try {
    tfjsNetwork(fileOf([]));
    assert.unreachable();
  } catch (error) {
    assert.is((error as ShadegradError).code, 'INVALID_ARGUMENT');
  }
});

test.run();
