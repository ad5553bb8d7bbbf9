// Ctrl-C and SIGTERM. The first one asks the work to end where nothing is lost by it, after its chunk at the latest, the
// second to stop at once, and a third ends the process: everything that was committed stays, whichever it is.
export interface Interrupts {
  /** Aborted by the first signal: finish what would be lost, a chunk at most, commit it, stop. */
  readonly stop: AbortSignal;
  /** Aborted by the second: cancel what runs. */
  readonly cancel: AbortSignal;
  /** Stops listening. */
  dispose(): void;
}

export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  removeListener(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  exit(code: number): unknown;
}

const interruptedExitCode = 130;

export function listenForInterrupts(source: SignalSource, tell: (text: string) => void): Interrupts {
  const stop = new AbortController();
  const cancel = new AbortController();
  const listener = () => {
    if (cancel.signal.aborted) source.exit(interruptedExitCode);
    else if (stop.signal.aborted) {
      cancel.abort();
      tell('stopping at once');
    } else {
      tell('interrupted: finishing what would be lost (a chunk at most); Ctrl-C again stops at once');
      stop.abort();
    }
  };
  source.on('SIGINT', listener);
  source.on('SIGTERM', listener);
  const dispose = () => {
    source.removeListener('SIGINT', listener);
    source.removeListener('SIGTERM', listener);
  };
  return { stop: stop.signal, cancel: cancel.signal, dispose };
}
