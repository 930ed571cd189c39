import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { ShadegradError } from '../../errors.js';
import { readAssets, TOKEN_PAGE, type Asset } from './assets.js';
import { EventClients } from './event-clients.js';
import { Guard } from './guard.js';
import { readOwnFile } from './own-files.js';
import type { DashboardRun } from './state.js';

/** The first port that is tried where none is named, and how many after it. */
export const FIRST_PORT = 7420;
const PORTS_TRIED = 20;

const LIMITS = {
  maxHeaderSize: 8192,
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 2000,
} as const;
const MOST_CONNECTIONS = 64;
const MOST_BODY_BYTES = 1024;
const LONGEST_ADDRESS = 1024;
/** A connection on which nothing moves for so long is closed; those of events have a ping more often. */
const IDLE_MS = 30_000;
const PATIENCE_MS = 200;

/** Nothing from elsewhere, nothing in frames, nothing kept. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; " +
    "frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

const PREVIEW = /^\/samples\/(\d{1,10})\.png$/;

/** A page about a run that is going on, for this machine alone. */
export class Dashboard {
  /** Until there is one, nobody has been told the address. */
  #run: DashboardRun | undefined;
  readonly #assets: ReadonlyMap<string, Asset>;
  readonly #guard: Guard;
  readonly #token: string;
  readonly #clients = new EventClients();
  #servers: readonly Server[] = [];
  #port = 0;

  private constructor(assets: ReadonlyMap<string, Asset>, token: string) {
    this.#assets = assets;
    this.#token = token;
    const secret = randomBytes(24).toString('base64url');
    this.#guard = new Guard({ token, cookie: secret, cookieName: `shadegrad_${randomBytes(4).toString('hex')}` });
  }

  /**
   * Takes a port on the loopback addresses of this machine, for the page of the run that show() names.
   *
   * @param port 0 for the first that is free, from FIRST_PORT on
   * @throws PORT_IN_USE
   */
  static async open(port: number): Promise<Dashboard> {
    const dashboard = new Dashboard(await readAssets(), randomBytes(24).toString('base64url'));
    try {
      const ports = port === 0 ? Array.from({ length: PORTS_TRIED }, (_, index) => FIRST_PORT + index) : [port];
      for (const each of ports) if (await dashboard.#listen(each)) return dashboard;
      throw inUse(ports);
    } catch (error) {
      await dashboard.close();
      throw error;
    }
  }

  /** Shows a run. @returns the address to open, which holds the token */
  show(run: DashboardRun): string {
    this.#run = run;
    return `http://127.0.0.1:${this.#port}/?token=${this.#token}`;
  }

  /** Tells the pages that look at the run; costs nothing where there is none. */
  send(event: 'steps' | 'validation' | 'gradients' | 'patches' | 'status', data: () => unknown): void {
    if (this.#clients.size > 0) this.#clients.send(event, data());
  }

  /** Ends it, with every connection. */
  async close(): Promise<void> {
    this.#clients.close();
    const servers = this.#servers;
    this.#servers = [];
    await Promise.all(
      servers.map(
        (server) =>
          new Promise<void>((resolve) => {
            // What was said last is on its way; nobody waits for one who does not listen.
            const patience = setTimeout(() => server.closeAllConnections(), PATIENCE_MS);
            server.close(() => {
              clearTimeout(patience);
              resolve();
            });
            server.closeIdleConnections();
          }),
      ),
    );
  }

  /** @returns false where another program has the port */
  async #listen(port: number): Promise<boolean> {
    const server = this.#makeServer();
    const failure = await listen(server, port, '127.0.0.1');
    if (failure === 'EADDRINUSE' || failure === 'EACCES') return false;
    if (failure !== null) throw inUse([port], failure);
    this.#port = (server.address() as AddressInfo).port;
    this.#servers = [server];
    // Machines without IPv6 have no such address.
    const other = this.#makeServer();
    const refused = await listen(other, this.#port, '::1');
    if (refused === null) this.#servers = [server, other];
    if (refused !== 'EADDRINUSE') return true;
    // Whoever opens localhost may get to either.
    await this.#closeServers();
    return false;
  }

  async #closeServers(): Promise<void> {
    for (const server of this.#servers) await new Promise((resolve) => server.close(resolve));
    this.#servers = [];
  }

  #makeServer(): Server {
    const server = createServer({ ...LIMITS }, (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.timeout = IDLE_MS;
    server.on('clientError', refuseDamaged);
    server.on('upgrade', (_request, socket) => socket.destroy());
    server.on('connect', (_request, socket) => socket.destroy());
    server.on('checkExpectation', (_request, response: ServerResponse) => refuse(response, 417, 'Nothing is expected here.'));
    // The run decides how long the process lives.
    server.unref();
    server.on('connection', (socket) => socket.unref());
    return server;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const { url = '', method } = request;
    const run = this.#run;
    const refusal = this.#guard.check(request);
    if (refusal) return refuse(response, refusal.status, refusal.text);
    if (url.length > LONGEST_ADDRESS) return refuse(response, 414, 'The address is too long.');
    if (!(await bodyIsSmall(request))) return refuse(response, 413, 'Nothing is to be sent but the request itself.');
    if (!url.startsWith('/')) return refuse(response, 400, 'The address is none of this server.');
    const [path, query] = url.split('?', 2) as [string, string | undefined];
    if (run === undefined) return refuse(response, 503, 'The run is being made ready.');
    if (path.startsWith('/do/')) return this.#control(run, path.slice('/do/'.length), request, response);
    const token = new URLSearchParams(query).get('token');
    if (method !== 'GET') return refuse(response, 405, 'Only GET.', { allow: 'GET' });
    if (!this.#guard.mayRead(request, token)) return this.#askForToken(path, response);
    if (this.#guard.isToken(token)) response.setHeader('set-cookie', this.#guard.setCookie);
    if (path === '/events') return this.#events(run, response);
    const asset = this.#assets.get(path);
    if (asset) return give(response, asset);
    const patches = path === '/patches.png' ? run.patches() : undefined;
    if (patches) return give(response, { type: 'image/png', body: patches });
    const step = PREVIEW.exec(path)?.[1];
    const preview = step === undefined ? undefined : run.previewOf(Number(step));
    const picture = preview === undefined ? null : await readOwnFile(run.path, 'samples', preview);
    if (picture) return give(response, { type: 'image/png', body: picture });
    refuse(response, 404, 'There is nothing here.');
  }

  #control({ controls }: DashboardRun, name: string, request: IncomingMessage, response: ServerResponse): void {
    if (!Object.hasOwn(controls, name)) return refuse(response, 404, 'There is nothing here.');
    if (request.method !== 'POST') return refuse(response, 405, 'Only POST.', { allow: 'POST' });
    if (!this.#guard.mayControl(request)) return refuse(response, 401, 'This needs the token that the terminal printed.');
    controls[name as keyof typeof controls]();
    response.writeHead(204).end();
  }

  #events(run: DashboardRun, response: ServerResponse): void {
    if (!this.#clients.add(response, () => run.state())) refuse(response, 503, 'Too many pages look at this run.');
  }

  #askForToken(path: string, response: ServerResponse): void {
    if (path !== '/') return refuse(response, 401, 'This needs the token that the terminal printed.');
    give(response, TOKEN_PAGE, 401);
  }
}

function give(response: ServerResponse, { type, body }: Asset, status = 200): void {
  response.writeHead(status, { 'content-type': type, 'content-length': body.length }).end(body);
}

function refuse(response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
  const body = Buffer.from(`${text}\n`);
  const all = { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length, connection: 'close', ...headers };
  response.writeHead(status, all).end(body);
}

/** Answers what is no request, or one with too much of a header. */
function refuseDamaged(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

/** Reads what comes with a request and throws it away. @returns false where it is more than anything that has a meaning here */
async function bodyIsSmall(request: IncomingMessage): Promise<boolean> {
  if (Number(request.headers['content-length'] ?? 0) > MOST_BODY_BYTES) return false;
  if (request.headers['transfer-encoding'] === undefined && request.headers['content-length'] === undefined) return true;
  return new Promise((resolve, reject) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_BODY_BYTES) return;
      request.pause();
      resolve(false);
    });
    request.on('end', () => resolve(true));
    request.on('error', reject);
  });
}

/** @returns what the system says where it does not work, such as EADDRINUSE */
function listen(server: Server, port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    server.once('error', failed).listen({ port, host, exclusive: true }, () => {
      server.off('error', failed);
      server.on('error', () => {});
      resolve(null);
    });
  });
}

function inUse(ports: readonly number[], received?: string): ShadegradError {
  const [first, last] = [ports[0]!, ports.at(-1)!];
  return new ShadegradError('PORT_IN_USE', `The dashboard cannot listen on port ${first}${last === first ? '' : ` or any up to ${last}`}`, {
    expected: 'a port that no other program has and that this one may take',
    ...(received !== undefined && { received }),
    fix:
      last === first
        ? 'name another port, or none for the first that is free (--dashboard)'
        : 'name a port that is free (--dashboard PORT)',
  });
}
