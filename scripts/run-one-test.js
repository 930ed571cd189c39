// node scripts/run-one-test.js FILE [--driver lavapipe|swiftshader|hardware|software|auto]
// Bundles one test file and runs it in a Node process of its own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleForNode, root } from './lib/bundle-test.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { driver: { type: 'string', default: 'auto' } },
});
if (positionals.length !== 1 || !existsSync(positionals[0])) {
  console.error('usage: node scripts/run-one-test.js FILE [--driver lavapipe|swiftshader|hardware|software|auto]');
  process.exit(2);
}

const { path: bundle } = await bundleForNode(resolve(positionals[0]));
const environment = { ...process.env };
if (values.driver !== 'auto') environment.SHADEGRAD_ADAPTER = values.driver;

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
