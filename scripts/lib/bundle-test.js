import { mkdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout that holds this file. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const cacheFolder = join(root, 'node_modules', '.cache', 'shadegrad-test');

/** esbuild is imported late, so that scripts which install it can import this module first. */
async function esbuild() {
  return import('esbuild');
}

const shared = { bundle: true, format: 'esm', loader: { '.wgsl': 'text' }, logLevel: 'error', sourcemap: 'inline' };

/**
 * Bundles one test file (or script) for Node with shaders inlined and packages left external.
 * The bundle lies inside node_modules, so that its imports of packages resolve.
 *
 * @param {string} file path of a .ts file
 * @returns {Promise<string>} path of the bundle
 */
export async function bundleForNode(file) {
  const { build } = await esbuild();
  await mkdir(cacheFolder, { recursive: true });
  // Parallel runs of one file must not overwrite each other's bundle, hence the process id.
  const outfile = join(cacheFolder, `${basename(file, '.ts')}.${process.pid}.mjs`);
  await build({ ...shared, entryPoints: [file], outfile, platform: 'node', packages: 'external' });
  return outfile;
}

/** `file` relative to the root, with forward slashes, as printed in summaries. */
export function displayName(file) {
  return relative(root, file).replaceAll('\\', '/');
}
