// npm run gpu-check, or node scripts/gpu-check.js [flags]; --help shows them. Tests and times everything on this machine's adapter,
// and makes a folder to send back. Builds what is missing, then bundles bench/gpu-check/main.ts and runs it in a process of its own.
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareBuild, prepareDependencies } from './lib/prepare.js';

prepareDependencies();
// Here, so that the first of the programs that need it does not spend its time on building.
if (!prepareBuild()) process.exit(1);
const { bundleForNode, root } = await import('./lib/bundle-test.js');

const { path: bundle } = await bundleForNode(join(root, 'bench/gpu-check/main.ts'));
// Without a folder of its own: --out DIR is relative to where the user is.
const child = spawn(process.execPath, ['--enable-source-maps', bundle, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, SHADEGRAD_ROOT: root },
});
// The child gets the terminal's Ctrl-C too; this process only has to outlive it to clean up.
process.on('SIGINT', () => {});
child.on('exit', async (code, signal) => {
  await rm(bundle, { force: true });
  process.exitCode = signal ? 130 : code;
});
