import { createRequire } from 'node:module';
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { noGrad } from '../../src/autograd/graph.js';
import { loadNetwork, networkWeights } from '../../src/exchange/network/load-network.js';
import type { NetworkArchitecture } from '../../src/models/kind.js';
import type { NetworkWeights } from '../../src/exchange/network/network-weights.js';
import { exportOnnx, type OnnxOptions } from '../../src/exchange/onnx/export-network.js';
import { decodeNumbers, encodeNumbers } from '../../src/formats/half.js';
import type { ShadegradError } from '../../src/errors.js';
import type { PatchGANOptions } from '../../src/models/patchgan.js';
import { UNet, type UNetOptions } from '../../src/models/unet.js';
import { writeFilesAtomic } from '../../src/node/files/atomic.js';
import { openOnnx } from '../../src/node/weights/onnx.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { elementCount, values } from '../harness/deterministic.js';
import { assertClose } from '../harness/golden.js';
import { testGpu } from '../harness/gpu.js';
import { temporaryFolder } from '../harness/program.js';
import { collect, formulaNetwork, refuses } from '../harness/weights.js';

const gpu = await testGpu();
const folder = temporaryFolder('onnx');
test.after(() => rmSync(folder, { recursive: true, force: true }));

const GENERATORS: NetworkArchitecture[] = [
  { kind: 'unet', options: { size: 32, ngf: 4 } },
  { kind: 'unet', options: { size: 16, ngf: 3, inChannels: 1, outChannels: 2, norm: 'instance' } },
  { kind: 'unet', options: { size: 64, ngf: 2, norm: 'none', slope: 0 } },
  { kind: 'unet', options: { size: 32, ngf: 2, bias: 'everywhere', innermostNorm: true, epsilon: 1e-3 } },
  { kind: 'unet', options: { size: 32, ngf: 2, bias: 'everywhere', innermostNorm: true, skip: 'leaky', slope: 0.3 } },
  { kind: 'unet', options: { size: 16, ngf: 2, upsample: 'nearest' } },
  { kind: 'unet', options: { size: 32, ngf: 2, norm: 'none', skip: 'leaky', upsample: 'bilinear' } },
];
const DISCRIMINATORS: NetworkArchitecture[] = [
  { kind: 'patchgan', options: { ndf: 4 } },
  { kind: 'patchgan', options: { inChannels: 4, ndf: 3, layers: 1, norm: 'instance' } },
  { kind: 'patchgan', options: { ndf: 2, layers: 5, norm: 'none', bias: 'everywhere', slope: 0.1 } },
];
const title = ({ kind, options }: NetworkArchitecture): string => `${kind} ${JSON.stringify(options)}`;
let models = 0;

async function write(weights: NetworkWeights, options: OnnxOptions = {}): Promise<string> {
  const path = join(folder, `${models++}.onnx`);
  const { model, data } = exportOnnx(weights, {
    ...options,
    ...(options.external && { external: { fileName: `${basename(path)}.data` } }),
  });
  await writeFilesAtomic([...(data ? [[`${path}.data`, data.encode()] as const] : []), [path, model.encode()] as const]);
  return path;
}

async function run(path: string, input: Float32Array, shape: readonly [number, number, number, number]): Promise<Float32Array> {
  const runner = await openOnnx(path);
  assert.ok(runner, 'onnxruntime-node is there: it is one of the development dependencies');
  return runner!(input, shape);
}

/** What this library computes of images that it sees together, or each alone. */
async function expected(
  weights: NetworkWeights,
  input: Float32Array,
  shape: readonly [number, number, number, number],
  statistics: 'image' | 'batch' | 'running',
): Promise<Float32Array> {
  const network = await loadNetwork(gpu, weights);
  const [batch, ...image] = shape;
  const together = statistics === 'image' ? 1 : batch;
  const length = elementCount(image) * together;
  const outputs: number[] = [];
  for (let from = 0; from < input.length; from += length) {
    const given = Tensor.from(gpu, input.slice(from, from + length), [together, ...image]);
    const output = gpu.scope(() =>
      noGrad(() =>
        network.forward(given, { training: false, dropout: false, statistics: statistics === 'running' ? 'running' : 'batch' } as never),
      ),
    );
    for (const value of await output.data()) outputs.push(value);
    for (const part of [output, given]) part.dispose();
  }
  network.dispose();
  return Float32Array.from(outputs);
}

function inputOf({ architecture }: NetworkWeights, batch: number): { input: Float32Array; shape: [number, number, number, number] } {
  const { kind } = architecture;
  const options = architecture.options as UNetOptions & PatchGANOptions;
  const side = kind === 'unet' ? options.size! : 70;
  const shape: [number, number, number, number] = [
    batch,
    side,
    kind === 'unet' ? side : 54,
    options.inChannels ?? (kind === 'unet' ? 3 : 6),
  ];
  if (kind === 'patchgan' && (options.layers ?? 3) > 3) shape[1] = shape[2] = 160;
  return { input: values('an image', elementCount(shape)), shape };
}

for (const architecture of [...GENERATORS, ...DISCRIMINATORS]) {
  test(`${title(architecture)} computes the same in ONNX Runtime within 1e-4, whatever its norms use`, async () => {
    const weights = formulaNetwork(architecture);
    for (const statistics of ['image', 'batch', 'running'] as const) {
      const path = await write(weights, { statistics });
      for (const batch of [1, 3]) {
        const { input, shape } = inputOf(weights, batch);
        const label = `${statistics}, ${batch} images`;
        assertClose(await run(path, input, shape), await expected(weights, input, shape, statistics), {
          absolute: 1e-4,
          relative: 1e-4,
          label,
        });
      }
    }
  });
}

test('the usual size, with its weights beside the model', async () => {
  const weights = formulaNetwork({ kind: 'unet', options: { size: 256, ngf: 8 } });
  const { input, shape } = inputOf(weights, 1);
  const wanted = await expected(weights, input, shape, 'image');
  for (const options of [{}, { external: { fileName: 'x' } }, { external: { fileName: 'x' }, batch: 1 }]) {
    assertClose(await run(await write(weights, options), input, shape), wanted, { absolute: 1e-4, label: JSON.stringify(options) });
  }
});

test('f16: kernels are rounded and nothing else', async () => {
  for (const architecture of [GENERATORS[0]!, GENERATORS[1]!, DISCRIMINATORS[0]!]) {
    const weights = formulaNetwork(architecture);
    const rounded = new Map(
      [...weights.tensors].map(([name, { shape, read }]) => [
        name,
        { shape, read: async () => (shape.length === 4 ? decodeNumbers(encodeNumbers(await read(), 'f16'), 'f16') : read()) },
      ]),
    );
    const { input, shape } = inputOf(weights, 2);
    const output = await run(await write(weights, { dtype: 'f16' }), input, shape);
    assertClose(output, await expected({ architecture, tensors: rounded }, input, shape, 'image'), {
      absolute: 1e-4,
      relative: 1e-4,
      label: title(architecture),
    });
    const exact = await expected(weights, input, shape, 'image');
    assert.ok(
      output.some((value, i) => Math.abs(value - exact[i]!) > 1e-5),
      'it is the rounded ones that were run',
    );
  }
});

test('a model of so many images takes no other number', async () => {
  const weights = formulaNetwork(GENERATORS[0]!);
  const path = await write(weights, { batch: 2 });
  const two = inputOf(weights, 2);
  assertClose(await run(path, two.input, two.shape), await expected(weights, two.input, two.shape, 'image'), {
    absolute: 1e-4,
    label: 'two images',
  });
  const one = inputOf(weights, 1);
  await run(path, one.input, one.shape).then(
    () => assert.unreachable(),
    (error: ShadegradError) => assert.is(error.code, 'WEIGHTS_MISMATCH'),
  );
});

test('inputs, outputs and what the model says of itself', async () => {
  const runtime = createRequire(import.meta.url)('onnxruntime-node') as {
    InferenceSession: { create(path: string): Promise<{ inputNames: string[]; outputNames: string[] }> };
  };
  const session = await runtime.InferenceSession.create(await write(formulaNetwork(GENERATORS[0]!)));
  assert.equal([session.inputNames, session.outputNames], [['input'], ['output']]);
  const text = new TextDecoder('latin1').decode(await collect(exportOnnx(formulaNetwork(GENERATORS[0]!)).model.encode()));
  for (const words of ['shadegrad', 'pix2pix generator', 'values in [-1, 1]', 'model.model.0.weight', '"kind":"unet"'])
    assert.ok(text.includes(words), words);
});

test('as many bytes as were announced, the same ones each time, and one tensor at a time', async () => {
  const weights = formulaNetwork(GENERATORS[0]!);
  let reading = 0;
  let reads = 0;
  const tensors = new Map(
    [...weights.tensors].map(([name, { shape, read }]) => [
      name,
      {
        shape,
        read: async () => {
          assert.is(reading++, 0, 'no tensor is read while another is');
          reads++;
          await new Promise((done) => setTimeout(done, 0));
          const result = await read();
          reading--;
          return result;
        },
      },
    ]),
  );
  for (const external of [undefined, { fileName: 'g.onnx.data' }]) {
    reads = 0;
    const files = exportOnnx({ ...weights, tensors }, external && { external });
    assert.is(reads, 0, 'nothing is read before it is written');
    for (const file of [files.model, files.data]) {
      if (!file) continue;
      const bytes = await collect(file.encode());
      assert.is(bytes.length, file.bytes);
      assert.equal(await collect(file.encode()), bytes);
    }
    assert.ok(reads > 0);
  }
});

test('numbers of an external file begin at pages, and lie there as they are', async () => {
  const weights = formulaNetwork({ kind: 'unet', options: { size: 16, ngf: 8, norm: 'none' } });
  const { model, data } = exportOnnx(weights, { external: { fileName: 'w.data' } });
  const [text, bytes] = [new TextDecoder('latin1').decode(await collect(model.encode())), await collect(data!.encode())];
  const places = [...text.matchAll(/offset\u0012.(\d+)/gs)].map((match) => Number(match[1]));
  assert.ok(places.length > 3);
  for (const offset of places) assert.is(offset % 4096, 0);
  const name = 'model.model.1.model.1.weight';
  const { shape, read } = weights.tensors.get(name)!;
  const ours = await read();
  const [height, width, inner, outer] = shape as [number, number, number, number];
  const at = text.indexOf(name, text.indexOf('w.data') - 200);
  const offset = Number(/offset\u0012.(\d+)/s.exec(text.slice(at))![1]);
  const stored = new Float32Array(bytes.slice(offset, offset + 4 * ours.length).buffer);
  const [h, w, i, o] = [height - 1, 1, 2, outer - 3];
  assert.is(stored[((o * inner + i) * height + h) * width + w], ours[((h * width + w) * inner + i) * outer + o]);
});

test('impossible options, other weights and numbers that float16 does not reach are refused', async () => {
  const weights = formulaNetwork(GENERATORS[0]!);
  await refuses(() => exportOnnx(weights, { batch: 0 }), 'INVALID_ARGUMENT', /batch/);
  await refuses(() => exportOnnx(weights, { batch: 1.5 }), 'INVALID_ARGUMENT', /batch/);
  await refuses(() => exportOnnx(weights, { dtype: 'bf16' as 'f16' }), 'INVALID_ARGUMENT', /f32 or f16/);
  await refuses(() => exportOnnx(weights, { statistics: 'none' as 'batch' }), 'INVALID_ARGUMENT', /image, batch or running/);
  for (const fileName of ['../w.data', '/tmp/w', 'a\\b', '', '.'])
    await refuses(() => exportOnnx(weights, { external: { fileName } }), 'INVALID_ARGUMENT', /without a path/);
  await refuses(
    () => exportOnnx({ ...weights, tensors: new Map([...weights.tensors].slice(1)) }),
    'WEIGHTS_MISMATCH',
    /nothing of this name/,
  );
  const large = new Map(weights.tensors);
  const name = 'model.model.0.weight';
  const { shape } = large.get(name)!;
  large.set(name, { shape, read: async () => new Float32Array(elementCount(shape)).fill(70_000) });
  await refuses(
    () => collect(exportOnnx({ ...weights, tensors: large }, { dtype: 'f16' }).model.encode()),
    'WEIGHTS_UNSUPPORTED',
    /float16/,
  );
  assert.ok((await collect(exportOnnx({ ...weights, tensors: large }).model.encode())).length > 0);
});

test('a network on the device can be exported as it is', async () => {
  const network = new UNet({ size: 16, ngf: 2 }).to(gpu, { seed: 4 });
  const weights = networkWeights(network);
  const { input, shape } = inputOf(weights, 1);
  assertClose(await run(await write(weights), input, shape), await expected(weights, input, shape, 'image'), {
    absolute: 1e-4,
    label: 'from the device',
  });
  network.dispose();
});

test.run();
