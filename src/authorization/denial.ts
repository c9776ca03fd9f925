/** What AWS says to whom it denies. Source: IAM User Guide, "Troubleshoot access denied error messages". */
import type { Principal } from "../env.ts";
import { KmsError } from "../errors.ts";
import type { Reason } from "../policy/policy.ts";

const DENYING_POLICIES: Partial<Record<Reason, string>> = {
  "explicit-deny:key-policy": "a resource-based policy",
  "explicit-deny:iam": "an identity-based policy",
  "explicit-deny:boundary": "a permissions boundary",
  "explicit-deny:session": "a session policy",
  "explicit-deny:scp": "a service control policy",
};

/** A request without a caller: nobody is root by default. */
export function denyNobody(): KmsError {
  return new KmsError(
    "AccessDeniedException",
    'The request has no caller, so it is not authorized. Say who calls: kms.as(principal), or kms.as("root") for the ' +
      "root of the account.",
  );
}

/** A denial within the caller's own account. */
export function denial({ arn }: Principal, action: string, resource: string, reason: Reason): KmsError {
  const policy = DENYING_POLICIES[reason];
  const why =
    policy === undefined
      ? `because no identity-based policy allows the ${action} action`
      : `with an explicit deny in ${policy}`;
  return denied(arn, action, resource, why);
}

/** A denial across accounts, which tells nothing of what is there. */
export function foreignDenial({ arn }: Principal, action: string, resource: string): KmsError {
  const why =
    "because the resource does not exist in this Region, no resource-based policies allow access, " +
    "or a resource-based policy explicitly denies access";
  return denied(arn, action, resource, why);
}

function denied(arn: string, action: string, resource: string, why: string): KmsError {
  const message = `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
  return new KmsError("AccessDeniedException", message);
}
