/** A failure whose cause lies outside our code: told in two lines, without a stack trace. */
export class BuildError extends Error {
  /**
   * @param {string} message what is wrong
   * @param {string} hint what to do about it
   */
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}
