import { LIBRARY_VERSION } from '../../../version.js';
import type { SchemeMetric, TrainingScheme } from '../../../training/scheme.js';
import { formatCount, formatCountOf, formatNumber } from '../../../formats/words.js';
import type { ChosenLicence } from './chosen-licence.js';
import type { PublishedNetwork } from './published-network.js';
import { usageOf } from './usage.js';
import { encodeYaml } from './yaml.js';

/** Numbers of the networks, and of what learns nothing. */
export interface CardMetrics {
  readonly rows: Readonly<Record<string, SchemeMetric>>;
  readonly values: Readonly<Record<string, number>>;
  readonly baseline?: { readonly name: string; readonly metrics: Readonly<Record<string, number>>; readonly sampled: boolean };
  /** Images that were measured. */
  readonly images: number;
  /** Which these are. */
  readonly set: string;
}

/** Everything that a card says. */
export interface CardFacts {
  readonly title: string;
  readonly author: string | undefined;
  /** The licence: what it is called, and what the Hub calls it, where that knows it. */
  readonly licence: Pick<ChosenLicence, 'title' | 'hub'>;
  readonly scheme: Pick<TrainingScheme, 'name' | 'title'>;
  /** Whether networks were trained against each other. */
  readonly adversarial: boolean;
  readonly data: { readonly name: string; readonly drawn: boolean; readonly trainingImages: number };
  readonly step: number;
  readonly totalSteps: number;
  readonly settings: string;
  readonly command: string;
  readonly adapter: string;
  readonly networks: readonly PublishedNetwork[];
  readonly metrics: CardMetrics;
  /** The headings of the columns of the preview, and its sides. */
  readonly preview: { readonly columns: readonly string[]; readonly rows: number };
}

/** Characters by which a text would be more than a text in Markdown. */
const plain = (text: string): string => text.replace(/[\\`*_{}[\]<|]/g, (character) => `\\${character}`).replace(/[\r\n]+/g, ' ');

/** An identifier of a data set, made of its name where that is none. */
export const dataIdentifier = (name: string): string =>
  /^[\w.-]+(\/[\w.-]+)?$/.test(name)
    ? name
    : name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-|-$/g, '') || 'data';

/** The card of a published model, README.md: a head that the Hub reads, and what a person wants to know. */
export function renderCard(facts: CardFacts): string {
  return `---\n${encodeYaml(headOf(facts))}---\n\n${bodyOf(facts)}`;
}

function headOf({ title, licence, scheme, adversarial, data, networks, metrics }: CardFacts) {
  const translates = networks.some(({ use }) => use.kind === 'translates');
  const segments = networks.some(({ use }) => use.tellsClasses);
  const task = segments ? 'image-segmentation' : translates ? 'image-to-image' : 'unconditional-image-generation';
  const measured = Object.entries(metrics.rows).filter(([name]) => Number.isFinite(metrics.values[name]));
  return {
    license: licence.hub ?? 'other',
    ...(licence.hub === undefined && { license_name: dataIdentifier(licence.title).toLowerCase(), license_link: 'LICENSE' }),
    library_name: 'shadegrad',
    pipeline_tag: task,
    tags: [
      ...['shadegrad', scheme.name, ...(adversarial ? ['gan'] : []), 'webgpu'],
      ...(networks.some(({ onnx }) => onnx !== undefined) ? ['onnx'] : []),
    ],
    datasets: data.drawn ? undefined : [dataIdentifier(data.name)],
    metrics: measured.length === 0 ? undefined : measured.map(([name]) => name),
    'model-index':
      measured.length === 0
        ? undefined
        : [
            {
              name: title,
              results: [
                {
                  task: { type: task },
                  dataset: { type: dataIdentifier(data.name), name: data.name, split: metrics.set },
                  metrics: measured.map(([name, { label }]) => ({ type: name, value: rounded(metrics.values[name]!), name: label })),
                },
              ],
            },
          ],
  };
}

const rounded = (value: number): number => Number(value.toPrecision(6));

function bodyOf(facts: CardFacts): string {
  const { title, author, licence, scheme, data, networks } = facts;
  const ofAll = facts.step < facts.totalSteps ? ` of ${formatCount(facts.totalSteps)}` : '';
  const parts = [
    `# ${plain(title)}`,
    `![${facts.preview.columns.map(plain).join(', ')}](preview.png)`,
    `*${facts.preview.columns.map(plain).join(', ')}: ${facts.metrics.set} images, which the networks were ${
      facts.metrics.set === 'training' ? '' : 'not '
    }trained on.*`,
    '## What it is',
    `${networks.map(({ name, description }) => `\`${name}\`: ${plain(description)}.`).join('\n\n')}`,
    `Trained with ${plain(scheme.title)} by shadegrad ${LIBRARY_VERSION}, deep learning on WebGPU.`,
    '## Data',
    `${plain(data.name)}${data.drawn ? ', drawn by the program' : ''}; ${formatCountOf(data.trainingImages, 'training sample')}.`,
    '## Training',
    `${formatCountOf(facts.step, 'step')}${ofAll} on ${plain(facts.adapter)}: ${plain(facts.settings)}.`,
    ...(networks.some(({ averaged }) => averaged) ? ['The weights are running averages of those that were trained.'] : []),
    `\`\`\`sh\n${facts.command}\n\`\`\``,
    '## Metrics',
    metricsTable(facts.metrics),
    '## Limits',
    limitsOf(facts)
      .map((line) => `- ${line}`)
      .join('\n'),
    '## Use',
    ...networks.flatMap((network) => usageOf(network, networks.length > 1)),
    '## Licence',
    `${plain(licence.title)}${author === undefined ? '' : `, ${plain(author)}`}. ` +
      'See LICENSE. It is that of the weights; the data have their own.',
  ];
  return `${parts.join('\n\n')}\n`;
}

function metricsTable({ rows, values, baseline, images, set }: CardMetrics): string {
  const shown = (value: number | undefined, { unit, digits }: SchemeMetric): string =>
    value === undefined || Number.isNaN(value) ? '–' : `${formatNumber(value, digits)}${unit === undefined ? '' : ` ${unit}`}`;
  const head = ['', 'these networks', ...(baseline ? [`the ${plain(baseline.name)}, which learns nothing of its input`] : [])];
  const lines = Object.entries(rows).map(([name, row]) => [
    `${plain(row.label)} (${row.better} is better)`,
    shown(values[name], row),
    ...(baseline ? [shown(baseline.metrics[name], row)] : []),
  ]);
  const table = [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const sampled = baseline?.sampled ? ` The ${plain(baseline.name)} is of a sample of the training images.` : '';
  return `On ${formatCountOf(images, `${set} image`)}.${sampled}\n\n${table}`;
}

/** What whoever uses the networks should know beforehand. */
function limitsOf({ networks, data, metrics, step, totalSteps }: CardFacts): string[] {
  const [{ use }] = networks as [PublishedNetwork];
  const [width, height] = use.size;
  const own =
    use.kind === 'translates'
      ? 'images of another kind, another light or another format come out as if they were of that kind.'
      : 'it makes images of that kind and no others.';
  return [
    `It has seen ${plain(data.name)} alone: ${own}`,
    `${use.kind === 'translates' ? 'It is for' : 'It makes'} ${width} x ${height} pixels.`,
    ...(data.drawn ? ['Its data were drawn by a program: it is a demonstration, and no model of real pictures.'] : []),
    ...(step < totalSteps ? ['Its training was published before its end.'] : []),
    ...(metrics.images < 50 ? [`${formatCountOf(metrics.images, 'image')} are few to measure with.`] : []),
    'What it makes is invented: nothing in a result is evidence of what was there.',
  ];
}
