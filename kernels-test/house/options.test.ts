import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SCHEMES } from '../../src/schemes/registry.js';
import { parseFlags, type Flag, type Program } from '../../src/node/terminal/flags.js';

const root = process.cwd();
const { allPrograms, formatOptions, formatReference, withReference } = (await import(
  pathToFileURL(join(root, 'scripts/options.js')).href
)) as {
  allPrograms(): Promise<Program[]>;
  formatOptions(programs: readonly Program[]): Promise<string>;
  formatReference(): Promise<string>;
  withReference(page: string): Promise<string>;
};
const programs = await allPrograms();

test('docs/options.md is the page of the tables', async () => {
  const page = readFileSync(join(root, 'docs/options.md'), 'utf8');
  assert.ok(page === (await formatOptions(programs)), 'write it anew: npm run docs:options');
});

test('docs/coming-from-pytorch.md has the table of what each option of the reference program is here', async () => {
  const page = readFileSync(join(root, 'docs/coming-from-pytorch.md'), 'utf8');
  assert.ok(page === (await withReference(page)), 'write it anew: npm run docs:options');
  const table = await formatReference();
  assert.ok(page.includes(table));
  assert.match(table, /\| `--crop_size` \| `--size` \|/);
  assert.match(table, /\| `--norm` \| `--norm`; otherwise refused: /);
  assert.match(table, /\| `--netD` \| `--discriminator`: `basic` is `--discriminator patchgan --discriminator-layers 3`; /);
});

test('a row of the page has the flag, its range, default, description and names in the reference program', async () => {
  const program: Program = {
    usage: 'node paint.js FILE [flags]',
    summary: 'Paints.',
    flags: [
      { name: 'size', type: 'integer', min: 1, max: 9, default: 0, group: 'Picture', reference: ['w', 'h'], description: 'how wide' },
      { name: 'wet', type: 'boolean', default: true, group: 'Paint', description: 'dry paint' },
      { name: 'brush', type: 'choice', choices: ['thin', 'thick'], group: 'Picture', description: 'which' },
      { name: 'quiet', type: 'boolean', description: 'say nothing' },
    ],
  };
  const page = await formatOptions([program]);
  const head = ['| flag | value | default | what it does | in pytorch-CycleGAN-and-pix2pix |', '|---|---|---|---|---|'];
  const section = [
    ...['## `node paint.js`', '', 'Paints.', '', '`node paint.js FILE [flags]`', ''],
    ...['Picture:', '', ...head, '| `--size N` | an integer from 1 to 9 | `0` | how wide | `--w`, `--h` |'],
    '| `--brush thin\\|thick` | one of thin, thick |  | which |  |',
    ...['', 'Paint:', '', ...head, '| `--no-wet` |  | `--wet` | dry paint |  |'],
    ...['', ...head, '| `--quiet` |  |  | say nothing |  |', ''],
  ];
  assert.is(page.slice(page.indexOf('## ')), section.join('\n'));
});

test('what rows say of other flags is about flags that there are', () => {
  for (const { usage, flags } of programs) {
    const names = flags.map(({ name }) => name);
    for (const { name, needs, excludes = [], alone = [] } of flags)
      for (const other of [...(needs ? [needs.flag] : []), ...excludes, ...alone])
        assert.ok(names.includes(other), `${usage}: --${name}: ${other}`);
  }
});

test('every table of a program is on the page', () => {
  const listed = programs.map(({ usage }) => usage);
  const tables = ['src', 'bench', 'scripts'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[jt]s$/.test(name) && !name.includes('node_modules'))
      .flatMap((name) => [
        ...readFileSync(join(root, folder, name), 'utf8').matchAll(/^(?:export )?const \w*PROGRAM = {\n\s+usage: '(.*)',$/gm),
      ]),
  );
  // Those of trainings are made of the rows of their schemes.
  const made = SCHEMES.map(({ name }) => `npx shadegrad train ${name === 'pix2pix' ? '' : `--scheme ${name} `}[flags]`);
  assert.equal([...tables.map(([, usage]) => usage!), ...made].sort(), [...listed].sort());
});

test('the rows of every table are sound', () => {
  for (const { usage, summary, flags } of programs) {
    assert.match(summary, /^[A-Z].*\.$/, usage);
    const names = flags.map(({ name }) => name);
    const referred = flags.flatMap(({ reference = [] }) => reference);
    assert.is(new Set([...names, 'help', 'h']).size, names.length + 2, `${usage}: a name is there twice`);
    assert.is(new Set(referred).size, referred.length, `${usage}: two flags have one name in the reference program`);
    for (const flag of flags) {
      const where = `${usage}: --${flag.name}`;
      assert.match(flag.name, /^(?!no-)[a-z][a-z0-9]*(-[a-z0-9]+)*$/, where);
      assert.match(flag.description, /^[^A-Z].*[^.]$/, `${where}: its description goes on from its name, and ends without a full stop`);
      if (flag.reference?.some((name) => name !== flag.name && names.includes(name)))
        assert.unreachable(`${where}: another flag has the name that the reference program has for it`);
    }
    for (const words of flags.flatMap(defaultAsGiven)) assert.not.throws(() => parseFlags({ usage, summary, flags }, [words]));
  }
});

/** The default of a flag as a user would write it: it must be a value that the flag takes. */
function defaultAsGiven(flag: Flag): string[] {
  return flag.type === 'boolean' || flag.type === 'list' || flag.default === undefined ? [] : [`--${flag.name}=${flag.default}`];
}

test.run();
