import { ShadegradError } from '../../errors.js';
import type { EvaluationMetric } from './metric.js';

/** What there is to measure with. */
export interface MetricNeeds {
  /** Whether each made picture has its own real one. */
  readonly pairs: boolean;
  /** Whether several pictures were made of one. */
  readonly outputs: boolean;
  /** Files of weights that are there, by their flags. */
  readonly weights: readonly string[];
  /** Models of pixels that are there, by their flags. Default: none. */
  readonly models?: readonly string[];
  /** Options of metrics that were said, by their names. Default: none. */
  readonly options?: readonly string[];
  /** Whether it is known what pictures were made of. Default true. */
  readonly given?: boolean;
}

/** A metric that was not asked for by its name, and why it is left out. */
export interface LeftOutMetric {
  /** The name of the metric. */
  readonly name: string;
  /** The reason, such as `needs --inception FILE`. */
  readonly why: string;
}

/** The flag of an option: `labelPalette` is --label-palette. */
const flagOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** What a metric lacks, in words; undefined where it lacks nothing. */
function lackOf(metric: EvaluationMetric, needs: MetricNeeds): string | undefined {
  const { compares, weights = [], models = [], needs: said = [], givenToo = false } = metric;
  const { models: there = [], options = [], given = true } = needs;
  const files = [...weights.filter(({ flag }) => !needs.weights.includes(flag)), ...models.filter(({ flag }) => !there.includes(flag))];
  const unsaid = said.filter((name) => !options.includes(name)).map((name) => `--${flagOf(name)}`);
  const missing = [...files.map(({ flag }) => `--${flag} FILE`), ...unsaid];
  if (missing.length > 0) return `needs ${missing.join(' and ')}`;
  if (givenToo && !given) return 'needs what the pictures were made of: --input DIR';
  if (compares === 'pairs' && !needs.pairs) return 'compares pairs, and here no made picture has a real one of its own';
  if (compares === 'outputs' && !needs.outputs) return 'needs several pictures made of one: --samples N';
  return undefined;
}

/**
 * Chooses metrics of a table: those that are named, or all that lack nothing.
 *
 * @param names undefined or `all` for every one that can be measured
 * @returns those to measure, in the order of the table, and those that were left out
 * @throws INVALID_ARGUMENT for a name that there is not, and for a named one that lacks something
 */
export function chooseMetrics(
  table: readonly EvaluationMetric[],
  names: readonly string[] | 'all' | undefined,
  needs: MetricNeeds,
): { readonly metrics: readonly EvaluationMetric[]; readonly leftOut: readonly LeftOutMetric[] } {
  const known = table.map(({ name }) => name);
  if (names === undefined || names === 'all') {
    const lacks = table.map((metric) => ({ metric, why: lackOf(metric, needs) }));
    return {
      metrics: lacks.flatMap(({ metric, why }) => (why === undefined ? [metric] : [])),
      leftOut: lacks.flatMap(({ metric: { name }, why }) => (why === undefined ? [] : [{ name, why }])),
    };
  }
  const strange = names.find((name) => !known.includes(name));
  if (strange !== undefined || names.length === 0) {
    throw new ShadegradError('INVALID_ARGUMENT', 'metrics to evaluate by', {
      expected: `names out of ${known.join(', ')}; or 'all'`,
      received: strange ?? 'none',
      fix: 'name at least one of them',
    });
  }
  const metrics = table.filter(({ name }) => names.includes(name));
  for (const metric of metrics) {
    const why = lackOf(metric, needs);
    if (why === undefined) continue;
    throw new ShadegradError('INVALID_ARGUMENT', `the metric ${metric.name} cannot be measured`, {
      received: `it ${why}`,
      fix: `give it that, or leave ${metric.name} out`,
    });
  }
  return { metrics, leftOut: [] };
}
