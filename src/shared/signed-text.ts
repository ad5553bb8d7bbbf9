// Numbers below zero with a minus sign, which a hyphen is not.

/** `−1.71`, `1.71` */
export function numberText(value: number, digits: number): string {
  return `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(digits)}`;
}

/** A difference, its size by `inWords`: `−1.7 %`, `+1.7 %`. */
export function differenceText(value: number, inWords: (size: number) => string): string {
  return `${value < 0 ? '−' : '+'}${inWords(Math.abs(value))}`;
}
