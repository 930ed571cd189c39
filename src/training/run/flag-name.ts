/** The flag of an option: words joined by dashes, `pool-size` for poolSize. */
export const flagName = (option: string): string => option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
