// One line that shows how far a piece of work is: redrawn in place on a terminal (by ora), and elsewhere a plain line at
// the start, at the end and now and then between. Knows nothing of runs and stages.
import ora, { type Ora } from 'ora';

import { formatClock, formatCount, formatRate, formatSeconds } from './format.js';
import { styleFor, type Environment, type Style, type TextStream, widthOf } from './style.js';

export interface ProgressOptions {
  stream: TextStream;
  env: Environment;
  quiet: boolean;
  /** Seconds, from any start. */
  now?: () => number;
}

export interface Work {
  label: string;
  unit: string;
  total: number;
  /** What was done before this process. */
  done?: number;
}

/** How far the work was at a time: what was done without what was remembered, and tokens. */
interface Mark {
  at: number;
  done: number;
  tokens: number;
}

/** When the work was begun and a plain line was last written, in seconds; and since when its pace is measured. */
interface Clock {
  started: number;
  told: number;
  marks: [Mark, ...Mark[]];
}

/** Seconds between two plain lines of one piece of work. */
const plainInterval = 15;
/** Of all there is to do: below it, rate and time left would be a guess from one piece or two, which end first because they
 *  are short while the others have just been begun. */
const tellingShare = 0.01;
/** The pace is that of the last so many seconds, or of the last so much of the work where that takes longer: what slowed the
 *  machine down an hour ago says nothing of the time left. */
const paceSeconds = 300;
const paceShare = 0.02;
const barWidth = 24;
const labelWidth = 11;

export class ProgressLine {
  readonly style: Style;
  private readonly live: boolean;
  private readonly now: () => number;
  private spinner: Ora | undefined;
  private work: (Required<Work> & { current: number; remembered: number; tokens: number } & Clock) | undefined;

  constructor(private readonly options: ProgressOptions) {
    const { stream, env } = options;
    // Without a width ora would clear lines for ever.
    const moves = stream.isTTY === true && stream.columns !== 0 && env.TERM !== 'dumb' && !env.CI;
    this.live = !options.quiet && moves;
    this.style = styleFor(stream, env);
    this.now = options.now ?? (() => performance.now() / 1000);
  }

  start(work: Work): void {
    this.stop();
    const done = work.done ?? 0;
    const now = this.now();
    const marks: Clock['marks'] = [{ at: now, done, tokens: 0 }];
    this.work = { ...work, done, current: done, remembered: 0, tokens: 0, started: now, told: now, marks };
    if (this.options.quiet) return;
    if (this.live) this.spinner = this.createSpinner();
    else this.writeLine(`  ${work.label}: ${this.amount()}${done > 0 ? ', continued' : ''}`);
  }

  /** Corrects what `start` said it would be, which may have been an estimate. */
  setTotal(total: number): void {
    if (this.work) this.work.total = total;
  }

  get isWorking(): boolean {
    return this.work !== undefined;
  }

  /** `tokens`: of this process, since the work started. `remembered`: of `done`, what took this process no time. */
  update(done: number, tokens: number, detail = '', remembered = 0): void {
    if (!this.work || this.options.quiet) return;
    this.work.current = done;
    this.work.remembered = remembered;
    this.work.tokens = tokens;
    const now = this.now();
    this.mark({ at: now, done: done - remembered, tokens }, detail);
    if (this.spinner) this.spinner.text = this.liveText(detail);
    else if (!this.live && now - this.work.told >= plainInterval) {
      this.work.told = now;
      this.writeLine(`  ${this.work.label}: ${[this.amount(), ...this.pace(), detail].filter(Boolean).join(', ')}`);
    }
  }

  finish(note: string, seconds?: number): void {
    const { work } = this;
    if (!work) return;
    this.stop();
    if (this.options.quiet) return;
    const time = formatSeconds(seconds ?? this.now() - work.started);
    if (this.live)
      this.writeLine(`  ${this.style.good('✓')} ${work.label.padEnd(labelWidth)} ${time.padStart(7)}  ${note}`);
    else this.writeLine(`  ${work.label}: done in ${time}${note === '' ? '' : ` (${note})`}`);
  }

  /** A whole line above the live one. */
  line(text: string): void {
    if (this.options.quiet) return;
    this.writeLine(text);
  }

  /** Ends the live line without a word; what comes next is printed below. */
  stop(): void {
    this.spinner?.stop();
    this.spinner = undefined;
    this.work = undefined;
  }

  /** Writes even when quiet: for warnings. */
  writeLine(text: string): void {
    this.spinner?.clear();
    this.options.stream.write(`${text}\n`);
    this.spinner?.render();
  }

  private createSpinner(): Ora {
    return ora({
      stream: this.options.stream as unknown as NodeJS.WritableStream,
      text: this.liveText(''),
      prefixText: ' ', // ora's own indent would move the lines that are written above
      color: (this.options.env.NO_COLOR ?? '') === '' ? 'cyan' : false,
      discardStdin: false, // Ctrl-C stays the terminal's own
    }).start();
  }

  private liveText(detail: string): string {
    if (!this.work) return '';
    const { label, total, current } = this.work;
    const room = widthOf(this.options.stream, 80) >= 80 ? barWidth : 10;
    const filled = total > 0 ? Math.min(room, Math.floor((current / total) * room)) : 0;
    const bar = '━'.repeat(filled) + this.style.dim('─'.repeat(room - filled));
    return `${label.padEnd(labelWidth)} ${bar} ${[this.amount(), ...this.pace(), detail].filter(Boolean).join(' · ')}`;
  }

  private amount(): string {
    const { current = 0, total = 0, unit = '' } = this.work ?? {};
    // What a stage aims at may be known only when it has begun.
    return total === 0 ? `${formatCount(current)} ${unit}` : `${formatCount(current)} of ${formatCount(total)} ${unit}`;
  }

  private mark(mark: Mark, detail: string): void {
    if (!this.work) return;
    const { marks, total } = this.work;
    // What comes before there is anything to count, as the self-test of a judge, says nothing of the pace.
    const isBefore = mark.done === this.work.done && mark.tokens === 0 && detail !== '';
    if (isBefore) this.work.marks = [mark];
    else if (mark.at - (marks.at(-1) ?? marks[0]).at >= 1) marks.push(mark);
    const isEnough = ({ at, done }: Mark) => mark.at - at >= paceSeconds && mark.done - done >= paceShare * total;
    while (marks[1] !== undefined && isEnough(marks[1])) marks.shift();
  }

  /** Rate and time left, once there is something to measure. */
  private pace(): string[] {
    if (!this.work) return [];
    const { done, current, remembered, total, marks } = this.work;
    const [since] = marks;
    const elapsed = this.now() - since.at;
    const before = done + remembered;
    if (elapsed < 1 || current - before < tellingShare * (total - before)) return [];
    const tokens = this.work.tokens - since.tokens;
    const rate = tokens > 0 ? [`${formatRate(tokens / elapsed)} tok/s`] : [];
    const made = current - remembered - since.done;
    const left = total - current;
    if (made <= 0 || left <= 0) return rate;
    return [...rate, `${formatClock((left * elapsed) / made)} left`];
  }
}
