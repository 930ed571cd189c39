import { UNPRINTABLES } from './names.js';

/** Formats a time in seconds, in never more than two units: `8.4 s`, `4m 05s`, `2h 07m`, `3d 04h`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (number: number) => String(number).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
  const hours = Math.round(seconds / 3600);
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`;
}

/** Formats a number of bytes in powers of 1024, with three significant digits or so: `512 B`, `1.4 GiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || Math.abs(value) >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Formats a whole number with its thousands apart: `80,000`. */
export function formatCount(count: number): string {
  return Number.isFinite(count) ? Math.round(count).toLocaleString('en-US') : '–';
}

/** Formats a count of things: `1 step`, `80,000 steps`. @param noun one of them; their plural is formed with an s */
export function formatCountOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Formats a measured number in `digits` significant digits and a steady width: `0.312`, `12.3`, `1,234`; `NaN` as itself. */
export function formatNumber(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  // Rounded first, so that 9.9999 counts as 10.
  const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
  if (magnitude < -digits || magnitude > 8) return value.toExponential(digits - 1);
  const decimals = Math.max(digits - 1 - Math.max(magnitude, -1), 0);
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Formats a value as JSON for a terminal and for programs: what a terminal would obey is escaped; null for NaN and infinite numbers. */
export function formatJson(value: unknown): string {
  const escaped = (text: string): string =>
    text === '\n' ? text : text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return JSON.stringify(value, null, 2).replace(UNPRINTABLES, escaped);
}
