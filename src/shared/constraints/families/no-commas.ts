import { z } from 'zod';

import { defineFamily } from '../family.js';
import { phrasings } from '../phrasings.js';

export const noCommas = defineFamily({
  name: 'no-commas',
  group: 'characters',
  overlaps: 'IFEval punctuation:no_comma',
  beginning: { tokens: 32, weight: 2.5 },
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    ...phrasings`{Get by|Do|Write it} without {commas|any commas|a single comma}.`,
    ...phrasings`There {must|should} not be {a comma|any comma} {anywhere|in it}.`,
    ...phrasings`No {comma is wanted|commas are wanted|commas} here.`,
    ...phrasings`{Use|Write} no {comma|commas} {anywhere |}in your {response|answer|reply}.`,
    ...phrasings`Your {answer|response} {should|must} have no {comma|commas} in it.`,
    ...phrasings`{Please refrain|Refrain|Keep away} from {commas|any use of commas}.`,
    ...phrasings`{Do not|Don't} {use|put} {commas|any commas|a comma} {in it|anywhere}.`,
  ],
  impose: (text) => text.replace(/,(?=\d)/gu, '').replace(/ ?,/gu, ''),
  check: (response) => !response.includes(','),
});
