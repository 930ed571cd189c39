import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadNetwork, networkWeights } from '../../src/exchange/network/load-network.js';
import type { NetworkWeights } from '../../src/exchange/network/network-weights.js';
import { networkToPict, pictNetwork } from '../../src/exchange/tensorflow/pict-network.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { encodePict, openPict } from '../../src/formats/pict.js';
import { ShadegradError } from '../../src/errors.js';
import { UNet, type UNetOptions } from '../../src/models/unet.js';
import { Tensor } from '../../src/tensor/tensor.js';
import golden from '../goldens/pict.json';
import { generate, type GeneratedArray } from '../harness/deterministic.js';
import { assertClose, float32 } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { formulaPict, writtenPict } from '../harness/pict-golden.js';
import { collect, fileOf, formulaNetwork } from '../harness/weights.js';

const gpu = await testGpu();
const open = (bytes: Uint8Array) => openPict(bytesSource(bytes, 'some.pict'));
const PICT_OPTIONS: UNetOptions = { size: 16, ngf: 2, bias: 'everywhere', innermostNorm: true };

async function run(weights: NetworkWeights, input: GeneratedArray): Promise<Float32Array> {
  const network = (await loadNetwork(gpu, weights)) as UNet;
  const x = Tensor.from(gpu, generate(input), input.shape);
  const y = gpu.scope(() => network.forward(x, { training: false, statistics: 'batch' }));
  const result = await y.data();
  for (const tensor of [x, y]) tensor.dispose();
  network.dispose();
  return result;
}

function refusal(work: () => unknown): ShadegradError {
  let caught: unknown;
  try {
    work();
  } catch (error) {
    caught = error;
  }
  assert.instance(caught, ShadegradError, `accepted, or failed with ${String(caught)}`);
  for (const word of [/expected:/, /received:/, /fix:/]) assert.match((caught as ShadegradError).message, word);
  return caught as ShadegradError;
}

for (const each of golden.cases) {
  test(
    `a generator of ${each.size} pixels, ngf ${each.ngf}, ${each.inChannels} -> ${each.outChannels} channels computes ` +
      `what float64 does within 1e-4`,
    async () => {
      const weights = pictNetwork(await open(formulaPict(each.tensors)));
      const { kind, options } = weights.architecture;
      assert.is(kind, 'unet');
      assert.equal(options, {
        size: each.size,
        ngf: each.ngf,
        inChannels: each.inChannels,
        outChannels: each.outChannels,
        dropout: 0.5,
        dropoutBlocks: 'innermost',
        norm: 'batch',
        bias: 'everywhere',
        epsilon: 1e-5,
        slope: 0.2,
        innermostNorm: true,
        skip: 'relu',
        noise: 0,
        noiseAt: 'input',
        upsample: 'transposed',
      });
      assertClose(await run(weights, each.input), float32(each.output), { absolute: 1e-4, label: 'output' });
    },
  );
}

test("numpy's file computes what float64 does within 1e-4; through our writer it loses nothing", async () => {
  const file = await open(writtenPict());
  const weights = pictNetwork(file);
  assertClose(await run(weights, golden.written.input), float32(golden.written.output), { absolute: 1e-4, label: 'output' });
  assert.equal(
    await collect(encodePict(networkToPict(weights), { codebook: file.codebook })),
    writtenPict(),
    'with its codebook, to the byte',
  );
  const again = pictNetwork(await open(await collect(encodePict(networkToPict(weights)))));
  for (const [name, tensor] of weights.tensors) assert.equal(await again.tensors.get(name)!.read(), await tensor.read(), name);
});

test('a network on the device goes to a .pict file and comes back, each weight within 2.2 % of itself', async () => {
  const network = new UNet(PICT_OPTIONS).to(gpu, { seed: 3, training: false });
  const before = networkWeights(network);
  const after = pictNetwork(await open(await collect(encodePict(networkToPict(before)))));
  assert.equal(after.architecture, before.architecture);
  assert.equal([...after.tensors.keys()].sort(), [...before.tensors.keys()].sort());
  for (const [name, tensor] of before.tensors) {
    assertClose(await after.tensors.get(name)!.read(), await tensor.read(), { relative: 0.022, absolute: 2e-4, label: name });
  }
  network.dispose();
});

test('a U-Net without the inner biases is written with zeros, and computes the same', async () => {
  const bare = formulaNetwork({ kind: 'unet', options: { ...PICT_OPTIONS, bias: 'ends' } });
  const tensors = networkToPict(bare);
  const full = pictNetwork(fileOf(tensors));
  const zeros = tensors.filter(({ name }) => name.endsWith('bias') && name !== 'generator/decoder_1/conv2d_transpose/bias');
  assert.is(zeros.length, 7);
  for (const { read } of zeros) assert.ok((await read()).every((value) => value === 0));
  const input = { name: 'pict input without biases', shape: [1, 16, 16, 3], scale: 1, offset: 0 };
  assertClose(await run(full, input), await run(bare, input), { absolute: 1e-6, label: 'output' });
});

test('networks that the format cannot hold are refused, with the reason', () => {
  const write = (options: UNetOptions) => () => networkToPict(formulaNetwork({ kind: 'unet', options: { ...PICT_OPTIONS, ...options } }));
  for (const [work, word] of [
    [write({ innermostNorm: false }), /innermost.*\n.*innermostNorm/],
    [write({ innermostNorm: false, norm: 'instance' }), /instance/],
    [write({ innermostNorm: false, norm: 'none' }), /none/],
    [write({ skip: 'leaky' }), /skip/],
    [write({ epsilon: 1e-3 }), /0\.001/],
    [write({ slope: 0.3 }), /0\.3/],
    [() => networkToPict(formulaNetwork({ kind: 'patchgan', options: {} })), /PatchGAN/],
  ] as const) {
    const error = refusal(work);
    assert.is(error.code, 'WEIGHTS_UNSUPPORTED');
    assert.match(error.message, word);
  }
});

test('a file of another network is refused by the tensor that says so', () => {
  const whole = new Map(networkToPict(formulaNetwork({ kind: 'unet', options: PICT_OPTIONS })).map((tensor) => [tensor.name, tensor]));
  const changed = (change: (tensors: typeof whole) => void): ShadegradError => {
    const tensors = new Map(whole);
    change(tensors);
    const error = refusal(() => pictNetwork(fileOf(tensors.values())));
    assert.is(error.code, 'WEIGHTS_UNSUPPORTED');
    return error;
  };
  const reshape =
    (name: string, shape: number[]) =>
    (tensors: typeof whole): void =>
      void tensors.set(name, { ...whole.get(name)!, shape });
  pictNetwork(fileOf(whole.values()));
  const kernel = (side: string, level: number): string =>
    `generator/${side}_${level}/${side === 'encoder' ? 'conv2d' : 'conv2d_transpose'}/kernel`;
  assert.match(changed((tensors) => tensors.clear()).message, /0 tensors/);
  assert.match(
    changed((tensors) => tensors.delete('generator/encoder_3/batch_normalization/gamma')).message,
    /encoder_3\/batch_normalization\/gamma/,
  );
  assert.match(changed((tensors) => tensors.set('extra', { ...whole.get(kernel('encoder', 1))!, name: 'extra' })).message, /"extra"/);
  assert.match(changed((tensors) => tensors.delete(kernel('decoder', 1))).message, /decoder_1/);
  assert.match(changed((tensors) => tensors.delete(kernel('encoder', 4))).message, /3 levels/);
  assert.match(changed(reshape(kernel('encoder', 1), [4, 4, 0, 2])).message, /encoder_1/);
  assert.match(changed(reshape(kernel('encoder', 2), [4, 4, 2, 5])).message, /encoder_2.*\n.*4.*\n.*5/);
  assert.match(changed(reshape(kernel('encoder', 2), [3, 3, 2, 4])).message, /encoder_2.*\n.*\[4, 4, 2, 4\].*\n.*\[3, 3, 2, 4\]/);
  assert.match(changed(reshape(kernel('encoder', 1), [4, 4, 3])).message, /encoder_1/);
  assert.match(changed(reshape(kernel('decoder', 2), [4, 4, 2, 4])).message, /decoder_2/);
});

test.run();
