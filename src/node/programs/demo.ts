import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ShadegradError } from '../../errors.js';
import { giveFile } from '../dashboard/folder.js';
import { hostRefusal, LOCAL } from '../dashboard/guard.js';
import { hostsOf, originsOf } from '../dashboard/hosts.js';
import { PageServer } from '../dashboard/page-server.js';
import { parseFlags, type Program } from '../terminal/flags.js';
import { formatHelp } from '../terminal/help.js';
import { Interrupt } from '../training/interrupt.js';

/** The command line of `shadegrad demo`, and of `npm run demo` in a clone. */
export const DEMO_PROGRAM = {
  usage: 'npx shadegrad demo [flags]',
  summary:
    'Serves the site of the project on this machine: draw, film and train in a browser with WebGPU, and the documentation. ' +
    'Nothing is sent anywhere. Ctrl-C ends it.',
  flags: [
    {
      name: 'port',
      type: 'integer',
      min: 0,
      max: 65535,
      default: 0,
      description: 'port of the page; with 0 the first free one from 7420 on',
    },
    {
      name: 'host',
      type: 'string',
      placeholder: 'ADDRESS',
      description:
        'address to listen on, such as 0.0.0.0: others on the network then reach the page, where browsers give it no WebGPU ' +
        'without https; by default this machine alone can open it',
    },
    { name: 'open', type: 'boolean', description: 'open the page in the browser' },
  ],
  examples: [{ command: 'npx shadegrad demo --open', description: 'The site, in the browser:' }],
} as const satisfies Program;

/** The site beside the library in the package, seen from its entries and from its chunks. */
const PLACES = ['../site/', '../../site/'];

/** What the pages say in `<meta>` holds; frames are what only a header can speak of. */
const HEADERS = { 'content-security-policy': "frame-ancestors 'none'" };

/**
 * Runs the program of `shadegrad demo`: serves the site until the user ends it.
 *
 * @param argv the arguments alone
 * @param folder of the site; by default that of the package
 * @returns the exit status
 * @throws BAD_FLAG, PORT_IN_USE; DATA_NOT_FOUND where there is no site
 */
export async function serveDemo(argv: readonly string[], folder: string = ownSite()): Promise<number> {
  const { values, help } = parseFlags(DEMO_PROGRAM, argv);
  if (help) {
    process.stdout.write(formatHelp(DEMO_PROGRAM));
    return 0;
  }
  if (!existsSync(join(folder, 'index.html'))) throw noSite(folder);
  const { port, host, open } = values;
  const hosts = host === undefined ? LOCAL : hostsOf(host);
  const server = await PageServer.open(port, {
    ...{ title: 'The site', flag: '--port', host, holdsProcess: true, headers: HEADERS },
    check: (request) => hostRefusal(request, hosts),
    answer: (request, response) => giveFile(folder, request, response),
  });
  let interrupt: Interrupt | undefined;
  try {
    const addresses = originsOf(host, server.port).map((origin) => `${origin}/`);
    for (const address of addresses) console.log(address);
    if (host !== undefined)
      console.error('note: others on this network reach the page; browsers give it WebGPU over https alone, or on the machine itself');
    console.error('Ctrl-C ends it');
    if (open) openInBrowser(addresses[0]!);
    await new Promise<void>((done) => {
      interrupt = new Interrupt(done);
    });
  } finally {
    interrupt?.dispose();
    await server.close();
  }
  return 0;
}

function ownSite(): string {
  const places = PLACES.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return places.find((place) => existsSync(join(place, 'index.html'))) ?? places[0]!;
}

const noSite = (folder: string): ShadegradError =>
  new ShadegradError('DATA_NOT_FOUND', 'The site is not beside the library', {
    expected: join(folder, 'index.html'),
    received: 'a library that was built or bundled without it',
    fix: 'in a clone, call "npm run demo", which builds and serves it; elsewhere, install the package and call npx shadegrad demo',
  });

/** Opens an address with what the system opens addresses with. Where there is nothing, the address stands on the terminal. */
function openInBrowser(address: string): void {
  const [command, ...parameters] =
    process.platform === 'darwin'
      ? ['open', address]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '""', address]
        : ['xdg-open', address];
  const failed = (): void => console.error('note: no browser could be opened; open the address yourself');
  const child = spawn(command!, parameters, { stdio: 'ignore', detached: true });
  child.on('error', failed).on('exit', (status) => status !== 0 && failed());
  child.unref();
}
