// npm run docs:options: writes docs/options.md, every flag of every program, and the table in docs/coming-from-pytorch.md, from the tables
// that the programs read their command lines by. kernels-test/house/options.test.ts fails when a page is no longer that of the tables.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { importSource } from './lib/bundle-test.js';
import { prepareDependencies } from './lib/prepare.js';
import { ONE_TEST_PROGRAM, TEST_PROGRAM } from './lib/programs.js';

const PAGE = 'docs/options.md';
const SECTION_PAGE = 'docs/coming-from-pytorch.md';
const REFERENCE = 'pytorch-CycleGAN-and-pix2pix';

const INTRODUCTION = `# The flags of the programs

\`npm run docs:options\` makes this page from the tables that the programs read their command lines by; \`--help\` of each says the same.

A flag is written \`--name value\` or \`--name=value\`. One that takes no value is \`--name\` or \`--no-name\`; the page lists the one that
changes what is so by default. Where no default stands, the flag is off, or its description says what happens without it. Every program
has \`--help\`. What follows \`--\` are names of files and the like, even if they begin with a dash. The exit status is 0, 1 for what
failed, 2 for a command line that was not understood, and 130 after Ctrl-C.

The words of a name may be joined by \`_\`, too. The last column has the names in ${REFERENCE}, which are taken beside ours;
[coming-from-pytorch.md](coming-from-pytorch.md#options-of-${REFERENCE.toLowerCase()}) says what each of its options is here.
`;

/** Every program that reads its command line by a table, those of users first. */
export async function allPrograms() {
  const { COMMANDS, SHADEGRAD_PROGRAM } = await importSource('src/node/programs/cli.ts');
  const { DATA_PROGRAM, GPU_CHECK_PROGRAM, PEERS_PROGRAM, STEP_PROGRAM } = await importSource('bench/programs.ts');
  const { trainCommand } = await importSource('src/node/programs/train-command.ts');
  const { SCHEMES } = await importSource('src/schemes/registry.ts');
  const commands = COMMANDS.flatMap(({ name, program, actions = [] }) =>
    name === 'train' ? SCHEMES.map(trainCommand) : [program, ...actions.map((action) => action.program)],
  );
  const benchmarks = [STEP_PROGRAM, DATA_PROGRAM, PEERS_PROGRAM, GPU_CHECK_PROGRAM];
  return [SHADEGRAD_PROGRAM, ...commands, TEST_PROGRAM, ONE_TEST_PROGRAM, ...benchmarks];
}

/** The page of some programs, as Markdown. */
export async function formatOptions(programs) {
  const { describeValue } = await importSource('src/node/terminal/flags.ts');
  const { groupsOf, nameOf } = await importSource('src/node/terminal/help.ts');

  const cellsOf = (flag) => {
    const [value, byDefault] =
      flag.type === 'boolean' ? ['', flag.default ? `--${flag.name}` : undefined] : [describeValue(flag), flag.default];
    return [code(nameOf(flag)), value, byDefault === undefined ? '' : code(byDefault), flag.description];
  };
  const referenceOf = ({ reference = [] }) => reference.map((name) => code(`--${name}`)).join(', ');

  const sectionOf = ({ usage, summary, commands = [], flags }) => {
    const withReference = flags.some(({ reference }) => reference !== undefined);
    const table = (members) =>
      tableOf(
        ['flag', 'value', 'default', 'what it does', ...(withReference ? [`in ${REFERENCE}`] : [])],
        members.map((flag) => [...cellsOf(flag), ...(withReference ? [referenceOf(flag)] : [])]),
      );
    const groups = [...groupsOf(flags)].map(([group, members]) => (group === undefined ? '' : `${group}:\n\n`) + table(members));
    const called = tableOf(
      ['command', 'what it does'],
      commands.map(({ name, description }) => [code(name), description]),
    );
    return [`## ${code(nameOfProgram(usage))}`, summary, code(usage), ...(commands.length > 0 ? [called] : []), ...groups].join('\n\n');
  };
  return [INTRODUCTION, ...programs.map((program) => `${sectionOf(program)}\n`)].join('\n');
}

/** The table of what each option of the reference program is here, as Markdown. */
export async function formatReference() {
  const { DEAD_OPTIONS, MEANINGS, MISSING_OPTIONS } = await importSource('src/node/terminal/reference-options.ts');
  const programs = (await allPrograms()).filter(({ flags }) => flags.some(({ reference }) => reference !== undefined));
  const rows = programs.flatMap((program) =>
    program.flags.flatMap((flag) => (flag.reference ?? []).map((name) => ({ name, flag, program: nameOfProgram(program.usage) }))),
  );
  const fixed = programs.flatMap((program) =>
    Object.entries(program.fixed ?? {}).map(([name, value]) => ({ name, value, program: nameOfProgram(program.usage) })),
  );
  const tables = [MEANINGS, DEAD_OPTIONS, MISSING_OPTIONS].flatMap((table) => Object.keys(table));
  const names = [...new Set([...rows, ...fixed].map(({ name }) => name).concat(tables))].sort((a, b) => a.localeCompare(b, 'en'));

  const asFlag = (flag, name) => code(flag.type === 'boolean' && name.startsWith('no_') ? `--no-${flag.name}` : `--${flag.name}`);
  const meaningOf = (name) => {
    const meaning = MEANINGS[name];
    if (!meaning?.values) return meaning ? ` ${meaning.says}` : '';
    const lines = Object.entries(meaning.values).map(([value, flags]) => {
      const words = Object.entries(flags).map(([flag, text]) => `--${flag} ${text}`);
      return `${code(value)} is ${code(words.join(' '))}`;
    });
    return `: ${lines.join('; ')}, as far as the scheme has these`;
  };
  const hereOf = (name) => {
    const own = rows.filter((row) => row.name === name);
    const flags = [...new Set(own.map(({ flag }) => asFlag(flag, name)))];
    const known = MEANINGS[name] && flags.length > 0 ? [`${flags.join(' or ')}${meaningOf(name)}`] : flags;
    const only = [...new Set(fixed.filter((each) => each.name === name).map(({ value }) => code(value)))];
    if (only.length > 0) known.push(`only ${only.join(' or ')}, where that is what there is`);
    if (known.length === 0 && DEAD_OPTIONS[name]) known.push(`taken and left aside: ${DEAD_OPTIONS[name].note}`);
    if (MISSING_OPTIONS[name]) known.push(`${known.length === 0 ? '' : 'otherwise '}refused: ${MISSING_OPTIONS[name]}`);
    return known.join('; ');
  };
  return tableOf(
    [`in ${REFERENCE}`, 'here'],
    names.map((name) => [code(`--${name}`), hereOf(name)]),
  );
}

const SECTION = /(?<=<!-- made by npm run docs:options -->\n)[^]*?(?=<!-- to here -->)/;

/** A page with the table of formatReference() where its marks are. */
export async function withReference(page) {
  const table = await formatReference();
  return page.replace(SECTION, () => `${table}\n`);
}

/** The words of a usage before those that stand for others. */
function nameOfProgram(usage) {
  return /^.*?(?= --| \[| [A-Z]|$)/.exec(usage)[0];
}

const code = (text) => `\`${text}\``;

function tableOf(head, rows) {
  const row = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(row)].join('\n');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  prepareDependencies();
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  writeFileSync(join(root, PAGE), await formatOptions(await allPrograms()));
  const page = join(root, SECTION_PAGE);
  writeFileSync(page, await withReference(readFileSync(page, 'utf8')));
  console.log(`${PAGE}, ${SECTION_PAGE}`);
}
