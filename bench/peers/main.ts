/**
 * npm run bench:peers [-- flags]: shadegrad beside TensorFlow.js, jax-js and onnxruntime-node on the same adapter, and
 * PyTorch on the CPU and CUDA where a Python has it.
 *
 *   npm run bench:peers                              everything, at 256 x 256, ngf 64
 *   npm run bench:peers -- --filter d6 --quick       the layer d6
 *   npm run bench:peers -- --filter step --size 64 --ngf 16
 *
 * Each library runs in a process of its own, one at a time and in turns. A result must agree with float64 (networks:
 * with shadegrad's, which the tests compare with PyTorch's) before it is timed. All wait for the device with the same
 * slowed polling (src/node/adapter/polling.ts), but onnxruntime, whose Dawn does not poll from JavaScript.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AdapterChoice } from '../../src/node/adapter/choice.js';
import { systemVulkanManifests } from '../../src/node/adapter/probe.js';
import { loadDawn } from '../../src/node/adapter/dawn.js';
import { parseFlags } from '../../src/node/terminal/flags.js';
import { formatHelp } from '../../src/node/terminal/help.js';
import { runMain } from '../../src/node/programs/run-main.js';
import { unpackSwiftShader } from '../../src/node/adapter/swiftshader.js';
import { LIBRARY_VERSION } from '../../src/version.js';
import { writeJson } from '../report-files.js';
import { digits, formatTable } from '../table.js';
import { summarise, type Timing } from '../timing.js';
import { disagreement, peerCases, TOLERANCES, type PeerCase } from './cases.js';
import { serve, type Answer, type Request } from './child.js';
import { PEER_NAMES, type PeerName } from './peer.js';
import { findPyTorch, type PyTorchName } from './pytorch.js';
import { PEERS_PROGRAM } from '../programs.js';

const PACKAGES: Record<Exclude<PeerName, 'shadegrad' | PyTorchName>, string> = {
  tensorflow: '@tensorflow/tfjs-backend-webgpu',
  jax: '@jax-js/jax',
  onnxruntime: 'onnxruntime-node',
};
/** A peer that takes longer for one answer is given up. */
const PATIENCE_MS = 180_000;

interface Sampling {
  readonly sampleMs: number;
  readonly rounds: number;
  /** No further round for a peer that has been timed for this long. */
  readonly maxMs: number;
}
const THOROUGH: Sampling = { sampleMs: 200, rounds: 7, maxMs: 30_000 };
const QUICK: Sampling = { sampleMs: 50, rounds: 3, maxMs: 5_000 };

/** A peer's process; opened again after a failure that killed it. */
class PeerProcess {
  private child: ChildProcess | null = null;

  constructor(
    readonly name: PeerName,
    private readonly adapter: string | undefined,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  async ask(request: Request): Promise<Answer> {
    if (!this.child) {
      this.child = fork(process.argv[1]!, ['--serve', this.name, ...(this.adapter === undefined ? [] : [this.adapter])], {
        env: this.environment,
        serialization: 'advanced',
        // Their notices are not ours to print.
        stdio: ['ignore', 'ignore', process.env.SHADEGRAD_DEBUG === '1' ? 'inherit' : 'ignore', 'ipc'],
      });
      await this.exchange({ ask: 'open' });
    }
    return this.exchange(request);
  }

  private exchange(request: Request): Promise<Answer> {
    const child = this.child!;
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        child.off('message', onMessage).off('exit', onExit);
        finish();
      };
      const fail = (message: string): void =>
        settle(() => {
          this.close();
          reject(new Error(message));
        });
      const timer = setTimeout(() => fail(`no answer in ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
      const onMessage = (answer: Answer): void => {
        if (answer.error === undefined) settle(() => resolve(answer));
        else fail(answer.error);
      };
      const onExit = (code: number | null, signal: string | null): void => fail(`its process ended (${signal ?? `exit status ${code}`})`);
      child.on('message', onMessage).on('exit', onExit);
      child.send(request);
    });
  }

  close(): void {
    this.child?.kill('SIGKILL');
    this.child = null;
  }
}

interface PeerResult {
  readonly peer: PeerName;
  /** |difference| / |reference|; absent where there is nothing to compare. */
  readonly difference?: number;
  /** Present if it counts. */
  readonly timing?: Timing;
  readonly gflops?: number;
  /** Why it is not timed. */
  readonly reason?: string;
}

interface CaseResult {
  readonly label: string;
  readonly macs: number;
  readonly tolerance: number;
  readonly peers: readonly PeerResult[];
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

/** Prepares and checks every peer, then samples those that agree, in turns. */
async function compare(processes: readonly PeerProcess[], peerCase: PeerCase, { sampleMs, rounds, maxMs }: Sampling): Promise<CaseResult> {
  const tolerance = TOLERANCES[peerCase.kind];
  const results = new Map<PeerName, PeerResult>();
  const contenders: { process: PeerProcess; runs: number; samples: number[]; spent: number }[] = [];
  let ours: Float32Array | null = null;
  for (const process of processes) {
    const { name: peer } = process;
    try {
      const { result } = await process.ask({ ask: 'prepare', peerCase });
      if (!result) {
        results.set(peer, { peer, reason: 'no such operation' });
        continue;
      }
      if (peer === 'shadegrad') ours = result;
      const difference = disagreement(peerCase, result, ours);
      results.set(peer, { peer, difference });
      if (!(difference <= tolerance)) throw new Error(`disagrees: ${difference.toPrecision(2)}`);
      const warm = async (): Promise<number> => (await process.ask({ ask: 'run', times: 1 })).ms!;
      const first = await warm();
      const ms = first > maxMs / 3 ? first : await warm();
      contenders.push({ process, runs: Math.max(1, Math.round(sampleMs / ms)), samples: [], spent: 0 });
    } catch (error) {
      results.set(peer, { ...results.get(peer), peer, reason: messageOf(error) });
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      if (contender.spent > maxMs) continue;
      try {
        const { ms } = await contender.process.ask({ ask: 'run', times: contender.runs });
        contender.spent += ms!;
        contender.samples.push(ms! / contender.runs);
      } catch (error) {
        contender.spent = Infinity;
        contender.samples.length = 0;
        results.set(contender.process.name, { peer: contender.process.name, reason: messageOf(error) });
      }
    }
  }
  for (const { process, samples, runs } of contenders) {
    if (samples.length === 0) continue;
    const timing = summarise(samples, runs);
    results.set(process.name, { ...results.get(process.name)!, timing, gflops: (2 * peerCase.macs) / timing.medianMs / 1e6 });
  }
  for (const process of processes) {
    if (results.get(process.name)!.difference !== undefined) await process.ask({ ask: 'release' }).catch(() => process.close());
  }
  return { label: peerCase.label, macs: peerCase.macs, tolerance, peers: [...results.values()] };
}

function formatCase({ label, tolerance, peers }: CaseResult): string {
  const base = peers.find(({ peer }) => peer === 'shadegrad')?.timing?.medianMs;
  const rows = peers.map(({ peer, timing, gflops, difference, reason }) => {
    const agrees = difference === undefined ? '' : difference.toExponential(1);
    if (!timing) return [peer, '', '', '', '', '', agrees, reason ?? ''];
    const ratio = base === undefined ? '' : digits(timing.medianMs / base);
    return [peer, digits(timing.medianMs), digits(timing.minMs), digits(timing.maxMs), digits(gflops!), ratio, agrees, ''];
  });
  const table = formatTable(['', 'median ms', 'min', 'max', 'GFLOP/s', 'x ours', 'difference', 'not timed'], rows);
  return `${label} (agreement to ${tolerance})\n${table}\n`;
}

const isPyTorch = (peer: PeerName): peer is PyTorchName => peer.startsWith('pytorch');

function versionOf(peer: Exclude<PeerName, PyTorchName>, folder: string): string {
  if (peer === 'shadegrad') return LIBRARY_VERSION;
  return (JSON.parse(readFileSync(join(folder, 'node_modules', PACKAGES[peer], 'package.json'), 'utf8')) as { version: string }).version;
}

/** onnxruntime asks the system's Vulkan loader for an adapter, so it is shown only the driver that was chosen. */
async function onnxEnvironment({ embedded, kind }: AdapterChoice): Promise<NodeJS.ProcessEnv> {
  if (embedded) {
    const { loader, manifest } = await unpackSwiftShader();
    return {
      VK_DRIVER_FILES: manifest,
      VK_ICD_FILENAMES: manifest,
      LD_LIBRARY_PATH: [dirname(loader), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
    };
  }
  const wanted = kind === 'lavapipe' ? /lvp/ : kind === 'swiftshader' ? /swiftshader/ : undefined;
  const manifests = wanted ? systemVulkanManifests().filter((path) => wanted.test(path)) : [];
  return manifests.length > 0 ? { VK_DRIVER_FILES: manifests.join(':'), VK_ICD_FILENAMES: manifests.join(':') } : {};
}

async function main(): Promise<number> {
  const { values: flags, help } = parseFlags(PEERS_PROGRAM, process.argv.slice(2));
  if (help) {
    process.stdout.write(formatHelp(PEERS_PROGRAM));
    return 0;
  }
  const folder = process.env.SHADEGRAD_PEERS!;
  const { adapterChoice } = await loadDawn(flags.adapter === undefined ? {} : { adapter: flags.adapter });
  const onnx = await onnxEnvironment(adapterChoice);
  const asked = PEER_NAMES.filter((name) => flags.peers.split(',').includes(name));
  const pytorch = asked.some(isPyTorch) ? findPyTorch(flags.python) : null;
  const names = asked.filter((name) => !isPyTorch(name) || pytorch?.names.includes(name));
  const versions = Object.fromEntries(names.map((name) => [name, isPyTorch(name) ? pytorch!.version : versionOf(name, folder)]));
  console.log(
    `${adapterChoice.summary}\n${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}, node ${process.version}\n`,
  );
  const environment = { ...process.env, SHADEGRAD_PYTHON: flags.python };
  const processes = names.map(
    (name) => new PeerProcess(name, flags.adapter, name === 'onnxruntime' ? { ...environment, ...onnx } : environment),
  );
  const wanted = (flags.filter ?? '').toLowerCase();
  const results: CaseResult[] = [];
  try {
    for (const peerCase of peerCases(flags).filter(({ label }) => label.toLowerCase().includes(wanted))) {
      results.push(await compare(processes, peerCase, flags.quick ? QUICK : THOROUGH));
      console.log(formatCase(results.at(-1)!));
    }
  } finally {
    for (const process of processes) process.close();
  }
  if (flags.json !== undefined) {
    const { name, description, kind, backend } = adapterChoice;
    await writeJson(flags.json, {
      date: new Date().toISOString(),
      adapter: { name, description, kind, backend },
      node: process.version,
      versions,
      results,
    });
    console.log(`written to ${flags.json}`);
  }
  return results.length > 0 ? 0 : 1;
}

const [, , serving, name, adapter] = process.argv;
if (serving === '--serve') serve(name as PeerName, adapter);
else await runMain(main);
