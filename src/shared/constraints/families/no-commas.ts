import { z } from 'zod';

import { defineFamily } from '../family.js';

export const noCommas = defineFamily({
  name: 'no-commas',
  group: 'characters',
  overlaps: 'IFEval punctuation:no_comma',
  parameters: z.strictObject({}),
  draw: () => ({}),
  wordings: () => [
    'Get by without commas.',
    'There must not be a comma anywhere.',
    'No comma is wanted here.',
    'Use no comma anywhere in your response.',
    'Your answer should have no comma in it.',
    'Please refrain from commas.',
  ],
  impose: (text) => text.replace(/,(?=\d)/gu, '').replace(/ ?,/gu, ''),
  check: (response) => !response.includes(','),
});
