/** A number of bytes in words: `3.4 MB`. */
export function byteWords(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let [size, unit] = [bytes, 0];
  for (; size >= 999.5 && unit < units.length - 1; unit++) size /= 1000;
  return `${unit === 0 || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** A time in words of its two largest units: `1 h 12 min`, `3 min 5 s`, `12 s`. */
export function timeWords(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return 'unknown';
  const whole = Math.round(seconds);
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const;
  const first = units.findIndex(([length]) => whole >= length);
  if (first < 0) return '0 s';
  const [length, name] = units[first]!;
  const next = units[first + 1];
  const rest = next ? Math.floor((whole % length) / next[0]) : 0;
  return `${Math.floor(whole / length)} ${name}${rest > 0 ? ` ${rest} ${next![1]}` : ''}`;
}
