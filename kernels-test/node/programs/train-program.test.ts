import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { joinPair } from '../../../src/data/image.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { encodePng } from '../../../src/node/images/read.js';
import {
  buildLibrary,
  failedWith,
  loggedSteps,
  readLogLines,
  run,
  succeeded,
  temporaryFolder,
  TINY,
  withFlags,
} from '../../harness/program.js';

const folder = temporaryFolder('train');
const facades = syntheticFacades({ count: 12, size: 40, seed: 5, split: 'test' });

/** PNG pairs in split/, as many as asked for. */
async function pairs(directory: string, split: string, count: number): Promise<void> {
  mkdirSync(join(directory, split), { recursive: true });
  for (let index = 0; index < count; index++)
    writeFileSync(join(directory, split, `${index + 1}.png`), encodePng(joinPair(await facades.get(index))));
}

test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a run leaves a checkpoint, a log, a report and sample grids, and says how to go on', async () => {
  const out = join(folder, 'simple');
  const printed = succeeded(
    await run(
      'train-facades',
      withFlags(TINY, '--steps', '10', '--report-every', '5', '--batch', '2', '--lambda', '50', '--no-dropout', '--out', out),
    ),
  );
  for (const words of [
    /^adapter: /m,
    /^preset: (full|preview), chosen for this adapter; .*--preset/m,
    /on 2 validation images: L1 /,
    /mean photo, for comparison: L1 /,
    /translate\.js --weights/,
  ])
    assert.match(printed, words);
  assert.equal(readdirSync(out).sort(), ['checkpoint.safetensors', 'log.jsonl', 'options.json', 'report.html', 'samples']);
  assert.equal(readdirSync(join(out, 'samples')), ['step-0000000.png', 'step-0000005.png', 'step-0000010.png']);

  const lines = readLogLines(join(out, 'log.jsonl'));
  assert.equal(loggedSteps(join(out, 'log.jsonl')), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(
    lines.filter(({ validation }) => validation).map(({ step }) => step),
    [0, 5, 10],
  );
  for (const line of lines.filter(({ generatorL1 }) => generatorL1 !== undefined)) {
    for (const name of [
      'discriminatorReal',
      'discriminatorFake',
      'generatorGan',
      'generatorL1',
      'learningRate',
      'imagesPerSecond',
      'seconds',
    ])
      assert.ok((line[name] as number) > 0, name);
    assert.is(line.epoch, 1);
  }
  // Constant for the first half of the steps, then linear towards zero.
  const rates = lines.filter(({ generatorL1 }) => generatorL1 !== undefined).map(({ learningRate }) => learningRate as number);
  assert.is(new Set(rates.slice(0, 5)).size, 1);
  rates.slice(5).forEach((rate, index) => assert.ok(Math.abs(rate / rates[0]! - (5 - index) / 6) < 1e-12));

  const report = readFileSync(join(out, 'report.html'), 'utf8');
  for (const words of [
    'Finished',
    'mean photo',
    '--steps 10 --batch 2',
    '--lambda 50',
    '--no-dropout',
    '--validate 2',
    'data:image/png;base64,',
  ])
    assert.ok(report.includes(words), words);
  const { step, epoch, options, networks } = await readCheckpointInfo(join(out, 'checkpoint.safetensors'));
  assert.equal(
    { step, epoch, ngf: (networks.generator!.options as { ngf?: number }).ngf, totalSteps: options.totalSteps, dropout: options.dropout },
    { step: 10, epoch: 0, ngf: 4, totalSteps: 10, dropout: false },
  );
});

test('the options.json of a run makes it again, and what is typed wins over it', async () => {
  const [first, again, shorter] = ['first', 'again', 'shorter'].map((name) => join(folder, name)) as [string, string, string];
  const own = ['--steps', '2', '--batch', '2', '--load-size', '34', '--lambda', '50', '--no-dropout', '--seed', '7'];
  succeeded(await run('train-facades', withFlags(TINY, ...own, '--out', first)));
  const file = join(first, 'options.json');
  const printed = succeeded(await run('shadegrad', ['train', '--options', file, '--no-tune', '--out', again, '--quiet']));
  assert.is(printed, '', '--quiet');
  const losses = (out: string): unknown[] =>
    readLogLines(join(out, 'log.jsonl')).map(({ step, generatorL1, validation }) => [step, generatorL1, validation]);
  assert.is(losses(again).length, 5);
  assert.equal(losses(again), losses(first));
  assert.equal(readFileSync(join(again, 'options.json'), 'utf8'), readFileSync(file, 'utf8'));
  succeeded(
    await run('shadegrad', ['train', '--options', file, '--no-tune', '--steps', '1', '--name', 'shorter', '--checkpoints_dir', folder]),
  );
  assert.equal(loggedSteps(join(shorter, 'log.jsonl')), [1]);
});

test('the rate follows the epochs in a run of epochs, and one seed gives one result', async () => {
  const data = join(folder, 'epochs-data');
  await pairs(data, 'train', 3);
  await pairs(data, 'val', 1);
  const parameters = ['--data', data, ...TINY, '--epochs', '4', '--no-jitter', '--lr', '0.01', '--preset', 'full'];
  const [first, second, other] = ['first', 'second', 'other'].map((name) => join(folder, `epochs-${name}`)) as [string, string, string];
  succeeded(await run('train-facades', [...parameters, '--out', first]));
  succeeded(await run('train-facades', [...parameters, '--out', second]));
  succeeded(await run('train-facades', [...parameters, '--out', other, '--seed', '2']));
  const steps = readLogLines(join(first, 'log.jsonl')).filter(({ generatorL1 }) => generatorL1 !== undefined);
  assert.equal(
    steps.map(({ epoch }) => epoch),
    [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4],
  );
  const rates = [1, 1, 1, 1, 1, 1, 2 / 3, 2 / 3, 2 / 3, 1 / 3, 1 / 3, 1 / 3].map((share) => share * 0.01);
  steps.forEach(({ learningRate }, index) => assert.ok(Math.abs((learningRate as number) / rates[index]! - 1) < 1e-12));
  const bytes = (out: string) => readFileSync(join(out, 'checkpoint.safetensors'));
  assert.ok(bytes(first).equals(bytes(second)));
  assert.not.ok(bytes(first).equals(bytes(other)));
});

test('a run of so many minutes plans its steps, and is the run of that many steps', async () => {
  const timed = join(folder, 'timed');
  succeeded(await run('train-facades', [...TINY, '--minutes', '0.15', '--out', timed]));
  const { step, options } = await readCheckpointInfo(join(timed, 'checkpoint.safetensors'));
  assert.is(options.totalSteps, step);
  const counted = join(folder, 'counted');
  succeeded(await run('train-facades', [...TINY, '--steps', String(step), '--out', counted]));
  const losses = (out: string) => readLogLines(join(out, 'log.jsonl')).flatMap(({ generatorL1 }) => generatorL1 ?? []);
  assert.equal(losses(timed), losses(counted));
});

test('each new run gets a folder of its own, and --resume takes up the latest', async () => {
  const cwd = join(folder, 'numbered');
  mkdirSync(cwd);
  const parameters = [...TINY, '--steps', '2'];
  succeeded(await run('train-facades', parameters, { cwd }));
  const first = readFileSync(join(cwd, 'runs/facades/checkpoint.safetensors'));
  assert.match(succeeded(await run('train-facades', [...parameters, '--seed', '3'], { cwd })), 'runs/facades-2/');
  assert.match(succeeded(await run('train-facades', ['--resume', '--steps', '3'], { cwd })), 'runs/facades-2/');
  assert.equal(loggedSteps(join(cwd, 'runs/facades-2/log.jsonl')), [1, 2, 3]);
  failedWith(await run('train-facades', [...parameters, '--out', 'runs/facades'], { cwd }), 'BAD_FLAG', /holds a run already/, /--resume/);
  assert.ok(readFileSync(join(cwd, 'runs/facades/checkpoint.safetensors')).equals(first));
});

test('a folder without val/ validates on test/, or on pairs held out', async () => {
  const withTest = join(folder, 'with-test');
  await pairs(withTest, 'train', 2);
  await pairs(withTest, 'test', 1);
  const parameters = [...TINY, '--steps', '1'];
  assert.match(succeeded(await run('train-facades', [...parameters, '--data', withTest, '--out', join(folder, 'a')])), 'test/ is used');
  const trainOnly = join(folder, 'train-only');
  await pairs(trainOnly, 'train', 12);
  const printed = succeeded(
    await run('train-facades', [...parameters, '--direction', 'AtoB', '--data', trainOnly, '--out', join(folder, 'b')]),
  );
  assert.match(printed, 'the last 2 of 12 training pairs are held out');
  assert.match(printed, 'training on 10 pairs');
});

/** A server on this machine with an archive of three pairs, as the authors of pix2pix serve theirs. */
async function serveFacades(): Promise<{ server: Server; url: string }> {
  const archive = pack();
  for (const [index, name] of ['facades/train/1.png', 'facades/train/2.png', 'facades/val/1.png'].entries())
    archive.entry({ name }, Buffer.from(encodePng(joinPair(await facades.get(index)))));
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  const body = gzipSync(Buffer.concat(parts));
  const server = createServer((_request, response) => response.writeHead(200, { 'content-length': body.length }).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/facades.tar.gz` };
}

test('--download fetches the pairs once and trains on them', async () => {
  const { server, url } = await serveFacades();
  const data = join(folder, 'fetched');
  const parameters = ['--download', '--download-url', url, '--data', data, ...TINY, '--steps', '1'];
  try {
    failedWith(
      await run('train-facades', [...parameters, '--download-sha256', 'f'.repeat(64), '--out', join(folder, 'c')]),
      'DOWNLOAD_FAILED',
    );
    assert.not.ok(existsSync(data));
    assert.match(succeeded(await run('train-facades', [...parameters, '--out', join(folder, 'c')])), 'training on 2 pairs');
  } finally {
    server.close();
  }
  // Served no more, and not needed. A recipe has the same data.
  succeeded(await run('shadegrad', ['train', '--recipe', 'facades', ...parameters, '--out', join(folder, 'd')]));
  const { recipe, batch, direction } = JSON.parse(readFileSync(join(folder, 'd', 'options.json'), 'utf8'));
  assert.equal([recipe, batch, direction], [undefined, 1, 'BtoA']);
  assert.match(readFileSync(join(folder, 'd', 'options.json'), 'utf8'), /"lr-policy": "constant"/);
  failedWith(
    await run('train-facades', ['--download', '--download-url', url, '--data', join(folder, 'elsewhere'), '--out', join(folder, 'e')]),
    'DOWNLOAD_FAILED',
  );
  assert.not.ok(existsSync(join(folder, 'elsewhere')));
  assert.not.ok(existsSync(join(folder, 'e')));
});

test('what a run reads before its first step, it reads once, but for the mean photo and the colours of a few files', async () => {
  const counting = join(folder, 'counting.mjs');
  writeFileSync(
    counting,
    `import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const reads = {};
    for (const name of ['readFile', 'open']) {
      const original = fs.promises[name];
      fs.promises[name] = (path, ...rest) => {
        if (/\\.png$/.test(path) && String(path).startsWith(process.env.COUNTED)) reads[path] = [...(reads[path] ?? []), name];
        return original(path, ...rest);
      };
    }
    syncBuiltinESMExports();
    process.on('exit', () => fs.writeFileSync(process.env.COUNTED + '/reads.json', JSON.stringify(reads)));`,
  );
  const halves = (data: string, split: string, count: number, side: number): void => {
    for (const half of ['A', 'B']) {
      mkdirSync(join(data, half, split), { recursive: true });
      const picture = { width: side, height: side, data: new Uint8Array(side * side * 3).fill(count) };
      for (let index = 0; index < count; index++) writeFileSync(join(data, half, split, `${index}.png`), encodePng(picture));
    }
  };
  for (const [name, side] of [
    ['shrunk', 50],
    ['as they are', 32],
  ] as const) {
    const data = join(folder, name);
    halves(data, 'train', 70, side);
    halves(data, 'val', 2, side);
    const env = { NODE_OPTIONS: `--import ${pathToFileURL(counting).href}`, COUNTED: data };
    succeeded(await run('train-facades', ['--data', data, ...TINY, '--steps', '1', '--out', join(folder, `${name} out`)], { env }));
    const reads = Object.entries(JSON.parse(readFileSync(join(data, 'reads.json'), 'utf8')) as Record<string, string[]>);
    const inAll = (how: string): number => reads.filter(([, each]) => each.includes(how)).length;
    // Both halves of the sample of 64 pairs and of the validation, and headers of the other 6, of which some may be needed then: the pair
    // of the first step, and those that are looked at for what pairs suffer from.
    const further = reads.filter(([, each]) => each.join() === 'open,readFile').length;
    assert.equal([inAll('readFile'), inAll('open')], [2 * (64 + 2) + further, 2 * 6], name);
    // The mean photo is measured as validations are, of files as they are: of the sample it reads each once more. Colours are counted in
    // those of eight pairs.
    const twice = reads.filter(([, each]) => new Set(each).size < each.length);
    assert.ok(twice.length <= 2 * (64 + 8), `${name}: ${twice.length} files are read more than once`);
    const thrice = twice.filter(([, each]) => each.filter((how) => how === 'readFile').length > 2);
    assert.ok(thrice.length <= 2 * 8, `${name}: ${thrice.length} files are read more than twice`);
    assert.ok(
      twice.every(([, each]) => each.filter((how) => how === 'readFile').length <= 3),
      name,
    );
  }
});

test.run();
