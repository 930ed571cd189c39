// first driver only: it runs programs. StarGAN on two folders with labels of their own: attributes of facades, and classes of digits.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { labelledFacades } from '../../../src/data/labelled-facades.js';
import { syntheticDigits } from '../../../src/data/synthetic-digits.js';
import { labelSetsOf } from '../../../src/data/labels.js';
import { imageAt, type ImageSet } from '../../../src/data/unpaired.js';
import { encodePng, readImage } from '../../../src/node/images/read.js';
import { inspectWeights } from '../../../src/node/programs/inspect.js';
import { trainScheme } from '../../../src/node/programs/train.js';
import { translateImages } from '../../../src/node/programs/translate.js';
import { openJoinedData } from '../../../src/node/training/set-data.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { stargan } from '../../../src/schemes/stargan.js';
import { rewritten } from '../../harness/checkpoint-files.js';
import { failure } from '../../harness/devices.js';
import { buildLibrary, readLogLines, run, start, succeeded, temporaryFolder } from '../../harness/program.js';

const folder = temporaryFolder('both-sets');
const at = (...parts: string[]): string => join(folder, ...parts);
const checkpointOf = (name: string): string => at(name, 'checkpoint.safetensors');
const FACADES = 11;
const DIGITS = 15;
const BOTH = ['--data', at('facades'), '--with-data', at('digits')];
const PARAMETERS = [
  ...['--no-tune', '--size', '16', '--ngf', '2', '--ndf', '2', '--blocks', '1', '--layers', '2'],
  ...['--n-critic', '2', '--save-every', '2', '--validate', '4'],
];
const WHOLE = [...PARAMETERS, '--batch', '2', '--steps', '5', ...BOTH];

test.before(async () => {
  buildLibrary();
  mkdirSync(at('facades', 'images'), { recursive: true });
  mkdirSync(at('more'), { recursive: true });
  const facades = labelledFacades({ count: FACADES, size: 32, seed: 1, split: 'train' });
  const rows = Array.from(
    { length: FACADES },
    (_, index) =>
      `${index}.png ${facades.labels
        .of(index)
        .map((each) => 2 * each - 1)
        .join(' ')}`,
  );
  writeFileSync(at('facades', 'list_attr_facades.txt'), [FACADES, facades.labels.names.join(' '), ...rows, ''].join('\n'));
  for (let index = 0; index < FACADES; index++)
    writeFileSync(at('facades', 'images', `${index}.png`), encodePng((await imageAt(facades, index)).image));
  const digits = syntheticDigits({ count: 40, seed: 1, split: 'train' });
  const taken = [0, 0, 0];
  for (let index = 0; index < 40; index++) {
    const digit = digits.labels.of(index).indexOf(1);
    if (digit > 2 || taken[digit]! >= DIGITS / 3) continue;
    taken[digit]!++;
    for (const [name, where] of [
      [['zero', 'one', 'two'][digit]!, 'digits'],
      // One of these labels is an attribute of the facades, too.
      [['zero', 'night', 'two'][digit]!, 'more'],
    ] as const) {
      mkdirSync(at(where, name), { recursive: true });
      writeFileSync(at(where, name, `${index}.png`), encodePng((await imageAt(digits, index)).image));
    }
  }
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program in this process. @returns what it said */
async function said(work: () => Promise<unknown>): Promise<string> {
  const lines: string[] = [];
  const { log } = console;
  const { write } = process.stdout;
  console.log = (line: unknown) => void lines.push(String(line));
  process.stdout.write = ((text: string) => lines.push(text) > 0) as typeof write;
  try {
    await work();
  } finally {
    console.log = log;
    process.stdout.write = write;
  }
  return lines.join('\n');
}

const train = (...argv: string[]): Promise<string> => said(() => trainScheme(stargan, argv, { call: 'train' }));

test('replayed, eager, and resumed after SIGKILL, a run on two folders ends with the same bits', async () => {
  const whole = await train(...WHOLE, '--out', at('whole'));
  assert.match(whole, /facades: labels, with the training images that have them: brick/);
  assert.match(whole, /digits: labels, .*one \(\d\), two \(\d\), zero \(\d\)/);
  assert.match(whole, /training on \d and \d+ images/);
  assert.match(whole, /--label brick /);
  const { options, networks } = await readCheckpointInfo(checkpointOf('whole'));
  assert.equal(
    [options.labels, options.labelSets, options.source, options.source2],
    ['brick,stone,plaster,night,one,two,zero', '4 attributes,3 classes', at('facades'), at('digits')],
  );
  assert.is((networks.generator!.options as { labels: number }).labels, 4 + 3 + 2);
  assert.is((networks.discriminator!.options as { labels: number }).labels, 4 + 3);
  // Both networks learn in both steps of every second round.
  const learned = readLogLines(at('whole', 'log.jsonl')).flatMap(({ step, ...line }) => ('generatorFake' in line ? [step] : []));
  assert.equal([...new Set(learned)], [3, 4]);

  await train(...WHOLE, '--eager', '--out', at('eager'));
  const { child, finished } = start('shadegrad', ['train', '--scheme', 'stargan', ...WHOLE, '--out', at('killed')]);
  while (!existsSync(checkpointOf('killed')) && child.exitCode === null) await sleep(5);
  child.kill('SIGKILL');
  assert.is((await finished).signal, 'SIGKILL', 'the run was over before it was killed');
  succeeded(await run('shadegrad', ['train', '--resume', '--out', at('killed')]));
  for (const name of ['eager', 'killed']) assert.ok(readFileSync(checkpointOf(name)).equals(readFileSync(checkpointOf('whole'))), name);
});

test('the report shows images of each set, turned into labels of both', () => {
  const report = readFileSync(at('whole', 'report.html'), 'utf8');
  for (const words of [
    'brick, stone, plaster, night; one, two, zero',
    'night, changed',
    `--with-data ${at('digits')}`,
    'facades and digits',
  ])
    assert.ok(report.includes(words), words);
  const rows = [...report.matchAll(/class="name" title="([^"]*)"/g)].map(([, name]) => name!);
  assert.is(rows.length, 4);
  assert.is(rows.filter((name) => /zero|one|two/.test(name)).length, 2, rows.join());
});

test('pictures are translated to the labels of one set, which follow from its names', async () => {
  const translate = (name: string, ...label: string[]): Promise<string> =>
    said(() =>
      translateImages([
        '--weights',
        checkpointOf('whole'),
        '--input',
        at('facades', 'images', '0.png'),
        '--output',
        at(name),
        '--label',
        ...label,
      ]),
    );
  const made = async (name: string, ...label: string[]): Promise<string> => {
    await translate(name, ...label);
    const [, image] = [at(name, '0.png'), await readImage(at(name, '0.png'))];
    return Buffer.from(image.data).toString('base64');
  };
  assert.is.not(await made('both', 'brick', 'night'), await made('two', 'two'));
  await failure(
    'BAD_FLAG',
    () => translate('never', 'brick', 'two'),
    /brick, stone, plaster, night; or one, two, zero/,
    /--label brick two/,
    /twice/,
  );
  await failure('BAD_FLAG', () => translate('never', 'one', 'two'), /exclude one another/);
  assert.is.not(await made('none', 'none'), await made('by-night', 'night'));
  const told = await said(() => inspectWeights([checkpointOf('whole'), '--no-tensors', '--no-numbers']));
  assert.match(told, /generator: .*labels brick, stone, plaster, night; or one, two, zero/);
});

test('labels by --labels are those of the set that has them; of a set with none of these all are taken', async () => {
  const sets = async (digits: string, ...labels: string[]): Promise<[names: string[], lengths: readonly number[]]> => {
    const plan = { size: 16, loadSize: 16, jitter: false, labels };
    const { train: joined } = await openJoinedData([at('facades'), at(digits)], plan, () => {});
    const { parts, labels: found } = joined as ImageSet;
    return [labelSetsOf(found!).map(({ names }) => names.join()), parts!];
  };
  assert.equal(await sets('digits', 'night', 'two', 'brick', 'zero'), [
    ['night,brick', 'two,zero'],
    [9, 6],
  ]);
  assert.equal((await sets('digits', 'night', 'brick'))[0], ['night,brick', 'one,two,zero']);
  assert.equal((await sets('digits', 'one', 'zero'))[0], ['brick,stone,plaster,night', 'one,zero']);
  // What both have can be left out.
  assert.equal((await sets('more', 'brick', 'zero', 'two'))[0], ['brick', 'zero,two']);
  assert.is((await sets('more', 'brick'))[0][0], 'brick');
});

test('a run goes on with its folders where they are now, and with no others', async () => {
  const resume = ['--resume', '--steps', '12', '--out', at('whole')];
  await failure(
    'CHECKPOINT_MISMATCH',
    () => train(...resume, '--data', at('digits'), '--with-data', at('facades')),
    /one,two,zero,brick/,
    /order/,
  );
  await failure('CHECKPOINT_MISMATCH', () => train(...resume, '--with-data', at('digits'), at('more')), /--with-data .*digits\n/);
});

test('a run on as many images in all, one of which has moved from one set to the other, does not go on', async () => {
  const { options } = await readCheckpointInfo(checkpointOf('whole'));
  const [first, second] = String(options.trainParts).split(',').map(Number) as [number, number];
  assert.is(first + second, options.trainPairs);
  const write = (name: string, trainParts: string | undefined): void => {
    mkdirSync(at(name));
    writeFileSync(
      checkpointOf(name),
      rewritten(readFileSync(checkpointOf('whole')), (info) => ({ ...info, options: { ...options, trainParts } })),
    );
  };
  write('moved', `${first - 1},${second + 1}`);
  await failure(
    'CHECKPOINT_MISMATCH',
    () => train('--resume', '--steps', '6', '--out', at('moved')),
    new RegExp(`expected: ${first - 1},${second + 1} training samples`),
    new RegExp(`received: ${first},${second} in`),
    /fix: put each image back/,
  );
  // A checkpoint from before does not say.
  write('before', undefined);
  await train('--resume', '--steps', '6', '--out', at('before'));
  assert.is((await readCheckpointInfo(checkpointOf('before'))).step, 6);
});

test('a run begins with networks that have learned the labels of its data in their order, and with no others', async () => {
  const from = [...PARAMETERS, '--batch', '2', '--steps', '1', '--from', checkpointOf('whole')];
  await failure(
    'WEIGHTS_MISMATCH',
    () => train(...from, '--out', at('turned'), '--data', at('digits'), '--with-data', at('facades')),
    /expected: the labels brick, stone, plaster, night, one, two, zero \(4 attributes,3 classes\)/,
    /received: one, two, zero, brick, .*\(3 classes,4 attributes\)/,
    /fix: .*--labels.*--from/,
  );
  assert.not.ok(existsSync(checkpointOf('turned')));
  assert.match(await train(...from, '--out', at('begun'), ...BOTH), /beginning with both networks/);
});

test('what is wrong with the folders or flags of two sets is refused before anything is written, with a mend', async () => {
  const never = [...PARAMETERS, '--out', at('never')];
  const data = ['--data', at('facades')];
  await failure(
    'DATA_UNREADABLE',
    () => train(...never, ...data, '--with-data', at('more')),
    /1 label is in .*\n.*\n.*night in /,
    /rename it .*none is named/,
  );
  await failure('DATA_UNREADABLE', () => train(...never, ...data, '--with-data', at('facades', '..', 'facades')), /is named twice/);
  await failure(
    'DATA_UNREADABLE',
    () => train(...never, ...BOTH, '--labels', 'brikc'),
    /no label of .*facades or of .*digits/,
    /did you mean brick/,
  );
  await failure('DATA_UNREADABLE', () => train(...never, ...data, '--with-data', at('facades', 'images')), /have no labels/);
  await failure('DATA_NOT_FOUND', () => train(...never, ...data, '--with-data', at('nowhere')), /nowhere/);
  await failure('BAD_FLAG', () => train(...never, '--with-data', at('digits')), /--data with it/);
  await failure('BAD_FLAG', () => train(...never, ...BOTH, '--batch', '14'), /1 to 9, the samples in the smallest set of/);
  writeFileSync(at('digits', 'one', '0-broken.png'), 'x');
  writeFileSync(at('facades', 'images', '5.png'), 'y');
  await failure('IMAGE_UNSUPPORTED', () => train(...never, ...BOTH), /2 of \d+ images cannot be used/, '5.png', 'broken.png');
  assert.not.ok(existsSync(checkpointOf('never')));
});

test.run();
