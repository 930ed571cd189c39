// node scripts/run-one-test.js FILE [flags]; --help shows them.
// Bundles one test file and runs it in a Node process of its own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundleForNode, root } from './lib/bundle-test.js';
import { readCommandLine } from './lib/command-line.js';
import { ONE_TEST_PROGRAM } from './lib/programs.js';

const { values, operands } = await readCommandLine(ONE_TEST_PROGRAM);
if (operands.length !== 1 || !existsSync(operands[0])) {
  console.error(`expected one file that is there; received ${JSON.stringify(operands)}\nusage: ${ONE_TEST_PROGRAM.usage}`);
  process.exit(2);
}

const { path: bundle } = await bundleForNode(resolve(operands[0]));
const environment = { ...process.env };
if (values.driver !== undefined) environment.SHADEGRAD_ADAPTER = values.driver;

const child = spawn(process.execPath, ['--enable-source-maps', join(root, 'scripts/lib/run-bundle.js'), bundle], {
  cwd: root,
  env: environment,
  stdio: 'inherit',
});
child.on('exit', async (code, signal) => {
  await rm(bundle, { force: true });
  if (signal) console.error(`the test process was ended by ${signal}`);
  process.exitCode = code ?? 1;
});
