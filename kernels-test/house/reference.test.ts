import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

interface Reference {
  complaints: string[];
  names: string[];
}

const root = process.cwd();
// By its address, so that it finds typedoc where it lies and not from the bundle of this test.
const { makeReference } = (await import(pathToFileURL(join(root, 'scripts/reference/make.js')).href)) as {
  makeReference(options: { root: string; exceptions?: object }): Promise<Reference>;
};

// That the reference of the project itself is made without a complaint, app/site.test.ts tests, which makes it.

const FILES: Record<string, string> = {
  'package.json': '{ "name": "fixture" }',
  'scripts/reference/tsconfig.json': JSON.stringify({
    compilerOptions: { target: 'ES2022', module: 'ESNext', moduleResolution: 'bundler', lib: ['ES2022'], types: [], strict: true },
    include: ['../../src'],
  }),
  'src/index.ts': "/** All. @module all */\nexport * from './gpu/device.js';\nexport * from './attic/chest.js';",
  'src/node/index.ts': "/** In Node. @module node */\nexport * from '../index.js';\n/** Opens a file. */\nexport function open(): void {}",
  'src/web/index.ts': "/** In a page. @module page */\nexport * from '../index.js';",
  'src/web/canvas/index.ts': '/** Canvases. @module canvas */\nexport {};',
  'src/web/worker/index.ts': '/** Workers. @module worker */\nexport {};',
  'src/attic/chest.ts': '/** A name in a room without a heading. */\nexport const chest = 1;',
  'src/gpu/device.ts': `
    /** A class that is described, with a member that is not. */
    export class Device {
      member = 1;
      /** Forgets everything. @internal */
      plumbing(): Hidden { return {}; }
    }
    /** A group of options. */
    export interface Options {
      /** The size in bytes. */
      size: number;
    }
    export interface MoreOptions extends Options {
      /** The colour. */
      colour: string;
    }
    /** A group of options. */
    export type Again = Options;
    export const silent = 1;
    /** @throws NO_ADAPTER */
    export function tags(): void {}
    /** Likewise. */
    export function vague(): void {}
    /** -x */
    export function formula(): void {}
    /** Takes a number. @param other that is none of its own */
    export function parameters(own: number): number { return own; }
    /** Follows {@link nowhere}. */
    export function link(): void {}
    interface Hidden { size?: number }
    /** Gives away what has no name. */
    export function hidden(): Hidden { return {}; }`,
};

test('whatever is wrong with a docstring is noticed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'shadegrad-reference-'));
  try {
    for (const [name, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const exceptions = { NOT_EXPORTED: [], UNDOCUMENTED_FILES: ['src/node/index.ts'] };
    const { complaints, names } = await makeReference({ root: folder, exceptions });
    const expected = [
      /all\.Device\.member.*has no docstring/,
      /all\.MoreOptions,.*has no docstring/,
      /all\.Again,.*has no docstring but that of Options/,
      /all\.silent.*has no docstring/,
      /all\.tags.*has no docstring/,
      /all\.vague.*names no subject: Likewise/,
      /all\.formula.*names no subject: -x/,
      /all\.parameters has an @param with name "other"/,
      /nowhere/,
      /Hidden.*is referenced by all\.hidden/,
      /all\.chest.*has no category/,
      /src\/node\/index\.ts is documented by now/,
    ];
    for (const pattern of expected)
      assert.ok(
        complaints.some((line) => pattern.test(line)),
        `${pattern}\n${complaints.join('\n')}`,
      );
    assert.is(complaints.length, expected.length, complaints.join('\n'));
    assert.is(names.filter((name) => name === 'Device').length, 1, 'what all entries share is told once');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
