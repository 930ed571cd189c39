import { constants } from 'node:os';
import { ShadegradError } from '../../errors.js';
import { howToGetAnAdapter } from './advice.js';
import { describeChoice, rankCandidates, type AdapterChoice, type AdapterRequest, type Candidate } from './choice.js';
import { probeInProcess, probeSystemVulkan, systemVulkanManifests, type AdapterSeen, type ProbeResult } from './probe.js';
import { unpackSwiftShader } from './swiftshader.js';

/** Options of loadDawn(): which adapter to choose. */
export interface DawnOptions {
  /** Which adapter to take. Default: the environment's `SHADEGRAD_ADAPTER`, else `auto`. */
  adapter?: AdapterRequest;
  /** Which of several GPUs: the fast one or the frugal one. Default 'high-performance'. */
  powerPreference?: GPUPowerPreference;
  /**
   * Whether the device's timestamps are as fine as it counts them. Dawn rounds them to 65,536 ns, so that no page learns from them what
   * else a machine does: for benchmarks of dispatches that are shorter. Default false.
   */
  exactTimestamps?: boolean;
  /**
   * Whether kernels may use the units for small matrices that some GPUs have: an experimental feature of Dawn, which it shows to instances
   * that allow what is experimental. Default: whether the environment's `SHADEGRAD_MATRIX_UNITS` is 1.
   */
  matrixUnits?: boolean;
}

/** Dawn, WebGPU outside browsers, and the adapter that was chosen. */
export interface Dawn {
  /** The `GPU` object, `navigator.gpu` in a browser, limited to the chosen adapter. */
  gpu: GPU;
  /** The chosen adapter, not yet used for a device. */
  adapter: GPUAdapter;
  /** What was chosen, and why. */
  adapterChoice: AdapterChoice;
}

/**
 * A library that is no Node add-on is closed again by `process.dlopen` unless the C library is told to keep
 * it: RTLD_NODELETE of glibc, for which Node has no name.
 */
const RTLD_NODELETE = 0x1000;

/** Dawn ends the process with SIGSEGV if one of these is collected while it works, so none ever is. */
const instances: unknown[] = [];

/** Choosing changes the environment for a moment, so choices wait for each other. */
let previousChoice: Promise<unknown> = Promise.resolve();

/**
 * Loads Dawn, WebGPU outside browsers, defines WebGPU's constants (`GPUBufferUsage`, ...) as globals and
 * chooses an adapter: a GPU, else the system's software Vulkan, else the SwiftShader from npm.
 *
 * @throws NO_ADAPTER with what was tried, what was seen and how to get an adapter on this system
 */
export function loadDawn(options: DawnOptions = {}): Promise<Dawn> {
  const choice = previousChoice.then(() => choose(options));
  previousChoice = choice.catch(() => undefined);
  return choice;
}

/** The adapters that Dawn accepts on this machine, without the embedded SwiftShader. */
export async function systemAdapters(powerPreference: GPUPowerPreference = 'high-performance'): Promise<ProbeResult> {
  if (process.platform !== 'linux') return probeInProcess((await importDawn()).create, powerPreference, instances);
  if (systemVulkanManifests().length === 0) return { adapters: [], messages: 'no Vulkan driver is installed' };
  if (!loadLibrary('libvulkan.so.1')) return { adapters: [], messages: 'the Vulkan loader, libvulkan.so.1, is not installed' };
  return probeSystemVulkan(powerPreference);
}

async function choose(options: DawnOptions): Promise<Dawn> {
  const asked = options.adapter === undefined || options.adapter === 'auto' ? process.env.SHADEGRAD_ADAPTER : options.adapter;
  const request = asked?.trim() || 'auto';
  const powerPreference = options.powerPreference ?? 'high-performance';
  const { exactTimestamps = false, matrixUnits = process.env.SHADEGRAD_MATRIX_UNITS === '1' } = options;
  const wanted: Wanted = {
    powerPreference,
    flags: exactTimestamps ? ['disable-dawn-features=timestamp_quantization'] : [],
    features: matrixUnits ? [...ENABLED, 'allow_unsafe_apis'] : ENABLED,
  };
  const reasons: string[] = [];

  await importDawn();
  if (request === 'swiftshader') {
    const dawn = await open({ from: 'embedded' }, wanted, reasons);
    if (dawn) return dawn;
  }
  const system = await systemAdapters(powerPreference);
  if (system.messages && system.adapters.length === 0) reasons.push(system.messages);
  for (const candidate of rankCandidates(request, system.adapters, system.preferred)) {
    const dawn = await open(candidate, wanted, reasons);
    if (dawn) return dawn;
  }
  throw noAdapter(request, system.adapters, reasons);
}

/** How an instance of Dawn and its adapter are asked for. */
interface Wanted {
  readonly powerPreference: GPUPowerPreference;
  /** Dawn's own, for create(). */
  readonly flags: readonly string[];
  /** Dawn's own, to be enabled. */
  readonly features: readonly string[];
}

async function open(candidate: Candidate, wanted: Wanted, reasons: string[]): Promise<Dawn | undefined> {
  try {
    return candidate.from === 'system' ? await openSystem(candidate.adapter, wanted) : await openEmbedded(wanted);
  } catch (error) {
    reasons.push(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

async function openSystem(seen: AdapterSeen, { powerPreference, flags, features }: Wanted): Promise<Dawn> {
  const gpu = await createInstance([`adapter=${seen.name}`, ...flags], features);
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (!adapter) throw new Error(`${seen.name} was seen but is not to be had`);
  return { gpu, adapter, adapterChoice: describeChoice(seen, false) };
}

async function openEmbedded({ powerPreference, flags, features }: Wanted): Promise<Dawn> {
  const driver = await unpackSwiftShader();
  if (!loadLibrary('libvulkan.so.1') && !loadLibrary(driver.loader)) throw new Error(`${driver.loader} cannot be loaded`);
  // The loader reads these when the instance asks for adapters, and keeps what it found; programs that this
  // process starts later must not inherit them.
  const restore = setEnvironment({ VK_DRIVER_FILES: driver.manifest, VK_ICD_FILENAMES: driver.manifest, VK_ADD_DRIVER_FILES: undefined });
  try {
    const gpu = await createInstance(flags, features);
    const adapter = await gpu.requestAdapter({ powerPreference });
    if (!adapter) throw new Error('the Vulkan loader does not accept the embedded SwiftShader');
    const { vendor, architecture, description } = adapter.info;
    const seen: AdapterSeen = { name: 'SwiftShader', backend: 'vulkan', vendor, architecture, description, software: true };
    return { gpu, adapter, adapterChoice: describeChoice(seen, true) };
  } finally {
    restore();
  }
}

/** Dawn hides shader-f16 on NVIDIA's Vulkan drivers, as some fail conformance tests of it. Here it is used only where it is asked for. */
const ENABLED = ['vulkan_enable_f16_on_nvidia'];

async function createInstance(flags: readonly string[], features: readonly string[]): Promise<GPU> {
  const gpu = (await importDawn()).create([...flags, `enable-dawn-features=${features.join(',')}`]);
  instances.push(gpu);
  return gpu;
}

async function importDawn(): Promise<{ create: (flags: string[]) => GPU }> {
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    return { create };
  } catch (cause) {
    throw new ShadegradError('NO_ADAPTER', `the npm package "webgpu" (Dawn) cannot be loaded on ${process.platform} ${process.arch}`, {
      received: cause instanceof Error ? cause.message : String(cause),
      fix: 'install the packages again (npm install); Dawn is built for Linux with glibc (x64, arm64), macOS, and Windows (x64, arm64)',
      cause,
    });
  }
}

/** Loads a shared library for good, by path or by the system's search; false where there is none. */
function loadLibrary(name: string): boolean {
  try {
    process.dlopen({ exports: {} }, name, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
    return true;
  } catch (error) {
    // A library that is no add-on is reported like this after it was loaded.
    return error instanceof Error && error.message.includes('did not self-register');
  }
}

function setEnvironment(changes: Record<string, string | undefined>): () => void {
  const before = Object.keys(changes).map((name) => [name, process.env[name]] as const);
  const apply = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(changes)) apply(name, value);
  return () => before.forEach(([name, value]) => apply(name, value));
}

function noAdapter(request: AdapterRequest, seen: AdapterSeen[], reasons: string[]): ShadegradError {
  const wanted = request === 'auto' ? 'a GPU, or a software driver' : `an adapter for "${request}"`;
  const found = seen.length > 0 ? `adapters: ${seen.map((adapter) => adapter.name).join('; ')}` : 'no adapter at all';
  return new ShadegradError('NO_ADAPTER', 'no WebGPU adapter was found', {
    expected: wanted,
    received: [found, ...reasons].join('\n    '),
    fix: [...(request === 'auto' ? [] : ['ask for another adapter (SHADEGRAD_ADAPTER=auto)']), ...howToGetAnAdapter()].join('\n    '),
  });
}
