// Reads what the length-controlled win rate takes beside annotations, in either form that AlpacaEval's authors publish:
// df_gamed.csv (index, instruction_difficulty, and judgements of gamed baselines: preference 0 to 1, std_delta_len,
// not_gamed_baseline), or a table of the difficulties alone (the index in its first column, instruction_difficulty).
import { readText } from '../../../shared/read-file.js';
import { badRecords } from '../../../shared/records.js';

export interface LengthControl {
  /** By the item's place in the benchmark, counted from 0. */
  difficulty: ReadonlyMap<number, number>;
  /** Absent where the file has difficulties only. */
  gamed?: readonly GamedJudgement[];
}

/** A judgement of the baseline's own answers made longer or shorter, against the baseline. */
export interface GamedJudgement {
  /** The probability of a win, 0 to 1. */
  preference: number;
  /** The difference of the lengths in standard deviations. */
  lengthDifference: number;
  difficulty: number;
}

const difficultyColumn = 'instruction_difficulty';
const gamedColumns = ['preference', 'std_delta_len'] as const;
const hint = 'give df_gamed.csv or instruction_difficulty.csv of the data set tatsu-lab/alpaca_eval';

export function readLengthControl(file: string): LengthControl {
  const [header = '', ...lines] = readText(file).replace(/\n+$/, '').split('\n');
  const columns = header.split(',').map((name) => name.trim());
  const indexColumn = Math.max(0, columns.indexOf('index'));
  if (!columns.includes(difficultyColumn)) {
    throw badRecords(file, [`${file}:1: there is no column ${difficultyColumn}`], hint);
  }
  const isGamed = gamedColumns.every((name) => columns.includes(name));
  const problems: string[] = [];
  const difficulty = new Map<number, number>();
  const gamed: GamedJudgement[] = [];
  lines.forEach((line, i) => {
    const cells = line.split(',');
    const number = (at: number, name: string) => {
      const cell = cells[at]?.trim() ?? '';
      if (cell === '' || !Number.isFinite(Number(cell))) problems.push(`${file}:${i + 2}: ${name} is no number`);
      return Number(cell);
    };
    const value = (name: string) => number(columns.indexOf(name), name);
    const index = number(indexColumn, 'index');
    const itsDifficulty = value(difficultyColumn);
    if (!difficulty.has(index)) difficulty.set(index, itsDifficulty);
    if (isGamed) {
      const [preference, lengthDifference] = [value('preference'), value('std_delta_len')];
      if (preference < 0 || preference > 1) problems.push(`${file}:${i + 2}: preference is not within 0 and 1`);
      gamed.push({ preference, lengthDifference, difficulty: itsDifficulty });
    }
  });
  if (problems.length > 0) throw badRecords(file, problems, hint);
  return { difficulty, ...(isGamed && { gamed }) };
}
