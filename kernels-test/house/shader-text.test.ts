// first driver only: it runs no kernel
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

interface Scripts {
  minifyWgsl(text: string): string;
  wgslTokens(text: string): { token: string }[];
}

/** A script of the build, which is no part of the library, so it is found when this runs. */
const script = import(pathToFileURL(resolve('scripts/lib/build/wgsl.js')).href) as Promise<Scripts>;

const shaders = readdirSync('shaders', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.wgsl'))
  .map((name) => ({ name, text: readFileSync(join('shaders', name), 'utf8') }));

/** What is left of a text without line comments and any white space; these shaders have no other comments. */
const squeezed = (text: string): string => text.replace(/\/\/.*/g, '').replace(/\s+/g, '');

test('a shader has the same tokens in dist/ as in its file, and nothing else', async () => {
  const { minifyWgsl, wgslTokens } = await script;
  const tokens = (text: string): string[] => wgslTokens(text).map(({ token }) => token);
  assert.ok(shaders.length > 100);
  let bytes = 0;
  for (const { name, text } of shaders) {
    const short = minifyWgsl(text);
    assert.equal(tokens(short), tokens(text), name);
    // By another way: the same characters, and every space that parted two words parts them still.
    assert.is(squeezed(short), squeezed(text), name);
    const words = (source: string): string[] => source.replace(/\/\/.*/g, '').match(/\w+/g)!;
    assert.equal(words(short), words(text), name);
    assert.not.match(short, /\/\/|\/\*|^\s|\n\n|\s$/, name);
    bytes += short.length;
  }
  const all = shaders.reduce((sum, { text }) => sum + text.length, 0);
  assert.ok(bytes < 0.6 * all, `${bytes} of ${all} bytes`);
});

test('spaces stay where two tokens would be read as one, and comments may nest', async () => {
  const { minifyWgsl } = await script;
  const cases: [text: string, short: string][] = [
    ['let a = b - -c;', 'let a=b- -c;'],
    ['let a = b & &c; // why', 'let a=b& &c;'],
    ['x = a / /* b / */ c;', 'x=a/c;'],
    ['x /* one /* two */ // still */ = 1;', 'x=1;'],
    ['var<private> a : array<f32, 4> = b;', 'var<private>a:array<f32,4> =b;'],
    ['alias a = vec4<f32>; let b = a < c;', 'alias a=vec4<f32>;let b=a<c;'],
    ['let a = 1. + .5e-3f * 0x1p+2f - 3u;', 'let a=1.+.5e-3f*0x1p+2f-3u;'],
    ['return   a.x;\n\n  // b\n  let d\n = 2;\n', 'return a.x;\nlet d=2;'],
    ['a /*\n*/ b', 'a b'],
  ];
  for (const [text, short] of cases) assert.is(minifyWgsl(text), short, text);
  assert.throws(() => minifyWgsl('a /* b'), /no end/);
  assert.throws(() => minifyWgsl('a # b'), /does not know/);
});

test.run();
