import { execFile } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AdapterDescription } from '../../../src/gpu/adapter.js';
import { readCheckpointInfo } from '../../../src/node/weights/checkpoint.js';
import { addToTuningCache, readTuningCache, tuningCachePath } from '../../../src/node/adapter/tuning-cache.js';
import { tuningTable } from '../../../src/node/programs/tune.js';
import * as page from '../../../src/web/tuning-cache.js';
import { buildLibrary, run, SHADERS, succeeded, temporaryFolder, TINY } from '../../harness/program.js';

const folder = temporaryFolder('variants');
const adapter: AdapterDescription = {
  vendor: 'v',
  architecture: 'a',
  device: 'd',
  description: 'driver 1',
  software: true,
  subgroupSize: 8,
};
// The networks that "npm run tune" tunes.
const TUNABLE = [...TINY.filter((flag) => flag !== '--no-tune'), '--upsample', 'transposed', '--discriminator-layers', '3'];
/** The caches of the programs here, and nobody else's. */
const env = { XDG_CACHE_HOME: join(folder, 'tuned') };
const own = { XDG_CACHE_HOME: join(folder, 'trained') };

test.before(buildLibrary);
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('choices come back from the file, those added later too; another driver has none', async () => {
  const files = join(folder, 'good');
  const warnings: string[] = [];
  const read = (of = adapter) => readTuningCache(of, (line) => warnings.push(line), files);
  assert.equal(await read(), {});
  await addToTuningCache(adapter, { one: 'tile', two: 'tile' }, files);
  await addToTuningCache(adapter, { two: 'subgroup' }, files);
  assert.equal(await read(), { one: 'tile', two: 'subgroup' });
  assert.equal(await read({ ...adapter, description: 'driver 2' }), {});
  assert.equal(warnings, []);
  assert.is(readdirSync(files).length, 1);
});

test('a bad file is ignored with one warning that names it, and replaced', async () => {
  const files = join(folder, 'bad');
  await addToTuningCache(adapter, { one: 'tile' }, files);
  const path = await tuningCachePath(adapter, files);
  const good = readFileSync(path, 'utf8');
  for (const bad of ['', good.slice(0, 40), good.replace('driver 1', 'driver 2'), good.replace('"tile"', 'null')]) {
    writeFileSync(path, bad);
    const warnings: string[] = [];
    assert.equal(await readTuningCache(adapter, (line) => warnings.push(line), files), {});
    assert.is(warnings.length, 1);
    assert.ok(warnings[0]!.includes(path));
  }
  await addToTuningCache(adapter, { two: 'tile' }, files);
  assert.equal(await readTuningCache(adapter, assert.unreachable, files), { two: 'tile' });
});

test('a page keeps its choices in localStorage, and does without where there is none', () => {
  const stored = new Map<string, string>();
  const full = { getItem: (key: string) => stored.get(key) ?? null, setItem: (key: string, value: string) => void stored.set(key, value) };
  const warnings: string[] = [];
  const read = () => page.readTuningCache(adapter, (line) => warnings.push(line));
  const before = Object.getOwnPropertyDescriptor(globalThis, 'localStorage');
  try {
    Object.defineProperty(globalThis, 'localStorage', { value: full, configurable: true });
    assert.equal(read(), {});
    assert.ok(page.addToTuningCache(adapter, { one: 'tile' }));
    assert.ok(page.addToTuningCache(adapter, { two: 'subgroup' }));
    assert.equal(read(), { one: 'tile', two: 'subgroup' });
    assert.equal(page.readTuningCache({ ...adapter, device: 'another' }, assert.unreachable), {});
    assert.equal(warnings, []);
    stored.set([...stored.keys()][0]!, '{');
    assert.equal(read(), {});
    assert.is(warnings.length, 1);
    Object.defineProperty(globalThis, 'localStorage', {
      get: () => {
        throw new Error('denied');
      },
      configurable: true,
    });
    assert.equal(read(), {});
    assert.not(page.addToTuningCache(adapter, { one: 'tile' }));
  } finally {
    if (before) Object.defineProperty(globalThis, 'localStorage', before);
    else Reflect.deleteProperty(globalThis, 'localStorage');
  }
});

test('the table says what won and by how much', () => {
  const table = tuningTable([{ problem: 'p', winner: 'b', heuristic: 'a', milliseconds: { a: 3, b: 1.5 }, failures: {} }]);
  assert.match(table, /p +b +1\.50 ms +2\.00x/);
  assert.match(table, 'together 1.50 ms, by the heuristic 3.00 ms');
});

/** What `npm run tune` says, for the problems of the runs below. */
const tune = (of: NodeJS.ProcessEnv, ...more: string[]) =>
  new Promise<string>((done, failed) => {
    execFile(
      process.execPath,
      ['scripts/tune.js', '--size', '32', '--ngf', '4', '--ndf', '4', ...more],
      { env: { ...SHADERS, ...process.env, ...of } },
      (error, stdout) => (error ? failed(error) : done(stdout)),
    );
  });

test('npm run tune fills the cache once', async () => {
  const [asked] = /(\d+) convolutions in a step, \1 to be tuned/.exec(await tune(env))!.slice(1);
  assert.ok(Number(asked) > 20);
  assert.match(await tune(env), `${asked} convolutions in a step, 0 to be tuned`);
  assert.match(await tune(env, '--force'), `${asked} to be tuned`);
  assert.match(await tune(env, '--help'), '--force');
});

test('a first run tunes by itself and says so, the next one finds its choices', async () => {
  const train = (name: string, ...more: string[]) =>
    run('train-facades', [...TUNABLE, '--steps', '2', '--out', join(folder, name), ...more], { env: own });
  const [, tuned, of] = /tuned (\d+) of (\d+) in/.exec(succeeded(await train('first')))!;
  // A run tunes within a budget of seconds, which a slow machine may use up before the first one is done: what it did is kept, and the
  // rest is made up for here.
  const [, all, missing] = /(\d+) convolutions in a step, (\d+) to be tuned/.exec(await tune(own))!;
  assert.ok(Number(all) - Number(missing) >= Number(tuned), `${all} - ${missing} of ${tuned} are kept`);
  if (tuned === of) assert.is(missing, '0');
  const second = succeeded(await train('second'));
  assert.not.match(second, /tuning|warning/);
  const { choices } = await readCheckpointInfo(join(folder, 'second', 'checkpoint.safetensors'));
  assert.ok(Object.keys(choices!).length > 20);
  assert.not.match(succeeded(await run('train-facades', [...TINY, '--steps', '2', '--out', join(folder, 'third')], { env: own })), /tun/);
});

test('a resumed run takes the choices of its checkpoint, not those of the cache', async () => {
  const files = join(own.XDG_CACHE_HOME, 'shadegrad');
  const path = (name: string) => join(folder, name, 'checkpoint.safetensors');
  const train = (name: string, ...flags: string[]) => run('train-facades', [...flags, '--out', join(folder, name)], { env: own });
  succeeded(await train('cut', ...TUNABLE, '--steps', '2'));
  const { choices } = await readCheckpointInfo(path('cut'));
  const [cache] = readdirSync(files).filter((name) => name.startsWith('tuning-'));
  // Another variant for every problem: a run that read the file would show it.
  const text = readFileSync(join(files, cache!), 'utf8');
  writeFileSync(join(files, cache!), text.replaceAll(/": "(tile|subgroup)"/g, '": "workgroup32"'));
  succeeded(await train('cut', '--resume', '--steps', '4'));
  assert.equal((await readCheckpointInfo(path('cut'))).choices, choices);
  succeeded(await train('fresh', ...TUNABLE, '--steps', '2'));
  assert.ok(Object.values((await readCheckpointInfo(path('fresh'))).choices!).includes('workgroup32'));
});

test.run();
