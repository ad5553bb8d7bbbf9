// The one error class for failures that a user can meet, and its stable codes. Anything else that is thrown is a bug of
// ours. docs/errors.md explains each code; native/common/status.h maps onto them.

/** Stable words; scripts may match on them. */
export const errorCodes = [
  'bad-config',
  'bad-input',
  'model-not-found',
  'unsupported-model',
  'adapter-mismatch',
  'not-enough-memory',
  'not-enough-disk',
  'run-locked',
  'run-changed',
  'corrupt-run',
  'no-network',
  'checksum-mismatch',
  'nothing-usable',
  'interrupted',
  'training-diverged',
  'not-built',
  'no-sandbox',
  'native-failure',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Codes whose cause is found before any work: wrong usage, configuration or input. They exit with 2. */
const foundBeforeWork: ReadonlySet<ErrorCode> = new Set([
  'bad-config',
  'bad-input',
  'model-not-found',
  'unsupported-model',
  'adapter-mismatch',
  'run-locked',
  'run-changed',
]);

export class IsheepError extends Error {
  override readonly name = 'IsheepError';
  readonly code: ErrorCode;
  /** What to do about it; empty where the message says all. */
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? '';
  }

  /** 2: found before any work; 130: interrupted, the same command continues; 1: anything else. */
  get exitCode(): 1 | 2 | 130 {
    if (this.code === 'interrupted') return 130;
    return foundBeforeWork.has(this.code) ? 2 : 1;
  }
}

/** An error of the native addon (it carries `code` and `hint`) as an IsheepError; anything else is returned as it is. */
export function fromNative(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof IsheepError) return error;
  const { code, hint } = error as Error & { code?: unknown; hint?: unknown };
  if (typeof code !== 'string' || !(errorCodes as readonly string[]).includes(code)) return error;
  return new IsheepError(code as ErrorCode, error.message, {
    hint: typeof hint === 'string' ? hint : '',
    cause: error,
  });
}

/** What a native call gives, its errors as IsheepErrors. */
export async function withNativeErrors<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw fromNative(error);
  }
}
