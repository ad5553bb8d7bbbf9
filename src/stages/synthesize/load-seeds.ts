import type { SeedTask } from '../../shared/rows.js';

/** Path of the seed tasks that come with isheep. */
export declare const defaultSeedsFile: string;

/** Reads seed tasks ({id, instruction, input?, output?} or Self-Instruct's form). Throws `bad-input` with all bad lines. */
export declare function loadSeeds(file?: string): SeedTask[];
