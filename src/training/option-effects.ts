import { ShadegradError } from '../errors.js';
import type { OptionRow } from './option-table.js';
import type { TrainingScheme } from './scheme.js';
import { completeOptions } from './trainer-options.js';

type Options = Readonly<Record<string, unknown>>;

/**
 * Checks that options which somebody has typed do something beside the others: one whose row says with which others it has an effect
 * (`only`) is refused where these are otherwise, unless it is what it would be anyway.
 *
 * @param options of the scheme, as far as they are known
 * @param typed the names of those that were typed for this run; what a file or a preset says of it is left alone
 * @throws INVALID_ARGUMENT, naming the option
 */
export function expectEffects(scheme: TrainingScheme, options: Options, typed: Iterable<string>): void {
  const rows = new Map(Object.entries<OptionRow>(scheme.options));
  let complete: Options | undefined;
  for (const name of typed) {
    const row = rows.get(name);
    if (row?.only === undefined || options[name] === undefined || options[name] === null) continue;
    complete ??= completeOptions(scheme, options) as Options;
    if (row.only.when(complete) || options[name] === usualOf(scheme, row, complete, name)) continue;
    throw new ShadegradError('INVALID_ARGUMENT', `${name} of the training`, {
      expected: `${row.only.expected} with it: it does nothing otherwise`,
      received: String(options[name]),
      fix: 'leave it out',
    });
  }
}

/** What an option is where it is left out: by its row, by the others, or of networks built without it; undefined where it is required. */
function usualOf(scheme: TrainingScheme, row: OptionRow, complete: Options, name: string): unknown {
  if (row.default !== undefined) return row.default;
  if (!row.optional) return undefined;
  const { [name]: _, ...rest } = complete;
  const others = completeOptions(scheme, rest) as Options;
  return others[name] ?? (scheme.optionsOf?.(scheme.networks(others, {}), scheme.title) as Options | undefined)?.[name];
}
