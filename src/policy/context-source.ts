/** What a policy may ask about a request. */

/** The facts of a request by the lower-case name of their condition key; asked for one by one, as they are needed. */
export interface ContextSource {
  get(lowerCaseKey: string): string | readonly string[] | undefined;
}
