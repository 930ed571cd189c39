import { ShadegradError } from '../errors.js';
import { oneLine, shortened } from './names.js';

/** The error for a file that is not what it should be. */
export function corrupt(label: string, what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_CORRUPT', `${label}: ${what}`, {
    expected,
    received,
    fix: 'the file is damaged, cut short or no PyTorch file: copy or download it again',
  });
}

/** The error for a sound file of a kind that is not read here. */
export function unsupported(label: string, what: string, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', `${label}: ${what}`, {
    expected,
    received,
    fix: "in Python, save the network's tensors alone: torch.save(model.state_dict(), 'weights.pth')",
  });
}

/** Characters of a part of a file in a message. */
const LONGEST = 80;

/** A part of an untrusted file for a message: short, and without control characters. */
export function quote(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `a list of ${value.length}` : `a ${value.constructor.name}`;
  if (typeof value === 'bigint') return value > -(1n << 64n) && value < 1n << 64n ? String(value) : 'a huge number';
  return oneLine(typeof value === 'string' ? JSON.stringify(shortened(value, LONGEST)) : String(value), LONGEST);
}
