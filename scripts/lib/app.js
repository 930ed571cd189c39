import { copyFile, cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { buildLab } from './app-lab.js';
import { minifiedShaders } from './build/wgsl.js';
import { root } from './bundle-test.js';
import { sources } from './sources.js';

const source = join(root, 'examples', 'app');

/** The worlds in which parts of the app run: the page, and the worker that trains. Each has one entry. */
const ENTRIES = ['main.tsx', 'train-worker.ts'];

/**
 * Builds the app into a folder: its page, its style, its programs in parts that are loaded when they are needed, and the models.
 *
 * @param {string} out the folder, which is made
 * @param {{ minify?: boolean, lab?: boolean | string[] }} options lab: the kernel tests and benchmarks of its Lab, too, which a
 *   minified build has unless it says otherwise; or those test files alone
 *   whose names contain one of these
 * @returns {Promise<import('esbuild').Metafile>} which file holds what
 */
export async function buildApp(out, { minify = true, lab = minify } = {}) {
  await mkdir(out, { recursive: true });
  const { metafile } = await build({
    entryPoints: ENTRIES.map((entry) => join(source, entry)),
    absWorkingDir: root,
    outdir: out,
    entryNames: '[name]',
    chunkNames: 'parts/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify,
    sourcemap: minify ? false : 'linked',
    metafile: true,
    define: { 'process.env.NODE_ENV': minify ? '"production"' : '"development"' },
    loader: sources.loader,
    plugins: [...(minify ? [minifiedShaders] : []), ...sources.plugins],
    logLevel: 'warning',
  });
  await buildLab(join(out, 'lab'), { minify, ...(lab !== true && { only: lab }) });
  await copyFile(join(source, 'index.html'), join(out, 'index.html'));
  await copyFile(join(source, 'style.css'), join(out, 'main.css'));
  await copyFile(join(source, 'icon.svg'), join(out, 'icon.svg'));
  await cp(join(source, 'models'), join(out, 'models'), { recursive: true });
  return metafile;
}
