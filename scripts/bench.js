// npm run bench, bench:step, bench:data: node scripts/bench.js [step | data] [flags]; --help shows them.
// Bundles bench/main.ts (or bench/step.ts, bench/data.ts) with the shaders in it and runs it in a Node process of its own.
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareDependencies } from './lib/prepare.js';

prepareDependencies();
const { bundleForNode, root } = await import('./lib/bundle-test.js');

const [first, ...rest] = process.argv.slice(2);
const program = ['step', 'data'].find((name) => name === first);
const flags = program ? rest : process.argv.slice(2);
const { path: bundle } = await bundleForNode(join(root, 'bench', `${program ?? 'main'}.ts`));
// Without a folder of its own: --json FILE is relative to where the user is.
const child = spawn(process.execPath, ['--enable-source-maps', bundle, ...flags], { stdio: 'inherit' });
// The child gets the terminal's Ctrl-C too; this process only has to outlive it to clean up.
process.on('SIGINT', () => {});
child.on('exit', async (code, signal) => {
  await rm(bundle, { force: true });
  if (signal && signal !== 'SIGINT') console.error(`the benchmark was ended by ${signal}`);
  process.exitCode = signal ? 130 : code;
});
