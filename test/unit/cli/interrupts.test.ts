import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';

import { listenForInterrupts, type SignalSource } from '../../../src/cli/interrupts.js';

class FakeProcess extends EventEmitter implements SignalSource {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

describe('Ctrl-C', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s: first ends the chunk, then stops at once, then ends the process',
    (signal) => {
      const source = new FakeProcess();
      const told: string[] = [];
      const interrupts = listenForInterrupts(source, (text) => told.push(text));
      expect([interrupts.stop.aborted, interrupts.cancel.aborted]).toEqual([false, false]);
      source.emit(signal);
      expect([interrupts.stop.aborted, interrupts.cancel.aborted]).toEqual([true, false]);
      expect(told).toEqual(['interrupted: finishing what would be lost (a chunk at most); Ctrl-C again stops at once']);
      source.emit(signal);
      expect([interrupts.cancel.aborted, source.exits]).toEqual([true, []]);
      source.emit(signal);
      expect(source.exits).toEqual([130]);
    },
  );

  it('is left to the process again after dispose', () => {
    const source = new FakeProcess();
    listenForInterrupts(source, () => undefined).dispose();
    expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(0);
  });
});
