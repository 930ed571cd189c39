// first driver only: it runs programs. shadegrad test: a run is measured image by image.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage, encodePng } from '../../../src/node/images/read.js';
import { formatJson } from '../../../src/formats/words.js';
import { joinPair } from '../../../src/data/image.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import { buildNetwork } from '../../../src/models/registry.js';
import type { Module } from '../../../src/nn/module.js';
import { loadCheckpoint, openCheckpoint } from '../../../src/node/weights/checkpoint.js';
import type { CheckpointTarget } from '../../../src/training/checkpoint-tensors.js';
import { readAhead } from '../../../src/data/read-ahead.js';
import { compareImages } from '../../../src/training/metrics.js';
import { testGpu } from '../../harness/gpu.js';
import { buildLibrary, failedWith, readLogLines, run, succeeded, temporaryFolder, TINY } from '../../harness/program.js';

const gpu = await testGpu();
const folder = temporaryFolder('test-run');
const out = join(folder, 'run');

interface Numbers {
  readonly images: number;
  readonly metrics: Record<string, number>;
  readonly samples: readonly { name: string; metrics: Record<string, number>; pictures: string[] }[];
}

test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a run is tested by its folder alone: the metrics are those of its training, the pictures are those that were measured', async () => {
  succeeded(await run('train-facades', [...TINY, '--steps', '1', '--out', out]));
  const before = readdirSync(out);
  const { stdout, stderr, status } = await run('shadegrad', ['test', out, '--count', '2', '--json', '--quiet']);
  assert.is(status, 0, stderr);
  const numbers = JSON.parse(stdout) as Numbers;
  const validated = readLogLines(join(out, 'log.jsonl')).filter(({ validation }) => validation !== undefined);
  assert.equal(numbers.metrics, validated[validated.length - 1]!.validation);
  assert.is(numbers.images, 2);
  for (const words of ['tested', 'adapter']) assert.not.match(stderr, words);
  const made = join(out, 'test');
  assert.equal(readdirSync(out).sort(), [...before, 'test'].sort());
  assert.equal(readdirSync(made).sort(), ['images', 'index.html', 'metrics.json']);
  assert.is(readFileSync(join(made, 'metrics.json'), 'utf8'), stdout);
  for (const { pictures, metrics } of numbers.samples) {
    const [, output, target] = await Promise.all(pictures.map((path) => decodeImage(readFileSync(join(made, path)), path)));
    assert.equal(compareImages(output!, target!), metrics);
  }
});

test('a test takes the place of an earlier one when it has ended, and leaves what is not of tests', async () => {
  const made = join(folder, 'again');
  const images = (): string[] => readdirSync(join(made, 'images')).sort();
  const measure = (count: string): ReturnType<typeof run> => run('shadegrad', ['test', out, '--count', count, '--quiet', '--output', made]);
  succeeded(await measure('2'));
  assert.is(images().length, 6);
  writeFileSync(join(made, 'images', 'holiday.png'), 'mine');
  const [page, numbers] = [readFileSync(join(made, 'index.html'), 'utf8'), readFileSync(join(made, 'metrics.json'), 'utf8')];
  // One that cannot end: the folder of its page is none.
  rmSync(join(made, 'index.html'));
  mkdirSync(join(made, 'index.html', 'x'), { recursive: true });
  assert.is((await measure('1')).status, 1);
  assert.is(readdirSync(made).filter((name) => name.includes('part')).length, 0);
  rmSync(join(made, 'index.html'), { recursive: true });
  writeFileSync(join(made, 'index.html'), page);
  writeFileSync(join(made, 'metrics.json'), numbers);
  succeeded(await measure('1'));
  assert.is(images().length, 3 + 1);
  assert.ok(images().includes('holiday.png'));
});

test('in words, elsewhere, with a name of the reference program', async () => {
  const elsewhere = join(folder, 'elsewhere');
  const printed = succeeded(
    await run('shadegrad', ['test', '--checkpoints_dir', folder, '--name', 'run', '--num_test', '1', '--results_dir', elsewhere]),
  );
  assert.match(printed, /^step 1, 1 image: L1 0\.\d+, PSNR .* dB, SSIM .*\npage: .*index\.html\n$/);
  assert.equal(readdirSync(elsewhere), ['run'], 'the name of the run, so that two do not overwrite each other');
  assert.is(readdirSync(join(elsewhere, 'run', 'images')).length, 3);
  const named = async (flag: string): Promise<string[]> => {
    const { stdout } = await run('shadegrad', ['test', out, flag, '2', '--json', '--quiet', '--output', join(folder, `of${flag}`)]);
    return (JSON.parse(stdout) as Numbers).samples.map(({ name }) => name);
  };
  const [spread, first] = [await named('--count'), await named('--first')];
  assert.is(first[0], spread[0]);
  assert.not.equal(first[1], spread[1]);
});

test('--patch-map lays what the discriminator says over outputs and targets, and leaves the metrics as they are', async () => {
  const made = join(folder, 'patches');
  const { stdout, status, stderr } = await run('shadegrad', [
    'test',
    out,
    '--count',
    '1',
    '--patch-map',
    '--json',
    '--quiet',
    '--output',
    made,
  ]);
  assert.is(status, 0, stderr);
  const numbers = JSON.parse(stdout) as Numbers & { patches: { receptiveField: number; means: Record<string, number> } };
  // The preview's PatchGAN of two layers.
  assert.is(numbers.patches.receptiveField, 34);
  const { Output, Target } = numbers.patches.means;
  for (const mean of [Output!, Target!]) assert.ok(mean > 0 && mean < 1);
  const [{ pictures, metrics }] = numbers.samples as [Numbers['samples'][number]];
  assert.equal(Object.keys(metrics), ['l1', 'psnr', 'ssim']);
  assert.equal(pictures.slice(3), ['images/0001-4-patches-of-output.png', 'images/0001-5-patches-of-target.png']);
  const page = readFileSync(join(made, 'index.html'), 'utf8');
  for (const words of ['square of 34 x 34 pixels', 'D(Output)', 'D(Target)', 'Patches of Output']) assert.ok(page.includes(words), words);
});

test('inspect and doctor report as JSON, too, which holds nothing that a terminal obeys', async () => {
  const described = JSON.parse(succeeded(await run('shadegrad', ['inspect', out, '--json', '--no-tensors']))) as {
    networks: { role: string; kind: string }[];
    run: { scheme: string; step: number };
    sound: boolean;
  };
  assert.equal(
    described.networks.map(({ role, kind }) => [role, kind]),
    [
      ['generator', 'unet'],
      ['discriminator', 'patchgan'],
    ],
  );
  assert.equal([described.run.scheme, described.run.step, described.sound], ['pix2pix', 1, true]);
  const { healthy, System } = JSON.parse(succeeded(await run('shadegrad', ['doctor', '--json']))) as { healthy: boolean; System: string[] };
  assert.ok(healthy && System.some((line) => line.includes(process.version)));
  const text = 'a\u009b\u202e\u{e0001}\n';
  assert.match(formatJson({ text }), /^[\x20-\x7e\n]*$/);
  assert.equal(JSON.parse(formatJson({ text, none: NaN })), { text, none: null });
});

test('however many samples are read, few wait for their turn, and a damaged one is met in its own', async () => {
  const indices = Array.from({ length: 40 }, (_, index) => index);
  let read = 0;
  const seen: number[] = [];
  const most = { ahead: 0 };
  const each = readAhead(indices, (index) => (read++, index === 30 ? Promise.reject(new Error('damaged')) : Promise.resolve(index)));
  try {
    for await (const index of each) {
      seen.push(index);
      most.ahead = Math.max(most.ahead, read - seen.length);
    }
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /damaged/);
  }
  assert.equal(seen, indices.slice(0, 30));
  assert.ok(most.ahead < 5, `${most.ahead} ahead`);
});

test('of a run with averaged weights these are tested, or the weights themselves', async () => {
  const averaged = join(folder, 'averaged');
  succeeded(await run('train-facades', [...TINY, '--ema', '0.9', '--steps', '3', '--out', averaged]));
  const measured = async (...flags: string[]): Promise<Record<string, number>> => {
    const { stdout } = await run('shadegrad', ['test', averaged, '--count', '2', '--json', '--quiet', ...flags]);
    return (JSON.parse(stdout) as Numbers).metrics;
  };
  const validated = readLogLines(join(averaged, 'log.jsonl')).filter(({ validation }) => validation !== undefined);
  assert.equal(await measured(), validated[validated.length - 1]!.validation);
  assert.not.equal(await measured('--no-averages'), validated[validated.length - 1]!.validation);
});

test('what is no run is refused, and nothing is written', async () => {
  failedWith(await run('shadegrad', ['test']), 'BAD_FLAG', /run to test is missing/);
  failedWith(await run('shadegrad', ['test', out, 'b']), 'BAD_FLAG', /More than one run/);
  failedWith(await run('shadegrad', ['test', out, '--run', out]), 'BAD_FLAG', /More than one run/);
  failedWith(await run('shadegrad', ['test', folder]), 'DATA_NOT_FOUND', /There is no run in/);
  const lost = join(folder, 'lost');
  failedWith(await run('shadegrad', ['test', out, '--first', '1', '--count', '1']), 'BAD_FLAG', /--count and --first/);
  failedWith(await run('shadegrad', ['test', out, '--data', join(folder, 'none'), '--output', lost]), 'DATA_NOT_FOUND');
  writeFileSync(join(folder, 'checkpoint.safetensors'), 'no checkpoint');
  failedWith(await run('shadegrad', ['test', folder, '--output', lost]), 'CHECKPOINT_CORRUPT');
  assert.not(existsSync(lost));
});

test('other images are measured as they are: a split alone, and all of a folder that has none', async () => {
  const pictures = syntheticFacades({ count: 6, size: 32, seed: 3, split: 'test' });
  const put = async (path: string, index: number): Promise<void> => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), encodePng(joinPair(await pictures.get(index))));
  };
  for (const [index, path] of [
    'both/val/v.png',
    'both/test/t.png',
    'plain/train/1.png',
    'plain/train/2.png',
    'plain/train/3.png',
  ].entries())
    await put(path, index);
  const measured = async (...flags: string[]): Promise<[split: string, names: string[], stderr: string]> => {
    const { stdout, stderr, status } = await run('shadegrad', ['test', out, '--json', '--output', join(folder, 'splits'), ...flags]);
    assert.is(status, 0, stderr);
    const { split, samples } = JSON.parse(stdout) as Numbers & { split: string };
    return [split, samples.map(({ name }) => name.split('/').pop()!).sort(), stderr];
  };
  const [first, own, told] = await measured('--data', join(folder, 'both'));
  assert.equal([first, own], ['val', ['v.png']]);
  assert.match(told, '--split test');
  assert.equal((await measured('--data', join(folder, 'both'), '--phase', 'test')).slice(0, 2), ['test', ['t.png']]);
  // Without --output they go to folders of their own, and those of the validation images stay.
  succeeded(await run('shadegrad', ['test', out, '--data', join(folder, 'both'), '--quiet']));
  assert.ok(existsSync(join(out, 'test-both-val', 'metrics.json')));
  assert.is((JSON.parse(readFileSync(join(out, 'test', 'metrics.json'), 'utf8')) as { split: null }).split, null);
  const [split, names, said] = await measured('--data', join(folder, 'plain'));
  assert.equal([split, names], ['train', ['1.png', '2.png', '3.png']]);
  assert.match(said, 'there is neither val/ nor test/: all 3 pairs are measured');
  assert.match(readFileSync(join(folder, 'splits', 'index.html'), 'utf8'), /plain \(train\)/);
  failedWith(
    await run('shadegrad', ['test', out, '--data', join(folder, 'plain'), '--split', 'val']),
    'DATA_NOT_FOUND',
    /val/,
    /--split train/,
  );
  failedWith(await run('shadegrad', ['test', out, '--split', 'val']), 'BAD_FLAG', /drawn/, /--data/);
});

test('a checkpoint that is replaced while it is open stays the one that was opened', async () => {
  const [first, path] = [join(folder, 'first.safetensors'), join(folder, 'replaced.safetensors')];
  copyFileSync(join(out, 'checkpoint.safetensors'), first);
  copyFileSync(first, path);
  const opened = await openCheckpoint(path);
  succeeded(await run('train-facades', ['--resume', '--steps', '2', '--out', out]));
  copyFileSync(join(out, 'checkpoint.safetensors'), `${path}.new`);
  renameSync(`${path}.new`, path);
  const trained = (network: Module): Promise<Float32Array> => network.namedParameters().get('model.model.0.weight')!.data();
  const read = async (load: (target: CheckpointTarget) => Promise<unknown>): Promise<Float32Array> => {
    const networks = Object.fromEntries(
      Object.entries(opened.info.networks).map(([name, architecture]) => [name, buildNetwork(architecture).to(gpu)]),
    );
    await load({ networks });
    const data = await trained(networks.generator!);
    for (const network of Object.values(networks)) network.dispose();
    return data;
  };
  const before = await read((target) => loadCheckpoint(first, target));
  assert.equal(await read((target) => opened.load(target)), before);
  assert.not.equal(await read((target) => loadCheckpoint(path, target)), before);
  assert.is(opened.info.step, 1);
  await opened.close();
});

test.run();
