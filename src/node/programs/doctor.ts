import { release } from 'node:os';
import { adapterKind, REPORTED_FEATURES, REPORTED_LIMITS } from '../../gpu/adapter.js';
import { distribution, fasterSoftwareDriver, howToGetAnAdapter } from '../adapter/advice.js';
import { systemVulkanManifests } from '../adapter/probe.js';
import { loadDawn, systemAdapters, type Dawn } from '../adapter/dawn.js';
import { parseFlags, type Program } from '../terminal/flags.js';
import { formatJson } from '../../formats/words.js';
import { formatHelp } from '../terminal/help.js';

/** The command line of `shadegrad doctor`. */
export const DOCTOR_PROGRAM = {
  usage: 'npx shadegrad doctor [flags]',
  summary:
    'Says which adapters and drivers there are, what the chosen one can do, and how to get a better one. The exit status is 1 ' +
    'where there is none. SHADEGRAD_ADAPTER chooses: auto, hardware, software, lavapipe, swiftshader, or part of a name.',
  flags: [{ name: 'json', type: 'boolean', description: 'print what was found as JSON, in place of words' }],
} as const satisfies Program;

/** What diagnose() found. */
export interface Diagnosis {
  /** The text to print. */
  report: string;
  /** The lines of the report by their headings. */
  sections: Record<string, string[]>;
  /** Whether the library can run here. */
  healthy: boolean;
}

/**
 * Runs the program of `shadegrad doctor`: prints what `diagnose()` found.
 *
 * @param argv the arguments alone
 * @returns the exit status: 0, or 1 where the library cannot run
 * @throws BAD_FLAG for any flag but `--help` and `--json`
 */
export async function examineMachine(argv: readonly string[]): Promise<number> {
  const { values, help } = parseFlags(DOCTOR_PROGRAM, argv);
  if (help) {
    process.stdout.write(formatHelp(DOCTOR_PROGRAM));
    return 0;
  }
  const { report, sections, healthy } = await diagnose();
  console.log(values.json ? formatJson({ healthy, ...sections }) : report);
  return healthy ? 0 : 1;
}

/** Looks at the adapters of the machine: what `shadegrad doctor` prints. The want of an adapter is no error. */
export async function diagnose(): Promise<Diagnosis> {
  const lines: string[] = [];
  const sections: Record<string, string[]> = {};
  const section = (title: string, content: string[]): void => {
    sections[title] = content;
    lines.push(title, ...content.map((line) => `  ${line}`), '');
  };
  const system = distribution();

  section('System', [
    `${process.platform} ${process.arch}, ${[system.id, system.codename].filter(Boolean).join(' ') || release()}`,
    `Node ${process.version}`,
    `SHADEGRAD_ADAPTER=${process.env.SHADEGRAD_ADAPTER ?? ''}`,
  ]);
  if (process.platform === 'linux') section('Vulkan drivers installed', orNone(systemVulkanManifests()));

  const seen = await systemAdapters().catch((error) => ({ adapters: [], messages: String(error.message ?? error) }));
  section(
    'Adapters that Dawn accepts',
    orNone(seen.adapters.map((adapter) => `${adapter.name} (${adapterKind(adapter)}, ${adapter.backend})`)),
  );
  // Some Mesa drivers make Dawn warn about every adapter; that matters only to one who has none.
  if (seen.messages && seen.adapters.length === 0)
    section(
      'Why not others',
      seen.messages
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean),
    );

  const dawn = await loadDawn().catch((error: Error) => error);
  if (dawn instanceof Error) {
    section('Chosen adapter', ['none', ...dawn.message.split('\n')]);
    section('What to do', howToGetAnAdapter());
    return { report: lines.join('\n'), sections, healthy: false };
  }
  section('Chosen adapter', describeAdapter(dawn));
  section(
    'Features',
    REPORTED_FEATURES.map((feature) => `${feature}: ${dawn.adapter.features.has(feature) ? 'yes' : 'no'}`),
  );
  section(
    'Limits',
    REPORTED_LIMITS.map((limit) => `${limit}: ${dawn.adapter.limits[limit]}`),
  );
  section('What to do', advice(dawn));
  return { report: lines.join('\n'), sections, healthy: true };
}

function describeAdapter({ adapter, adapterChoice }: Dawn): string[] {
  const { subgroupMinSize, subgroupMaxSize } = adapter.info;
  return [
    `name: ${adapterChoice.name}`,
    `driver: ${adapterChoice.description}${adapterChoice.embedded ? ' (from npm)' : ''}`,
    `vendor, architecture: ${adapterChoice.vendor}, ${adapterChoice.architecture}`,
    `kind: ${adapterChoice.kind}`,
    `backend: ${adapterChoice.backend}`,
    `subgroup size: ${subgroupMinSize} to ${subgroupMaxSize}`,
  ];
}

function advice({ adapterChoice }: Dawn): string[] {
  switch (adapterChoice.kind) {
    case 'hardware':
      return ['nothing: a GPU was found'];
    case 'lavapipe':
    case 'software':
      return ["a software adapter is fine for tests and previews; training at full size wants a GPU and its maker's driver"];
    case 'swiftshader':
      return process.platform === 'linux'
        ? ["Mesa's lavapipe runs several times as fast on the same processor:", ...fasterSoftwareDriver()]
        : ["a GPU and its maker's driver would be far faster"];
  }
}

function orNone(list: string[]): string[] {
  return list.length > 0 ? list : ['none'];
}
