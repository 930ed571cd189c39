import { formatBytes, formatCountOf, formatDuration, formatNumber } from '../../src/formats/words.js';
import { numbersOf, type Check } from './page.js';
import { STEP_WAYS, stepName, type AdapterNumbers, type PaperNumbers, type PyTorchStep, type StepNumbers } from './sections.js';
import type { TestCounts } from './test-log.js';

/** Pairs of the facades, and epochs of their training in the paper. */
const PAPERS_STEPS = 400 * 200;

const rowOf = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replace(/[|\n]/g, ' ')).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [rowOf(head), rowOf(head.map(() => '---')), ...rows.map(rowOf)].join('\n');

/** Writes what a check found as Markdown, in tables that docs/papers.md and docs/benchmarks.md can take as they are. */
export function formatMarkdown(check: Check): string {
  const { sections, date, seconds, quick } = check;
  const adapter = numbersOf<AdapterNumbers>(sections, 'adapter');
  const tests = numbersOf<TestCounts>(sections, 'tests');
  const parts = [
    `# ${adapter?.name ?? 'An unknown adapter'}`,
    `${adapter ? `${adapter.description}, ${adapter.backend}, shadegrad ${adapter.shadegrad}, Node ${adapter.node}; ` : ''}` +
      `${date.slice(0, 10)}, ${formatDuration(seconds)}.${quick ? ' Quick: tiny networks, no measure of anything.' : ''}`,
    table(
      ['section', 'how it ended', 'remarks'],
      sections.map(({ title, status, remarks }) => [title, status, remarks.join('; ')]),
    ),
    ...(tests ? [`Tests: ${tests.passed} passed, ${tests.failed} failed, in ${formatCountOf(tests.files, 'file')}.`] : []),
    ...stepParts(check),
    ...paperParts(numbersOf<PaperNumbers>(sections, 'paper')),
  ];
  return `${parts.join('\n\n')}\n`;
}

function stepParts({ sections, scale: { batches, size, ngf }, quick }: Check): string[] {
  const ours = numbersOf<Readonly<Record<string, StepNumbers>>>(sections, 'step') ?? {};
  const torch = numbersOf<readonly PyTorchStep[]>(sections, 'peers') ?? [];
  const hoursOf = (ms: number, batch: number): string => (quick || batch !== 1 ? '' : formatNumber((ms * PAPERS_STEPS) / 3_600_000));
  const line = (batch: number, name: string, ms: number, peak: number | null): string[] => [
    ...[String(batch), name, formatNumber(ms), formatNumber((batch * 1000) / ms)],
    ...[hoursOf(ms, batch), peak === null ? '' : formatBytes(peak)],
  ];
  const rows = batches.flatMap((batch) => [
    ...STEP_WAYS.flatMap((way) => {
      const found = ours[stepName(batch, way)];
      const step = found?.measured[0];
      return found && step ? [line(batch, `shadegrad, ${way.words}`, step.replayed.medianMs, found.peakBytes)] : [];
    }),
    ...torch
      .filter((each) => each.batch === batch)
      .map(({ tf32, streamMs, peakBytes }) => line(batch, `PyTorch, ${tf32 ? 'TF32' : 'float32'}`, streamMs, peakBytes)),
  ]);
  if (rows.length === 0) return [];
  return [
    `## A training step of pix2pix, ${size} x ${size}, width ${ngf}`,
    table(['batch', '', 'ms', 'images/s', 'hours of 400 pairs x 200 epochs', 'peak memory'], rows),
  ];
}

function paperParts(numbers: PaperNumbers | undefined): string[] {
  if (!numbers) return [];
  const { steps, of, seconds, imagesPerSecond, hours, validation, comparison } = numbers;
  const measured = Object.entries(validation ?? {}).map(([name, value]) => [name, formatNumber(value)]);
  return [
    "## The paper's training on facades",
    `${steps} of ${formatCountOf(of, 'step')} in ${formatDuration(seconds)}, ${formatNumber(imagesPerSecond)} images/s: ` +
      `${formatNumber(hours)} hours for all of it.${comparison === null ? '' : ` ${comparison}.`}`,
    ...(measured.length > 0 ? [table(['on validation images', ''], measured)] : []),
  ];
}
