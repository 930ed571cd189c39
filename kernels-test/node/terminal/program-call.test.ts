// not in browsers: it is about the paths of programs
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { asCalled, programCall } from '../../../src/node/terminal/program-call.js';
import { buildLibrary, run, succeeded, temporaryFolder, TINY } from '../../harness/program.js';

const folder = temporaryFolder('call');
const root = process.cwd();
const installed = join(folder, 'node_modules', 'shadegrad');

test.before(() => {
  buildLibrary();
  for (const name of ['bin', 'examples']) mkdirSync(join(installed, name), { recursive: true });
  writeFileSync(join(installed, 'bin', 'shadegrad.js'), '');
  writeFileSync(join(installed, 'examples', 'train-facades.js'), '');
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('messages name the program that runs, with a path that leads there', () => {
  const calls: [running: string, train: string, doctor: string][] = [
    [join(root, 'examples', 'train-facades.js'), 'node examples/train-facades.js', 'node bin/shadegrad.js doctor'],
    [join(root, 'examples', 'translate.js'), 'node examples/train-facades.js', 'node bin/shadegrad.js doctor'],
    [join(root, 'bin', 'shadegrad.js'), 'node bin/shadegrad.js train', 'node bin/shadegrad.js doctor'],
    [join(root, 'scripts', 'tune.js'), 'node bin/shadegrad.js train', 'node bin/shadegrad.js doctor'],
    [join(folder, 'node_modules', '.bin', 'shadegrad'), 'npx shadegrad train', 'npx shadegrad doctor'],
    [join(installed, 'bin', 'shadegrad.js'), 'npx shadegrad train', 'npx shadegrad doctor'],
    [
      join(installed, 'examples', 'train-facades.js'),
      `node ${installed}/examples/train-facades.js`,
      `node ${installed}/bin/shadegrad.js doctor`,
    ],
    ['/usr/local/bin/shadegrad', 'shadegrad train', 'shadegrad doctor'],
    [join(folder, 'my-own.js'), 'npx shadegrad train', 'npx shadegrad doctor'],
  ];
  for (const [running, train, doctor] of calls) {
    assert.is(programCall('train', running), train, running);
    assert.is(asCalled('run "npx shadegrad doctor" first; npx shadegrad', running).startsWith(`run "${doctor}" first; `), true, running);
  }
  assert.is(
    asCalled('in /a/npx shadegrad doctor, my-npx shadegrad', join(root, 'bin', 'shadegrad.js')),
    'in /a/npx shadegrad doctor, my-npx shadegrad',
  );
});

test('no path that a program prints moves the cursor or breaks a line, and its command can be pasted', async () => {
  const evil = join(folder, "e\u001b[2J\n\u202ev'il");
  const raw = /\u001b|\u202e|\n\u202e|2J\n/;
  const trained = await run('train-facades', [...TINY, '--steps', '1', '--out', evil]);
  const printed = succeeded(trained);
  assert.not.match(printed + trained.stderr, raw);
  assert.match(printed, /--weights \$'[^\n]*e\\x1b\[2J\\x0a\\xe2\\x80\\xaev\\'il\/checkpoint\.safetensors'/);
  const checkpoint = join(evil, 'checkpoint.safetensors');
  for (const parameters of [
    ['convert', '--no-check', checkpoint, join(evil, 'g.pth')],
    ['convert', '--run', checkpoint, join(evil, 'run.pth')],
    ['inspect', evil],
    ['train', '--resume', '--out', evil],
  ]) {
    const result = await run('shadegrad', parameters);
    assert.not.match(succeeded(result) + result.stderr, raw, parameters[0]);
  }
  assert.not.match((await run('shadegrad', ['inspect', join(evil, 'none')])).stderr, /\u001b|\u202e/);
});

test('a program of a clone that runs in another folder names itself by its whole path', async () => {
  assert.match(succeeded(await run('train-facades', ['--help'], { cwd: folder })), `node ${root}/examples/train-facades.js --resume`);
  assert.match(
    succeeded(await run('shadegrad', ['convert', '--help'], { cwd: folder })),
    `Usage: node ${root}/bin/shadegrad.js convert IN OUT [flags]`,
  );
  assert.match(succeeded(await run('shadegrad', ['--help'], { cwd: folder })), `Usage: node ${root}/bin/shadegrad.js COMMAND`);
  assert.match(
    (await run('shadegrad', ['inspect'], { cwd: folder })).stderr,
    `fix: write node ${root}/bin/shadegrad.js inspect FILE|FOLDER|URL [flags]`,
  );
  assert.not.match((await run('translate', [], { cwd: folder })).stderr, /npx/);
});

test.run();
