import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { publint } from 'publint';
import typescript5 from 'typescript-5';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

/** Everything a tarball may hold. */
const SHIPPED = [
  /^package\.json$/,
  /^(README|CHANGELOG)\.md$/,
  /^LICENSE$/,
  /^bin\/shadegrad\.js$/,
  /^dist\/(\w+|chunks\/chunk-\w+)\.js(\.map)?$/,
  /^dist\/shadegrad(-\w+)?\.min\.js$/,
  /^dist\/types\/.+\.d\.ts$/,
  /^examples\/[\w./-]+\.(js|ts|tsx|json|html|css|svg|md)$/,
  /^shaders\/[\w./-]+\.wgsl$/,
  /^docs\/[\w./-]+\.(md|png|jpg|svg)$/,
  /^site\/[\w./-]+\.(html|js|css|json|webmanifest|svg|png|jpg|webp|pack|safetensors|md)$/,
];
/** Half of it is for the models of the site. */
const LARGEST_TARBALL_BYTES = 16 * 2 ** 20;
const root = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'shadegrad-package-'));
let packed: { filename: string; size: number; files: Array<{ path: string }> };
let installed: string;

/** npm without the settings that a surrounding `npm test` hands down in the environment. */
function npm(parameters: string[], cwd: string): string {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|command)/.test(name)));
  return execFileSync('npm', parameters, {
    cwd,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
}

const NODE = { module: 'nodenext' };

/** What the compiler says of a user's programs, strict and with every declaration checked; nothing when all is well. */
function compiled(programs: Record<string, string>, options: object, compiler = 'typescript'): string {
  const user = join(folder, 'user');
  for (const [name, program] of Object.entries(programs)) writeFileSync(join(user, name), program);
  const compilerOptions = { target: 'ES2022', strict: true, noEmit: true, skipLibCheck: false, ...options };
  if (compiler === 'typescript-5') return compiledHere(Object.keys(programs), compilerOptions, user);
  writeFileSync(join(user, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(programs) }));
  try {
    return execFileSync(process.execPath, [join(root, 'node_modules', compiler, 'bin/tsc'), '-p', user], { encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** Files of libraries as TypeScript 5 has parsed them, by the options of their program and their names. */
const parsed = new Map<string, typescript5.SourceFile | undefined>();

/** The same by TypeScript 5 in this process, as it reads and parses for seconds what programs of the same options share. */
function compiledHere(names: string[], json: object, user: string): string {
  const { options, errors } = typescript5.convertCompilerOptionsFromJson(json, user);
  const host = typescript5.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getCurrentDirectory = () => user;
  host.getSourceFile = (name, ...others) => {
    if (!name.includes('/node_modules/')) return getSourceFile(name, ...others);
    const key = `${JSON.stringify(json)} ${name}`;
    if (!parsed.has(key)) parsed.set(key, getSourceFile(name, ...others));
    return parsed.get(key);
  };
  const rootNames = names.map((name) => join(user, name));
  const found = [...errors, ...typescript5.getPreEmitDiagnostics(typescript5.createProgram({ rootNames, options, host }))];
  return typescript5.formatDiagnostics(found, host);
}

function runNode(script: string): string {
  writeFileSync(join(folder, 'user', 'script.mjs'), script);
  return execFileSync(process.execPath, ['script.mjs'], { cwd: join(folder, 'user'), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

test.before(() => {
  const build = `const { prepareBuild } = await import('./scripts/lib/prepare.js'); prepareBuild() || process.exit(1);`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', build], { cwd: root, encoding: 'utf8' });
  [packed] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root));
  mkdirSync(join(folder, 'user'));
  writeFileSync(join(folder, 'user', 'package.json'), '{ "name": "user", "private": true, "type": "module" }');
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, packed.filename)], join(folder, 'user'));
  installed = join(folder, 'user/node_modules/shadegrad');
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test('the installed program finds its benchmarks', () => {
  const call = [join(installed, 'bin/shadegrad.js'), 'bench', '--filter', 'no such kernel'];
  const { status, stderr } = spawnSync(process.execPath, call, { encoding: 'utf8' });
  assert.is(status, 2, stderr);
  assert.match(stderr, 'no entry contains "no such kernel"');
});

test('the tarball holds what a user needs and nothing else', () => {
  const names = packed.files.map(({ path }) => path);
  assert.equal(
    names.filter((name) => !SHIPPED.some((pattern) => pattern.test(name))),
    [],
  );
  for (const needed of ['package.json', 'dist/node.js', 'dist/web.js', 'dist/types/node/index.d.ts', 'dist/types/web/index.d.ts'])
    assert.ok(names.includes(needed), needed);
  console.log(`tarball: ${packed.size} bytes, ${names.length} files`);
  assert.ok(packed.size < LARGEST_TARBALL_BYTES);
});

test('importing the installed package gives the exports of the Node entry', () => {
  const names: string[] = JSON.parse(runNode(`import * as all from 'shadegrad'; console.log(JSON.stringify(Object.keys(all)));`));
  for (const name of ['ShadegradError', 'loadDawn', 'openNodeGpu', 'diagnose']) assert.ok(names.includes(name), name);
});

test('the installed package brings its worker threads: a folder of large pictures is shrunk, and the program ends', () => {
  const shrunk = JSON.parse(
    runNode(`
    import { openPairedFolder, resizeBicubic, splitPair, writePng } from 'shadegrad';
    const whole = { width: 60, height: 30, data: Uint8Array.from({ length: 5400 }, (_, i) => (i * 7919) % 256) };
    await writePng('pictures/train/1.png', whole);
    let workers = 0;
    process.on('worker', () => workers++);
    const { a } = await (await openPairedFolder('pictures', 'train', { maxSide: 11 })).get(0);
    const same = Buffer.compare(a.data, resizeBicubic(splitPair(whole).a, 11, 11).data) === 0;
    console.log(JSON.stringify({ sides: [a.width, a.height], same, workers }));`),
  );
  assert.equal(shrunk, { sides: [11, 11], same: true, workers: 1 });
});

test('the installed package decodes images with what npm installed beside it', () => {
  const { sides, code } = JSON.parse(
    runNode(`
    import { decodeImage, encodePng } from 'shadegrad';
    const { width, height } = await decodeImage(encodePng({ width: 3, height: 2, data: new Uint8Array(18) }), 'x.png');
    const error = await decodeImage(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), 'x.jpg').catch((error) => error);
    console.log(JSON.stringify({ sides: [width, height], code: error.code }));`),
  ) as { sides: number[]; code: string };
  assert.equal({ sides, code }, { sides: [3, 2], code: 'IMAGE_CORRUPT' });
});

/** The sub-paths that package.json exports, as a program names them. */
const SUBPATHS = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports as object)
  .filter((path) => path !== '.' && !path.endsWith('.json'))
  .map((path) => path.replace('.', 'shadegrad'));

/** Sub-paths that are copies of their own, with less in them. */
const LEAN = ['shadegrad/translate', 'shadegrad/pix2pix'];

/** What a bundler for browsers makes of a user's program. */
async function bundled(contents: string, minify = false): Promise<string> {
  const { outputFiles, warnings } = await build({
    stdin: { contents, resolveDir: join(folder, 'user') },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify,
    write: false,
    logLevel: 'silent',
  });
  assert.equal(
    warnings.map(({ text }) => text),
    [],
    contents,
  );
  return outputFiles[0]!.text;
}

test('the browser entry is served as it is: it leads to files beside it alone, and has no part of Node', () => {
  const files = new Set(['web.js']);
  for (const file of files) {
    const source = readFileSync(join(installed, 'dist', file), 'utf8');
    assert.not.match(source, /["']node:/);
    for (const [, name] of source.matchAll(/^(?:import|\} from) "([^"\n]+)";$/gm)) {
      assert.match(name!, /^\.\.?\//, file);
      files.add(posix.join(posix.dirname(file), name!));
    }
  }
  assert.ok(files.size > 3, [...files].join(' '));
});

test('every sub-path but the small copies gives in Node the same objects as the main entry', () => {
  assert.ok(SUBPATHS.includes('shadegrad/nn'));
  const script = `
    import * as all from 'shadegrad';
    const other = [];
    for (const path of ${JSON.stringify(SUBPATHS.filter((path) => !LEAN.includes(path)))}) {
      const part = await import(path);
      if (Object.keys(part).length === 0) other.push(path);
      // Of browsers alone: the main entry of Node has none of it.
      if (path === 'shadegrad/worker' || path === 'shadegrad/canvas') continue;
      for (const name of Object.keys(part)) if (part[name] !== all[name]) other.push(path + ' ' + name);
    }
    console.log(JSON.stringify(other));`;
  assert.equal(JSON.parse(runNode(script)), []);
});

test('every sub-path can be bundled for browsers, and tensors have their methods', async () => {
  for (const path of SUBPATHS) assert.not.match(await bundled(`export * from '${path}';`), /["']node:/, path);
  const program = await bundled(`import { Tensor } from 'shadegrad'; console.log(typeof Tensor.prototype.add);`);
  assert.is(runNode(program).trim(), 'function');
  const network = await bundled(`import { Tensor } from 'shadegrad'; import { UNet } from 'shadegrad/models';
    console.log(typeof UNet, typeof Tensor.prototype.add);`);
  assert.is(runNode(network).trim(), 'function function');
});

test('a bundler leaves out what a program does not use', async () => {
  const named = /^(?:async )?(?:var|let|const|class|function\*?) (\w*(?:onnx|pickle|pytorch|tfjs|report|zip|Trainer)\w*)/gim;
  const unused = (source: string) => [...source.matchAll(named)].map((match) => match[1]);
  const all = await bundled(`import * as all from 'shadegrad'; console.log(all);`);
  assert.ok(unused(all).length > 10, 'the names are found where the whole library is');
  for (const program of [
    `import { UNet } from 'shadegrad'; console.log(UNet);`,
    `import { conv2d } from 'shadegrad'; console.log(conv2d);`,
    `import { UNet } from 'shadegrad/models'; console.log(UNet);`,
  ]) {
    const source = await bundled(program);
    assert.equal(unused(source), [], program);
    assert.ok(source.length < all.length / 2, `${source.length} of ${all.length}`);
  }
});

test('what a page loads stays small: bytes of a bundle, gzipped', async () => {
  // docs/browser.md says these numbers, too.
  const limits: [program: string, most: number][] = [
    [`import { openTranslator, requestGpu, uNet } from 'shadegrad/translate'; console.log(openTranslator, requestGpu, uNet);`, 60_000],
    [
      `import { networkBlob, pix2pix, requestGpu, Trainer, Translator } from 'shadegrad/pix2pix';
      console.log(networkBlob, pix2pix, requestGpu, Trainer, Translator);`,
      110_000,
    ],
    [`import { requestGpu, Translator, UNet } from 'shadegrad'; console.log(requestGpu, Translator, UNet);`, 115_000],
    [
      `import { pix2pix, requestGpu, Trainer, Translator } from 'shadegrad'; console.log(pix2pix, requestGpu, Trainer, Translator);`,
      210_000,
    ],
  ];
  for (const [program, most] of limits) {
    const source = await bundled(program, true);
    const bytes = gzipSync(source, { level: 9 }).length;
    console.log(`${bytes} bytes: ${program}`);
    assert.ok(bytes < most, `${bytes} of ${most} bytes: ${program}`);
    assert.not.match(source, /["']node:|\bprocess\.|\bBuffer\b/, 'no part of Node, nor a stand-in');
  }
  for (const [name, most] of [
    ['shadegrad-translate', 65_000],
    ['shadegrad-pix2pix', 110_000],
    ['shadegrad', 295_000],
  ] as const) {
    const source = readFileSync(join(installed, 'dist', `${name}.min.js`));
    const bytes = gzipSync(source, { level: 9 }).length;
    console.log(`${bytes} bytes: ${name}.min.js`);
    assert.ok(bytes < most, `${name}: ${bytes}`);
    assert.not.match(source.toString(), /(^|[;}])import *["{*]/m, 'one file');
  }
});

test('a small copy has the networks that a program names, and says what it has not', async () => {
  const { code, expected } = JSON.parse(
    runNode(`
    import { openTranslator, resNet } from 'shadegrad/translate';
    const info = { format: 'shadegrad-network', formatVersion: 1, libraryVersion: '0', layout: 'shadegrad', statistics: 'batch' };
    const metadata = { shadegrad: JSON.stringify({ ...info, architecture: { kind: 'unet', options: {} } }) };
    const header = new TextEncoder().encode(JSON.stringify({ __metadata__: metadata }).padEnd(512));
    const file = new Blob([new BigUint64Array([BigInt(header.length)]), header]);
    const error = await openTranslator(null, file, { networks: [resNet] }).catch((error) => error);
    console.log(JSON.stringify({ code: error.code, expected: error.expected }));`),
  ) as { code: string; expected: string };
  assert.equal({ code, expected }, { code: 'WEIGHTS_UNSUPPORTED', expected: 'resnet' });
});

test('a typed program compiles against the installed declarations', () => {
  const program = `
    import { ShadegradError, openNodeGpu, type AdapterChoice, type Tensor } from 'shadegrad';
    export async function name(): Promise<string> {
      const { gpu, adapterChoice }: { gpu: { destroy(): void }; adapterChoice: AdapterChoice } = await openNodeGpu({ adapter: 'software' });
      gpu.destroy();
      return adapterChoice.summary;
    }
    export async function methods(x: Tensor): Promise<number> {
      using y = x.add(1).mul(x).relu().mean({ axes: -1 }).reshape([1]);
      return y.item();
    }
    // @ts-expect-error: the methods of operations are typed
    export const mistakenMethod = (x: Tensor): Tensor => x.add('1');
    export const wrong = new ShadegradError('NO_ADAPTER', 'no');
    // @ts-expect-error: the package's types are there and not "any"
    export const mistaken: number = wrong.code;`;
  assert.is(compiled({ 'program.ts': program }, NODE), '');
});

test('a program compiles with nothing set for the library, and every declaration is checked', () => {
  const program = `
    import { requestGpu, Tensor } from 'shadegrad';
    const gpu = await requestGpu();
    export const one: number = await Tensor.from(gpu, [1], [1]).item();
    // @ts-expect-error: the types of WebGPU are there and not "any"
    export const mistaken: string = gpu.device;`;
  const page = { module: 'ESNext', moduleResolution: 'bundler' };
  for (const options of [NODE, { ...NODE, lib: ['ES2022'] }, { ...NODE, types: ['node'] }, { ...page, customConditions: ['node'] }]) {
    assert.is(compiled({ 'program.ts': program }, options), '', JSON.stringify(options));
  }
  const inPage = `import { blobSource } from 'shadegrad'; export const source = blobSource(new Blob([]));${program}`;
  for (const lib of [undefined, ['ES2022', 'WebWorker']]) assert.is(compiled({ 'page.ts': inPage }, { ...page, lib }), '', String(lib));
});

test('strict programs compile with TypeScript 5 and 7, in Node and for pages, from every entry, with nothing set for the library', () => {
  const program = `
    import { requestGpu, Tensor, backward } from 'shadegrad';
    ${SUBPATHS.map((path, index) => `import * as part${index} from '${path}';`).join('\n')}
    const gpu = await requestGpu();
    const device: GPUDevice = gpu.device;
    const x = Tensor.from(gpu, [1, 2], [2]);
    export const all = [x.add(1), device, backward, ${SUBPATHS.map((_, index) => `part${index}`).join()}];`;
  const strict = { target: 'ES2022', types: [], exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
  const pages = { ...strict, module: 'ESNext', moduleResolution: 'bundler' };
  const [core, page] = [['ES2022'], ['ES2022', 'DOM', 'DOM.Iterable']];
  for (const compiler of ['typescript-5', 'typescript']) {
    for (const options of [
      { ...strict, ...NODE, lib: core },
      { ...strict, ...NODE, lib: page },
      { ...pages, lib: core, customConditions: ['node'] },
      { ...pages, lib: page },
      // Of @webgpu/types, which versions before 6 need, a worker's types are not enough.
      ...(compiler === 'typescript' ? [{ ...pages, lib: ['ES2022', 'WebWorker'] }] : []),
    ]) {
      assert.is(compiled({ 'strict.ts': program }, options, compiler), '', `${compiler} ${JSON.stringify(options)}`);
    }
  }
});

test('every sub-path compiles by itself in a strict program for Node, with TypeScript 5 and 7', () => {
  const options = { ...NODE, lib: ['ES2022'], types: [] };
  for (const compiler of ['typescript-5', 'typescript']) {
    const mistaken = `import { Tensor } from 'shadegrad'; export const all: string = Tensor.from;`;
    assert.match(compiled({ 'alone.ts': mistaken }, options, compiler), 'TS2322', `${compiler} finds a mistake`);
    for (const path of SUBPATHS) {
      assert.is(compiled({ 'alone.ts': `import * as part from '${path}'; export const all = part;` }, options, compiler), '', path);
    }
  }
});

test('publint finds nothing to say', async () => {
  const { messages } = await publint({ pkgDir: installed, pack: false });
  assert.equal(messages, []);
});

test('every declaration of the installed package is valid, those that no entry leads to as well', () => {
  const types = join(installed, 'dist/types');
  const files = readdirSync(types, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.d.ts') && !name.endsWith('before-6.d.ts'),
  );
  assert.ok(files.length > 200);
  const paths = files.map((name) => `./node_modules/shadegrad/dist/types/${name.replaceAll('\\', '/').replace('.d.ts', '.js')}`);
  const options = { module: 'ESNext', moduleResolution: 'bundler', lib: ['ES2022', 'DOM', 'DOM.Iterable'], types: ['node'] };
  assert.is(compiled({ 'all.ts': paths.map((path) => `import {} from '${path}';`).join('\n') }, options), '');
});

test("an operation of one's own is typed, and what only the library itself uses is not in the declarations", () => {
  const ofTensors = [
    'storage',
    'offset',
    'rowStride',
    'region',
    'base',
    'vectorizable',
    'origin',
    'gradientPlace',
    'storages',
    'writtenSince',
    'viewAs',
    'channelView',
    'assertLive',
  ];
  const ofGpu = [
    'pipelines',
    'scopes',
    'liveTensors',
    'currentTrace',
    'tracedHooks',
    'guardAgainstHooks',
    'allocate',
    'allocatePersistent',
    'allocateConstant',
    'largestBuffer',
    'createBuffer',
    'destroyBuffer',
    'command',
    'submitCommands',
    'write',
    'copy',
    'read',
  ];
  const plumbing = [
    ...ofTensors.map((name) => `Tensor['${name}']`),
    ...ofGpu.map((name) => `Gpu['${name}']`),
    "Module['memory']",
    "(typeof Recording)['build']",
  ];
  const program = `
    import { defineOperation, Gpu, Params, specialise, Tensor, walkElements, type Module, type Recording } from 'shadegrad';
    const twice = defineOperation({
      name: 'twice',
      forward: (x: Tensor) => run(x, Tensor.empty(x.gpu, x.shape, 'twice')),
      backward: (dy, { args: [x], output, needed }) => [needed[0] ? run(dy, Tensor.empty(output.gpu, x.shape)) : null],
      firstOrderOnly: true,
    });
    function run(x: Tensor, y: Tensor): Tensor {
      const walk = walkElements([x, y]);
      x.gpu.dispatch({
        shader: specialise('twice', [walk.source, '...'], walk.constants, walk.aliases),
        bindings: [x.read(), y.written()],
        params: new Params().u32(walk.count, walk.columns, ...walk.place(x), ...walk.place(y)),
        workgroups: walk.workgroups,
      });
      return y;
    }
    export const make = (gpu: Gpu, x: Tensor): Tensor => {
      gpu.eachStep(() => x.write([1]), [x]);
      return twice(x);
    };
    export type Hidden = [
      ${plumbing.map((member) => `// @ts-expect-error: plumbing\n ${member},`).join('\n')}
    ];
    // @ts-expect-error: tensors are made by Tensor.from() and the like
    new Tensor();
    // @ts-expect-error: with whatever arguments
    new Tensor({ gpu: null, storage: null, shape: [1] });`;
  assert.is(compiled({ 'operation.ts': program }, NODE), '');
});

test('the examples of README and docs compile as they stand', () => {
  /** What an excerpt takes for granted. */
  const given: Record<string, string> = {
    'docs/browser.md 2': 'declare function draw(steps: unknown): void; declare function show(rows: unknown): void;',
    'docs/browser.md 3':
      'declare const files: [File, File]; declare const worker: Worker; ' +
      "declare const data: import('shadegrad/worker').TrainingSource;",
    'docs/browser.md 4': 'declare const canvas: HTMLCanvasElement; declare const video: HTMLVideoElement;',
    'docs/browser.md 5':
      "import type { Generator, Gpu } from 'shadegrad'; declare const gpu: Gpu; declare const painter: Generator; " +
      'declare const canvas: HTMLCanvasElement; declare const sketch: HTMLCanvasElement;',
    'docs/browser.md 6': 'declare const canvas: HTMLCanvasElement; declare const video: HTMLVideoElement;',
    'docs/browser.md 7': 'declare const result: HTMLCanvasElement; declare const sketch: HTMLCanvasElement;',
    'docs/extending.md 0':
      "import type { Tensor } from 'shadegrad'; declare const critic: { forward(x: Tensor): Tensor }; declare const x: Tensor;",
    'docs/modules.md 1':
      "import type { Gpu, Layer, Tensor } from 'shadegrad'; declare const gpu: Gpu; declare const network: Layer; declare const x: Tensor;",
    'docs/modules.md 2': "import type { Module } from 'shadegrad'; declare const network: Module;",
    'docs/modules.md 4':
      "import { Module, type Tensor } from 'shadegrad'; declare class Tint extends Module { " +
      'constructor(options?: { channels?: number }); readonly options: { readonly channels: number }; readonly inChannels: number; ' +
      'forward(x: Tensor): Tensor; }',
    'docs/weights.md 1':
      "import type { Layer, Module, Tensor } from 'shadegrad'; " +
      'declare const network: Layer & { translate(image: Tensor, label: Tensor): Tensor };',
    'docs/weights.md 2': "import type { Module } from 'shadegrad'; declare const network: Module;",
    'docs/optimisers.md 0':
      "import type { Gpu, Module, Tensor } from 'shadegrad'; declare const gpu: Gpu; declare const model: Module; " +
      'declare function lossOf(model: Module): Tensor;',
    'docs/optimisers.md 1':
      "import { encodeSafetensors, openSafetensors, type ByteSource, type Optimizer } from 'shadegrad'; " +
      'declare const optimizer: Optimizer; declare const source: ByteSource;',
  };
  const documents = [
    'README.md',
    ...readdirSync(join(installed, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ];
  const programs: Record<string, string> = {};
  for (const name of documents) {
    const blocks = [...readFileSync(join(installed, name), 'utf8').matchAll(/^```(?:js|ts)\n([^]*?)^```/gm)];
    for (const [index, [, block]] of blocks.entries())
      programs[`${name.replace(/\W/g, '-')}-${index}.ts`] = `${given[`${name} ${index}`] ?? ''}\n${block}`;
  }
  assert.ok(Object.keys(programs).length >= 3);
  const [inPages, inNode] = [true, false].map((inPage) =>
    Object.fromEntries(Object.entries(programs).filter(([name]) => name.startsWith('docs-browser-md') === inPage)),
  ) as [Record<string, string>, Record<string, string>];
  assert.is(compiled(inNode, NODE), '');
  assert.is(compiled(inPages, { module: 'ESNext', moduleResolution: 'bundler' }), '');
});

test('what the installed package lists as dependencies is all that its scripts and declarations need', () => {
  const { name: own, dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const needed = new Map<string, string>();
  // The app is built in a checkout.
  for (const { path } of packed.files.filter(({ path: each }) => /\.[jt]s$/.test(each) && !each.startsWith('examples/app/'))) {
    const source = readFileSync(join(installed, path), 'utf8');
    for (const [, name] of source.matchAll(/(?:\bfrom |\bimport |\b(?:import|require)\(|<reference types=)["']([\w@][^"'\s]*)["']/g)) {
      if (!name!.startsWith('node:')) needed.set(/^(@[^/]+\/)?[^/]+/.exec(name!)![0], path);
    }
  }
  // Of scripts, and of declarations.
  for (const name of ['pngjs', 'webgpu', '@webgpu/types']) assert.ok(needed.has(name), name);
  assert.equal(
    [...needed].filter(([name]) => name !== own && !(name in dependencies || `@types/${name}` in dependencies)),
    [],
  );
  assert.not.ok(existsSync(join(folder, 'user/node_modules/@sparticuz')), 'development dependencies are not installed');
});

test('the installed examples find the library', () => {
  const examples = existsSync(join(installed, 'examples'))
    ? readdirSync(join(installed, 'examples')).filter((name) => name.endsWith('.js'))
    : [];
  for (const name of examples) {
    const help = execFileSync(process.execPath, [join(installed, 'examples', name), '--help'], { cwd: folder, encoding: 'utf8' });
    assert.match(help, /--\w+/, name);
  }
});

test.run();
