import { createServer } from 'node:http';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { importSource } from './bundle-test.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Lets pages use WebGPU on SwiftShader, which browsers call unsafe for its speed. */
const FLAGS = ['--enable-unsafe-webgpu'];

/** Without a locale in the environment Chromium opens and keeps no file whose name has other letters than those of ASCII. */
const LETTERS = process.env.LC_ALL || process.env.LC_CTYPE ? {} : { LANG: 'C.UTF-8' };

/** One started browser and the pages it is to load. */
export class TestBrowser {
  #browser;
  #server;
  #programs;
  /** Which browser this is, to print. */
  title;

  constructor(browser, server, programs, title) {
    this.#browser = browser;
    this.#server = server;
    this.#programs = programs;
    this.title = title;
  }

  /**
   * Runs one bundled test program in a fresh page.
   *
   * @returns {Promise<{output: string, finished: boolean}>} what it wrote, and whether it ran to its end in time
   */
  async run(name, program, timeoutMilliseconds) {
    const path = `/${encodeURIComponent(name)}`;
    this.#programs.set(`${path}.js`, program);
    const context = await this.#browser.newContext();
    const page = await context.newPage();
    const lines = [];
    page.on('console', (message) => lines.push(message.text()));
    const crashed = new Promise((resolve) => {
      page.on('pageerror', (error) => resolve(`uncaught: ${error.stack ?? error.message}`));
      page.on('crash', () => resolve('the page crashed'));
    });
    try {
      await page.goto(`${this.#origin}${path}`);
      const finished = page.waitForFunction('globalThis.testsFinished === true', undefined, { timeout: timeoutMilliseconds, polling: 100 });
      const failure = await Promise.race([
        finished.then(
          () => undefined,
          (error) => error.message,
        ),
        crashed,
      ]);
      if (failure) lines.push(failure);
      return { output: lines.join('\n'), finished: failure === undefined };
    } finally {
      await context.close().catch(() => undefined);
      this.#programs.delete(`${path}.js`);
    }
  }

  get #origin() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  async close() {
    await this.#browser.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/**
 * Starts the first browser that works: a Chromium on the PATH, else the one from npm.
 *
 * @param {string[]} flags
 * @param {(browser: import('playwright-core').Browser) => Promise<void>} check throws if the browser will not do
 * @throws Error with what was wrong with each
 */
export async function launchChromium(flags = [], check = async () => {}) {
  const { chromium } = await import('playwright-core');
  const reasons = [];
  for (const find of [findOnPath, unpackEmbedded]) {
    let browser;
    try {
      const found = await find();
      if (!found) continue;
      const { executablePath, environment, origin } = found;
      browser = await chromium.launch({ executablePath, args: flags, env: { ...LETTERS, ...process.env, ...environment } });
      await check(browser);
      return { browser, origin };
    } catch (error) {
      reasons.push(`${find.name}: ${error.message}`);
      await browser?.close().catch(() => undefined);
    }
  }
  throw new Error(`no Chromium could be started\n${reasons.join('\n')}`);
}

/**
 * Starts the first browser that has a WebGPU adapter.
 *
 * @param {Map<string, string>} parts what programs import: path of the URL to text
 * @throws Error with what was wrong with each
 */
export async function startBrowser(parts = new Map()) {
  const programs = new Map(parts);
  const server = await serve(programs);
  try {
    const { browser, origin } = await launchChromium(FLAGS, async (started) => {
      const page = await started.newPage();
      await page.goto(`http://127.0.0.1:${server.address().port}/empty`);
      const hasAdapter = await page.evaluate(async () => Boolean(await navigator.gpu?.requestAdapter()));
      await page.close();
      if (!hasAdapter) throw new Error('it offers no WebGPU adapter');
    });
    return new TestBrowser(browser, server, programs, `Chromium ${browser.version()} ${origin}`);
  } catch (error) {
    server.close();
    throw error;
  }
}

function findOnPath() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of NAMES) {
      const executablePath = join(folder, process.platform === 'win32' ? `${name}.exe` : name);
      try {
        accessSync(executablePath, constants.X_OK);
        return { executablePath, environment: {}, origin: 'from the PATH' };
      } catch {
        // Not in this folder.
      }
    }
  }
  return undefined;
}

/** The headless Chromium of the development dependency, with the libraries that a bare Linux lacks. */
async function unpackEmbedded() {
  const [{ cacheFolder, unpackBrotli, unpackOnce, unpackTarBrotli }, { findPackage }] = await Promise.all([
    importSource('src/node/files/unpack.ts'),
    importSource('src/node/adapter/swiftshader.ts'),
  ]);
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error(`there is none for ${process.platform} ${process.arch}`);
  const { folder, version } = await findPackage();
  const unpacked = await unpackOnce(join(await cacheFolder(), `chromium-${version}`), async (temporary) => {
    await unpackBrotli(join(folder, 'bin', 'chromium.br'), join(temporary, 'chromium'), 0o755);
    for (const archive of ['swiftshader', 'al2023']) await unpackTarBrotli(join(folder, 'bin', `${archive}.tar.br`), temporary);
  });
  return { executablePath: join(unpacked, 'chromium'), environment: { LD_LIBRARY_PATH: join(unpacked, 'lib') }, origin: 'from npm' };
}

/** WebGPU exists only in secure contexts; localhost is one, a file is not. */
function serve(programs) {
  const server = createServer((request, response) => {
    const program = programs.get(request.url);
    const isPage = program === undefined && !request.url.endsWith('.js') && !request.url.endsWith('.ico');
    response.statusCode = program === undefined && !isPage ? 404 : 200;
    response.setHeader('content-type', isPage ? 'text/html; charset=utf-8' : 'text/javascript; charset=utf-8');
    response.end(program ?? (isPage ? page(request.url) : ''));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function page(url) {
  const script = url === '/empty' ? '' : `<script type="module" src="${url}.js"></script>`;
  return `<!doctype html><meta charset="utf-8"><title>shadegrad tests</title>${script}`;
}
