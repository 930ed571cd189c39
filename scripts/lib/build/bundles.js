import { build } from 'esbuild';
import { sources } from '../sources.js';
import { leanSources } from './lean.js';
import { minifiedShaders } from './wgsl.js';

/** What every bundle for pages has in common. */
const SHARED = { absWorkingDir: process.cwd(), bundle: true, format: 'esm', platform: 'browser', target: 'es2022', logLevel: 'warning' };

/**
 * Bundles an entry with less in it, as one module that other bundlers shake further.
 *
 * @param {string} source its file in src/
 * @param {string} outfile
 * @param {import('./lean-entries.js').LeanEntry} entry
 */
export async function buildLean(source, outfile, entry) {
  const plugins = [leanSources(entry), minifiedShaders, ...sources.plugins];
  await build({ ...SHARED, ...sources, entryPoints: [source], outfile, plugins });
}

/**
 * Bundles an entry as one small file, to import without a bundler.
 *
 * @param {string} source its file in src/, or in dist/ where it is a lean one
 * @param {string} outfile
 */
export async function buildOneFile(source, outfile) {
  const plugins = [minifiedShaders, ...sources.plugins];
  await build({ ...SHARED, ...sources, entryPoints: [source], outfile, plugins, minify: true, legalComments: 'none' });
}
