import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Asset } from './asset.js';
import { readAssets, TOKEN_PAGE } from './assets.js';
import { EventClients } from './event-clients.js';
import { Guard } from './guard.js';
import { readOwnFile } from './own-files.js';
import { give, PageServer, refuse, type PageRequest } from './page-server.js';
import type { DashboardRun } from './state.js';

const PREVIEW = /^\/samples\/(\d{1,10})\.png$/;

/** A page about a run that is going on, for this machine alone. */
export class Dashboard {
  /** Until there is one, nobody has been told the address. */
  #run: DashboardRun | undefined;
  readonly #assets: ReadonlyMap<string, Asset>;
  readonly #guard: Guard;
  readonly #token: string;
  readonly #clients = new EventClients();
  #server: PageServer | undefined;

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
      dashboard.#server = await PageServer.open(port, {
        ...{ title: 'The dashboard', flag: '--dashboard' },
        check: (request) => dashboard.#guard.check(request),
        answer: (request, response) => dashboard.#answer(request, response),
      });
      return dashboard;
    } catch (error) {
      await dashboard.close();
      throw error;
    }
  }

  /** Shows a run. @returns the address to open, which holds the token */
  show(run: DashboardRun): string {
    this.#run = run;
    return `http://127.0.0.1:${this.#server!.port}/?token=${this.#token}`;
  }

  /** Tells the pages that look at the run; costs nothing where there is none. */
  send(event: 'steps' | 'validation' | 'gradients' | 'patches' | 'status', data: () => unknown): void {
    if (this.#clients.size > 0) this.#clients.send(event, data());
  }

  /** Ends it, with every connection. */
  async close(): Promise<void> {
    this.#clients.close();
    await this.#server?.close();
  }

  async #answer({ request, path, query }: PageRequest, response: ServerResponse): Promise<void> {
    const run = this.#run;
    if (run === undefined) return refuse(response, 503, 'The run is being made ready.');
    if (path.startsWith('/do/')) return this.#control(run, path.slice('/do/'.length), request, response);
    const token = query.get('token');
    if (request.method !== 'GET') return refuse(response, 405, 'Only GET.', { allow: 'GET' });
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
