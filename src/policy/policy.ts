/** CONTRACT ONLY. Helper "policy" replaces this file. */
import type { Principal } from "../env.ts";

export type PolicyKind = "key" | "iam";

/** A parsed and compiled policy; opaque to others. */
export interface Policy {
  readonly kind: PolicyKind;
  /** The text as it was given. */
  readonly text: string;
}

/** Condition keys by their lower-case name; lazily computed by the kernel, so ask only for what a policy asks for. */
export interface ContextSource {
  get(lowerCaseKey: string): string | readonly string[] | undefined;
}

export interface GrantFacts {
  readonly GrantId: string;
  readonly GranteePrincipal?: string | undefined;
  readonly GranteeServicePrincipal?: string | undefined;
  readonly RetiringPrincipal?: string | undefined;
  readonly RetiringServicePrincipal?: string | undefined;
  readonly Operations: readonly string[];
  readonly Constraints?:
    | {
        readonly EncryptionContextEquals?: Readonly<Record<string, string>> | undefined;
        readonly EncryptionContextSubset?: Readonly<Record<string, string>> | undefined;
        readonly SourceArn?: string | undefined;
      }
    | undefined;
  readonly IssuingAccount: string;
  readonly KeyId: string;
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
  /** The statement that decided, for `explain`: which policy, and the Sid or the index from 0. */
  readonly statement?: { readonly policy: string; readonly sid?: string | undefined; readonly index: number } | undefined;
}

/** What the kernel asks, with everything compiled. */
export interface Question {
  readonly principal: Principal;
  readonly action: string;
  readonly resource: string;
  /** Absent for operations without a key and for the alias side of alias operations. */
  readonly keyPolicy?: Policy | undefined;
  readonly identityPolicies: readonly Policy[];
  readonly permissionsBoundary?: Policy | undefined;
  readonly sessionPolicy?: Policy | undefined;
  readonly serviceControlPolicies?: readonly Policy[] | undefined;
  readonly grants?: readonly GrantFacts[] | undefined;
  readonly context: ContextSource;
}

export declare function parsePolicy(textOrObject: string | object, kind: PolicyKind): Policy;
export declare function judge(question: Question): Decision;
export declare function evaluate(request: unknown): Decision;
