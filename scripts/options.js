// npm run docs:options: writes docs/options.md, every flag of every program, from the tables that the programs read their command lines by.
// kernels-test/house/options.test.ts fails when the page is no longer that of the tables.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { importSource } from './lib/bundle-test.js';
import { prepareDependencies } from './lib/prepare.js';
import { ONE_TEST_PROGRAM, TEST_PROGRAM } from './lib/programs.js';

const PAGE = 'docs/options.md';
const REFERENCE = 'pytorch-CycleGAN-and-pix2pix';

const INTRODUCTION = `# The flags of the programs

\`npm run docs:options\` makes this page from the tables that the programs read their command lines by; \`--help\` of each says the same.

A flag is written \`--name value\` or \`--name=value\`. One that takes no value is \`--name\` or \`--no-name\`; the page lists the one that
changes what is so by default. Where no default stands, the flag is off, or its description says what happens without it. Every program
has \`--help\`. What follows \`--\` are names of files and the like, even if they begin with a dash.

The last column has the names in ${REFERENCE}; whoever types one that is no flag here is told what it is called here.
What a flag counts may differ: \`--epochs\` is \`--n_epochs\` and \`--n_epochs_decay\` together, and what is counted in images there is
counted in steps here.
`;

/** Every program that reads its command line by a table, those of users first. */
export async function allPrograms() {
  const { COMMANDS, SHADEGRAD_PROGRAM } = await importSource('src/node/programs/cli.ts');
  const { BENCH_PROGRAM, DATA_PROGRAM, GPU_CHECK_PROGRAM, PEERS_PROGRAM, STEP_PROGRAM } = await importSource('bench/programs.ts');
  const { trainCommand } = await importSource('src/node/programs/train-command.ts');
  const { SCHEMES } = await importSource('src/schemes/registry.ts');
  const commands = COMMANDS.flatMap(({ name, program }) => (name === 'train' ? SCHEMES.map(trainCommand) : [program]));
  const benchmarks = [BENCH_PROGRAM, STEP_PROGRAM, DATA_PROGRAM, PEERS_PROGRAM, GPU_CHECK_PROGRAM];
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
  console.log(PAGE);
}
