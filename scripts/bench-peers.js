// npm run bench:peers: node scripts/bench-peers.js [flags]; --help shows them.
// Installs the peers below bench/peers on first use, bundles bench/peers/main.ts and runs it in a process of its own.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareDependencies } from './lib/prepare.js';

prepareDependencies();
const { bundleForNode, root } = await import('./lib/bundle-test.js');
const folder = join(root, 'bench', 'peers');

const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const installed = (name) => {
  const file = join(folder, 'node_modules', name, 'package.json');
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === dependencies[name];
};
if (!Object.keys(dependencies).every(installed)) {
  console.error('installing the peers below bench/peers (npm ci, 600 MB) ...');
  const npm = process.env.npm_execpath;
  // Their install scripts fetch CUDA libraries, which nothing here needs.
  const flags = ['ci', '--no-audit', '--no-fund', '--ignore-scripts'];
  const options = { cwd: folder, stdio: ['inherit', 2, 2] };
  const { status } = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...flags], options)
    : spawnSync('npm', flags, { ...options, shell: process.platform === 'win32' });
  if (status !== 0) {
    console.error('the peers cannot be installed; is there a connection to an npm registry?');
    process.exit(1);
  }
}

const { path: bundle } = await bundleForNode(join(folder, 'main.ts'));
const child = spawn(process.execPath, ['--enable-source-maps', bundle, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, SHADEGRAD_PEERS: folder },
});
// The child gets the terminal's Ctrl-C too; this process only has to outlive it to clean up.
process.on('SIGINT', () => {});
child.on('exit', async (code, signal) => {
  await rm(bundle, { force: true });
  process.exitCode = signal ? 130 : code;
});
