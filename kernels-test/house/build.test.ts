import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../harness/program.js';

const folder = temporaryFolder('build');
test.after(() => rmSync(folder, { recursive: true, force: true }));

const PACKAGE = JSON.stringify({ type: 'module', exports: { types: './dist/types/node/index.d.ts', default: './dist/node.js' } });
const TSCONFIG = JSON.stringify({ compilerOptions: { declaration: true, emitDeclarationOnly: true, rootDir: 'src', types: [] } });
const SOURCE = 'export const one: number = 1;\n';

/** Builds a project of these files with the script of this one. */
function built(files: Record<string, string>): { status: number | null; said: string; dist: boolean } {
  const project = join(folder, String(Math.random()).slice(2));
  for (const part of ['scripts', 'src/node']) mkdirSync(join(project, part), { recursive: true });
  for (const script of ['scripts/build.js', 'scripts/lib/build', 'scripts/lib/sources.js']) {
    cpSync(script, join(project, script), { recursive: true });
  }
  symlinkSync(join(process.cwd(), 'node_modules'), join(project, 'node_modules'), 'junction');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(project, 'scripts/build.js')], { encoding: 'utf8' });
  return { status, said: stdout + stderr, dist: existsSync(join(project, 'dist/node.js')) };
}

test('a build says nothing when all is well; whatever step fails, it says why, ends with 1 and leaves no half of a dist/', () => {
  const good = { 'package.json': PACKAGE, 'tsconfig.build.json': TSCONFIG, 'src/node/index.ts': SOURCE };
  assert.equal(built(good), { status: 0, said: '', dist: true });
  const failures: [files: Record<string, string>, why: RegExp][] = [
    [{ ...good, 'package.json': JSON.stringify({ type: 'module', exports: null }) }, /null/],
    [{ ...good, 'src/node/index.ts': 'export const one = ;' }, /Unexpected/],
    [{ ...good, 'src/node/index.ts': 'export const one: string = 1;' }, /not assignable/],
    // The compiler is content, and no declarations are there for what comes next.
    [{ ...good, 'tsconfig.build.json': JSON.stringify({ compilerOptions: { noEmit: true, types: [] }, include: ['src'] }) }, /ENOENT/],
  ];
  for (const [files, why] of failures) {
    const { status, said, dist } = built(files);
    assert.equal([status, dist], [1, false], said);
    assert.match(said, why, said);
    assert.match(said, /no dist\/ was built: \S/);
  }
});

test.run();
