// shadegrad test: a run is measured image by image.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage } from '../../../src/node/images/read.js';
import { formatJson } from '../../../src/node/terminal/format.js';
import { compareImages } from '../../../src/training/metrics.js';
import { buildLibrary, failedWith, readLogLines, run, succeeded, temporaryFolder, TINY } from '../../harness/program.js';

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

test('in words, elsewhere, with a name of the reference program', async () => {
  const elsewhere = join(folder, 'elsewhere');
  const printed = succeeded(
    await run('shadegrad', ['test', join(out, 'checkpoint.safetensors'), '--num_test', '1', '--results_dir', elsewhere]),
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

test('what is no run is refused, and nothing is written', async () => {
  failedWith(await run('shadegrad', ['test']), 'BAD_FLAG', /run to test is missing/);
  failedWith(await run('shadegrad', ['test', out, 'b']), 'BAD_FLAG', /More than one run/);
  failedWith(await run('shadegrad', ['test', folder]), 'DATA_NOT_FOUND', /There is no run in/);
  const lost = join(folder, 'lost');
  failedWith(await run('shadegrad', ['test', out, '--first', '1', '--count', '1']), 'BAD_FLAG', /--count and --first/);
  failedWith(await run('shadegrad', ['test', out, '--data', join(folder, 'none'), '--output', lost]), 'DATA_NOT_FOUND');
  writeFileSync(join(folder, 'checkpoint.safetensors'), 'no checkpoint');
  failedWith(await run('shadegrad', ['test', folder, '--output', lost]), 'CHECKPOINT_CORRUPT');
  assert.not(existsSync(lost));
});

test.run();
