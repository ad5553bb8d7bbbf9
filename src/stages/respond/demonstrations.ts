// Seed tasks with their outputs, shown before a task that is asked in plain text: so a base model, which was never trained to
// answer, takes up their form and ends where an answer ends (Lin et al., arXiv 2312.01552). What it writes then is trained on
// without them (context distillation, Askell et al., arXiv 2112.00861).
import { constraintFamily } from '../../shared/constraints/check.js';
import { constrainedSeed } from '../../shared/constraints/demonstrate.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../../shared/random.js';
import type { Constraint, SeedTask } from '../../shared/rows.js';

/** Demonstrations of one iteration, drawn once for each family of constraints, so that all who are shown them share a prefix
 *  of the cache. */
export class Demonstrations {
  readonly #drawn = new Map<string, readonly SeedTask[]>();

  constructor(
    private readonly seeds: readonly SeedTask[],
    private readonly count: number,
    private readonly seed: number,
    private readonly iteration: number,
  ) {}

  /** What is shown before a task with these constraints: seeds that ask for the first one's family, too, and meet it. */
  for(constraints: readonly Constraint[]): readonly SeedTask[] {
    if (this.count === 0) return [];
    const name = constraints[0]?.family ?? '';
    const known = this.#drawn.get(name);
    if (known !== undefined) return known;
    const drawn = this.#draw(name);
    this.#drawn.set(name, drawn);
    return drawn;
  }

  #draw(name: string): SeedTask[] {
    const family = constraintFamily(name);
    const random = randomStream(deriveSeed(this.seed, 'demonstrations', this.iteration, name));
    const shuffled = sampleWithoutReplacement(this.seeds, this.seeds.length, random).filter(isShown);
    const shown =
      family === undefined ? shuffled : shuffled.flatMap((one) => constrainedSeed(one, family, random) ?? []);
    return shown.slice(0, this.count);
  }
}

/** Characters of an output; longer ones would fill the prompt. */
const longest = 600;

function isShown({ output }: SeedTask): boolean {
  return output !== '' && output.length <= longest;
}
