import { hostname, networkInterfaces } from 'node:os';
import type { OwnHosts } from './guard.js';

const IP_HOST = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])(?::\d{1,5})?$/i;
const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Whether a server that listens on it does so on every address of this machine. */
export const isAnyAddress = (host: string): boolean => ANY_ADDRESS.has(host);

/** The hosts of a server that others reach: addresses, which no name can stand for, and the names of this machine. */
export function hostsOf(host: string): OwnHosts {
  const own = ['localhost', hostname(), `${hostname()}.local`, host].map((name) => name.toLowerCase());
  return {
    names: 'addresses of this machine, and its name,',
    has: (asked) => IP_HOST.test(asked) || own.includes(asked.toLowerCase().replace(/:\d{1,5}$/, '')),
  };
}

/** The beginnings of addresses at which a server is reached. @param host undefined for this machine alone */
export function originsOf(host: string | undefined, port: number): readonly string[] {
  const named = (name: string): string => `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
  if (host === undefined) return [named('127.0.0.1')];
  if (!isAnyAddress(host)) return [named(host)];
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const others = all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address);
  return (others.length > 0 ? others : ['127.0.0.1']).map(named);
}
