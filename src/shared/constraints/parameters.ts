// Parameters that several families have.
import { z } from 'zod';

export const oneWord = z.string().regex(/^\p{L}+$/u, 'must be one word');
