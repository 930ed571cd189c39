import type { ServerResponse } from 'node:http';

/** More pages than this look at no run. */
const MOST_CLIENTS = 8;
/**
 * What may wait for a client beside what it is told first, which alone may be more. One that takes no more is dropped; its page asks anew
 * when it is awake.
 */
const MOST_WAITING_BYTES = 2 ** 20;
const PING_MS = 10_000;

/** The pages that are told what happens, by server-sent events. Nobody waits for them. */
export class EventClients {
  /** Each with the bytes of what it is told first, until they have left. */
  private readonly clients = new Map<ServerResponse, number>();
  private readonly ping = setInterval(() => this.write(': ping\n\n'), PING_MS).unref();

  get size(): number {
    return this.clients.size;
  }

  /** Takes a client, unless there are too many. @param state what it is told first */
  add(response: ServerResponse, state: () => unknown): boolean {
    if (this.clients.size >= MOST_CLIENTS) return false;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.on('close', () => this.clients.delete(response));
    response.on('error', () => response.destroy());
    const first = Buffer.from(`retry: 2000\n${message('state', state())}`);
    this.clients.set(response, first.length);
    response.write(first, () => void (this.clients.has(response) && this.clients.set(response, 0)));
    return true;
  }

  /** Tells all of them. */
  send(event: string, data: unknown): void {
    if (this.clients.size > 0) this.write(message(event, data));
  }

  private write(text: string): void {
    for (const [client, first] of this.clients) {
      if (client.writableLength > MOST_WAITING_BYTES + first) {
        this.clients.delete(client);
        client.destroy();
      } else client.write(text);
    }
  }

  /** Ends their connections. */
  close(): void {
    clearInterval(this.ping);
    for (const client of this.clients.keys()) client.end();
    this.clients.clear();
  }
}

const message = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
