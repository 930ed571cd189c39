// tfjs.json: the U-Net of TensorFlow's pix2pix tutorial, small, built, saved and run by TensorFlow.js.
//
//     node scripts/goldens/tfjs.js
//
// It needs the packages of bench/peers (npm ci there); its backend is the one in plain JavaScript. Weights and images follow from their
// names, as in common.py.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { importSource, root } from '../lib/bundle-test.js';

const tf = createRequire(join(root, 'bench/peers/package.json'))('@tensorflow/tfjs');
const { values } = await importSource('kernels-test/harness/deterministic.ts');
const { encodeNumbers } = await importSource('src/formats/half.ts');
await tf.setBackend('cpu');

const DROPOUT_BLOCKS = 3;

/** The tutorial's Generator() at any size: TensorFlow.js has its layers under the same names and with the same defaults. */
function tutorialUNet({ size, ngf, dropout }) {
  const levels = Math.log2(size);
  const width = (level) => ngf * Math.min(2 ** (level - 1), 8);
  const conv = { kernelSize: 4, strides: 2, padding: 'same' };
  /** TensorFlow.js builds a Sequential when its first layer knows its input; Keras, when it is applied. */
  const stack = (layers) => tf.sequential({ layers: layers.filter(Boolean) });
  const downsample = (inputShape, filters, norm) =>
    stack([
      tf.layers.conv2d({ ...conv, inputShape, filters, useBias: false }),
      norm && tf.layers.batchNormalization(),
      tf.layers.leakyReLU(),
    ]);
  const upsample = (inputShape, filters, drops) =>
    stack([
      tf.layers.conv2dTranspose({ ...conv, inputShape, filters, useBias: false }),
      tf.layers.batchNormalization(),
      drops && tf.layers.dropout({ rate: dropout }),
      tf.layers.reLU(),
    ]);
  const input = tf.input({ shape: [size, size, 3] });
  let x = input;
  const skips = [];
  for (let level = 1; level <= levels; level++) skips.push((x = downsample(x.shape.slice(1), width(level), level > 1).apply(x)));
  for (let level = levels; level >= 2; level--) {
    x = upsample(x.shape.slice(1), width(level - 1), level > levels - DROPOUT_BLOCKS).apply(x);
    x = tf.layers.concatenate().apply([x, skips[level - 2]]);
  }
  x = tf.layers.conv2dTranspose({ ...conv, filters: 3, activation: 'tanh' }).apply(x);
  return tf.model({ inputs: input, outputs: x });
}

/** Numbers that keep the signal alive through every level; the variances are positive. */
function fillWeights(model) {
  model.setWeights(
    model.weights.map((weight, index) => {
      const [scale, offset] = weight.originalName.endsWith('kernel')
        ? [0.3, 0]
        : /gamma|variance/.test(weight.originalName)
          ? [0.4, 1]
          : [0.2, 0];
      return tf.tensor(values(`tfjs/${index}`, tf.util.sizeFromShape(weight.shape), scale, offset), weight.shape);
    }),
  );
}

const base64 = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
const store = async (tensor) => ({ shape: tensor.shape, float32: base64(await tensor.data()) });

async function artifactsOf(model) {
  let saved;
  await model.save(
    tf.io.withSaveHandler(
      async (artifacts) => ((saved = artifacts), { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) }),
    ),
  );
  return saved;
}

/** As tensorflowjs_converter does: the smallest number is code 0, the largest the last one. */
function quantise({ weightSpecs, weightData }, dtype) {
  const parts = [];
  let position = 0;
  const specs = weightSpecs.map((spec) => {
    const count = tf.util.sizeFromShape(spec.shape);
    const data = new Float32Array(weightData.slice(position, position + 4 * count));
    position += 4 * count;
    if (dtype === 'float16') {
      parts.push(Buffer.from(encodeNumbers(data, 'f16')));
      return { ...spec, quantization: { dtype } };
    }
    const codes = dtype === 'uint8' ? 255 : 65535;
    const [min, max] = [Math.min(...data), Math.max(...data)];
    const scale = max === min ? 1 : (max - min) / codes;
    const quantised = (dtype === 'uint8' ? Uint8Array : Uint16Array).from(data, (value) => Math.round((value - min) / scale));
    parts.push(Buffer.from(quantised.buffer));
    return { ...spec, quantization: { dtype, min, scale } };
  });
  const all = Buffer.concat(parts);
  return { weightSpecs: specs, weightData: new Uint8Array(all).buffer };
}

/** What the model computes with each set of statistics, and a few weights as TensorFlow.js has them. */
async function outcomes(artifacts, { size, ngf }, weightNames) {
  const input = { name: `tfjs input ${size}`, shape: [1, size, size, 3], scale: 1, offset: 0 };
  const x = tf.tensor(values(input.name, size * size * 3), input.shape);
  const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
  // Dropout is random while training: the same weights in a model without it.
  const calm = tutorialUNet({ size, ngf, dropout: 0 });
  calm.setWeights(model.getWeights());
  const weights = [];
  for (const name of weightNames)
    weights.push({ name, ...(await store(model.weights.find((weight) => weight.originalName === name).read())) });
  return { input, running: await store(model.predict(x)), batch: await store(calm.apply(x, { training: true })), weights };
}

async function makeCase(options, quantisations) {
  const model = tutorialUNet({ ...options, dropout: 0.5 });
  fillWeights(model);
  const saved = await artifactsOf(model);
  const { modelTopology } = saved;
  const names = saved.weightSpecs.map(({ name }) => name);
  const weightNames = [names.find((name) => name.endsWith('gamma')), names.at(-1)];
  const variants = [];
  for (const quantisation of quantisations) {
    const { weightSpecs, weightData } = quantisation === null ? saved : quantise(saved, quantisation);
    const artifacts = { modelTopology, weightSpecs, weightData };
    variants.push({
      quantisation,
      weightSpecs,
      weightData: Buffer.from(weightData).toString('base64'),
      ...(await outcomes(artifacts, options, weightNames)),
    });
  }
  return { ...options, modelTopology, variants };
}

const golden = {
  made: { tfjs: tf.version.tfjs, computedIn: 'float32', storedAs: 'float32' },
  cases: [await makeCase({ size: 32, ngf: 1 }, [null]), await makeCase({ size: 16, ngf: 2 }, ['uint8', 'uint16', 'float16'])],
};
const lines = golden.cases.map((each) => JSON.stringify(each)).join(',\n');
writeFileSync(join(root, 'kernels-test/goldens/tfjs.json'), `{\n"made": ${JSON.stringify(golden.made)},\n"cases": [\n${lines}\n]\n}\n`);
