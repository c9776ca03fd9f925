/**
 * The one refusal of this floor. Whatever is wrong with a message (a flipped bit, a missing end, another context, a
 * key that this service does not have), its opener learns the same thing, so that nobody can probe a message by
 * watching how it fails.
 */

const MESSAGE =
  "This message cannot be opened: it was changed or cut short, it is not a sealed message, " +
  "or its key is not in this key service.";

/** A message that was refused. `message` and `code` never vary. */
export class EnvelopeError extends Error {
  override readonly name = "EnvelopeError";
  readonly code = "InvalidMessage";

  /** `cause` is for the operator's log: an answer of the key service that says nothing about secret bytes. */
  constructor(options?: { cause?: unknown }) {
    super(MESSAGE, options);
  }
}
