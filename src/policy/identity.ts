/** What is known of a principal when a request of it is judged. */
import type { Policy } from "./policy.ts";

/** The policies of a principal, apart from those of keys. */
export interface PrincipalPolicies {
  readonly identityPolicies: readonly Policy[];
  readonly permissionsBoundary?: Policy | undefined;
  readonly sessionPolicy?: Policy | undefined;
  /** One of them must allow; absent or empty, nothing is limited. */
  readonly serviceControlPolicies?: readonly Policy[] | undefined;
}

/** What a directory knows of a principal. */
export interface Identity extends PrincipalPolicies {
  /** `aws:userid`, as "AIDA…", or "AROA…:session" */
  readonly userId?: string | undefined;
  /** `aws:username`, of users alone. */
  readonly userName?: string | undefined;
  /** `aws:PrincipalTag/…` */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** `aws:TokenIssueTime`, of temporary credentials alone. */
  readonly tokenIssuedAtMs?: number | undefined;
  /** `aws:MultiFactorAuthPresent`, of temporary credentials alone. */
  readonly mfaPresent?: boolean | undefined;
}
