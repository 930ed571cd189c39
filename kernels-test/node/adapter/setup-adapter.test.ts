import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { distribution, fasterSoftwareDriver, howToGetAnAdapter } from '../../../src/node/adapter/advice.js';
import { adapterKind, describeChoice, rankCandidates } from '../../../src/node/adapter/choice.js';
import { listAdapters, systemVulkanManifests, type AdapterSeen } from '../../../src/node/adapter/probe.js';
import { trackPending } from '../../../src/node/adapter/polling.js';

const adapter = (name: string, software: boolean): AdapterSeen => ({
  name,
  backend: 'vulkan',
  vendor: '',
  architecture: '',
  description: name,
  software,
});
const gpu = adapter('NVIDIA H200', false);
const integrated = adapter('Intel(R) UHD Graphics', false);
const lavapipe = adapter('llvmpipe (LLVM 19.1.7, 256 bits)', true);
const system = [lavapipe, integrated, gpu];
const names = (...parameters: Parameters<typeof rankCandidates>) =>
  rankCandidates(...parameters).map((candidate) => (candidate.from === 'system' ? candidate.adapter.name : 'embedded'));

test('a GPU comes first, the preferred one of several, then lavapipe, then the embedded SwiftShader', () => {
  assert.equal(names('auto', system, gpu.name), [gpu.name, integrated.name, lavapipe.name, 'embedded']);
  assert.equal(names('auto', system, integrated.name), [integrated.name, gpu.name, lavapipe.name, 'embedded']);
  assert.equal(names('auto', [lavapipe], lavapipe.name), [lavapipe.name, 'embedded']);
  assert.equal(names('auto', []), ['embedded']);
});

test('a request for one kind gets no other', () => {
  assert.equal(names('hardware', [lavapipe]), []);
  assert.equal(names('hardware', system, gpu.name), [gpu.name, integrated.name]);
  assert.equal(names('software', system), [lavapipe.name, 'embedded']);
  assert.equal(names('lavapipe', system), [lavapipe.name]);
  assert.equal(names('uhd', system), [integrated.name]);
  assert.equal(names('radeon', system), []);
});

test('the kind of an adapter follows from its names', () => {
  assert.equal(
    [gpu, lavapipe, adapter('SwiftShader Device (Subzero)', true), adapter('Microsoft Basic Render Driver', true)].map(adapterKind),
    ['hardware', 'lavapipe', 'swiftshader', 'software'],
  );
});

test('the printed line is one line, names the adapter, and tells of a faster one only where there is one', () => {
  for (const [seen, embedded] of [
    [gpu, false],
    [lavapipe, false],
    [adapter('SwiftShader', true), true],
  ] as const) {
    const { summary } = describeChoice(seen, embedded);
    assert.not.match(summary, /\n/);
    assert.ok(summary.startsWith(`adapter: ${seen.name}`));
    assert.is(/faster/.test(summary), seen.software);
  }
});

test('advice names the package of each distribution', () => {
  const advice = (id: string, codename = '', like: string[] = []) => howToGetAnAdapter('linux', { id, like, codename }).join('\n');
  assert.match(advice('debian', 'bookworm'), /bookworm-backports mesa-vulkan-drivers/);
  assert.not.match(advice('debian', 'trixie'), /backports/);
  assert.match(advice('ubuntu', 'noble', ['debian']), /Ubuntu 24.04.*mesa-vulkan-drivers/);
  assert.match(advice('ubuntu', 'jammy', ['debian']), /ppa:/);
  assert.match(advice('linuxmint', 'wilma', ['ubuntu', 'debian']), /Ubuntu/);
  assert.match(advice('fedora'), /dnf install mesa-vulkan-drivers/);
  assert.match(advice('manjaro', '', ['arch']), /pacman -S .*vulkan-swrast/);
  assert.match(advice('opensuse-leap', '', ['suse']), /zypper/);
  assert.match(advice('alpine'), /glibc/);
  assert.match(howToGetAnAdapter('darwin').join(), /Metal/);
  assert.match(howToGetAnAdapter('win32').join(), /Direct3D/);
  const unknown = fasterSoftwareDriver({ id: 'plan9', like: [], codename: '' }).join('\n');
  for (const name of ['Debian', 'Ubuntu', 'Fedora', 'Arch', 'openSUSE']) assert.match(unknown, name);
});

test('os-release is read with and without quotes, and may be missing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shadegrad-os-'));
  writeFileSync(join(folder, 'os-release'), 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE="debian other"\nVERSION_CODENAME=noble\n');
  assert.equal(distribution(join(folder, 'os-release')), { id: 'ubuntu', like: ['debian', 'other'], codename: 'noble' });
  assert.equal(distribution(join(folder, 'nothing')), { id: '', like: [], codename: '' });
  rmSync(folder, { recursive: true });
});

test('adapters are listed from what Dawn answers to an impossible name', async () => {
  const answer =
    "no suitable backends found\nAvailable adapters:\n * backend: 'vulkan', name: 'GPU (one)'\n * backend: 'vulkan', name: " +
    "'llvmpipe'\n * backend: 'vulkan', name: 'llvmpipe'\n";
  const info = (name: string) => ({
    info: { vendor: 'v', architecture: 'a', description: `about ${name}`, isFallbackAdapter: name === 'llvmpipe' },
  });
  const create = ([flag]: string[]) => ({
    requestAdapter: async () => {
      if (flag === 'adapter=none') throw new Error(answer);
      return info(flag?.slice('adapter='.length) ?? 'GPU (one)');
    },
  });
  const keep: unknown[] = [];
  const found = await listAdapters(create as never, 'none', 'high-performance', keep);
  assert.equal(
    found.adapters.map(({ name, software }) => [name, software]),
    [
      ['GPU (one)', false],
      ['llvmpipe', true],
    ],
  );
  assert.is(found.preferred, 'GPU (one)');
  assert.is(keep.length, 4, 'every instance is kept');
});

test('drivers chosen by the environment hide those of the system', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shadegrad-icd-'));
  writeFileSync(join(folder, 'one.json'), '{}');
  const before = process.env.VK_DRIVER_FILES;
  process.env.VK_DRIVER_FILES = folder;
  assert.equal(systemVulkanManifests(), [join(folder, 'one.json')]);
  process.env.VK_DRIVER_FILES = join(folder, 'nothing.json');
  assert.equal(systemVulkanManifests(), []);
  if (before === undefined) delete process.env.VK_DRIVER_FILES;
  else process.env.VK_DRIVER_FILES = before;
  rmSync(folder, { recursive: true });
});

test('a tracked promise settles as it would have, and so do the timers meanwhile', async () => {
  const later = <T>(value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), 20));
  const order: string[] = [];
  setTimeout(() => order.push('timer'), 5);
  assert.equal(await Promise.all([trackPending(later('a')), trackPending(later('b'))]), ['a', 'b']);
  assert.equal(order, ['timer']);
  try {
    await trackPending(Promise.reject(new Error('lost')));
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'lost');
  }
});

test.run();
