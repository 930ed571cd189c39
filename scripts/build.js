// Builds dist/: the entries that package.json exports, the chunks that they share, and the type declarations.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildLean, buildOneFile } from './lib/build/bundles.js';
import { LEAN_ENTRIES } from './lib/build/lean-entries.js';
import { minifiedShaders } from './lib/build/wgsl.js';
import { sources } from './lib/sources.js';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

// A build that fails, or is interrupted, leaves the last good one in place.
const fresh = `node_modules/.cache/shadegrad-build-${process.pid}`;
process.on('exit', () => rmSync(fresh, { recursive: true, force: true }));

/** The benchmarks, which are no entry of the library: `shadegrad bench` finds them beside it. */
const BENCHMARKS = { in: 'bench/command.ts', out: 'bench' };

/** The entries that a page can also have as one file, to import without a bundler. */
const ONE_FILES = { web: 'shadegrad.min.js', translate: 'shadegrad-translate.min.js', pix2pix: 'shadegrad-pix2pix.min.js' };

/** Every `{ types, default }` of package.json's exports, whatever conditions lead to it: where src/ROOM/index.ts goes. */
function entriesOf(exported) {
  if (typeof exported !== 'object') return [];
  const { types, default: script, ...conditions } = exported;
  const below = Object.values(conditions).flatMap(entriesOf);
  if (!types || !script) return below;
  const room = types.replace(/^\.\/dist\/types\/|\/index\.d\.ts$/g, '');
  return [...below, { in: `src/${room}/index.ts`, out: script.replace(/^\.\/dist\/|\.js$/g, ''), types: room }];
}

/**
 * Blanks the imports by which an entry names a chunk and nothing in it. package.json says that chunks do nothing by themselves, so that
 * bundlers leave such imports out, each with a warning. The line stays, for the source map.
 */
function withoutIdleImports(path) {
  if (!existsSync(path)) return;
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^import "\.\/chunks\/chunk-\w+\.js";$/gm, ''));
}

try {
  const entries = entriesOf(JSON.parse(readFileSync('package.json', 'utf8')).exports);
  await build({
    entryPoints: [
      ...entries.filter(({ out }) => !(out in LEAN_ENTRIES)).map(({ in: source, out }) => ({ in: source, out })),
      ...(existsSync(BENCHMARKS.in) ? [BENCHMARKS] : []),
    ],
    // esbuild would take the folder that this process began in.
    absWorkingDir: process.cwd(),
    outdir: fresh,
    bundle: true,
    format: 'esm',
    // One object for each class, whichever entry it comes from; and a bundler leaves out the chunks that a program does not use.
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    platform: 'neutral',
    packages: 'external',
    external: ['node:*'],
    target: 'es2022',
    sourcemap: true,
    // Maps for reading stack traces; the sources themselves are not shipped twice.
    sourcesContent: false,
    ...sources,
    plugins: [minifiedShaders, ...sources.plugins],
    logLevel: 'warning',
  });
  for (const { out } of entries) withoutIdleImports(join(fresh, `${out}.js`));
  await Promise.all(
    entries.map(async ({ in: source, out }) => {
      const lean = LEAN_ENTRIES[out] && join(fresh, `${out}.js`);
      if (lean) await buildLean(source, lean, LEAN_ENTRIES[out]);
      if (ONE_FILES[out]) await buildOneFile(lean ?? source, join(fresh, ONE_FILES[out]));
    }),
  );
  const require = createRequire(import.meta.url);
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', `${fresh}/types`], { stdio: 'inherit' });
  // TypeScript has WebGPU among the types of the DOM from version 6 on, and refuses them twice; a program for Node may lack the DOM's.
  for (const { types } of entries) {
    const lead = (file, ...references) => {
      const lines = references.map((each) => `/// <reference ${each} />\n`);
      writeFileSync(join(fresh, 'types', types, file), `${lines.join('')}export * from './index.js';\n`);
    };
    // Those of @webgpu/types are of the DOM themselves.
    lead('before-6.d.ts', 'types="@webgpu/types"', 'lib="dom"');
    lead('in-node.d.ts', 'lib="dom"');
  }
  const previous = `${fresh}-previous`;
  if (existsSync('dist')) renameSync('dist', previous);
  renameSync(fresh, 'dist');
  rmSync(previous, { recursive: true, force: true });
} catch (error) {
  // esbuild and the compiler have printed what is wrong with the sources; what stopped one of them, or another step, nobody has yet.
  console.error(`no dist/ was built: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
