import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Asset } from './asset.js';
import { cannotListen, isOfPort, listen, type ListenUse } from './listen.js';

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

/** A request as a page's server sees it. */
export interface PageRequest {
  readonly request: IncomingMessage;
  /** The path of its address, as it was written. */
  readonly path: string;
  /** What stands behind the question mark. */
  readonly query: URLSearchParams;
  /** What came with it. */
  readonly body: string;
}

/** What a server on this machine is for. */
export interface PageServerOptions extends ListenUse {
  /** Ports to try before others where none is named. */
  readonly preferred?: readonly number[];
  /** Whether the process lives as long as the server does. Default: something else decides that. */
  readonly holdsProcess?: boolean;
  /** Headers in the place of the strict ones, or beside them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Why a request is refused, whatever it is about. */
  check(request: IncomingMessage): { readonly status: number; readonly text: string } | undefined;
  /** Answers a request that came in whole. */
  answer(request: PageRequest, response: ServerResponse): void | Promise<void>;
}

/** A server of a page: small requests, nothing of elsewhere, and by default for this machine alone. */
export class PageServer {
  #servers: readonly Server[] = [];
  #port = 0;

  private constructor(private readonly options: PageServerOptions) {}

  /**
   * Takes a port.
   *
   * @param port 0 for the first that is free, from FIRST_PORT on
   * @throws PORT_IN_USE; BAD_FLAG for an address that is none of this machine, and for a port that this user may not take
   */
  static async open(port: number, options: PageServerOptions): Promise<PageServer> {
    const server = new PageServer(options);
    try {
      const first = Array.from({ length: PORTS_TRIED }, (_, index) => FIRST_PORT + index);
      const ports = port === 0 ? [...(options.preferred ?? []), ...first] : [port];
      let said: string | null = null;
      for (const each of ports) {
        said = await server.#listen(each);
        if (said === null) return server;
        if (!isOfPort(said)) break;
      }
      throw cannotListen(said!, port === 0 ? first : ports, options);
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#port;
  }

  /** Ends it, with every connection. */
  async close(): Promise<void> {
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

  /** @returns what the system says where it does not work; null where it does */
  async #listen(port: number): Promise<string | null> {
    const { host } = this.options;
    const server = this.#makeServer();
    const failure = await listen(server, port, host ?? '127.0.0.1');
    if (failure !== null) return failure;
    this.#port = (server.address() as AddressInfo).port;
    this.#servers = [server];
    if (host !== undefined) return null;
    // Machines without IPv6 have no such address.
    const other = this.#makeServer();
    const refused = await listen(other, this.#port, '::1');
    if (refused === null) this.#servers = [server, other];
    if (refused !== 'EADDRINUSE') return null;
    // Whoever opens localhost may get to either.
    await this.#closeServers();
    return refused;
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
    if (this.options.holdsProcess) return server;
    server.unref();
    server.on('connection', (socket) => socket.unref());
    return server;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries({ ...HEADERS, ...this.options.headers })) response.setHeader(name, value);
    const { url = '' } = request;
    const refusal = this.options.check(request);
    if (refusal) return refuse(response, refusal.status, refusal.text);
    if (url.length > LONGEST_ADDRESS) return refuse(response, 414, 'The address is too long.');
    const body = await smallBody(request);
    if (body === null) return refuse(response, 413, 'Nothing is to be sent but the request itself.');
    if (!url.startsWith('/')) return refuse(response, 400, 'The address is none of this server.');
    const [path, query] = url.split('?', 2) as [string, string | undefined];
    await this.options.answer({ request, path, query: new URLSearchParams(query), body }, response);
  }
}

/** Answers with a file. */
export function give(response: ServerResponse, { type, body }: Asset, status = 200): void {
  response.writeHead(status, { 'content-type': type, 'content-length': body.length }).end(body);
}

/** Answers why there is nothing to be had. */
export function refuse(response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
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

/** Reads what comes with a request. @returns null where it is more than anything that has a meaning here */
async function smallBody(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > MOST_BODY_BYTES) return null;
  if (request.headers['transfer-encoding'] === undefined && request.headers['content-length'] === undefined) return '';
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_BODY_BYTES) return void chunks.push(chunk);
      request.pause();
      resolve(null);
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString()));
    request.on('error', reject);
  });
}
