import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Asset } from '../../../dashboard/asset.js';
import { Guard, isSame } from '../../../dashboard/guard.js';
import { hostsOf, isAnyAddress, originsOf } from '../../../dashboard/hosts.js';
import { give, PageServer, refuse, type PageRequest } from '../../../dashboard/page-server.js';
import { HUMAN_ASSETS, resultsPage } from './page.js';
import { scoreSessions } from './score.js';
import type { Session } from './sessions.js';
import type { SentAnswer, Study } from './study.js';

/** What lets people in. The folder of a study keeps it, so that a link stays what it is. */
export interface StudyLinks {
  /** What the link for participants holds. */
  readonly join: string;
  /** What the link to the results holds, for whoever runs the study. */
  readonly token: string;
  /** The port of the last time. */
  readonly port?: number;
}

/** How a study is served. */
export interface HumanServerOptions {
  readonly links: StudyLinks;
  /** 0 for that of the last time, or the first that is free. */
  readonly port: number;
  /** The address to listen on; undefined for this machine alone. */
  readonly host: string | undefined;
  /** Told of every answer. */
  readonly onAnswer?: (session: Session) => void;
  /** Told of an answer that could not be kept. */
  readonly onFailure?: (error: unknown) => void;
}

/** What a page may have drawn as its key. */
const KEY = /^[\w-]{22,64}$/;
const PICTURE = /^\/pictures\/([\w-]{22})$/;

/** The pages of a study: one for participants, one with the results for whoever runs it. */
export class HumanServer {
  readonly #guard: Guard;
  #server: PageServer | undefined;
  /** Until there is one, nobody has been told the address. */
  #study: Study | undefined;

  private constructor(private readonly options: HumanServerOptions) {
    const { links, host } = options;
    const cookie = randomBytes(24).toString('base64url');
    const secrets = { token: links.token, cookie, cookieName: `shadegrad_${randomBytes(4).toString('hex')}` };
    this.#guard = host === undefined ? new Guard(secrets) : new Guard(secrets, hostsOf(host));
  }

  /**
   * Takes a port for the study that show() names: whether there is one is known before anything is written.
   *
   * @throws PORT_IN_USE; BAD_FLAG for an address that is none of this machine
   */
  static async open(options: HumanServerOptions): Promise<HumanServer> {
    const server = new HumanServer(options);
    const { port, host, links } = options;
    server.#server = await PageServer.open(port, {
      ...{ title: 'The page', flag: '--port', host, preferred: links.port === undefined ? [] : [links.port], holdsProcess: true },
      check: (request) => server.#guard.check(request),
      answer: (request, response) => server.#answer(request, response),
    });
    return server;
  }

  /** Asks people in a study from now on. */
  show(study: Study): void {
    this.#study = study;
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#server!.port;
  }

  /** The addresses for participants. */
  get participantLinks(): readonly string[] {
    return this.#origins().map((origin) => `${origin}/?join=${this.options.links.join}`);
  }

  /** The address of the results, which participants are not given. */
  get resultsLink(): string {
    // Where this machine can ask itself, the token does not go over the network.
    const { host, links } = this.options;
    const origin = host === undefined || isAnyAddress(host) ? `http://127.0.0.1:${this.port}` : this.#origins()[0]!;
    return `${origin}/results?token=${links.token}`;
  }

  /** Ends it. */
  async close(): Promise<void> {
    await this.#server?.close();
  }

  #origins(): readonly string[] {
    return originsOf(this.options.host, this.port);
  }

  async #answer({ request, path, query, body }: PageRequest, response: ServerResponse): Promise<void> {
    const asset = HUMAN_ASSETS.get(path);
    const posted = path === '/join' || path === '/shown' || path === '/answer';
    const method = posted ? 'POST' : 'GET';
    if (request.method !== method) return refuse(response, 405, `Only ${method}.`, { allow: method });
    // The page itself says nothing of the study.
    if (asset) return give(response, asset);
    const study = this.#study;
    if (study === undefined) return refuse(response, 503, 'The study is being made ready.');
    if (path === '/results') return this.#results(study, request, query.get('token'), response);
    const bearer = /^Bearer ([\w-]{1,64})$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const isInvited = isSame(bearer, this.options.links.join);
    if (path === '/study' || path === '/join') {
      if (!isInvited) return refuse(response, 401, 'This needs the link that you were sent.');
      return path === '/study' ? describe(study, response) : this.#join(study, fieldsOf(body), response);
    }
    const session = study.sessionOf(bearer);
    if (session === undefined) return refuse(response, 401, 'Nobody has begun with this key.');
    if (path === '/trial') return giveJson(response, study.trial(session) ?? { ended: true });
    if (path === '/shown') return this.#shown(study, session, fieldsOf(body), response);
    if (path === '/answer') return this.#keep(study, session, fieldsOf(body), response);
    const id = PICTURE.exec(path)?.[1];
    const picture = id === undefined ? undefined : study.picture(session, id);
    if (picture) return give(response, { type: 'image/png', body: picture });
    refuse(response, 404, 'There is nothing here.');
  }

  #join(study: Study, { key }: Readonly<Record<string, unknown>>, response: ServerResponse): void {
    if (typeof key !== 'string' || !KEY.test(key)) return refuse(response, 400, 'This is no key.');
    const session = this.#kept(response, () => study.join(key) ?? 'full');
    if (session === 'full') return refuse(response, 403, 'Too many people take part already.');
    if (session) giveJson(response, { participant: session.participant });
  }

  #shown(study: Study, session: Session, { trial }: Readonly<Record<string, unknown>>, response: ServerResponse): void {
    const noted = this.#kept(response, () => study.shown(session, trial));
    if (noted === undefined) return;
    if (noted) giveJson(response, {});
    else refuse(response, 409, 'It is not the turn of this trial.');
  }

  #keep(study: Study, session: Session, sent: Readonly<Record<string, unknown>>, response: ServerResponse): void {
    if (!isAnswer(sent)) return refuse(response, 400, 'This is no answer.');
    const answered = this.#kept(response, () => study.answer(session, sent));
    if (answered === undefined) return;
    if (answered === 'early') return refuse(response, 409, 'It is not the turn of this trial.');
    if (answered === 'refused') return refuse(response, 400, 'This is no answer.');
    this.options.onAnswer?.(study.sessions.all[session.participant - 1]!);
    giveJson(response, answered);
  }

  /** What keeping something gave; undefined where it could not be kept, which is answered. */
  #kept<Result>(response: ServerResponse, keep: () => Result): Result | undefined {
    try {
      return keep();
    } catch (error) {
      this.options.onFailure?.(error);
      refuse(response, 507, 'The answer could not be kept. Please tell whoever sent you the link.');
      return undefined;
    }
  }

  #results(study: Study, request: IncomingMessage, token: string | null, response: ServerResponse): void {
    if (!this.#guard.mayRead(request, token)) return refuse(response, 401, 'This needs the link that the terminal printed.');
    if (this.#guard.isToken(token)) {
      // The token goes out of the address line.
      return void response.writeHead(303, { location: '/results', 'set-cookie': this.#guard.setCookie, 'content-length': 0 }).end();
    }
    const { protocol, settings, sessions } = study;
    const score = scoreSessions(protocol, sessions.all, { ...settings, incomplete: false });
    give(response, resultsPage(score, sessions.all, settings));
  }
}

function describe({ protocol, settings }: Study, response: ServerResponse): void {
  giveJson(response, { title: protocol.title, introduction: protocol.introduction(settings) });
}

const json = (value: unknown): Asset => ({ type: 'application/json', body: Buffer.from(JSON.stringify(value)) });
const giveJson = (response: ServerResponse, value: unknown): void => give(response, json(value));

/** The fields of a JSON object; none where it is something else. */
function fieldsOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isAnswer(sent: Readonly<Record<string, unknown>>): sent is Readonly<Record<string, unknown>> & SentAnswer {
  const { trial, answer } = sent;
  return Number.isInteger(trial) && (trial as number) >= 0 && typeof answer === 'object' && answer !== null;
}
