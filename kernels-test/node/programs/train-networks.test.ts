// first driver only: it runs programs. not in browsers: likewise. The switches of networks and losses, through the command line.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PNG } from 'pngjs';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { buildLibrary, failedWith, readLogLines, run, succeeded, temporaryFolder, withFlags } from '../../harness/program.js';

const folder = temporaryFolder('networks');
const TINY = ['--no-tune', '--size', '32', '--ngf', '2', '--ndf', '2', '--validate', '1', '--dropout'];

test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

const train = (...flags: string[]): Promise<string> => run('shadegrad', ['train', ...flags]).then(succeeded);
const checkpointOf = (out: string): string => join(out, 'checkpoint.safetensors');
const lossesOf = (out: string): string[] => {
  const [line] = readLogLines(join(out, 'log.jsonl')).filter(({ epoch }) => epoch !== undefined);
  return Object.keys(line!).filter((name) => /^(generator|discriminator)/.test(name));
};

const CASES: readonly [name: string, flags: string, losses: readonly string[], architectures: Record<string, object>][] = [
  [
    'resnet',
    '--generator resnet --blocks 1 --netD pixel --norm instance --init-type xavier --init-gain 0.5 --no-flip',
    ['discriminatorReal', 'discriminatorFake', 'generatorGan', 'generatorL1'],
    {
      generator: { kind: 'resnet', blocks: 1, norm: 'instance', dropout: 0.5 },
      discriminator: { kind: 'pixelgan', inChannels: 6, norm: 'instance' },
    },
  ],
  [
    'encoder-decoder',
    '--generator encoder-decoder --discriminator-layers 1 --no-conditional --input_nc 1 --init-type kaiming --reconstruction l2',
    ['discriminatorReal', 'discriminatorFake', 'generatorGan', 'generatorL2'],
    { generator: { kind: 'encoder-decoder', inChannels: 1 }, discriminator: { kind: 'patchgan', layers: 1, inChannels: 3 } },
  ],
  ['alone', '--lambda-gan 0 --init-type orthogonal', ['generatorL1'], { generator: { kind: 'unet' }, discriminator: { kind: 'patchgan' } }],
];

for (const [name, flags, losses, architectures] of CASES) {
  test(`train ${flags}: the networks and losses that were asked for`, async () => {
    const whole = join(folder, name);
    // Without a discriminator nobody says how wide it is.
    const sizes = flags.includes('--lambda-gan 0') ? TINY.join(' ').replace('--ndf 2 ', '').split(' ') : TINY;
    await train(...sizes, ...flags.split(' '), '--steps', '2', '--out', whole);
    const { networks } = await readCheckpointInfo(checkpointOf(whole));
    for (const [network, { kind, ...options }] of Object.entries(architectures) as [string, { kind: string }][]) {
      const { kind: own, options: all } = networks[network]!;
      assert.is(own, kind);
      assert.equal(Object.fromEntries(Object.keys(options).map((option) => [option, (all as Record<string, unknown>)[option]])), options);
    }
    assert.equal(lossesOf(whole), losses);
  });
}

test('a run goes on from its folder alone, to the bit', async () => {
  const [[name, flags, losses]] = CASES as [(typeof CASES)[number]];
  const parts = join(folder, 'parts');
  await train(...TINY, ...flags.split(' '), '--steps', '1', '--out', parts);
  await train('--resume', '--steps', '2', '--out', parts);
  const numbers = (out: string): unknown => readLogLines(join(out, 'log.jsonl')).flatMap((line) => losses.map((loss) => line[loss]));
  assert.equal(numbers(parts), numbers(join(folder, name)));
});

test('rectangles of sides that are no powers of two: trained, gone on with to the bit, tested and begun with', async () => {
  const [whole, parts, from] = ['wide', 'wide-parts', 'wide-from'].map((name) => join(folder, name)) as [string, string, string];
  const flags = withFlags(TINY, '--size', '48', '--width', '96', '--discriminator-layers', '2');
  await train(...flags, '--steps', '2', '--out', whole);
  const { networks } = await readCheckpointInfo(checkpointOf(whole));
  // 48 and 96 halve evenly four times.
  assert.is((networks.generator!.options as { size: number }).size, 16);
  await train(...flags, '--steps', '1', '--out', parts);
  await train('--resume', '--steps', '2', '--out', parts);
  assert.ok(readFileSync(checkpointOf(parts)).equals(readFileSync(checkpointOf(whole))));
  succeeded(await run('shadegrad', ['test', whole, '--count', '1', '--quiet']));
  const { width, height } = PNG.sync.read(readFileSync(join(whole, 'test', 'images', '0001-2-output.png')));
  assert.equal([width, height], [96, 48]);
  // Networks of a file go on with the sides that they were trained on, or with others that are typed.
  const shape = async (out: string, ...typed: string[]): Promise<unknown[]> => {
    await train('--no-tune', '--from', whole, '--steps', '1', '--validate', '1', '--out', out, ...typed);
    const { size, width: wide, levels } = JSON.parse(readFileSync(join(out, 'options.json'), 'utf8')) as Record<string, unknown>;
    return [size, wide, levels];
  };
  assert.equal(await shape(from), [48, 96, 4]);
  assert.equal(await shape(`${from}-square`, '--size', '80'), [80, undefined, 4]);
});

test('what does not go together is refused by its flag', async () => {
  const refused = async (flags: string[], ...words: RegExp[]): Promise<void> =>
    failedWith(
      await run('shadegrad', ['train', ...withFlags(TINY, ...flags), '--steps', '1', '--out', join(folder, 'none')]),
      'BAD_FLAG',
      ...words,
    );
  await refused(['--blocks', '2'], /--blocks/, /resnet/);
  await refused(['--size', '100'], /--size/, /multiples of 16/, /resnet/);
  await refused(['--size', '96', '--levels', '6'], /--levels/, /at most 5/);
  await refused(['--width', '50'], /--width/, /a multiple of 4/);
  await refused(['--generator', 'resnet', '--levels', '4'], /--levels/, /unet/);
  await refused(['--netD', 'pixel', '--n_layers_D', '2'], /--discriminator-layers/, /patchgan/);
});

test('networks of a file say what they are', async () => {
  const from = checkpointOf(join(folder, 'resnet'));
  const out = join(folder, 'from');
  await train('--no-tune', '--from', from, '--steps', '1', '--size', '32', '--validate', '1', '--out', out);
  const { generator, norm, discriminator } = JSON.parse(readFileSync(join(out, 'options.json'), 'utf8')) as Record<string, unknown>;
  assert.equal({ generator, norm, discriminator }, { generator: 'resnet', norm: 'instance', discriminator: 'pixelgan' });
  failedWith(
    await run('shadegrad', ['train', '--no-tune', '--from', from, '--generator', 'unet', '--size', '32', '--out', join(folder, 'none')]),
    'BAD_FLAG',
    /--generator resnet/,
  );
});

test.run();
