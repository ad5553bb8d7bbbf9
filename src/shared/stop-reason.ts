// What follows from why a text ended.
import type { StopReason } from './rows.js';

const cutOff: readonly unknown[] = ['length', 'repetition'] satisfies StopReason[];

/** Whether a text was cut off before it was whole; not where the reason is unknown. */
export function isCutOff(stop: unknown): boolean {
  return cutOff.includes(stop);
}
