import { pix2pix } from '../../schemes/pix2pix.js';
import { programCall } from '../terminal/program-call.js';
import { TRAIN_PROGRAM } from '../training/flags.js';
import { train } from './train.js';

/**
 * Runs the program of `shadegrad train`: trains pix2pix, as `examples/train-facades.js` does.
 *
 * @param argv the arguments alone
 * @returns the exit status, as trainScheme()
 * @throws ShadegradError for whatever the user can mend
 */
export function trainFacades(argv: readonly string[]): Promise<number> {
  return train({ scheme: pix2pix, call: programCall('train') }, TRAIN_PROGRAM, argv);
}
