// not in browsers: it runs programs. The schemes beside pix2pix through `shadegrad train` and their examples.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createImage } from '../../../src/data/image.js';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import { encodePng } from '../../../src/node/images/read.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { buildLibrary, failedWith, readLogLines, run, start, succeeded, temporaryFolder, type ProgramName } from '../../harness/program.js';

const folder = temporaryFolder('schemes');
const at = (...parts: string[]): string => join(folder, ...parts);
const checkpointOf = (name: string): string => at(name, 'checkpoint.safetensors');
const TINY = ['--no-tune', '--validate', '2', '--size', '32', '--ngf', '2', '--ndf', '2'];
const CYCLE = [...TINY, '--blocks', '1', '--pool-size', '3'];
const DIGITS = ['--no-tune', '--validate', '2', '--units', '24', '--nz', '5', '--batch', '3'];
const STEPS = '14';

test.before(() => {
  buildLibrary();
  // Two sets of other numbers and sizes of images, one of them in folders.
  const { length, get } = syntheticFacades({ count: 5, size: 40, seed: 3, split: 'train' });
  for (const folderName of ['sets/trainA', 'sets/trainB/more', 'sets/testA', 'sets/testB', 'images'])
    mkdirSync(at(folderName), { recursive: true });
  for (let index = 0; index < length; index++) {
    const { a, b } = get(index) as Exclude<ReturnType<typeof get>, Promise<unknown>>;
    writeFileSync(at('sets/trainA', `photo ${index}.png`), encodePng(a));
    if (index < 3) writeFileSync(at('sets/trainB/more', `map-${index}.png`), encodePng(b));
    if (index < 2)
      for (const [half, image] of Object.entries({ A: a, B: b })) writeFileSync(at(`sets/test${half}`, `${index}.png`), encodePng(image));
    writeFileSync(at('images', `${index}.png`), encodePng(a));
  }
  writeFileSync(at('sets/trainA', 'notes.txt'), 'x');
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

for (const [program, scheme, flags] of [
  ['train-cyclegan', 'cyclegan', CYCLE],
  ['train-dcgan', 'dcgan', [...TINY, '--nz', '5', '--batch', '3']],
  ['train-stargan', 'stargan', [...TINY, '--blocks', '1', '--layers', '3', '--n-critic', '3', '--batch', '3']],
  ['train-gan', 'gan', [...DIGITS, '--architecture', 'mlp', '--optimizer', 'sgd']],
  ['train-cgan', 'cgan', [...DIGITS, '--size', '8', '--ngf', '2', '--ndf', '2']],
] as [ProgramName, string, string[]][]) {
  test(`${program}: killed with SIGKILL and resumed, it ends with the bits of a run that was not`, async () => {
    const parameters = [...flags, '--steps', STEPS, '--save-every', '3'];
    const said = succeeded(await run(program, [...parameters, '--out', at(`${scheme}-whole`)]));
    assert.match(said, /finished after 14 of 14 steps/);
    const { child, finished } = start(program, [...parameters, '--out', at(`${scheme}-killed`)]);
    const log = at(`${scheme}-killed`, 'log.jsonl');
    const ready = (): boolean =>
      existsSync(log) && existsSync(checkpointOf(`${scheme}-killed`)) && readFileSync(log, 'utf8').split('\n').length > 6;
    while (!ready() && child.exitCode === null) await sleep(5);
    child.kill('SIGKILL');
    assert.is((await finished).signal, 'SIGKILL', 'the run was over before it was killed');
    // The command of all schemes knows the run's by its checkpoint.
    succeeded(await run('shadegrad', ['train', '--resume', '--out', checkpointOf(`${scheme}-killed`), '--save-every', '3']));
    assert.ok(
      readFileSync(checkpointOf(`${scheme}-killed`)).equals(readFileSync(checkpointOf(`${scheme}-whole`))),
      'the checkpoints differ',
    );
    const info = await readCheckpointInfo(checkpointOf(`${scheme}-whole`));
    assert.is(info.scheme, scheme);
    assert.is(info.step, 14);
  });
}

test('two sets of images of other numbers, names and sizes are trained on, and measured on those for testing', async () => {
  const said = succeeded(
    await run('shadegrad', ['train', '--scheme', 'cyclegan', ...CYCLE, '--steps', '3', '--data', at('sets'), '--out', at('from-sets')]),
  );
  assert.match(said, /training on 5 and 3 images/);
  assert.match(said, /left out of .*trainA: 1 \.txt file/);
  assert.match(said, /those for test are used/);
  const lines = readLogLines(at('from-sets', 'log.jsonl')).filter((line) => 'cycleA' in line);
  assert.is(lines.length, 3);
  for (const name of ['generatorA', 'generatorB', 'discriminatorA', 'discriminatorB', 'cycleA', 'cycleB', 'identityA', 'identityB']) {
    assert.ok(Number.isFinite(lines[0]![name]), name);
  }
  const report = readFileSync(at('from-sets', 'report.html'), 'utf8');
  assert.match(report, /CycleGAN on sets/);
  assert.match(report, /validation images measured in each direction/);
});

test('images smaller and larger than those of the training, each of another shape, are trained on by every kind of scheme', async () => {
  for (const [set, sizes] of Object.entries({
    A: [
      [40, 20],
      [9, 50],
      [32, 32],
    ],
    B: [
      [70, 33],
      [12, 12],
    ],
  })) {
    mkdirSync(at('mixed', `train${set}`), { recursive: true });
    for (const [index, [width, height]] of sizes.entries()) {
      const image = createImage(width!, height!);
      for (let i = 0; i < image.data.length; i++) image.data[i] = (i * (7 + index)) % 256;
      writeFileSync(at('mixed', `train${set}`, `${index}.png`), encodePng(image));
    }
  }
  for (const [scheme, flags] of [
    ['cyclegan', CYCLE],
    ['dcgan', [...TINY, '--batch', '2']],
    ['stargan', [...TINY, '--blocks', '1', '--layers', '3', '--n-critic', '1', '--batch', '2']],
  ] as const) {
    const out = at(`${scheme}-mixed`);
    const data = scheme === 'dcgan' ? at('mixed', 'trainA') : at('mixed');
    succeeded(await run('shadegrad', ['train', '--scheme', scheme, ...flags, '--steps', '2', '--data', data, '--out', out]));
    const losses = readLogLines(join(out, 'log.jsonl')).filter((line) => !('validation' in line));
    assert.is(losses.length, 2, scheme);
    for (const line of losses)
      assert.ok(
        Object.values(line).every((value) => Number.isFinite(value)),
        scheme,
      );
  }
  // Two sets are two classes, of which an image has one.
  const translate = ['translate', '--weights', at('stargan-mixed'), '--input', at('images', '0.png'), '--output', at('never')];
  failedWith(await run('shadegrad', [...translate, '--label', 'A', 'B']), 'BAD_FLAG', /exclude one another/, /one at most of A, B/);
  assert.not.ok(existsSync(at('never')));
});

test('either direction of a run translates, at the size that it is trained on; without a name both are told', async () => {
  const weights = at('cyclegan-whole');
  const input = at('images', '0.png');
  const flags = ['--weights', weights, '--input', input, '--output', at('translated')];
  failedWith(
    await run('shadegrad', ['translate', ...flags]),
    'WEIGHTS_MISMATCH',
    /several generators/,
    /generatorA, generatorB \(--network NAME\)/,
  );
  const said = succeeded(await run('shadegrad', ['translate', '--network', 'generatorB', ...flags]));
  assert.match(said, /32 x 32/);
  assert.equal(readdirSync(at('translated')), ['0.png']);
  failedWith(await run('shadegrad', ['translate', '--network', 'generatorC', ...flags]), 'WEIGHTS_MISMATCH', /generatorC/);
});

test('a run of StarGAN translates to the labels that are asked for; without any it says which there are', async () => {
  const weights = checkpointOf('stargan-whole');
  assert.is((await readCheckpointInfo(weights)).options.labels, 'brick,stone,plaster,night');
  const translate = (output: string, ...flags: string[]) =>
    run('translate', ['--weights', weights, '--input', at('images', '0.png'), '--output', at(output), ...flags]);
  failedWith(await translate('never'), 'BAD_FLAG', /--label is missing/, /brick, stone, plaster, night/, /--label brick$/m);
  failedWith(await translate('never', '--label', 'wood'), 'BAD_FLAG', /--label/, /wood/);
  failedWith(await translate('never', '--label', 'brick', '--samples', '2'), 'BAD_FLAG', /--samples 2 would be the same picture/);
  assert.not.ok(existsSync(at('never')));
  const made = async (...labels: string[]): Promise<Buffer> => {
    assert.match(succeeded(await translate(labels.join(), '--label', ...labels)), /32 x 32/);
    return readFileSync(at(labels.join(), '0.png'));
  };
  const [both, joined, none] = [await made('brick', 'night'), await made('brick,night'), await made('none')];
  assert.ok(both.equals(joined));
  assert.not.ok(both.equals(none));
  const said = succeeded(await run('shadegrad', ['train', '--resume', '--out', weights, '--steps', '15']));
  assert.match(said, /translate your own images: .* --label brick --input/);
  const [first, second] = readLogLines(at('stargan-whole', 'log.jsonl')).filter(({ step }) => step === 2 || step === 3);
  assert.not.ok('reconstruction' in first!);
  assert.ok(Number.isFinite(second!.reconstruction));
  const report = readFileSync(at('stargan-whole', 'report.html'), 'utf8');
  assert.match(report, /validation images measured/);
  for (const heading of ['brick', 'stone', 'plaster', 'night, changed']) assert.match(report, heading);
  const cyclegan = ['translate', '--weights', at('cyclegan-whole'), '--network', 'generatorA', '--input', at('images', '0.png')];
  failedWith(await run('shadegrad', [...cyclegan, '--output', at('never'), '--label', 'brick']), 'BAD_FLAG', /takes no labels/);
});

test("digits of a folder in MNIST's format are trained on, and a folder without labels is told what is missing", async () => {
  mkdirSync(at('digits'));
  const head = (...words: number[]): Buffer => Buffer.from(Uint32Array.from(words).buffer).swap32();
  writeFileSync(at('digits', 'train-images-idx3-ubyte'), Buffer.concat([head(0x803, 9, 28, 28), Buffer.alloc(9 * 784, 77)]));
  writeFileSync(at('digits', 'train-labels-idx1-ubyte'), Buffer.concat([head(0x801, 9), Buffer.from([0, 1, 2, 3, 4, 5, 6, 7, 9])]));
  const train = ['train', '--scheme', 'cgan', ...DIGITS, '--size', '8', '--ngf', '2', '--ndf', '2', '--steps', '2'];
  const said = succeeded(await run('shadegrad', [...train, '--data', at('digits'), '--out', at('from-digits')]));
  assert.match(said, /training on 8 images: 8 x 8 pixels, ngf 2, ndf 2, Adam, batch 3/);
  assert.match(said, /make pictures: .*generate --weights/);
  const report = readFileSync(at('from-digits', 'report.html'), 'utf8');
  for (const title of ['Generated 0', 'Generated 9', 'Conditional GAN on digits']) assert.match(report, title);
  failedWith(await run('shadegrad', [...train, '--data', at('images'), '--out', at('never')]), 'DATA_UNREADABLE', /have no labels/);
  writeFileSync(at('digits', 'train-labels-idx1-ubyte'), head(0x801, 9));
  failedWith(await run('shadegrad', [...train, '--data', at('digits'), '--out', at('never')]), 'IMAGE_CORRUPT', /cut short/);
  assert.not.ok(existsSync(at('never', 'checkpoint.safetensors')));
});

test('a batch that a preset has is no larger than the data; one that is asked for is refused', async () => {
  const small = [
    'train',
    '--scheme',
    'gan',
    '--preset',
    'preview',
    '--size',
    '32',
    '--ngf',
    '2',
    '--ndf',
    '2',
    '--steps',
    '1',
    '--no-tune',
  ];
  const on = [...small, '--data', at('images'), '--out'];
  assert.match(succeeded(await run('shadegrad', [...on, at('few')])), /32 images in a step are more than there are: 4 are taken/);
  failedWith(await run('shadegrad', [...on, at('never'), '--batch', '32']), 'BAD_FLAG', /--batch/, /from 1 to 4/);
});

test('a folder of images is trained on by DCGAN; without images to validate on some are held out', async () => {
  const said = succeeded(
    await run('shadegrad', ['train', '--scheme', 'dcgan', ...TINY, '--steps', '2', '--data', at('images'), '--out', at('from-images')]),
  );
  assert.match(said, /the last 1 of 5 images are held out/);
  assert.match(said, /16 images in a step are more than there are: 4 are taken/);
  assert.match(said, /training on 4 images/);
});

test('what cannot be is refused by name before anything is written', async () => {
  const cycle = ['train', '--scheme', 'cyclegan', ...CYCLE, '--steps', '2', '--out', at('never')];
  failedWith(await run('shadegrad', ['train', '--scheme', 'cyclegam']), 'BAD_FLAG', /cyclegam/, /pix2pix, cyclegan, dcgan/);
  failedWith(await run('shadegrad', ['train', '--scheme', 'starGAN']), 'BAD_FLAG', /did you mean stargan\?/);
  failedWith(await run('shadegrad', [...cycle, '--lambda', '3']), 'BAD_FLAG', /--lambda/);
  for (const flag of ['--lambda-a', '--lambda_A', '--from-generator-b'])
    failedWith(await run('shadegrad', ['train', '--scheme', 'dcgan', flag, '3']), 'BAD_FLAG', /Unknown flag/, /--scheme cyclegan/);
  failedWith(await run('shadegrad', [...cycle, '--gan-mode', 'wgan']), 'BAD_FLAG', /vanilla|lsgan/);
  mkdirSync(at('empty/trainA'), { recursive: true });
  mkdirSync(at('empty/trainB'), { recursive: true });
  failedWith(await run('shadegrad', [...cycle, '--data', at('empty')]), 'DATA_EMPTY', /trainA/);
  failedWith(
    await run('shadegrad', ['train', '--scheme', 'pix2pix', '--resume', '--out', at('cyclegan-whole')]),
    'CHECKPOINT_MISMATCH',
    /cyclegan/,
  );
  assert.not.ok(existsSync(at('never', 'checkpoint.safetensors')));
});

test.run();
