// Small draws from a seeded stream.

export function oneOf<T>(items: readonly [T, ...T[]], random: () => number): T {
  return items[Math.floor(random() * items.length)] ?? items[0];
}

/** `from`, `from + step`, … up to `to`, each as likely as the others. */
export function numberBetween(from: number, to: number, random: () => number, step = 1): number {
  return from + step * Math.floor(random() * (Math.floor((to - from) / step) + 1));
}
