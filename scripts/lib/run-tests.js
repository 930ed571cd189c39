import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { cacheFolder, displayName, root } from './bundle-test.js';

/**
 * @typedef {object} Result of one file on one driver
 * @property {string} title
 * @property {number} passed
 * @property {number} failed a crash, a timeout or a file without tests counts as one failure
 * @property {number} skipped
 * @property {string} reason why it failed beyond its failed tests
 * @property {string} output
 * @property {number} seconds
 */

/**
 * How Mesa's lavapipe compiles for tests: without LLVM's optimisations, which take most of the time of a test that is new to it and
 * change no result. In a cache of its own, as other programs would find code there that is slow to run.
 */
const MESA = { GALLIVM_PERF: 'nopt', MESA_SHADER_CACHE_DIR: join(cacheFolder, 'shaders') };

/** Process groups of the tests that run now, to be ended with this process. */
const running = new Set();

/** Ends every test process together with whatever it started. */
export function stopRunningTests() {
  for (const child of running) endGroup(child);
}

/** Runs one program in a process of its own, as one test: it passes if its exit status is 0. */
export async function runCommand(title, command, options) {
  const { output, status, timedOut, seconds } = await start(command, options);
  const failed = status === 0 ? 0 : 1;
  const reason = timedOut ? 'ran out of time' : failed ? `exit status ${status}` : '';
  return { title, passed: 1 - failed, failed, skipped: 0, reason, output, seconds };
}

/**
 * Runs one test file in a Node process of its own.
 * @param {import('./bundle-all.js').TestBundles} bundles
 * @returns {Promise<Result | undefined>} undefined if only files that open a device are wanted and it opens none
 */
export async function runInNode(file, driver, bundles, { timeoutMilliseconds, kernelsOnly }) {
  const title = `${displayName(file)} [${driver}]`;
  let bundle;
  try {
    bundle = await bundles.forNode(file);
  } catch (error) {
    return crashed(title, error.message);
  }
  if (kernelsOnly && !bundle.opensDevice) return undefined;
  const environment = driver === 'auto' ? {} : { SHADEGRAD_ADAPTER: driver };
  const command = [process.execPath, '--enable-source-maps', join(root, 'scripts/lib/run-bundle.js'), bundle.path];
  const { output, status, timedOut, seconds } = await start(command, { timeoutMilliseconds, environment });
  return judge(bundle.opensDevice ? title : displayName(file), output, { status, timedOut, seconds });
}

/**
 * Runs one test file in the browser.
 * @param {import('./bundle-all.js').TestBundles} bundles
 * @returns {Promise<Result | undefined>} undefined if the file is not for browsers
 */
export async function runInBrowser(file, browser, bundles, { timeoutMilliseconds }) {
  const title = `${displayName(file)} [${browser.title}]`;
  const begin = performance.now();
  try {
    const program = await bundles.forBrowser(file);
    if (program === undefined) return undefined;
    const { output, finished } = await browser.run(displayName(file), program, timeoutMilliseconds);
    return judge(title, output, { status: finished ? undefined : 'unfinished', seconds: (performance.now() - begin) / 1000 });
  } catch (error) {
    return crashed(title, error.stack ?? error.message);
  }
}

/** A result for something that never came to run. */
export function crashed(title, output) {
  return { title, passed: 0, failed: 1, skipped: 0, reason: 'did not run', output, seconds: 0 };
}

/** Reads uvu's summary; whatever ended without one crashed. */
function judge(title, coloured, { status, timedOut = false, seconds }) {
  const output = coloured.replace(/\x1b\[[0-9;]*m/g, '');
  const count = (name) => Number([...output.matchAll(new RegExp(`^\\s*${name}:\\s+(\\d+)`, 'gm'))].at(-1)?.[1] ?? NaN);
  const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')];
  const result = { title, passed: passed || 0, failed: total - passed || 0, skipped: skipped || 0, reason: '', output, seconds };
  if (timedOut) result.reason = 'ran out of time';
  else if (Number.isNaN(total)) result.reason = `ended before its tests did (${status})`;
  else if (total === 0) result.reason = 'holds no test';
  else if (status && result.failed === 0) result.reason = `ended badly after its tests (${status})`;
  if (result.reason) result.failed += 1;
  return result;
}

function start([program, ...parameters], { timeoutMilliseconds, environment = {} }) {
  return new Promise((resolve) => {
    const begin = performance.now();
    const child = spawn(program, parameters, {
      cwd: root,
      env: { ...MESA, ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that a timeout also ends what the test started.
      detached: process.platform !== 'win32',
    });
    running.add(child);
    let output = '';
    let timedOut = false;
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup(child);
    }, timeoutMilliseconds);
    const done = (status) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ output, status, timedOut, seconds: (performance.now() - begin) / 1000 });
    };
    child.on('error', (error) => done(error.message));
    child.on('close', (code, signal) => done(code ?? signal));
  });
}

function endGroup(child) {
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
