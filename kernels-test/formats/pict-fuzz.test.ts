// not in browsers: it asks Node how much memory is in use
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { networkToPict, pictNetwork } from '../../src/exchange/tensorflow/pict-network.js';
import { bytesSource } from '../../src/formats/byte-source.js';
import { encodePict, openPict } from '../../src/formats/pict.js';
import { ShadegradError } from '../../src/errors.js';
import { fuzz } from '../harness/fuzz.js';
import { formulaCodebook, pictBytes } from '../harness/pict-golden.js';
import { collect, formulaNetwork } from '../harness/weights.js';

/** Reading may take a few copies of a file, and what the garbage collector has not yet taken away. */
const BYTES_ALLOWED = 4 * 2 ** 20;

test('20,000 damaged .pict files are read or refused, and none takes more memory than it has bytes for', async () => {
  const network = formulaNetwork({
    kind: 'unet',
    options: { size: 16, ngf: 1, inChannels: 1, outChannels: 1, bias: 'everywhere', innermostNorm: true },
  });
  const originals = [
    pictBytes('[{"name": "x/kernel", "shape": [2, 2]}, {"name": "y", "shape": []}]', formulaCodebook(), new Uint8Array(5)),
    await collect(encodePict(networkToPict(network))),
  ];
  let networks = 0;
  const read = async (bytes: Uint8Array): Promise<void> => {
    const file = await openPict(bytesSource(bytes));
    for (const tensor of file.tensors.values()) await tensor.read();
    // A file that is whole, but of no network, counts as read.
    const notThis = (error: unknown): void => {
      if (!(error instanceof ShadegradError) || error.code !== 'WEIGHTS_UNSUPPORTED') throw error;
    };
    try {
      for (const tensor of pictNetwork(file).tensors.values()) await tensor.read();
      networks++;
    } catch (error) {
      notThis(error);
    }
  };
  for (const bytes of originals) await read(bytes);
  assert.is(networks, 1);
  const { accepted, refused, mostBytes } = await fuzz(originals, 20_000, read);
  console.log(`${accepted} read, ${networks} of them networks, ${refused} refused, at most ${mostBytes} bytes`);
  assert.ok(accepted > 1000 && refused > 5000 && networks > 500);
  assert.ok(mostBytes < BYTES_ALLOWED, `${mostBytes} bytes`);
});

test.run();
