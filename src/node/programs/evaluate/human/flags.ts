import type { Flag } from '../../../terminal/flags.js';
import { HUMAN_PROTOCOLS } from './registry.js';

const GROUP = 'People';
const defaultsOf = (name: 'practice' | 'trials' | 'exposure'): string =>
  HUMAN_PROTOCOLS.map((protocol) => `${protocol.defaults[name]} of ${protocol.name}`).join(', ');

/** The flags of `shadegrad evaluate --human`. */
export const HUMAN_FLAGS = [
  {
    name: 'human',
    group: GROUP,
    type: 'boolean',
    description: 'asks people, on a page that this machine serves, in place of measuring (docs/human-evaluation.md)',
  },
  {
    name: 'protocol',
    group: GROUP,
    type: 'choice',
    choices: HUMAN_PROTOCOLS.map(({ name }) => name),
    default: HUMAN_PROTOCOLS[0].name,
    description: `what people are asked: ${HUMAN_PROTOCOLS.map(({ name, description }) => `${name}, ${description}`).join('; ')}`,
  },
  {
    name: 'practice',
    group: GROUP,
    type: 'integer',
    min: 0,
    max: 1000,
    description: `trials before the others that do not count, with the right answer; by default ${defaultsOf('practice')}`,
  },
  {
    name: 'trials',
    group: GROUP,
    type: 'integer',
    min: 1,
    max: 1000,
    description: `trials of each participant that count; by default ${defaultsOf('trials')}`,
  },
  {
    name: 'exposure',
    group: GROUP,
    type: 'number',
    min: 0,
    max: 60,
    description: `seconds until pictures are covered, 0 for never; by default ${defaultsOf('exposure')}`,
  },
  {
    name: 'size',
    group: GROUP,
    type: 'string',
    placeholder: 'N|WIDTHxHEIGHT',
    description: 'sides in pixels that all pictures are brought to; by default those of the smallest',
  },
  {
    name: 'port',
    group: GROUP,
    type: 'integer',
    min: 0,
    max: 65535,
    default: 0,
    description: 'port of the page; with 0 that of the last time, or the first free one from 7420 on',
  },
  {
    name: 'host',
    group: GROUP,
    type: 'string',
    placeholder: 'ADDRESS',
    description:
      'address to listen on, such as 0.0.0.0: others on the network then reach the page; by default this machine alone can open it',
  },
  {
    name: 'results',
    group: GROUP,
    type: 'string',
    placeholder: 'DIR',
    description: 'prints what people said so far in a folder that --output named, and asks nobody; a server may be at work there',
  },
  {
    name: 'incomplete',
    group: GROUP,
    type: 'boolean',
    description: 'counts sessions that were not finished, too, as far as they go',
  },
] as const satisfies readonly Flag[];
