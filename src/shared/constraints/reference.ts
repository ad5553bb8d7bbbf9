// docs/constraints.md, made of the families.
import { randomStream } from '../random.js';
import type { Task } from '../task-prompt.js';
import { canCombine } from './combine.js';
import { constraintFamilies } from './families/index.js';
import type { BeginningForm, ConstraintFamily, ConstraintGroup, Parameters } from './family.js';

const exampleTask: Task = { instruction: 'Explain why the harbour freezes over in some winters.' };

/** Parameters that the example task gets. */
export function exampleParameters(family: ConstraintFamily): Parameters {
  const parameters = family.draw(randomStream(1), exampleTask);
  if (parameters === null) throw new Error(`${family.name} does not fit the example`);
  return parameters;
}

const groups: Record<ConstraintGroup, string> = {
  length: 'How long it is',
  layout: 'How it is laid out',
  words: 'What it says',
  opening: 'How it begins',
  closing: 'How it ends',
  case: 'Capital and small letters',
  characters: 'What it is made of',
};

const introduction = `# Checkable constraints

<!-- Written by \`npm run docs\` from src/shared/constraints. -->

With \`constraints.share\` above 0, that share of the instructions gets one to \`constraints.perInstruction\` constraints: sentences
behind the instruction or in front of it that ask for something a program can verify. Responses to them are sampled, \`constraints.attempts\` of
them at most, until one meets all constraints of its instruction; a pair whose response does not is rejected
(\`unmet-constraint\`), whatever the rules of the filter are. So only verified pairs are trained on (arXiv 2406.13542).

The sentences are part of the instruction in \`pairs.jsonl\` and \`dataset.jsonl\`; the rows say in \`constraints\` which families with
which parameters were asked for, and \`source.attempts\` how many responses were sampled. \`candidates.jsonl\` has the instructions
as they were written. \`isheep filter\` verifies rows that have \`constraints\`, too.

With \`constraints.repair\`, a response that meets its constraints in no attempt is made over by a program where that can be done
without inventing anything (the column "program"): its case, its commas, its layout, how it begins and ends, or how much of it is
kept. All constraints are verified again; \`source.repaired\` tells such rows apart. \`respond.demonstrations\` shows a model that is
asked in plain text seed tasks with a constraint of the same family, their outputs made over in the same way.

With \`constraints.hindsight\`, up to so many pairs more are made of each kept pair without constraints: its response stands under an
instruction that asks for what it meets, or with repair can be made to meet (arXiv 2302.05206). Each asks for one family drawn from all,
and there is none where the response cannot meet that. With \`constraints.beginnings\`, that share of those
asks for a form that shows from the beginning of a response on (the column "shows in": its tokens, and behind × how often it is drawn for once that others are), alone or with other constraints, and is
trained on for these tokens, and neither on how it goes on nor on its end: most of what is learnt of a whole response is what it says, and that it is short (arXiv 2503.02875). A form with an end of its own is trained
on whole where the response has no more than 450 characters. The same share of the kept pairs themselves is trained on for 12 tokens: an instruction
that asks for no form gets none. By \`constraints.endings\` pairs of both kinds are trained on for their last 32 tokens, the end of the turn among them;
those made in hindsight then ask for a length, an ending or a form with an end. Such rows say \`trainedTokens\` (below 0: the last so many), as rows of
\`isheep train --data\` may, too; those may also have a \`weight\`, by which each of their trained tokens counts (1 without one). They cost no generation; in
\`dataset.jsonl\` their ids end with \`-h1\` and so on, and they are held out together with the pair that they are made of.

An instruction gets one constraint of a group at most, none of a group whose matters it speaks of itself ("in two sentences",
"a list of"), and no two that cannot always be met together. The sentence below is one of several, for most families of
dozens.

Where a public benchmark asks for much the same, the table says so: what is trained on there is close to what is measured, and a
score on it then says less about new kinds of constraints. \`constraints.families\` leaves such families out. IFEval is arXiv
2311.07911, IFBench arXiv 2507.02833. There is no family for the language of a response: a checker that is right often enough
needs a trained model of languages.
`;

/** docs/constraints.md */
export function constraintReference(): string {
  const tables = (Object.keys(groups) as ConstraintGroup[]).map((group) => {
    const rows = constraintFamilies.filter((family) => family.group === group).map(familyRow);
    const head =
      '| family | parameters | for example | program | shows in | public benchmark | not together with |\n| --- | --- | --- | --- | --- | --- | --- |';
    return `## ${groups[group]}\n\n${head}\n${rows.join('\n')}\n`;
  });
  return [introduction, ...tables].join('\n');
}

function familyRow(family: ConstraintFamily): string {
  const parameters = exampleParameters(family);
  const names = Object.keys(parameters).map((name) => `\`${name}\``);
  const others = constraintFamilies.filter((other) => other.group !== family.group && !canCombine(family, other));
  const cells = [
    `\`${family.name}\``,
    names.join(', '),
    family.wordings(parameters)[0] ?? '',
    family.canImpose ? 'yes' : '',
    family.beginning === undefined ? '' : beginningInWords(family.beginning),
    family.overlaps ?? '',
    others.map(({ name }) => `\`${name}\``).join(', '),
  ];
  return `| ${cells.map((cell) => cell.replace(/[|*]/gu, '\\$&')).join(' | ')} |`;
}

function beginningInWords({ tokens, hasEnd, weight = 1 }: BeginningForm): string {
  const often = weight === 1 ? '' : `; × ${Number(weight.toFixed(2))}`;
  return `${tokens}${hasEnd === true ? ' and its end' : ''}${often}`;
}
