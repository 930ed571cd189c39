// not in browsers: it is about a program of Node. What experiments are before anything is trained: plans, scripts for schedulers.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { ShadegradError, type ErrorCode } from '../../../src/errors.js';
import { pix2pix } from '../../../src/schemes/pix2pix.js';
import { kubernetes } from '../../../src/node/programs/experiment/schedulers/kubernetes.js';
import { experimentProgram } from '../../../src/node/programs/experiment/flags.js';
import { scriptOf, type Script } from '../../../src/node/programs/experiment/schedulers/script.js';
import { parseExperiment } from '../../../src/node/programs/experiment/file.js';
import { planExperiment, runsOf, type Plan } from '../../../src/node/programs/experiment/plan.js';
import { EXPERIMENTS } from '../../../src/node/programs/experiment/registry.js';
import { formatMarkdown } from '../../../src/node/programs/experiment/formats.js';
import { planIn } from '../../../src/node/programs/experiment/plan-file.js';
import { readResult } from '../../../src/node/programs/experiment/run.js';
import { runAll } from '../../../src/node/programs/experiment/sweep.js';
import { keepQuiet } from '../../../src/node/terminal/remarks.js';
import { failure } from '../../harness/devices.js';
import { temporaryFolder } from '../../harness/program.js';

const planOf = (name: string, size: number, seeds = 1): Plan =>
  planExperiment(EXPERIMENTS.find((each) => each.name === name)!, pix2pix, {
    typed: { preset: 'full', size, steps: 3 },
    ...{ metrics: 'all', metricOptions: {}, samples: 1, figure: 1, seed: 1, seeds, software: true, needsLength: true, say: () => {} },
  });
/** The script of a call of which the program knows no path. */
const scriptFor = (words: readonly string[], plan: Plan, values: object): Script =>
  scriptOf(words, plan, values as Record<string, unknown>, experimentProgram(pix2pix))!;
const CALL = ['losses', '--data', "my 'data'", '--steps=3', '--seeds', '2'];

test('a script for Slurm is an array with a task for each run, which are calls of their parts', () => {
  const script = scriptFor([...CALL, '--slurm', '--shard', '1/2'], planOf('losses', 64, 2), { slurm: true }).text;
  assert.match(script, /^#!\/bin\/sh\n/);
  const directives = [...script.matchAll(/^#SBATCH --([a-z-]+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
  assert.equal(Object.fromEntries(directives), {
    'job-name': 'shadegrad-losses',
    array: '1-10',
    ntasks: '1',
    output: 'shadegrad-losses-%A-%a.txt',
    signal: 'TERM@120',
  });
  const [call] = script.match(/^srun .*$/m)!;
  assert.ok(call.endsWith(` experiment losses --data 'my '\\''data'\\''' --steps=3 --seeds 2 --shard "$SLURM_ARRAY_TASK_ID/10"`), call);
});

test('an Indexed Job of Kubernetes has a pod for each run, counted from 0, all of which have one volume', () => {
  const words = [...CALL, '--k8s', '--image', 'registry/own:1', '--claim=shared'];
  const { text } = scriptFor(words, planOf('losses', 64), { k8s: true, image: 'registry/own:1', claim: 'shared' });
  const { apiVersion, kind, metadata, spec } = parse(text) as Record<string, never> & {
    spec: { template: { spec: { containers: Record<string, unknown>[]; volumes: unknown[]; restartPolicy: string } } };
  };
  assert.equal([apiVersion, kind, metadata], ['batch/v1', 'Job', { name: 'shadegrad-losses' }]);
  const { template, ...job } = spec;
  assert.equal(job as object, { completionMode: 'Indexed', completions: 5, parallelism: 5, backoffLimit: 10 });
  const { containers, volumes, restartPolicy } = template.spec;
  assert.is(restartPolicy, 'Never');
  const [{ args, ...container }] = containers as [Record<string, unknown>];
  assert.equal(container, {
    name: 'shadegrad',
    image: 'registry/own:1',
    workingDir: '/work',
    command: ['/bin/sh', '-c'],
    volumeMounts: [{ name: 'work', mountPath: '/work' }],
  });
  const [line] = args as [string];
  assert.match(line, /^exec .* experiment losses /);
  assert.ok(line.endsWith(` --data 'my '\\''data'\\''' --steps=3 --seeds 2 --shard "$((JOB_COMPLETION_INDEX + 1))/5"`), line);
  assert.equal(volumes, [{ name: 'work', persistentVolumeClaim: { claimName: 'shared' } }]);
  const job60 = { name: 'a'.repeat(60), command: 'x', parts: 1, flags: {}, paths: [] };
  assert.throws(() => kubernetes.script(job60), /too long/);
});

test('a Job says what its volume has to hold, and which paths of the call are not in it', () => {
  const values = { k8s: true, data: 'sets/facades', from: 'hf:me/facades', out: '/work/results', inception: '../weights/inception.pth' };
  const inside = scriptFor(['own/l1.json', '--k8s'], planOf('losses', 64), { ...values, inception: undefined });
  assert.match(
    inside.text,
    /\n# {3}own\/l1\.json \(the experiment\)\n# {3}sets\/facades \(--data\)\n# {3}results \(--out\)\n(?!#)|results \(--out\)\n/,
  );
  assert.not.match(inside.text, 'hf:me');
  const [note, ...others] = scriptFor(['losses', '--k8s'], planOf('losses', 64), { ...values, data: '/home/me/facades' }).notes;
  assert.equal(others, []);
  for (const words of ['as /work', '/home/me/facades (--data)', '../weights/inception.pth (--inception)', 'mounted at the same path'])
    assert.ok(note!.includes(words), words);
  assert.not.match(note!, '--out');
  assert.equal(scriptFor(['losses', '--slurm'], planOf('losses', 64), { slurm: true, data: '/home/me/facades' }).notes, []);
});

test('settings that the size has no room for are left out, and those that there are have runs for each seed', () => {
  const settings = (size: number): string[] => planOf('patches', size).settings.map(({ name }) => name);
  assert.equal(settings(64), ['patch-1', 'patch-16', 'patch-70']);
  assert.equal(settings(96), ['patch-1', 'patch-16', 'patch-70', 'patch-286']);
  assert.equal(
    runsOf(planOf('generators', 64, 2))
      .map(({ id }) => id)
      .slice(0, 3),
    ['encoder-decoder-l1-seed1', 'encoder-decoder-l1-seed2', 'encoder-decoder-l1-cgan-seed1'],
  );
});

test('a setting that diverges does not keep the others from being trained; what concerns all does, and a signal', async () => {
  const folder = temporaryFolder('experiment-jobs');
  const plan = planOf('losses', 64);
  const seen: string[] = [];
  const sweep = (finish: (name: string) => Promise<number>): Promise<number> => {
    seen.length = 0;
    return runAll(folder, plan, runsOf(plan), pix2pix, { flags: {}, weights: {} }, (_out, _plan, { setting }) => {
      seen.push(setting.name);
      return finish(setting.name);
    });
  };
  const failing = (code: ErrorCode) => (name: string) =>
    name === 'gan' ? Promise.reject(new ShadegradError(code, 'a setting', {})) : Promise.resolve(0);
  const all = plan.settings.map(({ name }) => name);
  keepQuiet(true);
  for (const code of ['DIVERGED', 'OUT_OF_MEMORY', 'LIMIT_EXCEEDED'] as const) {
    assert.is(await sweep(failing(code)), 1);
    assert.equal(seen, all);
  }
  try {
    await sweep(failing('DATA_NOT_FOUND'));
    assert.unreachable();
  } catch (error) {
    assert.is((error as ShadegradError).code, 'DATA_NOT_FOUND');
  }
  assert.equal(seen, ['l1', 'gan']);
  assert.is(await sweep((name) => Promise.resolve(name === 'l1' ? 143 : 0)), 143);
  assert.equal(seen, ['l1']);
  keepQuiet(false);
  rmSync(folder, { recursive: true });
});

test('a file of settings: one without flags has none, and what no flag can be is refused in words that fit on their lines', () => {
  const { settings } = parseExperiment('{"settings": [{"name": "a"}, {"name": "b", "flags": {"betas": ["0", "1"]}}]}', 'x.json');
  assert.equal(
    settings.map(({ flags }) => flags as object),
    [{}, { betas: ['0', '1'] }],
  );
  const refusal = (text: string): ShadegradError => {
    try {
      parseExperiment(text, 'x.json');
    } catch (error) {
      assert.instance(error, ShadegradError);
      return error as ShadegradError;
    }
    return assert.unreachable(text) as never;
  };
  for (const value of ['null', '{"x": 1}', '[1]', '[]', '1e999', '[null]']) {
    const { code, message } = refusal(`{"settings": [{"name": "a", "flags": {"lambda": ${value}}}]}`);
    assert.is(code, 'BAD_FLAG', value);
    assert.match(message, /settings\[0\]: "flags" has a wrong value/);
  }
  const twice = '{"settings": [\n  {"name": "a", "flags": {"lambda": 1,\n "dropout": true,\n"lambd\\u0061": 2}},\n {"name": "b"}]}';
  assert.match(refusal(twice).message, /x\.json: "lambda" is there twice in one object\n.*\n.*on line 2, and again on line 4/);
  assert.match(refusal('{"settings": [], "settings": [{"name": "a"}]}').message, /"settings" is there twice.*\n.*\n.*both on line 1/);
  // The same key in several objects, in texts and as a value is no fault.
  const fine = '{"title": "a \\"name\\": \\"name\\", {[", "name": "name", "settings": [{"name": "a", "title": "name"}, {"name": "b"}]}';
  assert.is(parseExperiment(fine, 'x.json').name, 'name');
  for (const text of ['null\n', '[1]\r\n\n']) {
    const { message, received } = refusal(text);
    assert.is(received, text.trim());
    assert.not.match(message, /\n\s*\n/);
  }
});

test('files in the folder of an experiment that are not its own are told, or made anew', async () => {
  const folder = temporaryFolder('experiment-files');
  const path = join(folder, 'runs', 'a-seed1', 'result.json');
  mkdirSync(join(path, '..'), { recursive: true });
  for (const text of ['null', '[]', '{"setting": "a"}', '{']) {
    writeFileSync(path, text);
    assert.is(await readResult(folder, { id: 'a-seed1' }), undefined, text);
  }
  for (const text of ['{"version": 1}', '{"version": 1, "settings": [], "seeds": [1]}', 'null', '{"version": 2}']) {
    writeFileSync(join(folder, 'experiment.json'), text);
    await failure('DATA_UNREADABLE', () => planIn(folder), 'experiment.json cannot be read');
  }
  rmSync(folder, { recursive: true });
  const table = { name: 'x', title: 'x', flags: '', seeds: [1], images: 1, trainPairs: 1, metrics: {}, figure: [], version: '1' };
  const markdown = formatMarkdown({ ...table, rows: [{ name: 'a', title: 'a|b', flags: '--labels x|`y`', steps: [3], metrics: {} }] });
  const [line] = markdown.split('\n').filter((each) => each.startsWith('| **'));
  assert.is(line, "| **a\\|b** `--labels x\\|'y'` | 3 |");
});

test('every experiment of the table can be trained at the size of the paper, and is in the docs', () => {
  const page = readFileSync('docs/experiments.md', 'utf8');
  for (const { name, settings } of EXPERIMENTS) {
    assert.equal(
      planOf(name, 256).settings.map((setting) => setting.name),
      settings.map((setting) => setting.name),
    );
    assert.is(new Set(settings.map((setting) => setting.name)).size, settings.length);
    assert.ok(page.includes(`| \`${name}\` |`), name);
  }
});

test.run();
