// npm test -- [NAME ...] [flags]; --help shows them: format, lint and type check, then every kernels-test/*.test.ts in a
// Node process of its own, then the kernel tests in a real browser. The last line is "N passed, N failed".
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepareBuild, prepareDependencies } from './lib/prepare.js';
import { TEST_PROGRAM } from './lib/programs.js';

prepareDependencies();
const { root, runsOnFirstDriverOnly } = await import('./lib/bundle-test.js');
const { TestBundles } = await import('./lib/bundle-all.js');
const { readCommandLine } = await import('./lib/command-line.js');
const { values, operands: names } = await readCommandLine(TEST_PROGRAM);
const { crashed, runCommand, runInBrowser, runInNode, stopRunningTests } = await import('./lib/run-tests.js');

let bundles;
process.on('exit', () => {
  stopRunningTests();
  bundles?.remove();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

const timeoutMilliseconds = values.timeout * 1000;
const results = [];
const adaptersSeen = new Set();
const folder = join(root, 'kernels-test');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts') && (names.length === 0 || names.some((wanted) => name.includes(wanted))))
  .sort()
  .map((name) => join(folder, name));

if (names.length === 0) {
  report(
    await runCommand(
      'format and lint',
      [process.execPath, join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', '--error-on-warnings'],
      {
        timeoutMilliseconds,
      },
    ),
  );
  report(
    await runCommand('type check', [process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json'], {
      timeoutMilliseconds,
    }),
  );
}

// Some tests run the examples, which import dist/; built here, so that no test does it under another's feet.
if (files.length > 0 && !prepareBuild()) report(crashed('build', ''));

const drivers = (values.driver ?? (process.env.SHADEGRAD_ADAPTER || 'auto')).split(',');
bundles = await TestBundles.of(files, values.browser === 'on');
const { inBrowsers } = bundles;
// Chromium runs them on SwiftShader, too: once is enough.
const firstOnly = new Set();
for (const file of files) if (await runsOnFirstDriverOnly(file)) firstOnly.add(file);
// What is long starts first, so that no job is left alone with it at the end.
files.sort((one, other) => firstOnly.has(other) - firstOnly.has(one));
const isDone = (file, driver) => firstOnly.has(file) || (driver === 'swiftshader' && inBrowsers.includes(file));
const queue = drivers.flatMap((driver, index) =>
  files.filter((file) => index === 0 || !isDone(file, driver)).map((file) => ({ file, driver, kernelsOnly: index > 0 })),
);
// One page at a time, in place of one of the jobs.
const pages = inBrowsers.length > 0 ? testInBrowser() : Promise.resolve();
await Promise.all(
  Array.from({ length: values.jobs }, async (_, job) => {
    if (job === 0) await pages;
    for (let next = queue.shift(); next; next = queue.shift()) {
      report(await runInNode(next.file, next.driver, bundles, { timeoutMilliseconds, kernelsOnly: next.kernelsOnly }));
    }
  }),
);

const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
for (const { title, failed, reason } of results.filter((result) => result.failed > 0))
  console.log(`FAILED ${title}: ${reason || `${failed} failed`}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);

async function testInBrowser() {
  const { startBrowser } = await import('./lib/chromium.js');
  let browser;
  try {
    browser = await startBrowser(bundles.parts);
  } catch (error) {
    report(crashed('browser', error.message));
    return;
  }
  for (const file of inBrowsers) report(await runInBrowser(file, browser, bundles, { timeoutMilliseconds }));
  await browser.close();
}

function report(result) {
  if (!result) return;
  results.push(result);
  const { title, passed, failed, skipped, reason, output, seconds } = result;
  const adapter = /^adapter: .*$/m.exec(output)?.[0];
  if (adapter && !adaptersSeen.has(adapter)) console.log(adapter);
  adaptersSeen.add(adapter);
  const counts = `${passed} of ${passed + failed}${skipped ? `, ${skipped} skipped` : ''}`;
  console.log(`${failed === 0 ? 'ok    ' : 'FAILED'} ${title}: ${counts}, ${seconds.toFixed(1)} s${reason ? `, ${reason}` : ''}`);
  if (failed > 0 || values.verbose) console.log(output.trim().replace(/^/gm, '    '));
}
