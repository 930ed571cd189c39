import { mkdir, readFile, rm } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { sources } from './sources.js';

/** The root of the checkout that holds this file. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What the tests keep between runs; it lies inside node_modules, so that bundles in it find their packages. */
export const cacheFolder = join(root, 'node_modules', '.cache', 'shadegrad-test');
const shared = { ...sources, bundle: true, format: 'esm', logLevel: 'error', sourcemap: 'inline' };

/** A test file says with one of these comments that it stays out of browsers, or runs on the first driver alone, and why. */
const NOT_IN_BROWSERS = /^\/\/ (not in browsers|first driver only): \S/m;
const FIRST_DRIVER_ONLY = /^\/\/ first driver only: \S/m;

/** Tells whether a test file is one that browsers may run: it tests kernels, and does not say that it stays out. */
export async function mayRunInBrowsers(file) {
  const source = await readFile(file, 'utf8');
  return !NOT_IN_BROWSERS.test(source) && source.includes('/harness/');
}

/** What run-bundle.js does in Node, as a program for the browser, where the tests have to be in the bundle. */
export function browserEntry(file) {
  return `
    globalThis.UVU_DEFER = 1;
    globalThis.UVU_INDEX = 0;
    globalThis.UVU_QUEUE = [[null]];
    const { exec } = await import('uvu');
    await import(${JSON.stringify(file)});
    await exec();
    for (const close of globalThis.afterAllTests ?? []) await close();
    globalThis.testsFinished = true;`;
}

/** Bundles programs with what every test's bundle has. esbuild is imported late, so that scripts which install it can import this first. */
export async function bundle(options) {
  const { build } = await import('esbuild');
  return build({ ...shared, ...options });
}

/** esbuild's options for Node: packages stay outside. */
export const forNode = { platform: 'node', packages: 'external', metafile: true };

/** Takes the harness' device of browsers in the place of Node's. */
export const browserPlatform = {
  name: 'browser-platform',
  setup({ onResolve }) {
    onResolve({ filter: /\/platform\.js$/ }, ({ resolveDir }) => ({ path: join(resolveDir, 'platform.web.ts') }));
  },
};

/** esbuild's options for browsers, where the harness opens its device in another way. */
export const forBrowsers = {
  platform: 'browser',
  external: ['node:*', ...builtinModules],
  plugins: [...sources.plugins, browserPlatform],
  write: false,
  metafile: true,
};

/** Whether a bundle for Node with these modules tests kernels. */
export const opensDevice = (inputs) => includesModule(inputs, 'harness/platform.ts');

/** Whether a bundle for browsers with these modules and imports has a kernel to test and needs nothing of Node. */
export const fitsBrowsers = (inputs, imports) =>
  includesModule(inputs, 'harness/platform.web.ts') &&
  !imports.some(({ path }) => path.startsWith('node:') || builtinModules.includes(path));

/** Tells whether a test file runs on one adapter: what takes minutes on a slow one, and whose kernels other files test on all. */
export async function runsOnFirstDriverOnly(file) {
  return FIRST_DRIVER_ONLY.test(await readFile(file, 'utf8'));
}

/**
 * Bundles a .ts file for Node with shaders inlined and packages left external. The bundle lies inside
 * node_modules, so that its imports of packages resolve.
 *
 * @param {string} file absolute path of a .ts file
 * @returns {Promise<{path: string, opensDevice: boolean}>} the bundle, and whether it tests kernels
 */
export async function bundleForNode(file) {
  await mkdir(cacheFolder, { recursive: true });
  // Runs of one file at the same time must not overwrite each other's bundle, hence the process id.
  const path = join(cacheFolder, `${relative(root, file).replace(/\.ts$/, '').replaceAll(/[\\/]/g, '-')}.${process.pid}.mjs`);
  const { metafile } = await bundle({ ...forNode, entryPoints: [file], outfile: path });
  return { path, opensDevice: opensDevice(Object.keys(metafile.inputs)) };
}

/**
 * Bundles one test file for browsers.
 *
 * @param {string} file absolute path of a .ts file
 * @returns {Promise<string | undefined>} the program, or undefined if the file has no kernel to test (it opens no
 *   device), needs Node, or says that it stays out of browsers
 */
export async function bundleForBrowser(file) {
  if (!(await mayRunInBrowsers(file))) return undefined;
  const stdin = { contents: browserEntry(file), resolveDir: root, sourcefile: 'run-tests.js' };
  const { outputFiles, metafile } = await bundle({ ...forBrowsers, stdin });
  const [output] = Object.values(metafile.outputs);
  return fitsBrowsers(Object.keys(metafile.inputs), output.imports) ? outputFiles[0].text : undefined;
}

/** Bundles a module of the library and imports it, for parts of it that are not public. */
export async function importSource(path) {
  const { path: bundlePath } = await bundleForNode(join(root, path));
  try {
    return await import(pathToFileURL(bundlePath).href);
  } finally {
    await rm(bundlePath, { force: true });
  }
}

/** `file` relative to the root, with forward slashes, as printed in summaries. */
export function displayName(file) {
  return relative(root, file).replaceAll('\\', '/');
}

function includesModule(inputs, ending) {
  return inputs.some((input) => input.endsWith(ending));
}
