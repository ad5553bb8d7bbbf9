// How far a judge agrees with itself, in words: for the summary of a run and of `isheep assess`.
import { numberText } from '../shared/signed-text.js';
import type { CriterionAgreement, SelfAgreement } from '../stages/assess/agreement.js';

/** `3 grades a pair agree: quality alpha 0.41, 62 % within 1; following alpha 0.38, 60 % within 1` */
export function agreementText({ repeats, quality, following }: SelfAgreement): string {
  return `${repeats} grades a pair agree: quality ${criterionText(quality)}; following ${criterionText(following)}`;
}

function criterionText({ alpha, withinOne }: CriterionAgreement): string {
  return `alpha ${alpha === null ? 'unknown (all are equal)' : numberText(alpha, 2)}, ${Math.round(100 * withinOne)} % within 1`;
}
