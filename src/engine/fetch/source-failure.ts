/** Why one source of a model did not yield it; the next one is tried. */
export class SourceFailure extends Error {
  /** The source gave bytes, but not the model's. */
  readonly differs: boolean;

  constructor(reason: string, options: { differs?: boolean; cause?: unknown } = {}) {
    super(reason, { cause: options.cause });
    this.differs = options.differs ?? false;
  }
}
