/** The directory of a service that was given none: nobody has policies of its own, and nobody can sign. */
import type { Directory } from "./directory.ts";

export const NO_DIRECTORY: Directory = {
  identify: () => ({ identityPolicies: [] }),
  accessKey: () => undefined,
  userIdOf: () => undefined,
  exists: () => undefined,
};
