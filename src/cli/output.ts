// Where words go: results to standard output, everything else to standard error. With --json, standard output is one
// JSON object at the end and nothing else.
import { diskError } from '../shared/atomic-file.js';
import { IsheepError } from '../shared/errors.js';
import { fileReasons } from '../shared/read-file.js';
import { styleFor, type Environment, type Style, type TextStream } from './style.js';

export interface Streams {
  stdout: TextStream;
  stderr: TextStream;
  env: Environment;
}

export class Output {
  readonly style: Style;
  /** For text that goes to standard output. */
  readonly resultStyle: Style;

  constructor(
    readonly streams: Streams,
    readonly json: boolean,
    readonly quiet: boolean,
  ) {
    this.style = styleFor(streams.stderr, streams.env);
    this.resultStyle = styleFor(streams.stdout, streams.env);
  }

  /** A command's result: `text` for a person, `data` with --json. */
  result(text: string, data: object): void {
    if (this.json) this.streams.stdout.write(`${JSON.stringify(data)}\n`);
    else if (text !== '') this.streams.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Something to know beside the result; left out when quiet. */
  note(text: string): void {
    if (!this.quiet) this.streams.stderr.write(`${text}\n`);
  }

  warning(text: string): void {
    this.streams.stderr.write(`${this.style.notable('warning:')} ${text}\n`);
  }

  /** Prints an error in contract form and returns the exit code that belongs to it. */
  error(thrown: unknown): number {
    const error = asIsheepError(thrown);
    if (!error) return this.defect(thrown);
    const { code, message, hint } = error;
    // A message with several problems has one a line, and each is a whole error line.
    const lines = message.split('\n').map((line) => `${this.style.bad(`error [${code}]`)} ${line}\n`);
    this.streams.stderr.write(lines.join('') + (hint === '' ? '' : `${this.style.bold('hint:')} ${hint}\n`));
    if (this.json) this.result('', { error: { code, message, hint } });
    return error.exitCode;
  }

  /** A stack trace is for our own bugs only, and says so. */
  private defect(thrown: unknown): number {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const hint = 'this is a defect of isheep, not of your input; please report it with the command and the lines above';
    this.streams.stderr.write(
      `${this.style.bad('error [defect]')} ${error.message}\n${error.stack ?? ''}\nhint: ${hint}\n`,
    );
    if (this.json) this.result('', { error: { code: 'defect', message: error.message, hint } });
    return 1;
  }
}

/** An IsheepError, a full disk or an unusable path as an IsheepError; undefined for anything else, a bug of ours. */
function asIsheepError(thrown: unknown): IsheepError | undefined {
  if (thrown instanceof IsheepError) return thrown;
  const { code, path } = (thrown ?? {}) as NodeJS.ErrnoException;
  const converted = diskError(thrown, path ?? 'a file');
  if (converted instanceof IsheepError) return converted;
  const reason = fileReasons[code ?? ''];
  if (reason === undefined || path === undefined) return undefined;
  return new IsheepError('bad-input', `${path}: ${reason}`, {
    hint: 'check the path and who may use it',
    cause: thrown,
  });
}
