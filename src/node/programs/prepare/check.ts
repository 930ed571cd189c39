import { printableName, printableText } from '../../../formats/names.js';
import type { Program } from '../../terminal/flags.js';
import { formatCount, formatJson } from '../../../formats/words.js';
import { createProgress } from '../../terminal/progress.js';
import { QUIET_FLAG } from '../../terminal/remarks.js';
import { makeAction } from './action.js';
import { countOf, listedFiles, type Finding } from './checks/finding.js';
import { CHECKS } from './checks/registry.js';
import { survey, type Survey } from './checks/survey.js';

const PROGRAM = {
  usage: 'npx shadegrad prepare check DIR [flags]',
  summary:
    'Says what a training would meet in a folder: its layout, how many samples each split has, pictures that cannot be read, halves that ' +
    'differ or have no partner, copies and pictures that look alike, also of training pictures among those that are measured, and label ' +
    'maps whose colours are blurred. Writes nothing. The exit status is 1 where something keeps a training from what it is for.',
  takesOperands: true,
  flags: [{ name: 'json', type: 'boolean', description: 'print what was found as JSON, with every file, in place of words' }, QUIET_FLAG],
  examples: [{ command: 'npx shadegrad prepare check data/', description: 'Before a long training:' }],
} as const satisfies Program;

/** The action that looks at a data set. */
export const CHECK = makeAction({
  name: 'check',
  description: 'say what a training would meet in a folder, and what is wrong with it',
  program: PROGRAM,
  folders: [1],
  writes: false,
  async work({ flags, inputs }) {
    const found = await surveyWithProgress(inputs[0]!);
    const findings = CHECKS.flatMap((check) => check(found));
    const failed = findings.some(({ severity }) => severity === 'error');
    if (flags.json) {
      const { folder, kind, notes } = found;
      process.stdout.write(`${formatJson({ folder, layout: kind, splits: splitsOf(found), notes, sound: !failed, findings })}\n`);
    } else {
      process.stdout.write(`${linesOf(found, findings).map(printableText).join('\n')}\n`);
    }
    return failed ? 1 : 0;
  },
});

async function surveyWithProgress(folder: string): Promise<Survey> {
  let progress: ReturnType<typeof createProgress> | undefined;
  try {
    return await survey(folder, (done, total) => {
      progress ??= createProgress({ total, label: 'check', imagesPerStep: 1 });
      progress.update(done);
    });
  } finally {
    progress?.stop();
  }
}

interface SplitCount {
  readonly split: string;
  readonly samples: number;
  /** The smallest and the largest sides, of a pair's halves. */
  readonly width: readonly [least: number, most: number];
  readonly height: readonly [least: number, most: number];
}

function splitsOf({ kind, samples, read }: Survey): SplitCount[] {
  const names = [...new Set(samples.map(({ split, set = '' }) => `${split}${set}`))];
  return names.map((split) => {
    const own = (sample: { split: string; set?: string }): boolean => `${sample.split}${sample.set ?? ''}` === split;
    const images = read.filter(own).flatMap((sample) => (kind === 'pairs' ? sample.images.slice(0, 1) : sample.images));
    const range = (side: 'width' | 'height'): [number, number] => {
      const values = images.map((image) => image[side]);
      return [values.reduce((a, b) => Math.min(a, b), values[0] ?? 0), values.reduce((a, b) => Math.max(a, b), 0)];
    };
    return { split, samples: samples.filter(own).length, width: range('width'), height: range('height') };
  });
}

function linesOf(found: Survey, findings: readonly Finding[]): string[] {
  const noun = found.kind === 'pairs' ? 'pair' : 'picture';
  const between = ([least, most]: readonly [number, number]): string => (least === most ? String(least) : `${least}-${most}`);
  const splits = splitsOf(found).map(
    ({ split, samples, width, height }) =>
      `  ${split.padEnd(7)} ${formatCount(samples)} ${noun}${samples === 1 ? '' : 's'}, ${between(width)} x ${between(height)}`,
  );
  const [errors, warnings] = (['error', 'warning'] as const).map(
    (severity) => findings.filter((each) => each.severity === severity).length,
  );
  const sum = errors! + warnings! === 0 ? 'nothing wrong found' : `${countOf(errors!, 'error')}, ${countOf(warnings!, 'warning')}`;
  return [
    `${printableName(found.folder)}: ${found.kind}`,
    ...splits,
    ...found.notes.map((note) => `note: ${note.replace(/^note: /, '')}`),
    ...findings.map(({ severity, text, files }) => `${severity}: ${text}\n  ${listedFiles(found.folder, files)}`),
    sum,
  ];
}
