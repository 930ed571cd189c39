import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ShadegradError } from '../../../src/errors.js';
import { nearest, parseFlags } from '../../../src/node/terminal/flags.js';
import { formatHelp } from '../../../src/node/terminal/help.js';
import { describeError } from '../../../src/node/programs/run-main.js';

const program = {
  usage: 'node paint.js [flags]',
  summary: 'Paints a picture.',
  flags: [
    {
      name: 'size',
      type: 'integer',
      min: 16,
      max: 1024,
      default: 256,
      description: 'side of the square image',
      check: (n: number) => (Math.log2(n) % 1 === 0 ? undefined : 'a power of two'),
    },
    { name: 'lr', type: 'number', min: 0, max: 1, default: 2e-4, description: 'learning rate' },
    { name: 'offset', type: 'number', default: 0, description: 'any number' },
    {
      name: 'epochs',
      type: 'integer',
      min: 1,
      group: 'Length',
      reference: ['n_epochs', 'n_epochs_decay'],
      description: 'how many times through the data',
    },
    { name: 'data', type: 'string', placeholder: 'DIR', description: 'folder with train, val and test' },
    { name: 'direction', type: 'choice', choices: ['AtoB', 'BtoA'], default: 'BtoA', description: 'which half is the input' },
    { name: 'dropout', type: 'boolean', default: true, reference: ['no_drop'], description: 'leave the dropout out' },
    { name: 'resume', type: 'boolean', reference: ['continue_train'], description: 'go on from the last checkpoint' },
  ],
  examples: [{ command: 'node paint.js --size 64', description: 'A small one:' }],
} as const;

function failure(...argv: string[]): ShadegradError {
  try {
    parseFlags(program, argv);
  } catch (error) {
    assert.instance(error, ShadegradError);
    assert.is((error as ShadegradError).code, 'BAD_FLAG');
    return error as ShadegradError;
  }
  throw new Error(`accepted: ${argv.join(' ')}`);
}

test('defaults, and undefined where there is none', () => {
  const { values, given, help } = parseFlags(program, []);
  assert.equal(values, {
    size: 256,
    lr: 2e-4,
    offset: 0,
    epochs: undefined,
    data: undefined,
    direction: 'BtoA',
    dropout: true,
    resume: false,
  });
  assert.is(given.size, 0);
  assert.not(help);
});

test('values are typed by the table', () => {
  const { values } = parseFlags(program, []);
  const size: number = values.size;
  const epochs: number | undefined = values.epochs;
  const direction: 'AtoB' | 'BtoA' = values.direction;
  const resume: boolean = values.resume;
  assert.equal([size, epochs, direction, resume], [256, undefined, 'BtoA', false]);
});

test('what rows say of each other is held: flags that exclude others, are for them, or make the program do something else', () => {
  const rows = {
    usage: 'node paint.js [flags]',
    summary: 'Paints a picture.',
    flags: [
      { name: 'oil', type: 'boolean', excludes: ['ink'], description: 'by oil' },
      { name: 'ink', type: 'boolean', description: 'by ink' },
      { name: 'pen', type: 'string', needs: { flag: 'ink' }, description: 'the pen' },
      { name: 'wet', type: 'boolean', default: true, needs: { flag: 'paper', value: 'rough' }, description: 'dry' },
      { name: 'paper', type: 'choice', choices: ['rough', 'smooth'], default: 'smooth', description: 'on what' },
      { name: 'erase', type: 'list', alone: ['quiet'], description: 'paint nothing' },
      { name: 'quiet', type: 'boolean', description: 'say nothing' },
      {
        name: 'hue',
        type: 'string',
        known: ['red', 'green'],
        check: (hue: string) => (hue === 'red' ? undefined : 'a hue'),
        description: 'of what',
      },
    ],
  } as const;
  const fine = ['--oil', '--oil --no-ink', '--ink --pen x', '--no-wet --paper rough', '--wet', '--erase a b --quiet', '--oil --help --ink'];
  for (const words of fine) parseFlags(rows, words.split(' '));
  for (const [words, ...patterns] of [
    ['--ink --oil', /--oil and --ink do not go together/, /leave out --ink, or --oil/],
    ['--pen x', /--pen is for --ink\n/, /add --ink, or leave out --pen/],
    ['--pen x --no-ink', /--pen is for --ink\n/],
    ['--no-wet', /--no-wet is for --paper rough\n/],
    ['--paper smooth --no-wet', /--no-wet is for --paper rough\n/],
    ['--erase a --ink', /--ink means nothing with --erase\n/, /at most --quiet/],
    ['--hue rde', /did you mean red\?/],
    ['--hue gr', /did you mean green\?/],
    ['--hue violet', /expected: a hue/],
  ] as const) {
    try {
      parseFlags(rows, words.split(' '));
      assert.unreachable(words);
    } catch (error) {
      assert.is((error as ShadegradError).code, 'BAD_FLAG', words);
      for (const pattern of patterns) assert.match((error as ShadegradError).message, pattern);
    }
  }
});

test('both spellings, negation, negative numbers, spaces and equals signs in values', () => {
  const { values, given } = parseFlags(program, [
    '--size',
    '64',
    '--lr=1e-3',
    '--offset',
    '-1.5',
    '--data=a b=c',
    '--no-dropout',
    '--resume',
  ]);
  assert.equal(values, {
    size: 64,
    lr: 1e-3,
    offset: -1.5,
    epochs: undefined,
    data: 'a b=c',
    direction: 'BtoA',
    dropout: false,
    resume: true,
  });
  assert.equal([...given].sort(), ['data', 'dropout', 'lr', 'offset', 'resume', 'size']);
  assert.is(parseFlags(program, ['--dropout=false']).values.dropout, false);
});

test('a flag that is given twice is refused: one of its values would be left out without a word', () => {
  for (const argv of [
    '--size 64 --size 64',
    '--size 64 --size=128',
    '--data a --data b',
    '--no-dropout --dropout',
    '--resume --resume',
    '--dropout=true --no-dropout',
  ]) {
    const { what, fix } = failure(...argv.split(' '));
    assert.match(what, /^--(size|data|dropout|resume) is given twice$/, argv);
    assert.match(fix ?? '', 'leave out all but one');
  }
});

test('operands stand before, between and after the flags of a program that takes them', () => {
  const taking = { ...program, takesOperands: true } as const;
  for (const argv of [
    'in out --resume --size 64',
    '--resume in --size 64 out',
    '--size=64 --resume in out',
    '--size 64 --resume -- in out',
  ]) {
    const { operands, values } = parseFlags(taking, argv.split(' '));
    assert.equal([operands, values.resume, values.size], [['in', 'out'], true, 64], argv);
  }
  assert.equal(parseFlags(taking, ['--', '--help', '-x']).operands, ['--help', '-x']);
  assert.not(parseFlags(taking, ['--', '--help']).help);
  assert.throws(() => parseFlags(taking, ['-size', '3']), /write --size/);
  assert.throws(() => parseFlags(taking, ['-x']), /names that begin with a dash/);
});

test('a list takes every word up to the next flag', () => {
  const listing = { ...program, flags: [...program.flags, { name: 'input', type: 'list', description: 'files' }] } as const;
  const { values } = parseFlags(listing, ['--input', 'a.jpg', 'b.jpg', '--size', '64']);
  const input: string[] | undefined = values.input;
  assert.equal([input, values.size], [['a.jpg', 'b.jpg'], 64]);
  assert.equal(parseFlags(listing, ['--input', '-a.jpg', '-b.jpg', '-1', '-', 'c=d', '--resume']).values.input, [
    '-a.jpg',
    '-b.jpg',
    '-1',
    '-',
    'c=d',
  ]);
  assert.equal(parseFlags(listing, ['--input=--a.jpg']).values.input, ['--a.jpg']);
  const behind = parseFlags({ ...listing, takesOperands: true }, ['--input', 'a.jpg', '-b.jpg', '--', '-c.jpg']);
  assert.equal([behind.values.input, behind.operands], [['a.jpg', '-b.jpg'], ['-c.jpg']]);
  assert.is(parseFlags(listing, []).values.input, undefined);
  for (const argv of [['--input'], ['--input', '--size', '64'], ['--input='], ['--input', 'a', '']])
    assert.throws(() => parseFlags(listing, argv), /--input has a wrong value/);
  assert.throws(() => parseFlags(listing, ['--input', 'a', '--input', 'b']), /write all values after it: --input A B/);
});

test('a number that may be left out has the one that it is alone', () => {
  const table = {
    ...program,
    flags: [...program.flags, { name: 'sheet', type: 'integer', min: 1, bare: 4, description: 'a sheet' }],
  } as const;
  const sheet = (...argv: string[]): number | undefined => parseFlags(table, argv).values.sheet;
  assert.is(sheet('--sheet'), 4);
  assert.is(sheet('--sheet', '--size', '32'), 4);
  assert.is(sheet('--sheet', '7'), 7);
  assert.is(sheet('--sheet=2', '--resume'), 2);
  assert.throws(() => sheet('--sheet', '-x'), /Unexpected argument "-x"/);
  assert.is(sheet(), undefined);
  assert.match(formatHelp(table), '--sheet [N]');
});

test('a text that is not as it should be: what is to be written is said, not where to look for it', () => {
  const check = (text: string): string | undefined => (text.includes(',') ? undefined : 'two numbers');
  const table = { ...program, flags: [{ name: 'range', type: 'string', placeholder: 'MIN,MAX', check, description: 'a range' }] } as const;
  assert.throws(
    () => parseFlags(table, ['--range', '1']),
    ({ expected, fix }: ShadegradError) => expected === 'two numbers' && fix === 'write --range MIN,MAX',
  );
});

test('unknown flags name the nearest one', () => {
  assert.match(failure('--sise', '64').message, 'did you mean --size?');
  assert.match(failure('--no-dropuot').message, 'did you mean --no-dropout?');
  assert.match(failure('--Size=64').message, 'did you mean --size?');
  assert.match(failure('--zzzzzzzz').message, 'see --help');
  assert.match(failure('--no-size').message, 'Unknown flag --no-size');
  assert.is(nearest('xy', ['ab']), undefined);
});

test('a value may begin with dashes behind an equals sign, and -- belongs to programs that take operands', () => {
  assert.is(parseFlags(program, ['--data=--x']).values.data, '--x');
  assert.match(failure('--').message, 'Unexpected argument "--"');
  assert.is(failure('--data', '--').received, 'the next flag, --');
  assert.throws(() => parseFlags({ ...program, takesOperands: true }, ['-']), /names that begin with a dash/);
});

test('stray arguments are refused', () => {
  assert.match(failure('-size', '3').fix ?? '', 'write --size');
  assert.match(failure('photos').message, 'Unexpected argument "photos"');
  assert.match(failure('--resume', 'yes').message, 'Unexpected argument "yes"');
});

test('what is written behind a flag that takes nothing is told where it goes, and a text that is wrong which one is right', () => {
  const rows = [
    { name: 'again', type: 'boolean', takenBy: 'data', description: 'goes on' },
    { name: 'hue', type: 'string', example: 'red', check: (text: string) => (text === 'grey' ? 'a hue' : undefined), description: 'a hue' },
  ] as const;
  const fixOf = (...words: string[]): string => {
    try {
      parseFlags({ ...program, flags: [...program.flags, ...rows] }, words);
    } catch (error) {
      return (error as ShadegradError).fix ?? '';
    }
    return 'none was needed';
  };
  assert.is(fixOf('--again', 'runs/the last'), "write --again --data 'runs/the last'");
  assert.match(fixOf('runs/x', '--again'), 'write the flag that it belongs to');
  assert.is(fixOf('--hue', 'grey'), 'write, for example, --hue red');
  assert.is(fixOf('--hue'), 'write, for example, --hue red');
});

test('values out of range or of the wrong kind say what was expected and what came', () => {
  for (const [argv, expected, received] of [
    [['--size', '8'], 'an integer from 16 to 1024', '8'],
    [['--size', '2048'], 'an integer from 16 to 1024', '2048'],
    [['--size', '64.5'], 'an integer from 16 to 1024', '64.5'],
    [['--size', '96'], 'a power of two', '96'],
    [['--lr', 'fast'], 'a number from 0 to 1', 'fast'],
    [['--lr', '-0.1'], 'a number from 0 to 1', '-0.1'],
    [['--lr', 'NaN'], 'a number from 0 to 1', 'NaN'],
    [['--offset', 'Infinity'], 'a number', 'Infinity'],
    [['--offset', ' '], 'a number', ' '],
    [['--epochs', '0'], 'an integer of at least 1', '0'],
    [['--epochs', '1e300'], 'an integer of at least 1', '1e300'],
    [['--direction', 'btoa'], 'one of AtoB, BtoA', 'btoa'],
    [['--resume=maybe'], 'true or false', 'maybe'],
    [['--no-resume=true'], 'no value', 'true'],
    [['--data'], 'text', 'nothing'],
    [['--data='], 'text', 'nothing'],
    [['--data', '--resume'], 'text', 'the next flag, --resume'],
  ] as [string[], string, string][]) {
    const error = failure(...argv);
    assert.is(error.expected, expected, argv.join(' '));
    assert.is(error.received, received, argv.join(' '));
    assert.ok(error.fix, argv.join(' '));
  }
  assert.match(failure('--size', '2048').fix ?? '', '--size 1024');
  assert.is(failure('--size', '96').fix, 'write --size 64 or --size 128');
  assert.is(failure('--size', '1000').fix, 'write --size 512 or --size 1024');
  assert.match(failure('--direction', 'btoa').fix ?? '', 'did you mean BtoA?');
  assert.match(failure('--direction', 'b').fix ?? '', 'did you mean BtoA?');
});

test('help wins over everything else on the line', () => {
  assert.ok(parseFlags(program, ['--nonsense', '--help']).help);
  assert.ok(parseFlags(program, ['-h']).help);
});

test('help names every flag, with range and default, and fits the width', () => {
  for (const width of [40, 60, 80, 120]) {
    const lines = formatHelp(program, width).trimEnd().split('\n');
    for (const line of lines) assert.ok(line.length <= width, `${width}: ${line}`);
    const text = lines.join(' ').replace(/\s+/g, ' ');
    for (const part of [
      '--size N',
      '--data DIR',
      '--direction AtoB|BtoA',
      '--no-dropout',
      '--resume',
      '--help',
      '16 to 1024',
      'default 0.0002',
      'at least 1',
      'node paint.js --size 64',
    ]) {
      assert.ok(text.includes(part), `${width}: ${part}`);
    }
  }
  const lines = formatHelp(program, 80).split('\n');
  const columnOf = (text: string) => lines.find((line) => line.includes(text))?.indexOf(text);
  assert.is(columnOf('side of the square'), columnOf('learning rate'));
});

/** The first words of the entries of a help, by their headings. */
function headings(help: string): Record<string, string[]> {
  const sections: Record<string, string[]> = {};
  let heading = '';
  for (const line of help.split('\n')) {
    if (/^\S.*:$/.test(line)) heading = line;
    else if (/^ {2}\S/.test(line)) sections[heading] = [...(sections[heading] ?? []), line.trim().split(' ')[0]!];
  }
  return sections;
}

test('help lists flags by groups in the order of the table, those of none last, and commands first', () => {
  const [a, b] = [
    { type: 'boolean', description: 'a' },
    { type: 'string', description: 'b' },
  ] as const;
  const flags = [
    { ...a, name: 'one', group: 'Second letter' },
    { ...b, name: 'two' },
    { ...b, name: 'three', group: 'First letter' },
    { ...a, name: 'four', group: 'Second letter' },
  ] as const;
  for (const width of [40, 80])
    assert.equal(headings(formatHelp({ usage: 'node x.js', summary: 'X.', flags }, width)), {
      'Second letter:': ['--one', '--four'],
      'First letter:': ['--three'],
      'Other flags:': ['--two', '--help'],
    });
  const commands = [{ name: 'go', description: 'go on' }];
  assert.equal(headings(formatHelp({ usage: 'node x.js', summary: 'X.', flags: [], commands }, 80)), {
    'Commands:': ['go'],
    'Flags:': ['--help'],
  });
});

test('errors are told without a stack', () => {
  const error = new ShadegradError('DATA_EMPTY', 'No images', { fix: 'add some' });
  assert.is(describeError(error), 'error [DATA_EMPTY]: No images\n  fix: add some');
  assert.not.match(describeError(new TypeError('oops')), /\n\s+at /);
  assert.match(describeError(new TypeError('oops')), /^error: oops\n/);
  assert.match(describeError('thrown text'), /^error: thrown text/);
  assert.match(describeError(new ShadegradError('DATA_EMPTY', 'No images', { cause: new Error('ENOENT') }), true), /Error: ENOENT\n\s+at /);
});

test('runMain: exit statuses, one message on stderr, stack only on request, open handles do not keep it alive', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shadegrad-flags-'));
  try {
    const file = join(folder, 'main.mjs');
    const cases = `
      import { runMain } from './src/node/programs/run-main.js';
      import { ShadegradError } from './src/errors.js';
      const cases = {
        fine: async () => 0,
        interrupted: async () => 130,
        usage: async () => { throw new ShadegradError('BAD_FLAG', 'bad flag'); },
        typed: async () => { throw new ShadegradError('DATA_EMPTY', 'no images'); },
        unknown: async () => { setInterval(() => {}, 10); throw new TypeError('oops'); },
        late: async () => { setTimeout(() => { throw new RangeError('late'); }, 10); return 0; },
      };
      await runMain(cases[process.argv[2]]);`;
    buildSync({
      stdin: { contents: cases, resolveDir: process.cwd(), loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: file,
    });
    const run = (name: string, debug = '') =>
      spawnSync(process.execPath, [file, name], { encoding: 'utf8', env: { ...process.env, SHADEGRAD_DEBUG: debug } });
    for (const [name, status, message] of [
      ['fine', 0, /^$/],
      ['interrupted', 130, /^$/],
      ['usage', 2, /^error \[BAD_FLAG\]: bad flag\n$/],
      ['typed', 1, /^error \[DATA_EMPTY\]: no images\n$/],
      ['unknown', 1, /^error: oops\n {2}set SHADEGRAD_DEBUG=1[^\n]*\n$/],
      ['late', 1, /^error: late\n {2}set SHADEGRAD_DEBUG=1[^\n]*\n$/],
    ] as [string, number, RegExp][]) {
      const result = run(name);
      assert.is(result.status, status, name);
      assert.match(result.stderr, message, name);
    }
    assert.match(run('unknown', '1').stderr, /TypeError: oops\n\s+at /);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
