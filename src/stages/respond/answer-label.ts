// The label 答案 ("answer") with a colon before an answer, which models that know Chinese well write before an English one
// too. The paper takes it off before its filters (arXiv 2408.08072, code), of which one drops every Chinese character.

const labels = /^(\s*答案[:：])+\s*/;

/** The response without such labels at its beginning. */
export function withoutAnswerLabel(response: string): string {
  return response.replace(labels, '');
}
