import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Turns the first Ctrl-C (or SIGTERM) into a wish to stop; the second ends the process at once. */
export class Interrupt {
  private status: number | undefined;

  /** @param onFirst told when the first signal comes */
  constructor(private readonly onFirst: () => void) {
    for (const signal of SIGNALS) process.on(signal, this.receive);
  }

  /** The exit status that the signal asks for (130 for Ctrl-C, 143 for SIGTERM); undefined while none has come. */
  get exitStatus(): number | undefined {
    return this.status;
  }

  private readonly receive = (signal: NodeJS.Signals): void => {
    const status = 128 + constants.signals[signal];
    if (this.status !== undefined) process.exit(status);
    this.status = status;
    this.onFirst();
  };

  dispose(): void {
    for (const signal of SIGNALS) process.off(signal, this.receive);
  }
}
