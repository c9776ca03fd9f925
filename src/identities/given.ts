/**
 * Principals that the embedding program vouches for: `kms.as(principal)`. One that comes with policies is judged by
 * these; the others by what the directory knows of them.
 */
import type { Principal, PrincipalType, Realm } from "../env.ts";
import { rootArn } from "../model/arn.ts";
import { isAccountId } from "../model/realm.ts";
import type { Identity } from "../policy/identity.ts";
import { type PolicyInput, policyFrom } from "../policy/policy.ts";
import type { Directory } from "./directory.ts";

/** A principal as the embedding program describes it. */
export interface PrincipalOptions extends Omit<Principal, "account"> {
  /** Twelve digits; by default that of the ARN. */
  readonly account?: string;
  readonly identityPolicies?: readonly PolicyInput[];
  readonly permissionsBoundary?: PolicyInput;
  readonly sessionPolicy?: PolicyInput;
  readonly serviceControlPolicies?: readonly PolicyInput[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly userId?: string;
  readonly userName?: string;
}

const KINDS: Readonly<Record<string, PrincipalType>> = {
  "iam user": "user",
  "iam root": "root",
  "sts assumed-role": "assumed-role",
  "sts federated-user": "federated-user",
};

/** A directory before another one, which knows the principals that were given with policies. */
export class GivenPrincipals implements Directory {
  readonly #identities = new WeakMap<Principal, Identity>();
  readonly #behind: Directory;

  constructor(behind: Directory) {
    this.#behind = behind;
  }

  /**
   * The principal that is meant, which stands for what was given.
   * @throws {TypeError} for what is no principal, {KmsError} MalformedPolicyDocumentException for its policies
   */
  know(given: string | PrincipalOptions, realm: Realm): Principal {
    const options = typeof given === "string" ? fromText(given, realm) : given;
    const principal = principalOf(options);
    if (hasPolicies(options)) this.#identities.set(principal, identityOf(options));
    return principal;
  }

  identify(...[caller, tx]: Parameters<Directory["identify"]>): ReturnType<Directory["identify"]> {
    return this.#identities.get(caller.principal) ?? this.#behind.identify(caller, tx);
  }

  accessKey(...question: Parameters<Directory["accessKey"]>): ReturnType<Directory["accessKey"]> {
    return this.#behind.accessKey(...question);
  }

  userIdOf(...question: Parameters<Directory["userIdOf"]>): ReturnType<Directory["userIdOf"]> {
    return this.#behind.userIdOf(...question);
  }

  exists(...question: Parameters<Directory["exists"]>): ReturnType<Directory["exists"]> {
    return this.#behind.exists(...question);
  }
}

function fromText(text: string, realm: Realm): PrincipalOptions {
  if (text === "root") return { type: "root", arn: rootArn(realm) };
  const type = kindOf(text);
  if (type === undefined) throw unknownPrincipal(text);
  return { type, arn: text };
}

function principalOf({ type, arn, account, roleArn }: PrincipalOptions): Principal {
  if (typeof arn !== "string") throw unknownPrincipal(arn);
  if (type === "service") {
    if (!arn.includes(".") || arn.includes(":")) throw unknownPrincipal(arn);
    return Object.freeze({ type, arn, account: "" });
  }
  const found = arn.split(":")[4] ?? "";
  if (kindOf(arn) !== type || (account !== undefined && account !== found)) throw unknownPrincipal(arn);
  if (type !== "assumed-role") return Object.freeze({ type, arn, account: found });
  if (roleArn?.startsWith(`arn:${arn.split(":")[1]}:iam::${found}:role/`) !== true) {
    throw new TypeError(
      `The session ${arn} needs the roleArn of its role, as arn:aws:iam::${found}:role/path/name: a session's ARN does ` +
        "not tell the path.",
    );
  }
  return Object.freeze({ type, arn, account: found, roleArn });
}

function kindOf(arn: string): PrincipalType | undefined {
  const [prefix, partition, service, region, account = "", ...rest] = arn.split(":");
  if (prefix !== "arn" || !partition || region !== "" || !isAccountId(account)) return undefined;
  // A path may have colons.
  const [kind, ...names] = rest.join(":").split("/");
  if ((kind === "root") !== (names.length === 0) || names.at(-1) === "") return undefined;
  return KINDS[`${service} ${kind}`];
}

function hasPolicies({
  type: _type,
  arn: _arn,
  account: _account,
  roleArn: _roleArn,
  ...rest
}: PrincipalOptions): boolean {
  return Object.values(rest).some((value) => value !== undefined);
}

function identityOf(options: PrincipalOptions): Identity {
  const { identityPolicies = [], permissionsBoundary, sessionPolicy, serviceControlPolicies } = options;
  const { tags, userId, userName } = options;
  return {
    identityPolicies: identityPolicies.map((policy) => policyFrom(policy, "iam")),
    permissionsBoundary: permissionsBoundary === undefined ? undefined : policyFrom(permissionsBoundary, "iam"),
    sessionPolicy: sessionPolicy === undefined ? undefined : policyFrom(sessionPolicy, "iam"),
    serviceControlPolicies: serviceControlPolicies?.map((policy) => policyFrom(policy, "iam")),
    tags,
    userId,
    userName,
  };
}

function unknownPrincipal(given: unknown): TypeError {
  return new TypeError(
    `A principal is "root", an ARN as "arn:aws:iam::111122223333:user/alice", or { type, arn, … } where both agree; ` +
      `it is ${String(given)}.`,
  );
}
