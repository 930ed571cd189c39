import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PNG } from 'pngjs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../src/errors.js';
import { TrainingLoop, type LoopOptions } from '../../src/training/run/loop.js';
import { pix2pix } from '../../src/schemes/pix2pix.js';
import decode from '../goldens/image_decode.json';
import {
  buildLibrary,
  failedWith,
  loggedSteps,
  run,
  succeeded,
  temporaryFolder,
  TINY,
  type Finished,
  withFlags,
} from '../harness/program.js';

const folder = temporaryFolder('bad-input');
const out = join(folder, 'out');
const good = join(folder, 'good-run');
const goldens = new Map(decode.cases.map(({ name, file }) => [name, Buffer.from(file, 'base64')]));
const train = (...parameters: string[]): Promise<Finished> =>
  run('train-facades', withFlags([...TINY, '--steps', '2', '--out', out], ...parameters));

test.before(async () => {
  buildLibrary();
  succeeded(await run('train-facades', [...TINY, '--steps', '2', '--out', good]));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Asserts the failure, and that it left nothing behind. */
function refused(result: Finished, code: string, ...words: RegExp[]): void {
  failedWith(result, code, ...words);
  assert.not.ok(existsSync(out), `left behind: ${existsSync(out) && readdirSync(out).join(', ')}`);
}

/** A data folder whose train/ holds these files and whose val/ holds one good pair. */
function dataset(name: string, files: Record<string, Uint8Array>): string {
  const directory = join(folder, name);
  for (const split of ['train', 'val']) mkdirSync(join(directory, split), { recursive: true });
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(directory, 'train', file), bytes);
  writeFileSync(join(directory, 'val', 'good.png'), goldens.get('png-rgb')!);
  return directory;
}

/** A grey PNG of any size. */
function png(width: number, height: number): Buffer {
  const image = new PNG({ width, height });
  image.data.fill(128);
  return PNG.sync.write(image);
}

test('options of an augmentation that is not turned on', async () => {
  refused(await train('--jitter-hue', '0.1'), 'BAD_FLAG', /--jitter-hue/, /--color-jitter with it/);
});

test('labels, and several sets of them, are for schemes that learn them', async () => {
  refused(await train('--data', 'a', '--with-data', 'b', 'c'), 'BAD_FLAG', /pix2pix takes the images of one folder/, /--with-data b c/);
  refused(await train('--dataset', 'Both'), 'BAD_FLAG', /--data names a folder, --with-data further ones/);
  refused(await train('--rafd_image_dir', 'b'), 'BAD_FLAG', /pix2pix takes the images of one folder/);
  refused(await train('--recompute', '--eager'), 'BAD_FLAG', /--recompute is for recorded steps/, /leave out --eager/);
  refused(await train('--labels', 'Male', 'Young'), 'BAD_FLAG', /pix2pix learns no labels/, /--labels Male Young/, /leave out --labels/);
});

test('no adapter: what was looked for and how to get one', async () => {
  for (const [parameters, env] of [
    [[], { SHADEGRAD_ADAPTER: 'doesnotexist' }],
    [['--adapter', 'doesnotexist'], {}],
  ] as const) {
    refused(await run('train-facades', [...TINY, '--out', out, ...parameters], { env }), 'NO_ADAPTER', /doesnotexist/, /fix: /);
  }
  const result = await run('translate', [
    '--weights',
    join(good, 'checkpoint.safetensors'),
    '--input',
    join(good, 'samples'),
    '--output',
    out,
    '--adapter',
    'doesnotexist',
  ]);
  refused(result, 'NO_ADAPTER', /doesnotexist/);
});

test('a folder that is missing, empty, without pairs, a file, or unreadable', async () => {
  refused(await train('--data', join(folder, 'nowhere')), 'DATA_NOT_FOUND', /nowhere/);
  mkdirSync(join(folder, 'empty'));
  refused(await train('--data', join(folder, 'empty')), 'DATA_NOT_FOUND', /empty.train/);
  mkdirSync(join(folder, 'no-pairs/train'), { recursive: true });
  refused(await train('--data', join(folder, 'no-pairs')), 'DATA_EMPTY', /no-pairs.train/, /an empty folder/);
  writeFileSync(join(folder, 'file'), '');
  refused(await train('--data', join(folder, 'file')), 'DATA_UNREADABLE', /names? the folder|name the folder/i);
  if (process.getuid?.() === 0 || process.platform === 'win32') return;
  chmodSync(join(folder, 'no-pairs/train'), 0);
  refused(await train('--data', join(folder, 'no-pairs')), 'DATA_UNREADABLE', /EACCES/);
});

test('files that are truncated, empty or no images are named before anything is trained', async () => {
  const [jpeg, picture] = [goldens.get('jpeg-420')!, goldens.get('png-rgb')!];
  const cut = (bytes: Buffer) => bytes.subarray(0, bytes.length - 50);
  refused(await train('--data', dataset('cut-jpeg', { 'cut.jpg': cut(jpeg), 'good.png': picture })), 'IMAGE_CORRUPT', /cut\.jpg/, /fix: /);
  refused(await train('--data', dataset('cut-png', { 'cut.png': cut(picture) })), 'IMAGE_CORRUPT', /cut\.png/);
  refused(await train('--data', dataset('empty-png', { 'empty.png': Buffer.alloc(0) })), 'IMAGE_CORRUPT', /empty\.png/, /empty/);
  refused(await train('--data', dataset('webp', { 'other.jpg': Buffer.from('RIFF....WEBPVP8 ') })), 'IMAGE_CORRUPT', /other\.jpg/, /WebP/);
  refused(
    await train('--data', dataset('heic', { 'other.jpg': Buffer.from('....ftypheic....') })),
    'IMAGE_UNSUPPORTED',
    /other\.jpg/,
    /HEIC/,
  );
  refused(
    await train('--data', dataset('several', { 'a.jpg': cut(jpeg), 'b.png': cut(picture), 'c.png': picture })),
    'IMAGE_CORRUPT',
    /2 of 3 pairs/,
    /a\.jpg/,
    /b\.png/,
  );
});

test('a damaged picture among many ends the run when it is met, with what was trained; mended, the run goes on', async () => {
  const files = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`${index + 1}.png`, goldens.get('png-rgb')!]));
  // Not one of the sample that is read first.
  const directory = dataset('one-of-many', { ...files, '12.png': goldens.get('png-rgb')!.subarray(0, 60) });
  const place = join(folder, 'one-of-many-run');
  const parameters = [...TINY, '--epochs', '1', '--data', directory, '--out', place];
  const result = await run('train-facades', parameters);
  failedWith(result, 'IMAGE_CORRUPT', /12\.png/, /fix: /);
  const saved = /the checkpoint of step (\d+) is kept/.exec(result.stderr + result.stdout)?.[1];
  const steps = loggedSteps(join(place, 'log.jsonl'));
  assert.is(Number(saved), steps.length, 'every step that was taken is saved, and logged');
  assert.ok(steps.length > 0);
  writeFileSync(join(directory, 'train', '12.png'), files['12.png']!);
  succeeded(await run('train-facades', ['--resume', '--out', place]));
  assert.equal(
    loggedSteps(join(place, 'log.jsonl')),
    Array.from({ length: 70 }, (_, index) => index + 1),
  );
  const whole = join(folder, 'whole-run');
  succeeded(await run('train-facades', [...parameters.slice(0, -1), whole]));
  assert.ok(
    readFileSync(join(whole, 'checkpoint.safetensors')).equals(readFileSync(join(place, 'checkpoint.safetensors'))),
    'the run that never stopped',
  );
});

test('pairs whose halves differ in size are refused with the file and its size', async () => {
  refused(await train('--data', dataset('odd-width', { 'odd.png': png(33, 16) })), 'IMAGE_SIZE', /odd\.png/, /33 x 16/, /fix: /);
});

test('CMYK, grey, palette, 16-bit, alpha and odd-sized pairs are converted and trained on', async () => {
  const files = Object.fromEntries(
    [...goldens]
      .filter(([name]) => !name.includes('odd'))
      .map(([name, bytes]) => [`${name}.${name.startsWith('jpeg') ? 'jpg' : 'png'}`, bytes]),
  );
  const directory = dataset('every-kind', { ...files, 'tall.png': png(18, 61), 'wide.png': png(150, 31), 'dot.png': png(2, 1) });
  const printed = succeeded(
    await run('train-facades', [...TINY, '--steps', '24', '--data', directory, '--out', join(folder, 'every-kind-run')]),
  );
  assert.match(printed, `training on ${Object.keys(files).length + 3} pairs`);
});

test('flags that are unknown, out of range, or contradict each other', async () => {
  const cases: [string[], RegExp][] = [
    [['--epoch', '3'], /did you mean --epochs\?/],
    [['--size', '101'], /a multiple of 4/],
    [['--size', '4096'], /from 32 to 2048/],
    [['--size', '8'], /from 32 to 2048/],
    [['--load-size', '287'], /an even number/],
    [['--load_size', '30'], /--load-size/],
    [['--ngf', '0'], /from 1 to 256/],
    [['--ndf', '2.5'], /an integer from 1 to 256/],
    [['--lr', '-1'], /--lr/],
    [['--lr', 'fast'], /received: fast/],
    [['--batch', '0'], /--batch/],
    [['--seed', '-1'], /--seed/],
    [['--lambda', 'NaN'], /--lambda/],
    [['--direction', 'AtoA'], /one of BtoA, AtoB/],
    [['--preset', 'ful'], /did you mean full\?/],
    [['--data'], /nothing/],
    [['facades'], /Unexpected argument "facades"/],
    [['--epochs', '3'], /--epochs and --steps/],
    [['--download-url', 'http://127.0.0.1/'], /--download/],
    [['--download-sha256', 'f'.repeat(64)], /--download-sha256 says what --download is to fetch/],
    [['--download', '--download-sha256', 'abc'], /64 hexadecimal digits/],
  ];
  for (const [parameters, words] of cases) refused(await train(...parameters), 'BAD_FLAG', words);
  refused(await train('--lr_policy', 'sine'), 'BAD_FLAG', /one of linear, step, plateau, cosine, constant/);
  refused(await run('translate', ['--results_dir', out]), 'BAD_FLAG', /--weights is missing/);
  refused(await run('translate', ['--weight', 'x', '--output', out]), 'BAD_FLAG', /did you mean --weights\?/);
});

test('a batch larger than the data', async () => {
  refused(
    await train('--data', dataset('one', { 'one.png': png(20, 10) }), '--batch', '2'),
    'BAD_FLAG',
    /Bad value for --batch/,
    /from 1 to 1/,
  );
});

test('losses that are no numbers end the run, after they are logged', () => {
  const logged: unknown[] = [];
  const options = {
    trainer: { step: 7, stepsPerEpoch: 4, scheme: pix2pix },
    settings: { batch: 1, learningRate: 1 },
    history: { secondsBefore: 0, addSteps: (steps: unknown[]) => logged.push(...steps) },
    progress: { update: () => undefined },
    trial: { trained: [], secondsPerStep: 1 },
    totalSteps: 8,
  } as unknown as LoopOptions;
  const losses = { discriminatorReal: 0.5, discriminatorFake: 0.5, generatorGan: NaN, generatorL1: 0.3 };
  const loop = new TrainingLoop(options);
  loop.record([{ step: 6, losses: { ...losses, generatorGan: 1 } }]);
  assert.throws(
    () => loop.record([{ step: 7, losses }]),
    (error: unknown) =>
      error instanceof ShadegradError && error.code === 'DIVERGED' && /step 7/.test(error.message) && /--lr/.test(error.message),
  );
  assert.is(logged.length, 2);
});

test('nothing to resume, or a checkpoint that cannot be resumed', async () => {
  refused(await train('--resume'), 'DATA_NOT_FOUND', /checkpoint\.safetensors/);
  const whole = readFileSync(join(good, 'checkpoint.safetensors'));
  const damaged = Buffer.from(whole);
  // Among the generator's tensors, which both programs read.
  damaged[whole.length >> 3]! ^= 1;
  const text = whole.toString('latin1');
  const altered = (from: string, to: string): Buffer => {
    assert.ok(text.includes(from), from);
    return Buffer.from(text.replace(from, to), 'latin1');
  };
  const cases: [string, Buffer, string, RegExp][] = [
    ['truncated', whole.subarray(0, whole.length - 1000), 'CHECKPOINT_CORRUPT', /truncated/],
    ['empty', Buffer.alloc(0), 'CHECKPOINT_CORRUPT', /empty/],
    ['foreign', goldens.get('png-rgb')!, 'CHECKPOINT_CORRUPT', /foreign/],
    ['bit-flipped', damaged, 'CHECKPOINT_CORRUPT', /checksum/],
    ['version', altered('\\"formatVersion\\":2', '\\"formatVersion\\":9'), 'CHECKPOINT_VERSION', /version 9/],
  ];
  for (const [name, bytes, code, words] of cases) {
    const directory = join(folder, `resume-${name}`);
    mkdirSync(directory);
    const path = join(directory, 'checkpoint.safetensors');
    writeFileSync(path, bytes);
    failedWith(await run('train-facades', ['--resume', '--steps', '4', '--out', directory]), code, words);
    assert.ok(readFileSync(path).equals(bytes), name);
    assert.equal(readdirSync(directory), ['checkpoint.safetensors']);
    // To translate, the file may be one of any program.
    const weightsCode = code === 'CHECKPOINT_VERSION' || name === 'foreign' ? 'WEIGHTS_UNSUPPORTED' : 'WEIGHTS_CORRUPT';
    failedWith(await run('translate', ['--weights', path, '--input', join(good, 'samples'), '--output', out]), weightsCode, words);
    assert.not.ok(existsSync(out));
  }
  failedWith(
    await run('train-facades', withFlags(TINY, '--size', '64', '--resume', '--steps', '4', '--out', good)),
    'CHECKPOINT_MISMATCH',
    /--size 32/,
  );
  assert.ok(readFileSync(join(good, 'checkpoint.safetensors')).equals(whole));
});

/**
 * A disk that is full once a file grows beyond so many bytes, for one process. Limits of the system's own kind end
 * software adapters, whose memory is files, too.
 */
function fullDisk(bytes: number): { env: Record<string, string> } {
  const script = join(folder, 'full-disk.mjs');
  const program = `
    import { promises } from 'node:fs';
    const open = promises.open;
    promises.open = async (path, ...others) => {
      const handle = await open(path, ...others);
      const write = handle.write.bind(handle);
      let room = Number(process.env.TEST_DISK_ROOM);
      handle.write = async (data, offset, length, ...position) => {
        if (room === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        const { bytesWritten } = await write(data, offset, Math.min(length, room), ...position);
        room -= bytesWritten;
        return { bytesWritten, buffer: data };
      };
      return handle;
    };`;
  writeFileSync(script, program);
  return { env: { NODE_OPTIONS: `--import ${pathToFileURL(script).href}`, TEST_DISK_ROOM: String(bytes) } };
}

test('a full disk: the error names the file, and what was there stays', async () => {
  const checkpoint = join(good, 'checkpoint.safetensors');
  const before = readFileSync(checkpoint);
  const half = fullDisk(before.length >> 1);
  const result = await run('train-facades', [...TINY, '--steps', '2', '--out', out], half);
  failedWith(result, 'WRITE_FAILED', /checkpoint\.safetensors/, /disk is full/, /fix: /);
  assert.equal(readdirSync(out).sort(), ['log.jsonl', 'samples']);
  rmSync(out, { recursive: true });

  failedWith(await run('train-facades', ['--resume', '--steps', '4', '--out', good], half), 'WRITE_FAILED', /checkpoint of step 2 is kept/);
  assert.ok(readFileSync(checkpoint).equals(before));
  assert.equal(readdirSync(good).sort(), ['checkpoint.safetensors', 'log.jsonl', 'options.json', 'report.html', 'samples']);
  succeeded(await run('train-facades', ['--resume', '--steps', '4', '--out', good]));

  failedWith(
    await run('translate', ['--weights', checkpoint, '--input', join(good, 'samples'), '--output', out], fullDisk(100)),
    'WRITE_FAILED',
    /\.png/,
  );
  assert.equal(readdirSync(out), []);
  rmSync(out, { recursive: true });
});

test('a folder that cannot be written to', async () => {
  writeFileSync(join(folder, 'a-file'), '');
  failedWith(await run('train-facades', [...TINY, '--steps', '1', '--out', join(folder, 'a-file')]), 'DATA_UNREADABLE', /a file/);
  failedWith(await run('train-facades', [...TINY, '--steps', '1', '--out', join(folder, 'a-file/below')]), 'DATA_UNREADABLE', /a file/);
});

test.run();
