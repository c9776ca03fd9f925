/** A grant as it is kept, and what makes two of them the same. Source: AWS KMS API reference, "CreateGrant". */
import type { GrantFacts } from "../policy/policy.ts";
import { jsonRecord } from "../records/json-record.ts";

const GRANT_ID = /^[0-9a-f]{64}$/;

/** What a grant is made from. `KeyId` is the key's ARN, `IssuingAccount` the ARN of the account's root. */
export interface NewGrant extends Omit<GrantFacts, "GrantId"> {
  readonly Name?: string | undefined;
  /** The directory's id of the grantee, as "AIDA…": another principal of the same name is not the grantee. */
  readonly granteeId?: string | undefined;
}

export interface Grant extends NewGrant {
  readonly GrantId: string;
  readonly createdAtMs: number;
  /** In which of the grantee's chunks it lies (grantee-index.ts). */
  readonly chunk: number;
}

export const grantRecord = jsonRecord<Grant>("grant");

/** Whether a text has the form of a grant id; only such texts may become a part of a path. */
export function isGrantId(text: string): boolean {
  return GRANT_ID.test(text);
}

/** The ARN or service that gets the permissions. */
export function granteeOf({ GranteePrincipal, GranteeServicePrincipal }: Omit<GrantFacts, "GrantId">): string {
  return (GranteePrincipal ?? GranteeServicePrincipal)!;
}

/** The ARN or service that may retire the grant. */
export function retirerOf(grant: Omit<GrantFacts, "GrantId">): string | undefined {
  return grant.RetiringPrincipal ?? grant.RetiringServicePrincipal;
}

/** One text for all that a request said of a grant, whatever the order in which it said it. */
export function parametersOf(grant: NewGrant): string {
  const { EncryptionContextEquals, EncryptionContextSubset, SourceArn } = grant.Constraints ?? {};
  return JSON.stringify([
    grant.Name,
    [...grant.Operations].sort(),
    grant.GranteePrincipal,
    grant.GranteeServicePrincipal,
    grant.granteeId,
    grant.RetiringPrincipal,
    grant.RetiringServicePrincipal,
    sortedPairs(EncryptionContextEquals),
    sortedPairs(EncryptionContextSubset),
    SourceArn,
    grant.IssuingAccount,
  ]);
}

function sortedPairs(context: Readonly<Record<string, string>> | undefined): [string, string][] | undefined {
  // Keys differ, so comparing them alone is an order.
  return context && Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
}
