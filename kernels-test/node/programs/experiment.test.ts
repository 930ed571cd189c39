// first driver only: it runs programs. shadegrad experiment: settings are trained, measured and compared; what stopped goes on.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticFacades } from '../../../src/data/synthetic-facades.js';
import { joinPair } from '../../../src/data/image.js';
import type { ShadegradError } from '../../../src/errors.js';
import type { Plan } from '../../../src/node/programs/experiment/plan.js';
import { beginIn } from '../../../src/node/programs/experiment/plan-file.js';
import { RunLock } from '../../../src/node/training/lock.js';
import { encodePng } from '../../../src/node/images/read.js';
import { runExperiment } from '../../../src/node/programs/experiment/experiment.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { failure } from '../../harness/devices.js';
import { buildLibrary, run, start, succeeded, temporaryFolder, withFlags, type Finished } from '../../harness/program.js';

const folder = temporaryFolder('experiment');
const at = (...names: string[]): string => join(folder, ...names);
const data = at('pairs');
/** Two settings of a few steps each, on three pairs. */
const FLAGS = [
  ...['--data', data, '--preset', 'full', '--size', '32', '--ngf', '4', '--ndf', '4', '--steps', '30', '--report-every', '100'],
  ...['--figure', '1', '--metrics', 'l1', 'ssim', '--quiet'],
];
const experiment = (out: string, ...flags: string[]): Promise<Finished> =>
  run('shadegrad', ['experiment', at('own.json'), ...withFlags([...FLAGS, '--out', at(out)], ...flags)]);
const read = (...names: string[]): string => readFileSync(at(...names), 'utf8');
/** Everything that is written of all runs together. */
const RESULTS = ['index.html', 'results.csv', 'results.json', 'results.md', 'figure.png'];
const resultsIn = (out: string): string[] =>
  [...RESULTS, ...readdirSync(at(out, 'figure')).map((name) => `figure/${name}`)].map(
    (name) => `${name}: ${readFileSync(at(out, name)).toString('base64')}`,
  );

/** In this process: as many others would take longer than all trainings. */
async function refused(words: readonly string[], code: string, ...patterns: readonly RegExp[]): Promise<void> {
  try {
    await runExperiment(words);
  } catch (error) {
    assert.is((error as ShadegradError).code, code, (error as Error).message);
    for (const pattern of patterns) assert.match((error as Error).message, pattern);
    return;
  }
  assert.unreachable(words.join(' '));
}

test.before(async () => {
  buildLibrary();
  const pictures = syntheticFacades({ count: 5, size: 32, seed: 3, split: 'test' });
  for (const [index, name] of ['train/1', 'train/2', 'train/3', 'val/1', 'val/2'].entries()) {
    const path = join(data, `${name}.png`);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, encodePng(joinPair(await pictures.get(index))));
  }
  const settings = [
    { name: 'l1', title: 'L1 <alone>', flags: { 'lambda-gan': 0 }, published: 'blurred' },
    { name: 'usual', flags: {} },
  ];
  writeFileSync(at('own.json'), JSON.stringify({ title: 'Own', published: 'words', settings }));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('every setting is an ordinary run, and table and figure are of all of them', async () => {
  // With its remarks: what a single run could be tried with next is not among them.
  const words = FLAGS.filter((word) => word !== '--quiet');
  const said = succeeded(await run('shadegrad', ['experiment', at('own.json'), ...words, '--out', at('whole')]));
  assert.match(said, /l1-seed1 \(1 of 2\): L1 <alone>, in .*\n[^]*finished after 30 of 30 steps\n[^]*report: /);
  assert.not.match(said, /train longer|translate your own|--preset (full|preview)|; try /);
  assert.equal(readdirSync(at('whole', 'runs')).sort(), ['l1-seed1', 'usual-seed1']);
  const { runs, rows } = JSON.parse(read('whole', 'results.json')) as {
    runs: { setting: string; steps: number; values: Record<string, number>; pictures: string[] }[];
    rows: { name: string; metrics: Record<string, { mean: number }> }[];
  };
  assert.equal(
    runs.map(({ setting, steps }) => [setting, steps]),
    [
      ['l1', 30],
      ['usual', 30],
    ],
  );
  for (const { setting, values, pictures } of runs) {
    const { values: measured, ...what } = JSON.parse(read('whole', 'runs', `${setting}-seed1`, 'evaluation', 'evaluation.json')) as {
      values: Record<string, { value: number }>;
      [fact: string]: unknown;
    };
    const facts = ['checkpoint', 'split', 'samples', 'seed'].map((name) => what[name]);
    assert.equal(facts, ['checkpoint.safetensors', 'validation', 1, 0], 'numbers name what they are of');
    assert.match(`${what.direction}, ${what.size}, ${what.prepared}`, /^(AtoB|BtoA), \d+,\d+, .*resized/);
    assert.equal(values, Object.fromEntries(Object.entries(measured).map(([name, { value }]) => [name, value])));
    assert.is(pictures.length, 2);
    assert.is(rows.find(({ name }) => name === setting)!.metrics.l1!.mean, values.l1);
  }
  assert.match(read('whole', 'results.csv'), /^setting,seed,steps,data,train_pairs,images,l1,ssim\r\nl1,1,30,[\w ]+,3,2,0\.\d+,/);
  assert.match(read('whole', 'results.md'), /\n\| Input \| L1 \\<alone\\> \| usual \| Target \|\n/);
  const page = read('whole', 'index.html');
  for (const text of ['L1 &lt;alone&gt;', '--lambda-gan 0', 'published: words', 'mean of the training pictures', 'figure/1-4.png'])
    assert.ok(page.includes(text), text);
  assert.ok(existsSync(at('whole', 'figure', '1-4.png')) && !existsSync(at('whole', 'figure', '2-1.png')));
  // A flag of a discriminator that the setting has not is left out of its run, where train would refuse it.
  const flags = JSON.parse(read('whole', 'runs', 'l1-seed1', 'options.json')) as Record<string, unknown>;
  assert.equal([flags['lambda-gan'], flags.ngf], [0, 4]);
});

test('what was killed goes on to the bit, what is finished is left alone, and other settings are refused by their names', async () => {
  const flags = [at('own.json'), ...FLAGS, '--out', at('killed'), '--save-every', '1'];
  // What is finished already, so that no time goes into it.
  cpSync(at('whole', 'runs', 'l1-seed1'), at('killed', 'runs', 'l1-seed1'), { recursive: true });
  const { child, finished } = start('shadegrad', ['experiment', ...flags]);
  const checkpoint = at('killed', 'runs', 'usual-seed1', 'checkpoint.safetensors');
  while (!existsSync(checkpoint)) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill('SIGKILL');
  assert.is((await finished).signal, 'SIGKILL');
  assert.not(existsSync(at('killed', 'results.csv')));
  assert.ok((await readCheckpointInfo(checkpoint)).step < 30, 'in the middle of a setting');
  const before = readFileSync(at('killed', 'runs', 'l1-seed1', 'checkpoint.safetensors'));
  succeeded(await run('shadegrad', ['experiment', ...flags]));
  assert.ok(readFileSync(at('killed', 'runs', 'l1-seed1', 'checkpoint.safetensors')).equals(before));
  assert.equal(resultsIn('killed'), resultsIn('whole'));
  await refused(withFlags(flags, '--steps', '4'), 'BAD_FLAG', /expected: --steps 30/, /received: --steps 4/);
  const own = JSON.parse(read('own.json')) as { settings: { flags: object }[] };
  own.settings[1]!.flags = { lambda: 7 };
  writeFileSync(at('other.json'), JSON.stringify({ ...own, name: 'own' }));
  await refused([at('other.json'), ...flags.slice(1)], 'BAD_FLAG', /usual: no --lambda/, /usual: --lambda 7/);
});

test('shards that are merged are, to the byte, what one call makes; what is missing or there twice is told', async () => {
  cpSync(at('whole', 'runs', 'l1-seed1'), at('one', 'runs', 'l1-seed1'), { recursive: true });
  assert.is(await runExperiment([at('own.json'), ...FLAGS, '--out', at('one'), '--shard', '1/2']), 0);
  assert.not(existsSync(at('one', 'index.html')));
  const merge = (...folders: string[]): string[] => ['--merge', ...folders.map((name) => at(name)), '--out', at('merged')];
  await refused(merge('one'), 'DATA_NOT_FOUND', /1 of the 2 runs of own are missing/, /none of usual-seed1/);
  succeeded(await experiment('two', '--shard', '2/2'));
  assert.equal(readdirSync(at('two', 'runs')), ['usual-seed1']);
  // A call that goes on without its --data would train the others on what the program draws.
  const lost = [at('own.json'), ...FLAGS.slice(2), '--out', at('two')];
  await refused(lost, 'BAD_FLAG', /trained on other data/, /as usual-seed1 has .*pairs/, /add --data .*pairs/);
  await refused(merge('one', 'two', 'one'), 'BAD_FLAG', /more than once/, /l1-seed1 in .*one and .*one/);
  cpSync(at('two'), at('longer'), { recursive: true });
  writeFileSync(at('longer', 'experiment.json'), read('two', 'experiment.json').replace('"steps": 30', '"steps": 31'));
  await refused(merge('one', 'longer'), 'BAD_FLAG', /expected: --steps 30/, /received: --steps 31/);
  await refused(merge('one', 'pairs'), 'DATA_NOT_FOUND', /holds no experiment/);
  await refused(['losses', ...merge('one', 'two')], 'BAD_FLAG', /holds another experiment/);
  await refused(['--merge', at('one'), at('two')], 'BAD_FLAG', /add --out DIR/);
  assert.not(existsSync(at('merged')));
  mkdirSync(at('album'));
  writeFileSync(at('album', 'index.html'), 'mine');
  await refused(['--merge', at('one'), at('two'), '--out', at('album')], 'BAD_FLAG', /album holds something else/, /received: index\.html/);
  assert.is(await runExperiment(merge('one', 'two')), 0);
  assert.is(await runExperiment(merge('one', 'two')), 0, 'again, into the same folder');
  assert.equal(resultsIn('merged'), resultsIn('whole'));
  // Table and figure of one experiment do not take the place of another one's.
  cpSync(at('longer', 'experiment.json'), at('merged', 'experiment.json'));
  await refused(merge('one', 'two'), 'BAD_FLAG', /merged holds another experiment/, /expected: --steps 30/, /received: --steps 31/);
  rmSync(at('merged', 'experiment.json'));
  assert.equal(resultsIn('merged'), resultsIn('whole'));
  // Runs that have seen other images cannot be compared.
  const result = at('longer', 'runs', 'usual-seed1', 'result.json');
  writeFileSync(result, readFileSync(result, 'utf8').replace('"trainPairs": 3', '"trainPairs": 4'));
  writeFileSync(at('longer', 'experiment.json'), read('two', 'experiment.json'));
  await refused(merge('one', 'longer'), 'DATA_UNREADABLE', /different images/, /usual-seed1: trained on 4/);
  // Calls that share a folder: the last one writes what all have made.
  cpSync(at('two', 'runs', 'usual-seed1'), at('one', 'runs', 'usual-seed1'), { recursive: true });
  assert.is(await runExperiment([at('own.json'), ...FLAGS, '--out', at('one'), '--shard', '1/2']), 0);
  assert.equal(resultsIn('one'), resultsIn('whole'));
});

test('--list says what would be trained, and trains nothing', async () => {
  const printed = succeeded(await experiment('listed', '--list', '--seeds', '2', '--seed', '7', '--shard', '2/2', '--metrics', 'l1'));
  assert.match(printed, /\nl1-seed8: L1 <alone>: --lambda-gan 0\nusual-seed8: usual\nmeasured: l1\n$/);
  assert.not(existsSync(at('listed')));
  const flags = FLAGS.join(' ').replace('--steps 30 ', '').replace(data, at('nowhere')).split(' ');
  const short = succeeded(await run('shadegrad', ['experiment', at('own.json'), ...flags, '--list']));
  assert.match(short, /\nusual-seed1: usual\nlength: to be said, by --steps, --epochs or --minutes\nmeasured: /);
});

test('--dry-run says how long it would take, and leaves nothing', async () => {
  const epochs = FLAGS.join(' ').replace('--steps 30', '--epochs 10 --epochs-decay 5').split(' ');
  const flags = [...epochs, '--out', at('dry'), '--dry-run', '--seeds', '2', '--shard', '3/4'];
  const printed = succeeded(await run('shadegrad', ['experiment', at('own.json'), ...flags]));
  assert.match(printed, /\nmeasured: l1, ssim\nusual: about .* for 30 steps\nall: about /);
  assert.not(existsSync(at('dry')));
});

test('an experiment that could not begin leaves nothing, and a folder in which no run began is begun again', async () => {
  const call = (...flags: string[]): string[] => [at('own.json'), ...withFlags([...FLAGS, '--out', at('again')], ...flags)];
  await refused(call('--data', at('nowhere')), 'DATA_NOT_FOUND', /nowhere/);
  mkdirSync(at('empty'));
  await refused(call('--data', at('empty')), 'DATA_NOT_FOUND', /an empty folder/);
  await refused(call('--from', at('nothing.pth')), 'DATA_NOT_FOUND', /nothing\.pth/);
  assert.not(existsSync(at('again')));
  // Of a call that was killed in the middle of beginning, or whose device failed.
  mkdirSync(at('again', 'runs', 'l1-seed1'), { recursive: true });
  writeFileSync(at('again', 'experiment.json'), read('whole', 'experiment.json').replace('"steps": 30', '"steps": 31'));
  const plan = (): Plan => JSON.parse(read('again', 'experiment.json')) as Plan;
  const other = { ...plan(), seeds: [9] };
  await beginIn(at('again'), other);
  assert.equal(plan(), other);
  // While a run is being trained there, and from its first checkpoint on, the folder is that of its experiment.
  const lock = await RunLock.take(at('again', 'runs', 'l1-seed1'));
  await failure('BAD_FLAG', () => beginIn(at('again'), { ...other, seeds: [7] }), /other settings/, /seeds \[9\]/);
  await lock.release();
  cpSync(at('whole', 'runs', 'l1-seed1', 'checkpoint.safetensors'), at('again', 'runs', 'l1-seed1', 'checkpoint.safetensors'));
  await failure('BAD_FLAG', () => beginIn(at('again'), { ...other, seeds: [7] }), /other settings/);
  assert.equal(plan(), other);
});

test('what is wrong is told before anything is trained', async () => {
  await refused(['losses', ...FLAGS, '--out', at('pairs', 'train', '1.png')], 'WRITE_FAILED', /1\.png/);
  await refused(['losses', ...FLAGS, '--out', at('pairs')], 'BAD_FLAG', /pairs holds something else/, /train/, /--out/);
  assert.not(existsSync(at('pairs', 'experiment.json')));
  await refused(['loses', ...FLAGS], 'BAD_FLAG', /no experiment "loses"/, /did you mean losses\?/);
  await refused([at('none.json'), ...FLAGS], 'DATA_NOT_FOUND', /none\.json cannot be read/);
  await refused(['losses', ...FLAGS, '--shard', '3/2'], 'BAD_FLAG', /--shard/, /from 1 to N/);
  await refused(['losses', ...withFlags(FLAGS, '--metrics', 'psrn')], 'BAD_FLAG', /did you mean psnr\?/);
  await refused(['losses', '--preset', 'full', '--size', '32'], 'BAD_FLAG', /How long/, /--steps 2000/);
  await refused(
    ['losses', ...FLAGS, '--no-conditional'],
    'BAD_FLAG',
    /gan and cgan are the same training/,
    /gan \(--lambda 0 --no-conditional\)/,
  );
  for (const [useless, ...flags] of [
    ['--slurm and --k8s', '--slurm', '--k8s'],
    ['--slurm and --shard', '--slurm', '--shard', '1/2'],
    ['--k8s and --shard', '--k8s', '--shard', '1/2'],
    ['--slurm and --list', '--list', '--slurm'],
    ['--k8s and --dry-run', '--dry-run', '--k8s'],
    ['--list and --dry-run', '--dry-run', '--list'],
    ['--merge and --steps', '--merge', at('one')],
  ] as const) {
    const words = flags[0] === '--merge' ? ['--steps', '3', ...flags] : flags;
    await refused(['losses', ...(flags[0] === '--merge' ? [] : FLAGS), ...words], 'BAD_FLAG', new RegExp(`received: ${useless}`));
  }
  await refused(['--merge', at('one'), '--shard', '1/2'], 'BAD_FLAG', /--shard means nothing with --merge/, /at most --out, --quiet/);
  await refused(['losses', ...FLAGS, '--image', 'own:1'], 'BAD_FLAG', /--image is for --k8s/, /add --k8s, or leave out --image/);
  await refused(['generators', ...FLAGS, '--generator', 'resnet'], 'BAD_FLAG', /--generator is what generators compares/);
  await refused(['losses', 'patches', ...FLAGS], 'BAD_FLAG', /More than one experiment/);
  await refused(['--steps', '3'], 'BAD_FLAG', /not named/, /before all flags/);
  const wrong: [object, ...RegExp[]][] = [
    [{ setings: [] }, /unknown key "setings"/, /did you mean "settings"\?/],
    [
      {
        settings: [
          { name: 'a', flags: {} },
          { name: 'b', flag: {} },
        ],
      },
      /settings\[1\] has an unknown key "flag"/,
      /did you mean "flags"\?/,
    ],
    [{ settings: [{ name: 'A b', flags: {} }] }, /settings\[0\]: "name" has a wrong value/, /received: "A b"/],
    [
      {
        settings: [
          { name: 'a', flags: {} },
          { name: 'a', flags: {} },
        ],
      },
      /two settings are called a/,
    ],
    [{ settings: [{ name: 'a', flags: { lamda: 3 } }] }, /a: "lamda" is no flag/, /did you mean "lambda"\?/],
    [{ settings: [{ name: 'a', flags: { lambda: -3 } }] }, /a: --lambda has a wrong value/],
    [{ settings: [{ name: 'a', flags: { out: 'x' } }] }, /a: "out" is no flag of a setting/],
    [{ settings: [{ name: 'a', flags: { 'lambda-gan': 0, 'gan-mode': 'lsgan' } }] }, /a: Bad value for --gan-mode/],
    [{ settings: [{ name: 'a', flags: { steps: 3 } }] }, /differ in their length/],
    [{ settings: [{ name: 'a', flags: { 'lambda-gan': 0 } }], flags: { ndf: 8 } }, /--ndf does nothing in any/],
    [{ settings: [{ name: 'a', flags: {}, smallest: 64 }] }, /No setting of wrong fits images of 32 pixels/],
    [{ scheme: 'cyclegan', settings: [{ name: 'a', flags: {} }] }, /a: runs of CycleGAN say of no picture/],
    [
      {
        settings: [
          { name: 'a', flags: {} },
          { name: 'b', flags: { lambda: 100 } },
        ],
      },
      /a and b are the same training/,
      /a \(no flags of its own\) and b \(--lambda 100\)/,
    ],
    [{ scheme: 'pix2pic', settings: [{ name: 'a', flags: {} }] }, /"scheme" has a wrong value/],
  ];
  for (const [file, ...words] of wrong) {
    writeFileSync(at('wrong.json'), JSON.stringify(file));
    await refused([at('wrong.json'), ...FLAGS, '--out', at('x')], 'BAD_FLAG', ...words);
  }
  writeFileSync(at('wrong.json'), '{');
  await refused([at('wrong.json'), ...FLAGS], 'BAD_FLAG', /describes no experiment/);
  assert.not(existsSync(at('x')));
});

test.run();
