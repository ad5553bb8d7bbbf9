// Seed tasks with their outputs, shown before a task that is asked in plain text: so a base model, which was never trained to
// answer, takes up their form and ends where an answer ends (Lin et al., arXiv 2312.01552). What it writes then is trained on
// without them (context distillation, Askell et al., arXiv 2112.00861).
import { constraintFamily } from '../../shared/constraints/check.js';
import { constrainedSeed } from '../../shared/constraints/demonstrate.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../../shared/random.js';
import { countWords } from '../../shared/constraints/text.js';
import type { Constraint, SeedTask } from '../../shared/rows.js';
import type { Task } from '../../shared/task-prompt.js';

/** Demonstrations of one iteration, drawn once for each family of constraints, with inputs and without, so that all who are
 *  shown them share a prefix of the cache. */
export class Demonstrations {
  readonly #drawn = new Map<string, readonly SeedTask[]>();

  constructor(
    private readonly seeds: readonly SeedTask[],
    private readonly count: number,
    private readonly seed: number,
    private readonly iteration: number,
  ) {}

  /** What is shown before a task: seeds that have an input if it has one, and that ask for its first constraint's family, too,
   *  and meet it. */
  for({ input }: Task, constraints: readonly Constraint[]): readonly SeedTask[] {
    if (this.count === 0) return [];
    const family = constraints[0]?.family ?? '';
    const hasInput = (input ?? '') !== '';
    const key = JSON.stringify([family, hasInput]);
    const known = this.#drawn.get(key);
    if (known !== undefined) return known;
    const drawn = this.#draw(family, hasInput);
    this.#drawn.set(key, drawn);
    return drawn;
  }

  #draw(name: string, hasInput: boolean): SeedTask[] {
    const family = constraintFamily(name);
    const random = randomStream(deriveSeed(this.seed, 'demonstrations', this.iteration, name));
    const shuffled = sampleWithoutReplacement(this.seeds, this.seeds.length, random).filter(
      ({ output }) => output !== '',
    );
    const asking =
      family === undefined ? shuffled : shuffled.flatMap((one) => constrainedSeed(one, family, random) ?? []);
    return rankedFirst(asking, [({ input }) => (input !== '') === hasInput, hasFullOutput]).slice(0, this.count);
  }
}

/** Words of an output: after shorter ones a base model answers in a few words, and longer ones fill the prompt. */
const fullOutput = { from: 25, to: 100 };

function hasFullOutput({ output }: SeedTask): boolean {
  const count = countWords(output);
  return count >= fullOutput.from && count <= fullOutput.to;
}

/** Those of which most is true first, equals in their order. */
function rankedFirst<T>(items: readonly T[], wishes: readonly ((item: T) => boolean)[]): T[] {
  const granted = (item: T) => wishes.filter((wish) => wish(item)).length;
  return [...items].sort((a, b) => granted(b) - granted(a));
}
