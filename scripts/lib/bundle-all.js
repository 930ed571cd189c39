import { mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  browserEntry,
  bundle,
  bundleForBrowser,
  bundleForNode,
  cacheFolder,
  displayName,
  fitsBrowsers,
  forBrowsers,
  forNode,
  mayRunInBrowsers,
  opensDevice,
  root,
} from './bundle-test.js';

/**
 * The bundles of many test files, made at once: what they share is read and written once, not for each of them again and
 * for each of their drivers. Each file still imports the modules alone that it needs.
 */
export class TestBundles {
  #node = new Map();
  #browser = new Map();
  /** The parts that programs for browsers share: path of the URL to text. */
  parts = new Map();
  #folder = join(cacheFolder, `run.${process.pid}`);

  /**
   * @param {string[]} files absolute paths
   * @param {boolean} inBrowsers whether browsers run those that they can
   */
  static async of(files, inBrowsers) {
    const bundles = new TestBundles();
    // A file that cannot be bundled would take all others with it: each is then bundled when it runs, which says what is wrong.
    await bundles.#bundleForNode(files).catch(() => bundles.#node.clear());
    if (inBrowsers) await bundles.#bundleForBrowsers(files);
    return bundles;
  }

  /** The bundle of one file for Node, as bundleForNode() gives it. */
  async forNode(file) {
    if (!this.#node.has(file)) this.#node.set(file, await bundleForNode(file));
    return this.#node.get(file);
  }

  /** The program of one file for browsers, undefined if it is not for them. */
  async forBrowser(file) {
    const program = this.#browser.get(file);
    return program === null ? bundleForBrowser(file) : program;
  }

  /** The files that browsers run. One that cannot be bundled is among them: running it reports why. */
  get inBrowsers() {
    return [...this.#browser.keys()];
  }

  /** Deletes what lies on the disk. */
  remove() {
    for (const { path } of this.#node.values()) rmSync(path, { force: true });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #bundleForNode(files) {
    mkdirSync(this.#folder, { recursive: true });
    const options = { splitting: true, outdir: this.#folder, outExtension: { '.js': '.mjs' }, chunkNames: 'part-[hash]' };
    const { metafile } = await bundle({ ...forNode, ...options, entryPoints: entriesOf(files), absWorkingDir: root });
    for (const [output, file] of entryOutputs(metafile, files)) {
      this.#node.set(file, { path: join(root, output), opensDevice: opensDevice(reached(metafile, output).inputs) });
    }
  }

  async #bundleForBrowsers(files) {
    const candidates = [];
    for (const file of files) if (await mayRunInBrowsers(file)) candidates.push(file);
    const entries = {
      name: 'browser-entries',
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^entry:/ }, ({ path }) => ({ path: path.slice('entry:'.length), namespace: 'entry' }));
        onLoad({ filter: /./, namespace: 'entry' }, ({ path }) => ({ contents: browserEntry(path), resolveDir: root }));
      },
    };
    try {
      const { outputFiles, metafile } = await bundle({
        ...forBrowsers,
        plugins: [...forBrowsers.plugins, entries],
        splitting: true,
        outdir: this.#folder,
        chunkNames: 'part-[hash]',
        entryPoints: entriesOf(candidates, 'entry:'),
        absWorkingDir: root,
      });
      const texts = new Map(outputFiles.map(({ path, text }) => [displayName(path), text]));
      for (const [output, file] of entryOutputs(metafile, candidates)) {
        const { inputs, imports } = reached(metafile, output);
        if (fitsBrowsers(inputs, imports)) this.#browser.set(file, texts.get(output));
        texts.delete(output);
      }
      for (const [output, text] of texts) this.parts.set(`/${relative(this.#folder, join(root, output)).replaceAll('\\', '/')}`, text);
    } catch {
      this.#browser.clear();
      for (const file of candidates) if (await bundleForBrowser(file).catch(() => true)) this.#browser.set(file, null);
    }
  }
}

/** All lie in one folder, so that they find the parts that they share beside them. */
const nameOf = (file) => displayName(file).replace(/\.ts$/, '').replaceAll('/', '.');

function entriesOf(files, prefix = '') {
  return files.map((file) => ({ in: `${prefix}${file}`, out: nameOf(file) }));
}

/** Each output that is the program of a test file, with that file. */
function entryOutputs({ outputs }, files) {
  const byName = new Map(files.map((file) => [nameOf(file), file]));
  return Object.keys(outputs)
    .map((output) => [output, byName.get(output.slice(output.lastIndexOf('/') + 1).replace(/\.m?js$/, ''))])
    .filter(([, file]) => file !== undefined);
}

/** The modules of an output and of all that it imports, and what it imports from outside. */
function reached({ outputs }, output) {
  const seen = new Set([output]);
  const [inputs, imports] = [[], []];
  for (const path of seen) {
    inputs.push(...Object.keys(outputs[path].inputs));
    for (const imported of outputs[path].imports) {
      if (imported.external) imports.push(imported);
      else seen.add(imported.path);
    }
  }
  return { inputs, imports };
}
