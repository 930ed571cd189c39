import { readFileSync } from 'node:fs';

/** What `/etc/os-release` says, in lower case. */
export interface Distribution {
  id: string;
  /** Families this distribution belongs to. */
  like: string[];
  codename: string;
}

/** Reads `/etc/os-release`; empty where there is none. */
export function distribution(path = '/etc/os-release'): Distribution {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // Not a Linux that says what it is: advice for all of them follows.
  }
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1]?.toLowerCase() ?? '';
  return { id: field('ID'), like: field('ID_LIKE').split(' ').filter(Boolean), codename: field('VERSION_CODENAME') };
}

const DEBIAN_12 =
  'Debian 12 (its own Mesa 22.3 is too old for Dawn): enable bookworm-backports as https://backports.debian.org/Instructions says, ' +
  'then sudo apt install -t bookworm-backports mesa-vulkan-drivers libvulkan1';
const DEBIAN = 'Debian 13 and later: sudo apt install mesa-vulkan-drivers libvulkan1';
const UBUNTU_22 =
  'Ubuntu 22.04: its Mesa may be too old for Dawn; sudo add-apt-repository ppa:kisak/kisak-mesa && sudo apt install ' +
  'mesa-vulkan-drivers libvulkan1';
const UBUNTU = 'Ubuntu 24.04 and later: sudo apt install mesa-vulkan-drivers libvulkan1';
const FEDORA = 'Fedora: sudo dnf install mesa-vulkan-drivers vulkan-loader';
const ARCH = 'Arch: sudo pacman -S vulkan-icd-loader vulkan-swrast (and vulkan-radeon, vulkan-intel or nvidia-utils for a GPU)';
const SUSE = 'openSUSE: sudo zypper install libvulkan_lvp libvulkan1';
const ALPINE = 'Alpine: the prebuilt Dawn needs glibc; use a Debian-based image';
const EMBEDDED =
  'without root, on Linux x64: npm install --save-dev @sparticuz/chromium (it carries SwiftShader, a slower software driver)';

/**
 * How to get an adapter on this platform, one piece of advice a line.
 *
 * @param platform as `process.platform`
 */
export function howToGetAnAdapter(platform: string = process.platform, system: Distribution = distribution()): string[] {
  if (platform === 'darwin') return ['macOS: Dawn uses Metal; it needs macOS 11 or later and, in a virtual machine, a paravirtual GPU'];
  if (platform === 'win32') {
    return [
      "Windows: Dawn uses Direct3D 12; install the graphics driver of your GPU's maker (without a GPU, Windows offers its " +
        'software adapter WARP)',
    ];
  }
  if (platform !== 'linux') return [`${platform}: the npm package "webgpu" has no build for this platform; use Linux, macOS or Windows`];
  return [
    ...fasterSoftwareDriver(system),
    "a GPU: install the Vulkan driver of its maker (Mesa for AMD and Intel, NVIDIA's own for NVIDIA)",
    EMBEDDED,
  ];
}

/** How to install Mesa's lavapipe, which runs several times as fast as SwiftShader. */
export function fasterSoftwareDriver(system: Distribution = distribution()): string[] {
  const families = [system.id, ...system.like];
  if (families.includes('alpine')) return [ALPINE];
  if (system.id === 'ubuntu' || system.like.includes('ubuntu'))
    return [system.codename === 'jammy' || system.codename === 'focal' ? UBUNTU_22 : UBUNTU];
  if (families.includes('debian')) return [system.codename === 'bookworm' || system.codename === 'bullseye' ? DEBIAN_12 : DEBIAN];
  if (families.some((family) => ['fedora', 'rhel', 'centos'].includes(family))) return [FEDORA];
  if (families.includes('arch')) return [ARCH];
  if (families.some((family) => family.startsWith('opensuse') || family === 'suse')) return [SUSE];
  return [DEBIAN_12, DEBIAN, UBUNTU, FEDORA, ARCH, SUSE];
}
