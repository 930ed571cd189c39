import { constants } from 'node:os';
import { performance } from 'node:perf_hooks';

/** Signals that ask a run to save and end. A closed terminal or a lost connection sends SIGHUP; Ctrl-Break is Windows' SIGBREAK. */
const SIGNALS: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** One event often sends several: a terminal and npm both pass Ctrl-C on, and `timeout` signals a process and its group. */
const SAME_EVENT_MILLISECONDS = 500;

/**
 * Turns the first signal into a wish to stop. A later Ctrl-C or SIGTERM ends the process at once. A later SIGHUP does not:
 * a terminal that closes may send it more than once, and service managers send it after SIGTERM.
 */
export class Interrupt {
  private status: number | undefined;
  private firstAt = 0;

  /**
   * @param onFirst told when the first signal comes
   * @param now a clock in milliseconds
   */
  constructor(
    private readonly onFirst: () => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    for (const signal of SIGNALS) process.on(signal, this.receive);
  }

  /** The exit status that the signal asks for: 128 and its number, so 130 for Ctrl-C; undefined while none has come. */
  get exitStatus(): number | undefined {
    return this.status;
  }

  private readonly receive = (signal: NodeJS.Signals): void => {
    const status = 128 + constants.signals[signal];
    if (this.status === undefined) {
      this.status = status;
      this.firstAt = this.now();
      this.onFirst();
    } else if (signal !== 'SIGHUP' && this.now() - this.firstAt >= SAME_EVENT_MILLISECONDS) {
      process.exit(status);
    }
  };

  dispose(): void {
    for (const signal of SIGNALS) process.off(signal, this.receive);
  }
}
