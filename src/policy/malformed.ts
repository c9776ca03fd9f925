/** How a policy that is not one is refused. */
import { KmsError } from "../errors.ts";

/** @param what as "the Effect of statement 0 is neither Allow nor Deny" */
export function malformed(what: string): KmsError {
  return new KmsError("MalformedPolicyDocumentException", `The policy is not valid: ${what}.`);
}
