import { forcedChoice } from './forced-choice.js';
import type { HumanProtocol } from './protocol.js';
import { realOrFake } from './real-or-fake.js';
import { scores } from './scores.js';

/** The protocols of `shadegrad evaluate --human`: each a file, and a row here. The first is the default. */
export const HUMAN_PROTOCOLS: readonly [HumanProtocol, ...HumanProtocol[]] = [realOrFake, forcedChoice, scores];
