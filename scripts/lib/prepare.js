// Makes a fresh clone ready to run. Uses nothing but Node's own modules: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MINIMUM_NODE = [20, 9];

/** Whatever goes into dist/. */
const SOURCES = [
  'src',
  'shaders',
  'scripts/build.js',
  'scripts/lib/build',
  'scripts/lib/sources.js',
  'tsconfig.json',
  'tsconfig.build.json',
  'package.json',
];

/** Whatever goes into site/, beside that. */
const SITE_SOURCES = ['docs', 'examples/app', 'scripts', 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md'];

/** Installs the dependencies if they are missing or not those of the lockfile. */
export function prepareDependencies() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor < MINIMUM_NODE[1])) {
    fail(`shadegrad needs Node ${MINIMUM_NODE.join('.')} or later; this is ${process.version}`);
  }
  if (dependenciesAreInstalled()) return;
  console.error('installing the dependencies (npm ci) ...');
  // `npm run` says where npm is; its prepare script would build before anyone asked for a build.
  const npm = process.env.npm_execpath;
  const options = { cwd: root, stdio: ['inherit', 2, 2] };
  const flags = ['ci', '--no-audit', '--no-fund', '--ignore-scripts'];
  const { status, error } = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...flags], options)
    : spawnSync('npm', flags, { ...options, shell: process.platform === 'win32' });
  if (error) fail(`npm cannot be started: ${error.message}`);
  if (status !== 0) fail(`npm ci failed (exit status ${status}); is there a connection to an npm registry?`);
}

/**
 * Builds dist/ if it is missing or older than the sources.
 * @returns {boolean} false if that failed; the compiler has then said why
 */
export function prepareBuild() {
  if (newest(join(root, 'dist/node.js')) >= Math.max(...SOURCES.map((source) => newest(join(root, source))))) return true;
  console.error('building ...');
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/build.js')], { cwd: root, stdio: ['inherit', 2, 2] });
  if (status !== 0) console.error('the build failed');
  return status === 0;
}

/** Tells whether site/ is there and as new as what it is made of. */
export const siteIsBuilt = () =>
  newest(join(root, 'site/service-worker.js')) >= Math.max(...[...SOURCES, ...SITE_SOURCES].map((source) => newest(join(root, source))));

/**
 * Compares npm's record of what it installed with the lockfile. Times would not do: git writes files in any
 * order. Packages for other platforms are in the lockfile only.
 */
function dependenciesAreInstalled() {
  const installed = readPackages('node_modules/.package-lock.json');
  const wanted = readPackages('package-lock.json');
  if (!installed || !wanted) return false;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    if (installed[path] === undefined) return optional === true;
    return installed[path].version === version && existsSync(join(root, path));
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** The latest time of change, in ms, of a file or of all below a folder; 0 where there is none. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  // A deleted file shows in the time of its folder.
  return Math.max(status.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
