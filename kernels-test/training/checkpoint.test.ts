// first driver only: checkpoints are bytes of files, whatever the adapter; what SwiftShader computes is tested by every kernel
import { spawn } from 'node:child_process';
import { promises as nodeFiles } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import packageJson from '../../package.json';
import { RandomStream } from '../../src/random.js';
import { crc32 } from '../../src/formats/crc32.js';
import { encodeHeader, parseHeader } from '../../src/formats/safetensors.js';
import { ShadegradError, type ErrorCode } from '../../src/errors.js';
import { PatchGAN } from '../../src/models/patchgan.js';
import { UNet } from '../../src/models/unet.js';
import { loadCheckpoint, readCheckpointInfo, saveCheckpoint } from '../../src/node/weights/checkpoint.js';
import type { FileSystem } from '../../src/node/files/atomic.js';
import { Adam } from '../../src/optim/adam.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { encodeCheckpoint } from '../../src/training/checkpoint.js';
import { pix2pixStep } from '../../src/schemes/pix2pix-step.js';
import { LIBRARY_VERSION } from '../../src/version.js';
import { values } from '../harness/deterministic.js';
import { testGpu } from '../harness/gpu.js';
import { rewritten } from '../harness/checkpoint-files.js';
import { disposePix2Pix, goldenPix2Pix, targetOf, type PaperModel } from '../harness/models.js';

const gpu = await testGpu();
const SMALL = { size: 32, ngf: 4, ndf: 4 };
const PROGRESS = {
  options: { size: 32, seed: 7, lambda: 100, direction: 'BtoA', preview: true, data: null },
  step: 3,
  epoch: 1,
  adapter: 'an adapter',
};

const [source, target] = ['source', 'target'].map((name) => Tensor.from(gpu, values(name, 32 * 32 * 3), [1, 32, 32, 3])) as [
  Tensor,
  Tensor,
];
const losses = Tensor.from(gpu, [0, 0, 0, 0], [4]);
/** Steps first+1 to last, with dropout. */
function train(model: PaperModel, first: number, last: number): void {
  for (let step = first + 1; step <= last; step++) {
    model.generator.dropoutState.advance(step);
    pix2pixStep(model, source, target, losses);
  }
}

type State = Record<string, Uint8Array | number>;

/** Everything that training changes, each tensor by itself. */
async function stateOf(model: PaperModel): Promise<State> {
  const state: State = {};
  const add = async (name: string, tensor: Tensor): Promise<void> => {
    state[name] = new Uint8Array((await tensor.data()).buffer);
  };
  for (const network of ['generator', 'discriminator'] as const) {
    for (const [name, tensor] of model[network].namedParameters()) await add(`${network}.${name}`, tensor);
    for (const [name, tensor] of model[network].namedBuffers()) await add(`${network}.${name}`, tensor);
    const optimizer = model[`${network}Optimizer`];
    for (const [index, moments] of optimizer.firstMoments.entries()) await add(`${network} first moments ${index}`, moments);
    for (const [index, moments] of optimizer.secondMoments.entries()) await add(`${network} second moments ${index}`, moments);
    state[`${network} steps`] = optimizer.stepCount;
  }
  return state;
}

function same(a: Uint8Array | number, b: Uint8Array | number): boolean {
  return typeof a === 'number' || typeof b === 'number' ? a === b : Buffer.compare(a, b) === 0;
}

function assertSameState(actual: State, expected: State): void {
  assert.equal(Object.keys(actual), Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) assert.ok(same(actual[name]!, value), `${name} differs`);
}

/** Networks of other weights than the trained ones, in which nothing of them can be left. */
function fresh(): PaperModel {
  const model = goldenPix2Pix(gpu, SMALL);
  for (const tensor of [...model.generator.parameters(), ...model.discriminator.parameters()]) tensor.write(values('other', tensor.size));
  return model;
}

async function fails(work: Promise<unknown>, codes: ErrorCode | ErrorCode[], ...words: (RegExp | string)[]): Promise<void> {
  let caught: unknown;
  await work.catch((error) => (caught = error));
  assert.instance(caught, ShadegradError, `not refused, or failed with ${String(caught)}`);
  const error = caught as ShadegradError;
  assert.ok([codes].flat().includes(error.code), `${error.code}: ${error.message}`);
  for (const word of ['fix:', ...words]) assert.match(error.message, word);
}

const trained = goldenPix2Pix(gpu, SMALL);
train(trained, 0, 3);
const trainedState = await stateOf(trained);

interface Context {
  folder: string;
  /** A checkpoint of `trained`. */
  path: string;
  bytes: Uint8Array;
  other: PaperModel;
}
const test = suite<Context>('checkpoint');
test.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'shadegrad-checkpoint-'));
  context.path = join(context.folder, 'good.safetensors');
  await saveCheckpoint(context.path, targetOf(trained), PROGRESS);
  context.bytes = await readFile(context.path);
  context.other = fresh();
});
test.after(async ({ folder, other }) => {
  await rm(folder, { recursive: true, force: true });
  disposePix2Pix(other);
  disposePix2Pix(trained);
});

/** Writes `bytes` as a file; loading it must fail and leave the networks as they are. */
async function refused(
  { folder, other }: Context,
  bytes: Uint8Array,
  codes: ErrorCode | ErrorCode[],
  ...words: (RegExp | string)[]
): Promise<void> {
  const path = join(folder, 'bad.safetensors');
  await writeFile(path, bytes);
  const before = await stateOf(other);
  await fails(loadCheckpoint(path, targetOf(other)), codes, path, ...words);
  assertSameState(await stateOf(other), before);
}

test("the version in the source is the package's", () => {
  assert.is(LIBRARY_VERSION, packageJson.version);
});

test('a run comes back to the bit, and goes on to the bit', async ({ path }) => {
  const copy = fresh();
  for (const [name, value] of Object.entries(await stateOf(copy)))
    assert.not.ok(same(value, trainedState[name]!), `${name} is what it should become`);
  const info = await loadCheckpoint(path, targetOf(copy), { options: { size: 32, seed: 7, data: null } });
  assert.is(info.step, 3);
  assertSameState(await stateOf(copy), trainedState);
  train(copy, 3, 5);
  // The run that was never stopped, from the start.
  const whole = goldenPix2Pix(gpu, SMALL);
  train(whole, 0, 5);
  assertSameState(await stateOf(copy), await stateOf(whole));
  assert.is(copy.generatorOptimizer.stepCount, 5);
  for (const model of [copy, whole]) disposePix2Pix(model);
});

test('saving changes nothing, and twice the same gives the same bytes', async ({ folder, bytes }) => {
  const again = join(folder, 'again.safetensors');
  await saveCheckpoint(again, targetOf(trained), PROGRESS);
  assert.is(Buffer.compare(await readFile(again), bytes), 0);
  assertSameState(await stateOf(trained), trainedState);
});

test('the file is safetensors as others read it: names, shapes, little-endian numbers', async ({ bytes }) => {
  const { tensors } = parseHeader(bytes, bytes.length);
  const weights = [...trained.generator.namedTensors(), ...trained.discriminator.namedTensors()].length;
  const parameters = trained.generator.parameters().length + trained.discriminator.parameters().length;
  assert.is(tensors.length, weights + 2 * parameters + 1);
  const weight = tensors.find(({ name }) => name === 'generator.model.model.0.weight')!;
  assert.equal([weight.dtype, weight.shape], ['F32', [4, 4, 3, 4]]);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const expected = await trained.generator.namedParameters().get('model.model.0.weight')!.data();
  expected.forEach((value, index) => assert.is(view.getFloat32(weight.start + 4 * index, true), value));
});

test('a generator to translate with comes from a file of either kind', async ({ folder, path }) => {
  const small = join(folder, 'generator.safetensors');
  await saveCheckpoint(small, targetOf(trained), PROGRESS, { only: ['generator'] });
  assert.ok((await stat(small)).size < (await stat(path)).size / 3);
  const { networks, optimizers } = await readCheckpointInfo(small);
  assert.equal([Object.keys(networks), optimizers], [['generator'], {}]);
  for (const file of [small, path]) {
    const generator = new UNet({ size: 32, ngf: 4 }).to(gpu, { seed: 9, training: false });
    await loadCheckpoint(file, { networks: { generator } });
    for (const [name, tensor] of [...generator.namedParameters(), ...generator.namedBuffers()]) {
      assert.is(Buffer.compare(new Uint8Array((await tensor.data()).buffer), trainedState[`generator.${name}`] as Uint8Array), 0, name);
    }
    generator.dispose();
  }
  await fails(loadCheckpoint(small, targetOf(trained)), 'CHECKPOINT_MISMATCH', /generator alone/);
  for (const only of [['painter'], ['generator', 'painter'], []]) {
    const saved = saveCheckpoint(join(folder, 'none.safetensors'), targetOf(trained), PROGRESS, { only });
    await fails(saved, 'INVALID_ARGUMENT', 'expected: one or more of generator, discriminator', `received: ${only.at(-1) ?? 'none'}`);
  }
});

test('a network of several blocks and pieces comes back, in bounded memory', async ({ folder }) => {
  const path = join(folder, 'wide.safetensors');
  const wide = new UNet({ size: 16, ngf: 80 }).to(gpu, { seed: 3, training: false });
  let total = 0;
  const memories = new Set<ArrayBufferLike>();
  for await (const { buffer, byteLength } of encodeCheckpoint({ networks: { generator: wide } }, PROGRESS)) {
    memories.add(buffer);
    total += byteLength;
    assert.ok(buffer.byteLength <= 32 * 2 ** 20, `${buffer.byteLength} bytes at once`);
  }
  assert.ok(total > 32 * 2 ** 20);
  await saveCheckpoint(path, { networks: { generator: wide } }, PROGRESS);
  assert.is((await stat(path)).size, total);
  const copy = new UNet({ size: 16, ngf: 80 }).to(gpu, { seed: 4, training: false });
  await loadCheckpoint(path, { networks: { generator: copy } });
  const expected = wide.namedParameters();
  for (const [name, tensor] of copy.namedParameters()) {
    assert.is(
      Buffer.compare(new Uint8Array((await tensor.data()).buffer), new Uint8Array((await expected.get(name)!.data()).buffer)),
      0,
      name,
    );
  }
  wide.dispose();
  copy.dispose();
});

test('a file that ends too early, anywhere, is refused', async (context) => {
  const { bytes } = context;
  const { tensors, dataStart } = parseHeader(bytes, bytes.length);
  const edges = [0, 1, 7, 8, 9, 100, dataStart - 1, dataStart, dataStart + 1, bytes.length - 1];
  for (const [index, { start, end }] of tensors.entries())
    if (index % 9 === 0 || index > tensors.length - 3) edges.push(start, end - 1, Math.floor((start + end) / 2));
  for (const length of new Set(edges)) await refused(context, bytes.subarray(0, length), 'CHECKPOINT_CORRUPT');
  await refused(context, Buffer.concat([bytes, Buffer.from([0])]), 'CHECKPOINT_CORRUPT', /after the last tensor/);
});

test('one changed bit, anywhere, is found', async (context) => {
  const { bytes } = context;
  const { tensors, dataStart } = parseHeader(bytes, bytes.length);
  const random = new RandomStream(11);
  const places = [0, 2, 7, dataStart - 1, bytes.length - 1, bytes.length - 4 * tensors.length];
  for (let count = 0; count < 12; count++) places.push(random.integer(8, dataStart - 1), random.integer(dataStart, bytes.length - 1));
  for (const place of places) {
    const changed = Uint8Array.from(bytes);
    changed[place]! ^= 1 << random.integer(0, 7);
    await refused(context, changed, place < dataStart ? ['CHECKPOINT_CORRUPT', 'CHECKPOINT_VERSION'] : 'CHECKPOINT_CORRUPT');
  }
  for (const index of [0, 40, tensors.length - 2]) {
    const changed = Uint8Array.from(bytes);
    changed[tensors[index]!.end - 1]! ^= 0x80;
    await refused(context, changed, 'CHECKPOINT_CORRUPT', `"${tensors[index]!.name}" is damaged`);
  }
});

test('a number that is not finite, or a negative variance, is refused by tensor and index, whatever the checksum says', async (context) => {
  const { bytes } = context;
  const { tensors, dataStart } = parseHeader(bytes, bytes.length);
  const withNumber = (name: string, index: number, value: number): Uint8Array => {
    const changed = Uint8Array.from(bytes);
    const { start, end } = tensors.find((tensor) => tensor.name === name)!;
    new DataView(changed.buffer).setFloat32(start + 4 * index, value, true);
    const place = tensors.findIndex((tensor) => tensor.name === name);
    const table = tensors.at(-1)!.start;
    assert.ok(dataStart <= start);
    new DataView(changed.buffer).setUint32(table + 4 * (place + 1), crc32(changed.subarray(start, end)), true);
    return changed;
  };
  const cases: [name: string, index: number, value: number][] = [
    ['generator.model.model.0.weight', 7, NaN],
    ['discriminator.model.0.bias', 0, Infinity],
    ['generatorOptimizer.firstMoment.model.model.3.bias', 2, -Infinity],
    ['discriminatorOptimizer.secondMoment.model.0.weight', 5, NaN],
    ['generator.model.model.1.model.2.running_var', 1, -1],
    ['generatorOptimizer.secondMoment.model.model.0.weight', 3, -1e-9],
  ];
  for (const [name, index, value] of cases) {
    await refused(context, withNumber(name, index, value), 'CHECKPOINT_CORRUPT', `"${name}"`, `${Math.fround(value)} at index ${index}`);
  }
});

test('a file of another version names both', async (context) => {
  const bytes = rewritten(context.bytes, (info) => ({ ...info, formatVersion: 3, libraryVersion: '9.1.0' }));
  await refused(
    context,
    bytes,
    'CHECKPOINT_VERSION',
    /expected: format version 2 or 1/,
    /received: format version 3/,
    LIBRARY_VERSION,
    '9.1.0',
  );
});

test('what is no checkpoint at all is called that', async (context) => {
  await refused(
    context,
    rewritten(context.bytes, () => null),
    'CHECKPOINT_CORRUPT',
    /no checkpoint of shadegrad/,
  );
  await refused(
    context,
    rewritten(context.bytes, (info) => ({ ...info, format: 'other' })),
    'CHECKPOINT_CORRUPT',
    /no checkpoint of shadegrad/,
    /other/,
  );
  await refused(context, encodeHeader([]), 'CHECKPOINT_CORRUPT', /no checkpoint of shadegrad/, /another program/);
  await refused(context, new TextEncoder().encode('{"this": "is JSON", "not": "a checkpoint"}'), 'CHECKPOINT_CORRUPT', /a text in JSON/);
  await refused(context, Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'CHECKPOINT_CORRUPT', /a PNG picture/);
  await refused(context, Buffer.from('8a504e470d0a1a0a0000000d49484452', 'hex'), 'CHECKPOINT_CORRUPT', /no safetensors file/);
  for (const field of ['step', 'epoch', 'options', 'networks', 'optimizers', 'scheme', 'adapter', 'libraryVersion']) {
    for (const value of [undefined, -1, ['x']]) {
      await refused(
        context,
        rewritten(context.bytes, (info) => ({ ...info, [field]: value })),
        'CHECKPOINT_CORRUPT',
        `valid "${field}"`,
      );
    }
  }
});

test("other tensors than the network's are named", async (context) => {
  const rename = (name: string): string => (name === 'generator.model.model.0.weight' ? 'generator.renamed' : name);
  await refused(
    context,
    rewritten(context.bytes, (info) => info, rename),
    'CHECKPOINT_MISMATCH',
    /"generator.model.model.0.weight" is missing/,
    /"generator.renamed" has no place/,
  );
  await refused(
    context,
    rewritten(
      context.bytes,
      (info) => info,
      (name) => (name === '__checksums__' ? 'last' : name),
    ),
    'CHECKPOINT_CORRUPT',
    /checksums are missing/,
  );
  const { tensors, dataStart } = parseHeader(context.bytes, context.bytes.length);
  const reshaped = tensors.map((tensor, index) => (index === 0 ? { ...tensor, shape: [...tensor.shape].reverse() } : tensor));
  const { metadata } = parseHeader(context.bytes, context.bytes.length);
  const header = encodeHeader(reshaped, Object.fromEntries(metadata));
  const bytes = Buffer.concat([header, context.bytes.subarray(dataStart)]);
  bytes.writeUInt32LE(crc32(header), header.length + tensors[tensors.length - 1]!.start - dataStart);
  await refused(context, bytes, 'CHECKPOINT_MISMATCH', /is F32 \[4, 3, 4, 4\] where F32 \[4, 4, 3, 4\] is needed/);
});

test('a checkpoint of another architecture or of other options says what differs', async ({ path }) => {
  const generator = new UNet({ size: 64, ngf: 8, inChannels: 1, outChannels: 2 }).to(gpu);
  const discriminator = new PatchGAN({ ndf: 8, layers: 2 }).to(gpu);
  const model = { generator, discriminator, generatorOptimizer: new Adam(generator), discriminatorOptimizer: new Adam(discriminator) };
  await fails(
    loadCheckpoint(path, targetOf(model)),
    'CHECKPOINT_MISMATCH',
    "expected: the generator's size 64, the generator's inChannels 1, the generator's outChannels 2, the generator's ngf 8",
    "received: the generator's size 32, the generator's inChannels 3",
    "the discriminator's ndf 4",
    "the discriminator's layers 3",
  );
  await fails(loadCheckpoint(path, { networks: { generator } }), 'CHECKPOINT_MISMATCH', /size 64/);
  disposePix2Pix(model);
  const other = fresh();
  await fails(
    loadCheckpoint(path, targetOf(other), { options: { seed: 8, lambda: 100, missing: true } }),
    'CHECKPOINT_MISMATCH',
    'expected: option seed 8, option missing true',
    'received: option seed 7, option missing not set',
  );
  disposePix2Pix(other);
});

test('no file, a folder, no folder', async ({ folder, path, other }) => {
  for (const work of [readCheckpointInfo, (each: string) => loadCheckpoint(each, targetOf(other))]) {
    await fails(work(join(folder, 'none.safetensors')), 'DATA_NOT_FOUND', 'none.safetensors');
    await fails(work(join(path, 'inside a file')), 'DATA_NOT_FOUND');
    await fails(work(folder), 'DATA_UNREADABLE', folder, /folder/);
  }
});

test('a disk that fills up leaves the old checkpoint and no other file', async (context) => {
  const { bytes, other } = context;
  const folder = await mkdtemp(join(context.folder, 'full-'));
  const path = join(folder, 'run.safetensors');
  await writeFile(path, bytes);
  const { dataStart } = parseHeader(bytes, bytes.length);
  for (const room of [0, 100, dataStart + 10, bytes.length - 1]) {
    await fails(saveCheckpoint(path, targetOf(other), PROGRESS, { files: diskWithRoom(room) }), 'WRITE_FAILED', path, /disk is full/);
    assert.equal(await readdir(folder), ['run.safetensors']);
    assert.is(Buffer.compare(await readFile(path), bytes), 0);
  }
  await saveCheckpoint(path, targetOf(other), PROGRESS, { files: diskWithRoom(bytes.length) });
  assert.is.not(Buffer.compare(await readFile(path), bytes), 0);
});

test('numbers that are not finite never replace a checkpoint: the tensor is named, and the file stays', async (context) => {
  const { bytes } = context;
  const folder = await mkdtemp(join(context.folder, 'poisoned-'));
  const path = join(folder, 'run.safetensors');
  await writeFile(path, bytes);
  const model = fresh();
  const { generator, discriminator, generatorOptimizer, discriminatorOptimizer } = model;
  const statistics = [...generator.namedBuffers()][0]!;
  const places: [RegExp, Tensor][] = [
    [/"generator\.[^"]*"/, [...generator.namedParameters()][3]![1]],
    [/"discriminator\.[^"]*"/, [...discriminator.namedParameters()][0]![1]],
    [/"generatorOptimizer\.firstMoment\.[^"]*"/, generatorOptimizer.firstMoments[0]!],
    [/"discriminatorOptimizer\.secondMoment\.[^"]*"/, discriminatorOptimizer.secondMoments[0]!],
    [new RegExp(`"generator\\.${statistics[0].replaceAll('.', '\\.')}"`), statistics[1]],
  ];
  for (const [words, tensor] of places) {
    const good = await tensor.data();
    for (const bad of [NaN, Infinity, -Infinity]) {
      const poisoned = good.slice();
      poisoned[0] = bad;
      tensor.write(poisoned);
      await fails(
        saveCheckpoint(path, targetOf(model), PROGRESS),
        'DIVERGED',
        words,
        `by step ${PROGRESS.step}`,
        `received: ${bad} at element`,
      );
      assert.equal(await readdir(folder), ['run.safetensors']);
      assert.is(Buffer.compare(await readFile(path), bytes), 0);
    }
    tensor.write(good);
  }
  await saveCheckpoint(path, targetOf(model), PROGRESS);
  disposePix2Pix(model);
});

/** The real file system, with room for so many more bytes. */
function diskWithRoom(room: number): FileSystem {
  let left = room;
  return {
    ...nodeFiles,
    open: (async (path: string, flags: string) => {
      const handle = await nodeFiles.open(path, flags);
      const write = handle.write.bind(handle) as (bytes: Uint8Array, offset: number, length: number) => Promise<{ bytesWritten: number }>;
      handle.write = (async (bytes: Uint8Array, offset: number, length: number) => {
        if (left === 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
        const part = Math.min(left, length);
        left -= part;
        return write(bytes, offset, part);
      }) as unknown as typeof handle.write;
      return handle;
    }) as unknown as FileSystem['open'],
  };
}

test('a device that fails while saving leaves the old checkpoint and no other file', async ({ folder: parent, bytes }) => {
  const folder = await mkdtemp(join(parent, 'lost-'));
  const path = join(folder, 'run.safetensors');
  await writeFile(path, bytes);
  const model = fresh();
  model.discriminatorOptimizer.secondMoments[0]!.dispose();
  await fails(saveCheckpoint(path, targetOf(model), PROGRESS), 'USE_AFTER_FREE', /second moments/);
  assert.equal(await readdir(folder), ['run.safetensors']);
  assert.is(Buffer.compare(await readFile(path), bytes), 0);
  disposePix2Pix(model);
});

test('a process killed while saving leaves a whole checkpoint, the old or the new one', async ({ folder: parent, other }) => {
  const folder = await mkdtemp(join(parent, 'killed-'));
  const path = join(folder, 'run.safetensors');
  // Inside node_modules, so that its imports of packages resolve.
  const program = join('node_modules', '.cache', 'shadegrad-test', `saving-process.${process.pid}.mjs`);
  await build({
    entryPoints: ['kernels-test/harness/saving-process.ts'],
    outfile: program,
    logLevel: 'error',
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    loader: { '.wgsl': 'text' },
  });
  const random = new RandomStream(5);
  let killedWhileWriting = 0;
  try {
    let step = 1;
    for (let round = 0; round < 6; round++) {
      const saved = await saveUntilKilled(program, path, step, random.integer(0, 60));
      if ((await readdir(folder)).length > 1) killedWhileWriting++;
      const info = await loadCheckpoint(path, targetOf(other));
      assert.ok(info.step === saved || info.step === saved + 1, `step ${info.step} after ${saved} was saved`);
      for (const tensor of other.generator.parameters())
        assert.ok(
          (await tensor.data()).every((value) => value === info.step),
          `a parameter is not of step ${info.step}`,
        );
      step = info.step + 1;
    }
    assert.ok(killedWhileWriting > 0, 'no kill hit a save');
    await saveCheckpoint(path, targetOf(other), PROGRESS);
    assert.equal(await readdir(folder), ['run.safetensors']);
  } finally {
    await rm(program, { force: true });
  }
});

/** Lets a process save until so many milliseconds after its first save, then kills it; resolves to the last step it told of. */
function saveUntilKilled(program: string, path: string, firstStep: number, delay: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, path, String(firstStep)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    const saves = (): RegExpMatchArray[] => [...output.matchAll(/^saved (\d+)\n/gm)];
    child.stdout.on('data', (chunk: Buffer) => {
      const first = saves().length === 0;
      output += chunk.toString();
      if (first && saves().length > 0) setTimeout(() => child.kill('SIGKILL'), delay);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const last = saves().pop();
      if (signal === 'SIGKILL' && last) resolve(Number(last[1]));
      else reject(new Error(`the saving process ended by itself (${signal ?? code})`));
    });
  });
}

test.run();
