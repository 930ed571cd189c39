import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

/** The rooms of src/ and the rooms that each may import from, as the README draws them. */
const MAY_IMPORT: Record<string, string[]> = {
  gpu: [],
  tensor: ['gpu'],
  kernels: ['gpu', 'tensor', 'shaders'],
  autograd: ['gpu', 'tensor', 'kernels'],
  nn: ['gpu', 'tensor', 'kernels', 'autograd', 'formats'],
  optim: ['gpu', 'tensor', 'kernels', 'autograd', 'nn'],
  models: ['gpu', 'tensor', 'kernels', 'autograd', 'nn', 'optim', 'formats'],
  data: [],
  formats: ['tensor'],
  training: ['gpu', 'tensor', 'kernels', 'autograd', 'nn', 'optim', 'models', 'data', 'formats'],
  schemes: ['gpu', 'tensor', 'kernels', 'autograd', 'nn', 'optim', 'models', 'data', 'formats', 'training'],
  exchange: ['gpu', 'tensor', 'kernels', 'autograd', 'nn', 'optim', 'models', 'data', 'formats', 'training', 'schemes'],
};
const CORE = Object.keys(MAY_IMPORT);
MAY_IMPORT.node = [...CORE, 'index.ts'];
MAY_IMPORT.web = [...CORE, 'index.ts'];
MAY_IMPORT['index.ts'] = CORE;
/** What every room may import. */
const FOUNDATION = ['checks.ts', 'errors.ts', 'pixel-size.ts', 'random.ts', 'version.ts'];
for (const file of FOUNDATION) MAY_IMPORT[file] = [];

/** The wings of src/node, lowest first: each may import from those before it. */
const WINGS = ['terminal', 'files', 'adapter', 'images', 'weights', 'report', 'dashboard', 'training', 'programs'];

const LONGEST_FILE = 540;
const root = process.cwd();
// By its address, so that it is the program that draws and not a copy in the bundle of this test.
const { drawRooms, importsOf } = (await import(pathToFileURL(join(root, 'scripts/architecture.js')).href)) as {
  drawRooms(root: string): string;
  importsOf(source: string): string[];
};

function filesBelow(folder: string, ending: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith(ending) && !name.endsWith('.d.ts') && !name.includes('/node_modules/'))
    .sort();
}

/** What is wrong with one file's imports; empty when all is well. */
function wrongImports(file: string, source: string): string[] {
  const room = file.split('/')[1]!;
  const allowed = MAY_IMPORT[room];
  if (allowed === undefined) return [`${file}: src/${room} is no room of the house`];
  return importsOf(source).flatMap((name) => {
    if (!name.startsWith('.')) return room === 'node' ? [] : [`${file}: imports ${name}, which only src/node may`];
    const target = posix.join(posix.dirname(file), name);
    const [top, second] = target.split('/');
    const targetRoom = top === 'src' ? second!.replace(/\.js$/, '.ts') : top;
    return [room, ...FOUNDATION, ...allowed].includes(targetRoom!)
      ? []
      : [`${file}: imports ${target} against the direction of the arrows`];
  });
}

test('imports follow the arrows between the rooms', () => {
  const files = filesBelow('src', '.ts');
  assert.ok(files.length > 20);
  assert.equal(
    files.flatMap((file) => wrongImports(file, readFileSync(join(root, file), 'utf8'))),
    [],
  );
});

test('the picture of the rooms is that of the imports', () => {
  const drawn = readFileSync(join(root, 'docs/architecture.svg'), 'utf8');
  assert.ok(drawn === drawRooms(root), 'draw it anew: node scripts/architecture.js');
});

test('a wing of src/node imports only from wings below it', () => {
  const wrong = filesBelow('src/node', '.ts').flatMap((file) => {
    const wing = WINGS.indexOf(file.split('/')[2]!);
    if (wing < 0) return file === 'src/node/index.ts' ? [] : [`${file} is in no wing`];
    return importsOf(readFileSync(join(root, file), 'utf8'))
      .map((name) => posix.join(posix.dirname(file), name))
      .filter((target) => target.startsWith('src/node/') && WINGS.indexOf(target.split('/')[2]!) > wing)
      .map((target) => `${file} imports ${target}`);
  });
  assert.equal(wrong, []);
});

test('the export to ONNX knows networks by their rows alone', () => {
  const known = ['registry', 'kind', 'layer-graph', 'defaults'].map((name) => `src/models/${name}.js`);
  const named = filesBelow('src/exchange/onnx', '.ts').flatMap((file) =>
    importsOf(readFileSync(join(root, file), 'utf8'))
      .map((name) => posix.join(posix.dirname(file), name))
      .filter((target) => target.startsWith('src/models/') && !known.includes(target))
      .map((target) => `${file} imports ${target}`),
  );
  assert.equal(named, []);
});

/** A circle of files that import each other, if there is one: types count, too. */
function circleOf(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of imports.get(file) ?? []) {
      const circle = walk(next, [...path, file]);
      if (circle.length > 0) return circle;
    }
    done.add(file);
    return [];
  };
  return [...imports.keys()].map((file) => walk(file, [])).find((circle) => circle.length > 0) ?? [];
}

test('no files import each other in a circle', () => {
  const imports = new Map(
    filesBelow('src', '.ts').map((file) => {
      const names = importsOf(readFileSync(join(root, file), 'utf8')).filter((name) => name.startsWith('.'));
      return [file, names.map((name) => posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts'))] as const;
    }),
  );
  assert.ok([...imports.values()].flat().filter((file) => imports.has(file)).length > 500);
  assert.equal(circleOf(imports), []);
  const circle = new Map([
    ['a', ['b', 'd']],
    ['b', ['c']],
    ['c', ['d', 'b']],
    ['d', []],
  ]);
  assert.equal(circleOf(circle), ['b', 'c', 'b']);
});

test('an arrow the other way, a Node module in the core, and an unknown room are noticed', () => {
  assert.is(wrongImports('src/gpu/gpu.ts', `import type { Tensor } from '../tensor/tensor.js';`).length, 1);
  assert.is(wrongImports('src/nn/layers.ts', `const { readFile } = await import('node:fs/promises');`).length, 1);
  assert.is(wrongImports('src/training/step.ts', `export * from '../node/files.js';`).length, 1);
  assert.is(wrongImports('src/training/trainer.ts', `import { pix2pix } from '../schemes/pix2pix.js';`).length, 1);
  assert.is(wrongImports('src/kernels/add.ts', `import '../index.js';`).length, 1);
  assert.is(wrongImports('src/misc/x.ts', '').length, 1);
  assert.equal(wrongImports('src/kernels/add.ts', `import add from '../../shaders/add.wgsl';\nimport { Gpu } from '../gpu/gpu.js';`), []);
});

/** What Node and browsers share beyond the language itself. */
const SHARED_GLOBALS = `
  declare const console: { log(...values: unknown[]): void; warn(...values: unknown[]): void; error(...values: unknown[]): void };
  declare const performance: { now(): number };
  declare function setTimeout(callback: () => void, milliseconds?: number): unknown;
  declare function clearTimeout(timer: unknown): void;
  declare function queueMicrotask(callback: () => void): void;
  declare function atob(text: string): string;
  declare function btoa(text: string): string;
  declare class TextEncoder { encode(text?: string): Uint8Array<ArrayBuffer>; }
  declare class TextDecoder {
    constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
    decode(bytes?: ArrayBufferView | ArrayBuffer): string;
  }
  declare module '*.wgsl' { const source: string; export default source; }`;

/** The compiler's complaints about files that may use neither the DOM nor Node. */
function compileWithoutPlatform(files: string[]): string[] {
  // Below the root, so that the packages of types are found.
  mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
  const folder = mkdtempSync(join(root, 'node_modules/.cache/shadegrad-core-'));
  try {
    writeFileSync(join(folder, 'shared.d.ts'), SHARED_GLOBALS);
    const compilerOptions = { lib: ['ES2022'], types: ['@webgpu/types'], noEmit: true, rootDir: root };
    const sources = files.map((file) => relative(folder, join(root, file)));
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../../tsconfig.json', compilerOptions, include: [], files: ['shared.d.ts', ...sources] }),
    );
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
    return [];
  } catch (error) {
    return (error as { stdout: string }).stdout.trim().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the core compiles without the DOM and without Node', () => {
  assert.equal(compileWithoutPlatform(['src/index.ts', ...CORE.flatMap((room) => filesBelow(`src/${room}`, '.ts'))]), []);
  const complaints = compileWithoutPlatform(['src/web/index.ts', 'src/node/files/atomic.ts']);
  assert.ok(
    complaints.some((line) => line.includes('node:fs')),
    'Node is noticed',
  );
});

test('every shader says at its top what it does, and is used', () => {
  const used = new Set(
    filesBelow('src', '.ts').flatMap((file) =>
      importsOf(readFileSync(join(root, file), 'utf8')).map((name) => posix.join(posix.dirname(file), name)),
    ),
  );
  const shaders = filesBelow('shaders', '.wgsl');
  assert.ok(shaders.length > 10);
  assert.equal(
    shaders.filter((file) => !used.has(file)),
    [],
    'imported nowhere',
  );
  const headers = shaders.map((file) => ({ file, source: readFileSync(join(root, file), 'utf8') }));
  assert.equal(
    headers.filter(({ source }) => !source.startsWith('// ')).map(({ file }) => file),
    [],
    'without a header',
  );
  const kernels = headers.filter(({ source }) => source.includes('@compute'));
  const explains = (source: string) => /^(\/\/.*\n)+/.exec(source)?.[0].match(/dispatch|invocation/i);
  assert.equal(
    kernels.filter(({ source }) => !explains(source)).map(({ file }) => file),
    [],
    'whose header does not say what an invocation does',
  );
});

/** A page is written in templates whose white space shows. */
const PAGES = /^(?:src\/node\/report\/|bench\/html-)/;

test('lines have at most 140 columns', () => {
  const files = ['src', 'kernels-test', 'bench', 'examples', 'scripts', 'bin'].flatMap((folder) => [
    ...filesBelow(folder, '.ts'),
    ...filesBelow(folder, '.js'),
  ]);
  files.push(...filesBelow('shaders', '.wgsl'));
  assert.ok(files.length > 500);
  const long = files
    .filter((file) => !PAGES.test(file))
    .flatMap((file) => {
      const lines = readFileSync(join(root, file), 'utf8').split('\n');
      return lines.flatMap((line, index) => (line.length > 140 && !/^\s*\/[^*/].*\/,?$/.test(line) ? [`${file}:${index + 1}`] : []));
    });
  assert.equal(long, []);
});

test('files stay short', () => {
  const files = ['src', 'kernels-test', 'scripts', 'examples'].flatMap((folder) => [
    ...filesBelow(folder, '.ts'),
    ...filesBelow(folder, '.js'),
  ]);
  const lengths = [...files, ...filesBelow('shaders', '.wgsl')].map((file) => ({
    file,
    lines: readFileSync(join(root, file), 'utf8').split('\n').length,
  }));
  assert.equal(
    lengths.filter(({ lines }) => lines > LONGEST_FILE),
    [],
  );
});

test.run();
