// What an instruction of IFEval is: something that a program can verify of a response.
import { z } from 'zod';

/** How likely the official program says yes. It is sure of all but languages, which it finds by chance. */
export type Chance = boolean | number;

export interface Instruction<Kwargs> {
  /** The official names of what varies of it. */
  kwargs: z.ZodType<Kwargs>;
  isFollowed(text: string, kwargs: Kwargs): Chance;
}

export function instruction<Kwargs>(
  kwargs: z.ZodType<Kwargs>,
  isFollowed: Instruction<Kwargs>['isFollowed'],
): Instruction<Kwargs> {
  return { kwargs, isFollowed };
}

/** Of instructions that do not vary. */
export const nothing = z.object({});

export const count = z.int().min(0);

export const relation = z.enum(['at least', 'less than']);

export function compare(actual: number, how: z.infer<typeof relation>, wanted: number): boolean {
  return how === 'less than' ? actual < wanted : actual >= wanted;
}
