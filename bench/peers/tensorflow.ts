import { loadDawn } from '../../src/node/adapter/dawn.js';
import { trackPending } from '../../src/node/adapter/polling.js';
import { convOperands, gemmOperands, networkImages, networkParameters, type ConvCase, type GemmCase, type NetworkCase } from './cases.js';
import { patchganForward, resnetForward, unetForward, type NetworkOps, type ResNetOps } from './networks.js';
import { defineNavigator, peerRequire, type Peer, type Prepared } from './peer.js';

type Tfjs = any;

/** Stride-2 layers of kernel 4 and even sizes: "same" pads one on each side, and is what conv2dTranspose takes. */
const padding = (stride: number): 'same' | number => (stride === 2 ? 'same' : 1);
const LAMBDA = 100;

/** TensorFlow.js on its WebGPU backend, in Node: it wants a navigator, and the name OffscreenCanvas to exist. */
export async function openTensorFlow(adapter: string | undefined): Promise<Peer> {
  defineNavigator(await loadDawn(adapter === undefined ? {} : { adapter }));
  Object.assign(globalThis, { OffscreenCanvas: class {} });
  const require = peerRequire();
  const tf: Tfjs = require('@tensorflow/tfjs');
  require('@tensorflow/tfjs-backend-webgpu');
  if (!(await tf.setBackend('webgpu'))) throw new Error('the WebGPU backend does not start');
  await tf.ready();
  /** What makes one tensor from tensors that stay on the device. */
  const prepared = (compute: () => Tfjs, inputs: readonly Tfjs[], repeatable = true): Prepared => {
    let expected: number | undefined;
    return {
      async run(times) {
        const { device } = tf.backend();
        device.pushErrorScope('validation');
        for (let time = 1; time < times; time++) tf.tidy(compute).dispose();
        // One number of the last result says that it was computed: a refused submit would be the fastest of all.
        const last = tf.tidy(() => tf.slice(tf.reshape(compute(), [-1]), [0], [1]));
        const [value] = await trackPending(last.data() as Promise<Float32Array>);
        last.dispose();
        const error = await device.popErrorScope();
        if (error) throw new Error(`a timed run is refused: ${error.message}`);
        if (repeatable ? value !== expected : !Number.isFinite(value)) throw new Error(`a timed run gives ${value}, not ${expected}`);
      },
      async result() {
        const tensor = tf.tidy(compute);
        const data: Float32Array = await trackPending(tensor.data());
        tensor.dispose();
        expected = data[0];
        return data;
      },
      dispose: () => tf.dispose(inputs),
    };
  };

  function prepareConv(peerCase: ConvCase): Prepared {
    const {
      layer: { input, weight, output, geometry },
      pass,
    } = peerCase;
    const operands = convOperands(peerCase);
    const x = tf.tensor4d(operands.x, input);
    const w = tf.tensor4d(operands.w, weight);
    const dy = tf.tensor4d(operands.dy, output);
    const [stride] = geometry.stride;
    const attributes = { strides: [stride, stride], pad: padding(stride), dataFormat: 'NHWC', filterShape: weight };
    const compute = {
      convolve: () => tf.conv2d(x, w, stride, padding(stride)),
      adjoint: () => tf.conv2dTranspose(dy, w, input, stride, padding(stride)),
      // What the gradient of conv2d calls; it has no public name.
      weight: () => tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attributes),
    }[pass];
    return prepared(compute, [x, w, dy]);
  }

  function prepareGemm(peerCase: GemmCase): Prepared {
    const { side } = peerCase;
    const operands = gemmOperands(peerCase);
    const a = tf.tensor2d(operands.a, [side, side]);
    const b = tf.tensor2d(operands.b, [side, side]);
    return prepared(() => tf.matMul(a, b), [a, b]);
  }

  function variables(network: 'G' | 'D', peerCase: NetworkCase): Map<string, Tfjs> {
    return new Map([...networkParameters(network, peerCase)].map(([name, { shape, data }]) => [name, tf.variable(tf.tensor(data, shape))]));
  }

  function networkOps(weights: Map<string, Tfjs>): NetworkOps<Tfjs> {
    const withBias = (y: Tfjs, name: string, bias: boolean): Tfjs => (bias ? tf.add(y, weights.get(`${name}.bias`)) : y);
    return {
      convolve: (x, name, stride, bias) => withBias(tf.conv2d(x, weights.get(`${name}.weight`), stride, padding(stride)), name, bias),
      convolveTransposed(x, name, bias) {
        const weight = weights.get(`${name}.weight`);
        const [batch, height, width] = x.shape;
        return withBias(tf.conv2dTranspose(x, weight, [batch, 2 * height, 2 * width, weight.shape[2]], 2, 'same'), name, bias);
      },
      norm(x, name) {
        const { mean, variance } = tf.moments(x, [0, 1, 2]);
        return tf.batchNorm(x, mean, variance, weights.get(`${name}.bias`), weights.get(`${name}.weight`), 1e-5);
      },
      leakyRelu: (x) => tf.leakyRelu(x, 0.2),
      relu: (x) => tf.relu(x),
      tanh: (x) => tf.tanh(x),
      concat: (a, b) => tf.concat([a, b], 3),
    };
  }

  function resnetOps(weights: Map<string, Tfjs>): ResNetOps<Tfjs> {
    const at = (name: string): Tfjs => weights.get(name);
    return {
      reflect: (x, margin) =>
        tf.mirrorPad(
          x,
          [
            [0, 0],
            [margin, margin],
            [margin, margin],
            [0, 0],
          ],
          'reflect',
        ),
      convolve: (x, name, stride, pad) => tf.add(tf.conv2d(x, at(`${name}.weight`), stride, pad, 'NHWC', 1, 'floor'), at(`${name}.bias`)),
      convolveTransposed(x, name) {
        const weight = at(`${name}.weight`);
        const [batch, height, width] = x.shape;
        const y = tf.conv2dTranspose(x, weight, [batch, 2 * height, 2 * width, weight.shape[2]], 2, 1, 'floor');
        return tf.add(y, at(`${name}.bias`));
      },
      // Of one image, so that the batch's statistics are the image's.
      norm(x) {
        const { mean, variance } = tf.moments(x, [0, 1, 2]);
        // TensorFlow.js's gradient does not do without a scale and an offset.
        return tf.batchNorm(x, mean, variance, tf.zerosLike(mean), tf.onesLike(mean), 1e-5);
      },
      relu: (x) => tf.relu(x),
      tanh: (x) => tf.tanh(x),
      add: (a, b) => tf.add(a, b),
    };
  }

  function prepareNetwork(peerCase: NetworkCase): Prepared {
    const { size } = peerCase;
    const images = networkImages(peerCase);
    const source = tf.tensor4d(images.source, [1, size, size, 3]);
    const target = tf.tensor4d(images.target, [1, size, size, 3]);
    const generator = variables('G', peerCase);
    const resnet = peerCase.kind === 'resnet' || peerCase.kind === 'resnet-step';
    const generate = (): Tfjs => (resnet ? resnetForward(resnetOps(generator), source) : unetForward(networkOps(generator), source, size));
    if (peerCase.kind === 'generator' || peerCase.kind === 'resnet') return prepared(generate, [source, target, ...generator.values()]);
    const adam = (): Tfjs => tf.train.adam(2e-4, 0.5, 0.999, 1e-8);
    /** Two steps are compared, as the second depends on what the first did to the weights. */
    const training = (step: () => Tfjs, networks: readonly Map<string, Tfjs>[], optimizers: readonly Tfjs[]): Prepared => {
      const base = prepared(step, [source, target, ...networks.flatMap((network) => [...network.values()])], false);
      return {
        ...base,
        result: async () => Float32Array.from([...(await base.result()), ...(await base.result())]),
        dispose() {
          base.dispose();
          for (const optimizer of optimizers) optimizer.dispose();
        },
      };
    };
    if (peerCase.kind === 'resnet-step') {
      const optimizer = adam();
      const fit = (): Tfjs => {
        const { value, grads } = tf.variableGrads(() => tf.mean(tf.abs(tf.sub(generate(), target))), [...generator.values()]);
        optimizer.applyGradients(grads);
        return tf.reshape(value, [1]);
      };
      return training(fit, [generator], [optimizer]);
    }

    const discriminator = variables('D', peerCase);
    const judge = (image: Tfjs): Tfjs => patchganForward(networkOps(discriminator), tf.concat([source, image], 3));
    const crossEntropy = (logits: Tfjs, label: 0 | 1): Tfjs => tf.losses.sigmoidCrossEntropy(tf.fill(logits.shape, label), logits);
    const generatorOptimizer = adam();
    const discriminatorOptimizer = adam();
    /** The losses in the order of StepLosses. The discriminator learns inside, so that the generator runs once. */
    const step = (): Tfjs => {
      const losses: Tfjs[] = [];
      const { grads } = tf.variableGrads(() => {
        const generated = generate();
        const update = tf.variableGrads(() => {
          const real = crossEntropy(judge(target), 1);
          const fake = crossEntropy(judge(generated), 0);
          losses.push(tf.keep(real.clone()), tf.keep(fake.clone()));
          return tf.mul(tf.add(real, fake), 0.5);
        }, [...discriminator.values()]);
        discriminatorOptimizer.applyGradients(update.grads);
        const gan = crossEntropy(judge(generated), 1);
        const l1 = tf.mean(tf.abs(tf.sub(generated, target)));
        losses.push(tf.keep(gan.clone()), tf.keep(l1.clone()));
        return tf.add(gan, tf.mul(l1, LAMBDA));
      }, [...generator.values()]);
      generatorOptimizer.applyGradients(grads);
      const all = tf.stack(losses);
      tf.dispose(losses);
      return all;
    };
    return training(step, [generator, discriminator], [generatorOptimizer, discriminatorOptimizer]);
  }

  return {
    async prepare(peerCase) {
      if (peerCase.kind === 'conv') return prepareConv(peerCase);
      return peerCase.kind === 'gemm' ? prepareGemm(peerCase) : prepareNetwork(peerCase);
    },
  };
}
