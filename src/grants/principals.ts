/** Principals as grants name them. Source: AWS KMS API reference, "GranteePrincipal"; IAM User Guide, "IAM ARNs". */
import { KmsError } from "../errors.ts";
import { isAccountId } from "../model/realm.ts";

/** Users and roles may have a path, which the ARNs of a role's sessions do not show. */
const IAM = /^(?:root|(?:user|role)(?:\/[\w+=,.@-]+)+)$/;
const STS = /^(?:assumed-role\/[\w+=,.@-]+|federated-user)\/[\w+=,.@-]+$/;

/**
 * The ARN of a principal that somebody named by its ARN or, an account, by its twelve digits.
 * @throws {KmsError} InvalidArnException
 */
export function principalArnOf(text: string, partition: string): string {
  if (isAccountId(text)) return `arn:${partition}:iam::${text}:root`;
  const [arn, itsPartition, service, region, accountId = "", resource = "", ...more] = text.split(":");
  const form = service === "iam" ? IAM : service === "sts" ? STS : undefined;
  const isPrincipal =
    arn === "arn" &&
    itsPartition === partition &&
    region === "" &&
    isAccountId(accountId) &&
    more.length === 0 &&
    form?.test(resource);
  if (isPrincipal) return text;
  throw new KmsError("InvalidArnException", `Invalid principal ${text}`);
}

/** The account that a principal's ARN names; undefined for a service. */
export function accountOf(principal: string): string | undefined {
  return principal.startsWith("arn:") ? principal.split(":")[4] : undefined;
}
