import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a request is refused. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
}

/** The names that this machine has for itself. With any port: a page may come through a tunnel (ssh -L). */
const LOCAL_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/** Compares texts in a time that says nothing of how much of them is equal. */
export function isSame(text: string, secret: string): boolean {
  const digest = (each: string): Buffer => createHash('sha256').update(each).digest();
  return timingSafeEqual(digest(text), digest(secret));
}

/** Which hosts a server answers to, and how it says so. */
export interface OwnHosts {
  readonly names: string;
  has(host: string): boolean;
}

/** The hosts of a server for this machine alone. */
export const LOCAL: OwnHosts = { names: 'localhost, 127.0.0.1 and [::1]', has: (host) => LOCAL_HOST.test(host) };

/** Whom a request is for. A page of another name that leads to this machine (DNS rebinding) is refused. */
export function hostRefusal({ headersDistinct: { host = [] } }: IncomingMessage, own: OwnHosts): Refusal | undefined {
  if (host.length === 1 && own.has(host[0]!)) return undefined;
  return { status: 403, text: `This server answers to ${own.names} alone.` };
}

/** Where a request that changes something comes from: pages of other servers are refused. */
function originRefusal({ headers: { origin, host, 'sec-fetch-site': site } }: IncomingMessage): Refusal | undefined {
  const fromPage = origin !== undefined || site !== undefined;
  const own = origin?.toLowerCase() === `http://${host!.toLowerCase()}` && (site === undefined || site === 'same-origin');
  return fromPage && !own ? { status: 403, text: 'Only the page of this server may do that.' } : undefined;
}

/** The secrets of a dashboard. */
export interface Secrets {
  /** What the terminal printed: for all that there is. */
  readonly token: string;
  /** What the page's cookie holds: for reading alone, because browsers send cookies to every port of a machine. */
  readonly cookie: string;
  readonly cookieName: string;
}

/** Lets the requests in that may come in. */
export class Guard {
  constructor(
    private readonly secrets: Secrets,
    private readonly hosts: OwnHosts = LOCAL,
  ) {}

  /** Why a request is refused, whatever it is about; undefined where it is not. */
  check(request: IncomingMessage): Refusal | undefined {
    return hostRefusal(request, this.hosts) ?? (request.method === 'POST' ? originRefusal(request) : undefined);
  }

  /** Whether a request may change something: it has the token in its header, which no other page can set. */
  mayControl({ headers: { authorization } }: IncomingMessage): boolean {
    return authorization !== undefined && isSame(authorization, `Bearer ${this.secrets.token}`);
  }

  /** Whether a request may read. @param token of its address, if it has one */
  mayRead(request: IncomingMessage, token: string | null): boolean {
    const { cookie, cookieName } = this.secrets;
    const sent = (request.headers.cookie ?? '').split(/;\s*/).find((each) => each.startsWith(`${cookieName}=`));
    if (sent !== undefined && isSame(sent.slice(cookieName.length + 1), cookie)) return true;
    return this.isToken(token) || this.mayControl(request);
  }

  isToken(token: string | null): boolean {
    return token !== null && isSame(token, this.secrets.token);
  }

  /** The header that gives a browser its cookie. */
  get setCookie(): string {
    const { cookie, cookieName } = this.secrets;
    return `${cookieName}=${cookie}; Path=/; HttpOnly; SameSite=Strict`;
  }
}
