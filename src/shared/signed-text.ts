// Numbers below zero with a minus sign, which a hyphen is not.

/** `−1.71`, `1.71`; no sign where nothing but zeros is left. */
export function numberText(value: number, digits: number): string {
  const size = Math.abs(value).toFixed(digits);
  return value < 0 && Number(size) !== 0 ? `−${size}` : size;
}

/** A difference, its size by `inWords`: `−1.7 %`, `+1.7 %`. */
export function differenceText(value: number, inWords: (size: number) => string): string {
  return `${value < 0 ? '−' : '+'}${inWords(Math.abs(value))}`;
}
