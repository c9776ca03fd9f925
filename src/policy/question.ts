/** What is put before the policy engine, and what it answers. */
import type { Principal } from "../env.ts";
import type { ContextSource } from "./context-source.ts";
import type { Policy } from "./document.ts";

/** What a grant says, in the members of ListGrants. */
export interface GrantFacts {
  readonly GrantId: string;
  readonly GranteePrincipal?: string | undefined;
  readonly GranteeServicePrincipal?: string | undefined;
  readonly RetiringPrincipal?: string | undefined;
  readonly RetiringServicePrincipal?: string | undefined;
  readonly Operations: readonly string[];
  readonly Constraints?: GrantConstraints | undefined;
  /** Twelve digits, or the ARN of the account's root. */
  readonly IssuingAccount: string;
  /** Key id or key ARN. */
  readonly KeyId: string;
}

export interface GrantConstraints {
  readonly EncryptionContextEquals?: Readonly<Record<string, string>> | undefined;
  readonly EncryptionContextSubset?: Readonly<Record<string, string>> | undefined;
  readonly SourceArn?: string | undefined;
}

/** One action on one resource, with the policies that have a say. */
export interface Question {
  readonly principal: Principal;
  /** As "kms:Encrypt". */
  readonly action: string;
  /** The ARN of a key or an alias, or "*". */
  readonly resource: string;
  /** Absent for operations without a key and for the alias side of alias operations. */
  readonly keyPolicy?: Policy | undefined;
  readonly identityPolicies: readonly Policy[];
  readonly permissionsBoundary?: Policy | undefined;
  readonly sessionPolicy?: Policy | undefined;
  /** One of them must allow; absent or empty, nothing is limited. */
  readonly serviceControlPolicies?: readonly Policy[] | undefined;
  readonly grants?: readonly GrantFacts[] | undefined;
  readonly context: ContextSource;
}

export type Reason =
  | "explicit-deny:key-policy"
  | "explicit-deny:iam"
  | "explicit-deny:boundary"
  | "explicit-deny:session"
  | "explicit-deny:scp"
  | "implicit"
  | "key-policy"
  | "iam-delegated"
  | "cross-account-both"
  | "grant"
  | "grant-account"
  | "account-root"
  | "iam-only"
  | "reserved-alias";

export interface Decision {
  readonly decision: "Allow" | "Deny";
  readonly reason: Reason;
  /** The statement or grant that decided, where one did. */
  readonly by?: DecidingStatement | DecidingGrant | undefined;
}

export interface DecidingStatement {
  readonly policy:
    | "key policy"
    | "identity policy"
    | "permissions boundary"
    | "session policy"
    | "service control policy";
  readonly sid?: string | undefined;
  /** Where it stands in its policy, from 0. */
  readonly index: number;
}

export interface DecidingGrant {
  readonly grantId: string;
}
