import type { ReportedAdapter } from '../../../../bench/report.js';
// What `shadegrad doctor` and reports of benchmarks list: rows of those programs, which a program of anybody else's chooses for itself.
import { adapterKind, REPORTED_FEATURES, REPORTED_LIMITS, type AdapterKind } from '../../../../src/gpu/adapter.js';

/** What a browser tells of its adapter: less than a driver does, and not the same everywhere. */
export interface AdapterFacts {
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly kind: AdapterKind;
  /** Below WebGPU; 'unknown' where the browser does not tell it. */
  readonly backend: string;
  /** The version of the driver, where the browser tells it. */
  readonly driver: string;
  readonly subgroups: string;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<(typeof REPORTED_LIMITS)[number], number>>;
}

/** Parts of GPUAdapterInfo that only some browsers have, or only with developers' settings. */
type MoreInfo = GPUAdapterInfo & { readonly driver?: string; readonly backend?: string; readonly isFallbackAdapter?: boolean };

/** Asks for the adapter that the library would take; null where there is none. */
export async function adapterFacts(platform: GPU | undefined): Promise<AdapterFacts | null> {
  const adapter = await platform?.requestAdapter({ powerPreference: 'high-performance' });
  return adapter ? factsOf(adapter) : null;
}

/** What is to be told of an adapter. */
export function factsOf({ info, features, limits }: Pick<GPUAdapter, 'info' | 'features' | 'limits'>): AdapterFacts {
  const { vendor, architecture, device, description, driver = '', backend = 'unknown', isFallbackAdapter = false } = info as MoreInfo;
  const { subgroupMinSize: least = 0, subgroupMaxSize: most = 0 } = info;
  const name = description || device || [vendor, architecture].filter(Boolean).join(' ') || 'an adapter without a name';
  const software = isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|warp|basic render/i.test(`${architecture} ${device} ${description}`);
  return {
    name,
    vendor,
    architecture,
    kind: adapterKind({ name, architecture, description, software }),
    backend,
    driver,
    subgroups: most > 0 ? (least === most ? String(most) : `${least} to ${most}`) : 'not told',
    features: [...features].sort(),
    limits: Object.fromEntries(REPORTED_LIMITS.map((limit) => [limit, limits[limit]])) as AdapterFacts['limits'],
  };
}

/** The adapter as reports of benchmarks name it. */
export function reportedAdapter(facts: AdapterFacts | null): ReportedAdapter {
  if (!facts) return { name: 'none', description: '', kind: 'software', backend: 'unknown' };
  const { name, vendor, architecture, driver, kind, backend } = facts;
  return { name, description: [vendor, architecture, driver].filter(Boolean).join(' '), kind, backend };
}

/** What a page knows of the computer and the browser around it. */
export interface Surroundings {
  readonly userAgent: string;
  readonly cores: number | undefined;
  /** In GiB, rounded by the browser; not told everywhere. */
  readonly memory: number | undefined;
  readonly storage: { readonly usage?: number; readonly quota?: number };
  readonly secure: boolean;
  readonly screen: string;
}

/** The report under the headings of `shadegrad doctor --json`: whether the library can run here, and lines by section. */
export interface BrowserDiagnosis {
  readonly healthy: boolean;
  readonly sections: Readonly<Record<string, readonly string[]>>;
}

/** What `shadegrad doctor` would say, as far as a browser knows it. */
export function diagnoseBrowser(facts: AdapterFacts | null, around: Surroundings, version: string): BrowserDiagnosis {
  const { cores, memory, storage, secure } = around;
  const system = [
    `browser: ${around.userAgent}`,
    `screen: ${around.screen}`,
    `processor: ${cores === undefined ? 'not told' : `${cores} threads`}`,
    `memory: ${memory === undefined ? 'not told' : `at least ${memory} GiB`}`,
    `storage: ${storage.quota === undefined ? 'not told' : `${gigabytes(storage.usage ?? 0)} of ${gigabytes(storage.quota)} used`}`,
    `shadegrad ${version}`,
  ];
  if (!facts) return { healthy: false, sections: { System: system, 'Chosen adapter': ['none'], 'What to do': whatIsMissing(secure) } };
  return {
    healthy: true,
    sections: {
      System: system,
      'Chosen adapter': [
        `name: ${facts.name}`,
        `driver: ${facts.driver || 'not told by this browser'}`,
        `vendor, architecture: ${facts.vendor}, ${facts.architecture}`,
        `kind: ${facts.kind}`,
        `backend: ${facts.backend}`,
        `subgroup size: ${facts.subgroups}`,
      ],
      Features: REPORTED_FEATURES.map((feature) => `${feature}: ${facts.features.includes(feature) ? 'yes' : 'no'}`),
      Limits: Object.entries(facts.limits).map(([limit, value]) => `${limit}: ${value}`),
      'What to do': [
        facts.kind === 'hardware'
          ? 'nothing: a GPU was found'
          : 'this is the processor standing in for a GPU: turn hardware acceleration on in the browser’s settings, and update the driver',
      ],
    },
  };
}

const whatIsMissing = (secure: boolean): string[] => [
  ...(secure ? [] : ['open this page by https, or on localhost: browsers have WebGPU nowhere else']),
  'use a recent Chrome, Edge, Safari 26 or Firefox',
  'turn hardware acceleration on in the browser’s settings; on Linux, WebGPU too',
];

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** The report as text, in the form of `shadegrad doctor`. */
export function diagnosisText({ sections }: BrowserDiagnosis): string {
  return Object.entries(sections)
    .map(([title, lines]) => [title, ...lines.map((line) => `  ${line}`), ''].join('\n'))
    .join('\n');
}

/** The report as JSON, in the form of `shadegrad doctor --json`. */
export function diagnosisJson({ healthy, sections }: BrowserDiagnosis): string {
  return `${JSON.stringify({ healthy, ...sections }, null, 2)}\n`;
}
