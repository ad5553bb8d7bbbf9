// Writes the reference pages that come from data in the source: run `npm run docs` after a change of the schema or of a
// command's options. Tests fail while a page is out of date.
import { writeFileSync } from 'node:fs';

import { commandReference } from '../dist/cli/reference.js';
import { constraintReference } from '../dist/shared/constraints/reference.js';
import { configJsonSchema, configurationReference } from '../dist/config/reference.js';

const docs = new URL('../docs/', import.meta.url);
writeFileSync(new URL('configuration.md', docs), configurationReference());
writeFileSync(new URL('config.schema.json', docs), configJsonSchema());
writeFileSync(new URL('cli.md', docs), commandReference());
writeFileSync(new URL('constraints.md', docs), constraintReference());
