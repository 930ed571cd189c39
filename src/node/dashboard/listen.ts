import type { Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import { oneLine } from '../../formats/names.js';
import { ShadegradError, type ErrorCode, type ErrorDetails } from '../../errors.js';

/** A server that is to listen, in the words of its user. */
export interface ListenUse {
  /** What errors call it, such as `The dashboard`. */
  readonly title: string;
  /** The flag that names its port. */
  readonly flag: string;
  /** The address that `--host` names; undefined for this machine alone. */
  readonly host?: string | undefined;
}

/** What is wrong, by what the system says: a row for each reason. */
interface Reason {
  readonly codes: readonly string[];
  readonly code: ErrorCode;
  readonly what: (use: ListenUse, port: string) => string;
  readonly details: (use: ListenUse) => ErrorDetails;
}

/** The first port that any program may take. */
const FIRST_FREE_TO_ALL = 1024;

const ofMachine = (): string => {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return [...new Set(all.map(({ address }) => address))].slice(0, 6).join(', ') || 'none but 127.0.0.1';
};
const shown = ({ host = '127.0.0.1' }: ListenUse): string => oneLine(host, 60);
const ANOTHER_HOST = 'write --host 0.0.0.0 for all addresses of this machine, or leave out --host for this machine alone';

const REASONS: readonly Reason[] = [
  {
    codes: ['EADDRNOTAVAIL', 'EINVAL'],
    code: 'BAD_FLAG',
    what: (use) => `${use.title} cannot listen on ${shown(use)}, which is no address of this machine`,
    details: (use) => ({ expected: `an address of this machine: ${ofMachine()}`, received: shown(use), fix: ANOTHER_HOST }),
  },
  {
    codes: ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME', 'EAI_ADDRFAMILY'],
    code: 'BAD_FLAG',
    what: (use) => `${use.title} cannot listen on ${shown(use)}: nothing of that name has an address`,
    details: (use) => ({ expected: `an address or a name of this machine: ${ofMachine()}`, received: shown(use), fix: ANOTHER_HOST }),
  },
  {
    codes: ['EAFNOSUPPORT', 'EPROTONOSUPPORT'],
    code: 'BAD_FLAG',
    what: (use) => `${use.title} cannot listen on ${shown(use)}: this machine has no addresses of that kind`,
    details: (use) => ({ expected: `an address of this machine: ${ofMachine()}`, received: shown(use), fix: ANOTHER_HOST }),
  },
  {
    codes: ['EACCES', 'EPERM'],
    code: 'BAD_FLAG',
    what: (use, port) => `${use.title} may not listen on port ${port}`,
    details: ({ flag }) => ({
      expected: `a port that this user may take, as most systems let anybody from ${FIRST_FREE_TO_ALL} on`,
      received: 'a port that the system keeps for its own programs',
      fix: `write, for example, ${flag} 8080`,
    }),
  },
];

/**
 * The error of a server that cannot listen.
 *
 * @param said what the system says, such as EADDRINUSE
 * @param ports that were tried
 * @returns BAD_FLAG for an address or a port that can never be; PORT_IN_USE for one that another program has
 */
export function cannotListen(said: string, ports: readonly number[], use: ListenUse): ShadegradError {
  const [first, last] = [ports[0]!, ports.at(-1)!];
  const port = `${first}${last === first ? '' : ` or any up to ${last}`}`;
  const reason = REASONS.find(({ codes }) => codes.includes(said));
  if (reason) return new ShadegradError(reason.code, reason.what(use, port), reason.details(use));
  return new ShadegradError('PORT_IN_USE', `${use.title} cannot listen on port ${port}`, {
    expected: 'a port that no other program has and that this one may take',
    ...(said !== 'EADDRINUSE' && { received: `${said} from the system` }),
    fix:
      last === first
        ? `name another port, or none for the first that is free (${use.flag})`
        : `name a port that is free (${use.flag} PORT)`,
  });
}

/** Whether another port of the same address may still do. */
export const isOfPort = (said: string): boolean => ['EADDRINUSE', 'EACCES', 'EPERM'].includes(said);

/** Lets a server listen. @returns what the system says where it does not work, such as EADDRINUSE; null where it does */
export function listen(server: Server, port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    server.once('error', failed).listen({ port, host, exclusive: true }, () => {
      server.off('error', failed);
      server.on('error', () => {});
      resolve(null);
    });
  });
}
