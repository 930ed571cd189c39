// Builds dist/: one bundle for Node, one for browsers, and the type declarations.
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

// A build that fails, or is interrupted, leaves the last good one in place.
const fresh = `node_modules/.cache/shadegrad-build-${process.pid}`;
process.on('exit', () => rmSync(fresh, { recursive: true, force: true }));

const shared = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  // Maps for reading stack traces; the sources themselves are not shipped twice.
  sourcesContent: false,
  loader: { '.wgsl': 'text' },
  logLevel: 'warning',
};

try {
  await Promise.all([
    build({ ...shared, entryPoints: ['src/node/index.ts'], outfile: `${fresh}/node.js`, platform: 'node', packages: 'external' }),
    build({ ...shared, entryPoints: ['src/web/index.ts'], outfile: `${fresh}/web.js`, platform: 'browser' }),
  ]);
  const require = createRequire(import.meta.url);
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', `${fresh}/types`], { stdio: 'inherit' });
} catch {
  // esbuild and the compiler have printed what is wrong.
  process.exit(1);
}

const previous = `${fresh}-previous`;
if (existsSync('dist')) renameSync('dist', previous);
renameSync(fresh, 'dist');
rmSync(previous, { recursive: true, force: true });
