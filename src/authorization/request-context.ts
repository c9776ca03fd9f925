/**
 * The facts about a request that conditions of policies ask for: each is computed when it is asked for, from the
 * authenticated caller, the admitted members and the key's record, and from nothing else that a caller says.
 * Source: AWS KMS Developer Guide, "AWS KMS condition keys"; IAM User Guide, "AWS global condition context keys".
 */
import { DEFAULT_ALGORITHM } from "../crypto/algorithms.ts";
import type { Attestation } from "../enclaves/recipient.ts";
import type { Caller } from "../env.ts";
import type { Key } from "../keys/key.ts";
import { regionRole } from "../keys/multi-region.ts";
import type { Identity } from "../policy/identity.ts";
import type { ContextSource } from "../policy/policy.ts";
import type { Services } from "../services.ts";

type Members = Readonly<Record<string, unknown>>;
type Value = string | readonly string[] | undefined;
type StringMap = Readonly<Record<string, string>>;

/** A request, seen from one of the permissions that it needs. */
export interface ContextFacts {
  readonly caller: Caller;
  readonly identity: Identity;
  /** Of the account and Region to which the request was sent. */
  readonly services: Services;
  readonly action: string;
  readonly input: Members;
  /** Of the enclave that has asked: from a verified document, never from the request itself. */
  readonly recipient?: Attestation | undefined;
  /** The account of the key, or of the caller where there is none. */
  readonly resourceAccount: string;
  readonly key?: Key | undefined;
  /** The members that hold this side's encryption context, algorithm and key. */
  readonly contextMember?: string | undefined;
  readonly algorithmMember?: string | undefined;
  readonly keyMember?: string | undefined;
  /** Of ReEncrypt: whether both sides are one key. */
  readonly onSameKey?: boolean | undefined;
  /** What takes a read of the store, made beforehand where a policy asks for it. */
  readonly aliasNames?: readonly string[] | undefined;
  readonly trailingDaysWithoutUsage?: number | undefined;
}

const CREATE_GRANT = "kms:CreateGrant";
const SEALING_ACTIONS: ReadonlySet<string> = new Set([
  "kms:Decrypt",
  "kms:Encrypt",
  "kms:GenerateDataKey",
  "kms:GenerateDataKeyPair",
  "kms:GenerateDataKeyPairWithoutPlaintext",
  "kms:GenerateDataKeyWithoutPlaintext",
  "kms:ReEncryptFrom",
  "kms:ReEncryptTo",
]);
const SIGNING_ACTIONS: ReadonlySet<string> = new Set(["kms:Sign", "kms:Verify"]);
const SERVICE_GRANT_ACTIONS: ReadonlySet<string> = new Set([CREATE_GRANT, "kms:ListGrants", "kms:RevokeGrant"]);
/** Actions on what an alias points at, which know no request alias. */
const ALIAS_ACTIONS: ReadonlySet<string> = new Set(["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"]);
const TAGGING_ACTIONS: ReadonlySet<string> = new Set(["kms:CreateKey", "kms:TagResource", "kms:UntagResource"]);
const CREATE_KEY = "kms:CreateKey";

const PRINCIPAL_TYPES = {
  user: "User",
  root: "Account",
  "assumed-role": "AssumedRole",
  "federated-user": "FederatedUser",
  service: undefined,
} as const;

type Fact = (facts: ContextFacts) => Value;

const member =
  (name: string, actions?: ReadonlySet<string>): Fact =>
  ({ input, action }) =>
    actions === undefined || actions.has(action) ? textOf(input[name]) : undefined;

const constraint =
  (name: string): Fact =>
  ({ input, action }) =>
    action === CREATE_GRANT ? textOf((input.Constraints as Members | undefined)?.[name]) : undefined;

const only = (...actions: string[]): ReadonlySet<string> => new Set(actions.map((action) => `kms:${action}`));

/** Of a key, or of the key that CreateKey asks for. */
const ofKey =
  (fromKey: (key: Key) => string | undefined, fromRequest: Fact): Fact =>
  (facts) => {
    if (facts.key !== undefined) return fromKey(facts.key);
    return facts.action === CREATE_KEY ? fromRequest(facts) : undefined;
  };

const keySpecOf = ofKey(
  ({ keySpec }) => keySpec,
  ({ input }) => textOf(input.KeySpec ?? input.CustomerMasterKeySpec ?? DEFAULT_ALGORITHM),
);
const keyUsageOf = ofKey(
  ({ keyUsage }) => keyUsage,
  ({ input }) => textOf(input.KeyUsage ?? "ENCRYPT_DECRYPT"),
);

/** By the lower-case name of the condition key. */
const FACTS: ReadonlyMap<string, Fact> = new Map<string, Fact>([
  // About the request.
  ["kms:encryptionalgorithm", encryptionAlgorithm],
  ["kms:encryptioncontextkeys", (facts) => keysOf(encryptionContextOf(facts))],
  ["kms:signingalgorithm", member("SigningAlgorithm", SIGNING_ACTIONS)],
  [
    "kms:messagetype",
    ({ input, action }) => (SIGNING_ACTIONS.has(action) ? textOf(input.MessageType ?? "RAW") : undefined),
  ],
  ["kms:macalgorithm", member("MacAlgorithm")],
  ["kms:keyagreementalgorithm", member("KeyAgreementAlgorithm")],
  ["kms:datakeypairspec", member("KeyPairSpec")],
  ["kms:bypasspolicylockoutsafetycheck", member("BypassPolicyLockoutSafetyCheck")],
  ["kms:expirationmodel", member("ExpirationModel")],
  ["kms:validto", member("ValidTo")],
  ["kms:wrappingalgorithm", member("WrappingAlgorithm")],
  ["kms:wrappingkeyspec", member("WrappingKeySpec")],
  ["kms:primaryregion", member("PrimaryRegion", only("UpdatePrimaryRegion"))],
  ["kms:replicaregion", member("ReplicaRegion")],
  ["kms:rotationperiodindays", member("RotationPeriodInDays")],
  ["kms:schedulekeydeletionpendingwindowindays", member("PendingWindowInDays")],
  ["kms:requestalias", requestAlias],
  ["kms:reencryptonsamekey", ({ onSameKey }) => onSameKey?.toString()],
  [
    "kms:grantoperations",
    ({ input, action }) => (action === CREATE_GRANT ? (input.Operations as string[]) : undefined),
  ],
  ["kms:grantconstrainttype", grantConstraintType],
  ["kms:grantconstraintsourcearn", constraint("SourceArn")],
  ["kms:granteeprincipal", member("GranteePrincipal", only("CreateGrant"))],
  ["kms:granteeserviceprincipal", member("GranteeServicePrincipal", only("CreateGrant"))],
  ["kms:retiringprincipal", member("RetiringPrincipal", only("CreateGrant"))],
  ["kms:retiringserviceprincipal", member("RetiringServicePrincipal", only("CreateGrant"))],
  ["kms:recipientattestation:imagesha384", ({ recipient }) => hexOf(recipient?.pcrs.get(0))],
  ["aws:tagkeys", tagKeys],
  ["aws:requestedregion", ({ services }) => services.realm.region],
  ["aws:currenttime", ({ services }) => new Date(services.clock.nowMs()).toISOString()],
  ["aws:epochtime", ({ services }) => String(Math.floor(services.clock.nowMs() / 1000))],
  // About the key.
  ["kms:keyspec", keySpecOf],
  ["kms:customermasterkeyspec", keySpecOf],
  ["kms:keyusage", keyUsageOf],
  ["kms:customermasterkeyusage", keyUsageOf],
  [
    "kms:keyorigin",
    ofKey(
      ({ origin }) => origin ?? "AWS_KMS",
      ({ input }) => textOf(input.Origin ?? "AWS_KMS"),
    ),
  ],
  [
    "kms:multiregion",
    ofKey(
      ({ multiRegion }) => String(multiRegion !== undefined),
      ({ input }) => textOf(input.MultiRegion ?? false),
    ),
  ],
  ["kms:multiregionkeytype", multiRegionKeyType],
  ["kms:resourcealiases", ({ aliasNames }) => aliasNames],
  ["kms:trailingdayswithoutkeyusage", ({ trailingDaysWithoutUsage }) => trailingDaysWithoutUsage?.toString()],
  ["aws:resourceaccount", ({ resourceAccount }) => resourceAccount],
  // About the caller.
  ["kms:calleraccount", ({ caller }) => caller.principal.account || undefined],
  ["kms:viaservice", ({ caller }) => caller.viaService],
  ["kms:grantisforawsresource", grantIsForAwsResource],
  [
    "aws:principalarn",
    ({ caller: { principal } }) => (principal.type === "service" ? undefined : (principal.roleArn ?? principal.arn)),
  ],
  ["aws:principalaccount", ({ caller }) => caller.principal.account || undefined],
  ["aws:principaltype", ({ caller }) => PRINCIPAL_TYPES[caller.principal.type]],
  ["aws:principalisawsservice", ({ caller }) => String(caller.principal.type === "service")],
  [
    "aws:principalservicename",
    ({ caller: { principal } }) => (principal.type === "service" ? principal.arn : undefined),
  ],
  ["aws:userid", ({ identity }) => identity.userId],
  ["aws:username", ({ identity }) => identity.userName],
  ["aws:tokenissuetime", ({ identity }) => isoTime(identity.tokenIssuedAtMs)],
  ["aws:multifactorauthpresent", ({ identity }) => identity.mfaPresent?.toString()],
  ["aws:sourceip", ({ caller }) => caller.sourceIp],
  ["aws:useragent", ({ caller }) => caller.userAgent],
  ["aws:securetransport", ({ caller }) => caller.secureTransport?.toString()],
  ["aws:viaawsservice", ({ caller }) => String(caller.viaService !== undefined)],
  ["aws:sourcearn", ({ caller }) => caller.sourceArn],
  ["aws:sourceaccount", ({ caller }) => caller.sourceAccount],
]);

/** Keys that go on with a name of the caller's or the user's, which is compared without regard to case. */
const NAMED_FACTS: readonly (readonly [
  prefix: string,
  pairs: (facts: ContextFacts) => Iterable<readonly [string, string]>,
])[] = [
  ["kms:encryptioncontext:", (facts) => Object.entries(encryptionContextOf(facts) ?? {})],
  ["kms:recipientattestation:pcr", registers],
  ["aws:resourcetag/", ({ key }) => (key?.tags ?? []).map(({ TagKey, TagValue }) => [TagKey, TagValue] as const)],
  ["aws:requesttag/", requestTags],
  ["aws:principaltag/", ({ identity }) => Object.entries(identity.tags ?? {})],
];

/** What a policy may ask about a request, and whether one has asked. */
export class RequestContext implements ContextSource {
  readonly #facts: ContextFacts;
  #wasAsked = false;

  constructor(facts: ContextFacts) {
    this.#facts = facts;
  }

  /** Whether a decision may have depended on the facts. */
  get wasAsked(): boolean {
    return this.#wasAsked;
  }

  get(key: string): Value {
    this.#wasAsked = true;
    const fact = FACTS.get(key);
    return fact === undefined ? namedFact(this.#facts, key) : fact(this.#facts);
  }
}

function namedFact(facts: ContextFacts, key: string): Value {
  for (const [prefix, pairs] of NAMED_FACTS) {
    if (!key.startsWith(prefix)) continue;
    const name = key.slice(prefix.length);
    const values: string[] = [];
    for (const [candidate, value] of pairs(facts)) if (candidate.toLowerCase() === name) values.push(value);
    // Two names that differ by case alone: no operator for one value may choose between them.
    return values.length > 1 ? values : values[0];
  }
  return undefined;
}

/** The pairs that this side of the request is bound to; of CreateGrant those of its constraint. */
function encryptionContextOf({ input, action, contextMember }: ContextFacts): StringMap | undefined {
  if (action === CREATE_GRANT) {
    const constraints = input.Constraints as Members | undefined;
    return (constraints?.EncryptionContextEquals ?? constraints?.EncryptionContextSubset) as StringMap | undefined;
  }
  return contextMember === undefined ? undefined : (input[contextMember] as StringMap | undefined);
}

function keysOf(pairs: StringMap | undefined): Value {
  return pairs === undefined ? undefined : Object.keys(pairs);
}

function encryptionAlgorithm({ action, input, algorithmMember }: ContextFacts): Value {
  if (!SEALING_ACTIONS.has(action)) return undefined;
  return textOf((algorithmMember && input[algorithmMember]) ?? DEFAULT_ALGORITHM);
}

function grantConstraintType({ action, input }: ContextFacts): Value {
  if (action !== CREATE_GRANT) return undefined;
  const { EncryptionContextEquals, EncryptionContextSubset } = (input.Constraints ?? {}) as Members;
  if (EncryptionContextEquals !== undefined) return "EncryptionContextEquals";
  return EncryptionContextSubset === undefined ? undefined : "EncryptionContextSubset";
}

function grantIsForAwsResource({ action, caller }: ContextFacts): Value {
  if (!SERVICE_GRANT_ACTIONS.has(action)) return undefined;
  return String(caller.viaService !== undefined || caller.principal.type === "service");
}

/** The alias by which the request names the key, without its ARN. */
function requestAlias({ action, input, keyMember }: ContextFacts): Value {
  if (keyMember === undefined || ALIAS_ACTIONS.has(action)) return undefined;
  const name = textOf(input[keyMember]);
  const at = typeof name === "string" ? name.lastIndexOf(":alias/") : -1;
  if (at >= 0) return name?.slice(at + 1);
  return typeof name === "string" && name.startsWith("alias/") ? name : undefined;
}

/** Of a key, or of what CreateKey makes; ReplicateKey names the type of the replica that it makes. */
function multiRegionKeyType({ key, services, action, input }: ContextFacts): Value {
  if (key !== undefined) return regionRole(key, services.realm.region);
  if (action !== CREATE_KEY || input.MultiRegion !== true) return undefined;
  return textOf(input.MultiRegionKeyType ?? "PRIMARY");
}

function requestTags({ action, input }: ContextFacts): (readonly [string, string])[] {
  if (!TAGGING_ACTIONS.has(action) || !Array.isArray(input.Tags)) return [];
  return input.Tags.map(({ TagKey, TagValue }) => [TagKey, TagValue] as const);
}

function tagKeys(facts: ContextFacts): Value {
  if (!TAGGING_ACTIONS.has(facts.action)) return undefined;
  const keys = (facts.input.TagKeys as string[] | undefined) ?? requestTags(facts).map(([key]) => key);
  return keys.length === 0 ? undefined : keys;
}

/** The platform configuration registers of an enclave by their index. */
function* registers({ recipient }: ContextFacts): Iterable<readonly [string, string]> {
  for (const [index, value] of recipient?.pcrs ?? []) yield [String(index), hexOf(value)!];
}

/** In lower case, as policies write the values of registers. */
function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function textOf(value: unknown): string | undefined {
  if (value instanceof Date) return String(value.getTime() / 1000);
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

function isoTime(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}
