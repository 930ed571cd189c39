import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { browserPlatform, mayRunInBrowsers, root } from './bundle-test.js';
import { sources } from './sources.js';

const page = join(root, 'examples', 'app', 'pages', 'lab');
const tests = join(root, 'kernels-test');

/** Test files of these folders are the quick set: the kernels themselves. */
const QUICK = /^(kernels|tensor)\//;

/**
 * Builds what the Lab of the site loads when it is asked to: `tests.js`, a worker with every kernel test that browsers can run,
 * `tests.json` with their names, and `benches.js`, a worker with the benchmarks.
 *
 * @param {string} out the folder
 * @param {{ minify: boolean, only?: string[] | false }} options only: test files whose names contain one of these;
 *   false for a Lab without tests and benchmarks, which says so
 */
export async function buildLab(out, { minify, only }) {
  await mkdir(out, { recursive: true });
  if (only === false) return writeFile(join(out, 'tests.json'), '{ "tests": null }\n');
  const options = {
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify,
    // Names of functions and classes are part of what tests expect.
    keepNames: true,
    legalComments: 'none',
    loader: sources.loader,
    plugins: [...sources.plugins, browserPlatform],
    absWorkingDir: root,
    logLevel: 'warning',
  };
  const files = await testFiles(only, options);
  await Promise.all([
    build({ ...options, entryPoints: [join(page, 'bench-worker.ts')], outfile: join(out, 'benches.js') }),
    build({ ...options, stdin: testsEntry(files), outfile: join(out, 'tests.js') }),
  ]);
  const rows = files.map((file) => ({ name: nameOf(file), quick: QUICK.test(nameOf(file)) }));
  await writeFile(join(out, 'tests.json'), `${JSON.stringify({ tests: rows })}\n`);
}

/** Test files as scripts/test.js chooses them for browsers: those that say nothing against it, open a device and need no Node. */
async function testFiles(only, options) {
  const names = (await readdir(tests, { recursive: true })).map((name) => name.replaceAll('\\', '/')).sort();
  const asked = names.filter((name) => name.endsWith('.test.ts') && (!only || only.some((part) => name.includes(part))));
  const candidates = [];
  for (const name of asked) if (await mayRunInBrowsers(join(tests, name))) candidates.push(join(tests, name));
  if (candidates.length === 0) return [];
  const external = ['node:*', ...builtinModules];
  const { metafile } = await build({ ...options, stdin: testsEntry(candidates), external, write: false, metafile: true });
  return candidates.filter((file) => {
    const reached = reachedFrom(relative(root, file).replaceAll('\\', '/'), metafile.inputs);
    return (
      reached.has('kernels-test/harness/platform.web.ts') && !external.some((name) => reached.has(name)) && ![...reached].some(isOfNode)
    );
  });
}

const isOfNode = (path) => path.startsWith('node:');

/** Every module that one imports, and what those do. */
function reachedFrom(start, inputs) {
  const reached = new Set([start]);
  for (const path of reached) for (const { path: next } of inputs[path]?.imports ?? []) reached.add(next);
  return reached;
}

const nameOf = (file) =>
  relative(tests, file)
    .replaceAll('\\', '/')
    .replace(/\.test\.ts$/, '');

/** One program with all of them, each of which does nothing until it is asked for. */
function testsEntry(files) {
  const rows = files.map((file) => `${JSON.stringify(nameOf(file))}: () => import(${JSON.stringify(file)}),`);
  const contents = `import { serveTests } from ${JSON.stringify(join(page, 'test-worker.ts'))};\nserveTests({\n${rows.join('\n')}\n});\n`;
  return { contents, resolveDir: root, sourcefile: 'lab-tests.js' };
}
