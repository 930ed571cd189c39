import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/** One adapter that Dawn offers on this machine. */
export interface AdapterSeen {
  /** The name of the adapter, as the driver calls itself; what `SHADEGRAD_ADAPTER` is matched against. */
  name: string;
  /** The graphics interface below WebGPU: `vulkan`, `metal`, `d3d12`, ... */
  backend: string;
  /** The maker of the adapter, as WebGPU tells it. */
  vendor: string;
  /** The family that it belongs to, as WebGPU tells it. */
  architecture: string;
  /** The adapter in words, as WebGPU tells it. */
  description: string;
  /** Whether it runs on the CPU. */
  software: boolean;
}

export interface ProbeResult {
  /** Every adapter that Dawn accepts. */
  adapters: AdapterSeen[];
  /** The name of the one Dawn would take by itself. */
  preferred?: string;
  /** What Dawn and the drivers wrote while looking: why a driver was refused. */
  messages: string;
}

type CreateDawn = (flags: string[]) => GPU;

/** Asked for by name, this adapter makes Dawn answer with the list of those that exist. */
const IMPOSSIBLE_NAME = 'shadegrad-lists-adapters';
const PROBE_TIMEOUT_MILLISECONDS = 30_000;

/**
 * Lists the adapters of a Dawn binding. The text of this function also runs in a child process, so it
 * uses nothing from outside itself.
 *
 * @param keep receives every instance: one that is collected while in use ends the process
 */
export async function listAdapters(
  create: CreateDawn,
  impossibleName: string,
  powerPreference: GPUPowerPreference,
  keep: unknown[],
): Promise<{ adapters: AdapterSeen[]; preferred?: string }> {
  const open = (flags: string[]) => {
    const instance = create(flags);
    keep.push(instance);
    return instance.requestAdapter({ powerPreference });
  };
  const answer = await open([`adapter=${impossibleName}`]).then(
    () => '',
    (error: unknown) => String(error),
  );
  const adapters: AdapterSeen[] = [];
  for (const match of answer.matchAll(/backend: '([^']*)', name: '(.*)'\s*$/gm)) {
    const [, backend, name] = match as unknown as [string, string, string];
    if (adapters.some((seen) => seen.name === name)) continue;
    const adapter = await open([`adapter=${name}`]).catch(() => null);
    if (!adapter) continue;
    const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
    adapters.push({ name, backend, vendor, architecture, description, software: isFallbackAdapter });
  }
  if (adapters.length < 2) return { adapters, preferred: adapters[0]?.name };
  const first = (await open([]).catch(() => null))?.info.description;
  return { adapters, preferred: adapters.find((seen) => seen.description === first)?.name };
}

/**
 * The system's Vulkan drivers, looked at from a child process: which drivers a process sees is settled when
 * it first loads Vulkan, a broken driver can end the process, and refused ones write to standard error.
 */
export async function probeSystemVulkan(powerPreference: GPUPowerPreference): Promise<ProbeResult> {
  const webgpu = pathToFileURL(createRequire(import.meta.url).resolve('webgpu')).href;
  const script = `
    import { create } from ${JSON.stringify(webgpu)};
    const keep = globalThis.keep = [];
    const list = ${listAdapters.toString()};
    const found = await list(create, ${JSON.stringify(IMPOSSIBLE_NAME)}, ${JSON.stringify(powerPreference)}, keep);
    process.stdout.write('\\nfound ' + JSON.stringify(found) + '\\n', () => process.exit(0));`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, NODE_OPTIONS: '' },
    timeout: PROBE_TIMEOUT_MILLISECONDS,
    windowsHide: true,
  });
  // A child that crashes in a driver's exit handler has said all it had to say before.
  const { stdout, stderr, failure } = await run.then(
    (result) => ({ ...result, failure: '' }),
    (error) => ({
      stdout: String(error.stdout ?? ''),
      stderr: String(error.stderr ?? ''),
      failure: `looking for adapters ended with ${error.signal ?? error.code}`,
    }),
  );
  const found = /^found (.*)$/m.exec(stdout);
  if (!found) return { adapters: [], messages: [failure, stderr.trim()].filter(Boolean).join('\n') };
  return { ...JSON.parse(found[1]!), messages: stderr.trim() };
}

/** The same list from inside this process: for platforms where no driver has to be hidden or added. */
export async function probeInProcess(create: CreateDawn, powerPreference: GPUPowerPreference, keep: unknown[]): Promise<ProbeResult> {
  return { ...(await listAdapters(create, IMPOSSIBLE_NAME, powerPreference, keep)), messages: '' };
}

/** Vulkan driver manifests that the loader would find, in its own order of search. */
export function systemVulkanManifests(): string[] {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES, XDG_DATA_DIRS, XDG_DATA_HOME, XDG_CONFIG_HOME } = process.env;
  const chosen = VK_DRIVER_FILES || VK_ICD_FILENAMES;
  if (chosen) return chosen.split(delimiter).flatMap(manifestsAt);
  const folders = [
    join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'vulkan/icd.d'),
    '/etc/xdg/vulkan/icd.d',
    '/usr/local/etc/vulkan/icd.d',
    '/etc/vulkan/icd.d',
    join(XDG_DATA_HOME || join(homedir(), '.local/share'), 'vulkan/icd.d'),
    ...(XDG_DATA_DIRS || '/usr/local/share:/usr/share').split(':').map((folder) => join(folder, 'vulkan/icd.d')),
    // NixOS and the driver runtimes of containers put theirs here.
    '/run/opengl-driver/share/vulkan/icd.d',
  ];
  return [...(VK_ADD_DRIVER_FILES?.split(delimiter) ?? []), ...folders].flatMap(manifestsAt);
}

function manifestsAt(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path)
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(path, name));
  } catch {
    return [];
  }
}
