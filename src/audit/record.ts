/**
 * An event as one line of JSON in the shape of AWS CloudTrail. Of members only what their shapes call harmless is
 * written: no blob, and nothing sensitive. What a caller may choose is quoted by JSON, so no line breaks in two.
 * Source: AWS CloudTrail User Guide, "CloudTrail record contents"; AWS KMS Developer Guide, "Logging API calls".
 */
import type { Attestation } from "../enclaves/recipient.ts";
import type { Caller, Realm } from "../env.ts";
import { encodeBase64 } from "../model/base64.ts";
import { remember } from "../model/remember.ts";
import type { AnyShape, StructShape } from "../model/shape.ts";
import type { AuditEvent } from "./audit.ts";

type Members = Readonly<Record<string, unknown>>;

const REMEMBERED_TEXTS = 1024;
const REMEMBERED_OPERATIONS = 64;
const SECOND_MS = 1000;
const IDENTITY_TYPES = {
  user: "IAMUser",
  root: "Root",
  "assumed-role": "AssumedRole",
  "federated-user": "FederatedUser",
  service: "AWSService",
} as const;
/** Texts that let somebody in, those too long to be worth their room, and what has a place of its own. */
const LEFT_OUT = new Set(["Recipient", "GrantTokens", "GrantToken", "NextMarker", "Marker", "KeyStorePassword"]);

/** How records of a caller begin; written once for each principal and access key. */
const callers = new WeakMap<Caller["principal"], Map<string | undefined, string>>();
const quote = (text: string): string => JSON.stringify(text);
/** Where requests come from that no transport has brought. */
const IN_PROCESS = ',"sourceIPAddress":"in-process","userAgent":"wasm-kms"';

interface Origin {
  readonly sourceIp: string | undefined;
  readonly userAgent: string | undefined;
  readonly text: string;
}

/** Writes the lines of one trail. */
export class RecordWriter {
  #second = Number.NaN;
  #time = "";
  #origin: Origin = { sourceIp: undefined, userAgent: undefined, text: IN_PROCESS };

  /** @param eventId unique; hexadecimal digits and dashes */
  lineOf(event: AuditEvent, eventId: string): string {
    const { caller, realm, operation, readOnly, keyArns, input, output, recipient, errorCode, errorMessage } = event;
    const { sourceIp, userAgent, requestId } = caller;
    const failure =
      errorCode === undefined
        ? ""
        : `,"errorCode":"${errorCode}"${errorMessage ? `,"errorMessage":${quote(errorMessage)}` : ""}`;
    const results = readOnly || errorCode !== undefined ? "null" : membersOf(output?.shape, output?.members);
    const parts = partsOf(realm);
    const resources = keyArns.length === 1 ? resourceOf(keyArns[0]!) : keyArns.map(resourceOf).join(",");
    return (
      `${headOf(caller)}${this.#timeOf(event.timeMs)}${parts.nameOf(operation)}${this.#originOf(sourceIp, userAgent)}` +
      `${failure},"requestParameters":${membersOf(input?.shape, input?.members)},"responseElements":${results},` +
      `${recipient === undefined ? "" : enclaveOf(recipient)}"requestID":${quote(requestId)},"eventID":"${eventId}",` +
      `"readOnly":${readOnly ? "true" : "false"},` +
      `"resources":[${resources}]${event.isServiceEvent ? parts.serviceTail : parts.tail}`
    );
  }

  /** Written once for a client that goes on calling. */
  #originOf(sourceIp: string | undefined, userAgent: string | undefined): string {
    const last = this.#origin;
    if (last.sourceIp === sourceIp && last.userAgent === userAgent) return last.text;
    const from = sourceIp === undefined ? '"in-process"' : quote(sourceIp);
    const agent = userAgent === undefined ? '"wasm-kms"' : quote(userAgent);
    const text = `,"sourceIPAddress":${from},"userAgent":${agent}`;
    this.#origin = { sourceIp, userAgent, text };
    return text;
  }

  /** To the second, as CloudTrail has it. */
  #timeOf(timeMs: number): string {
    const second = Math.floor(timeMs / SECOND_MS);
    if (second !== this.#second) {
      this.#second = second;
      this.#time = `${new Date(second * SECOND_MS).toISOString().slice(0, 19)}Z`;
    }
    return this.#time;
  }
}

/** What is the same in all records of a realm. */
interface RealmParts {
  /** From the end of the time to the Region. */
  readonly nameOf: (operation: string) => string;
  readonly tail: string;
  /** The same of what nobody asked for. */
  readonly serviceTail: string;
}

const realmParts = new WeakMap<Realm, RealmParts>();

function partsOf(realm: Realm): RealmParts {
  let parts = realmParts.get(realm);
  if (parts === undefined) {
    const { region, accountId } = realm;
    parts = {
      nameOf: remember(
        REMEMBERED_OPERATIONS,
        (operation) => `","eventSource":"kms.amazonaws.com","eventName":${quote(operation)},"awsRegion":"${region}"`,
      ),
      tail: tailOf("AwsApiCall", accountId),
      serviceTail: tailOf("AwsServiceEvent", accountId),
    };
    realmParts.set(realm, parts);
  }
  return parts;
}

function tailOf(eventType: string, accountId: string): string {
  return (
    `,"eventType":"${eventType}","managementEvent":true,` +
    `"recipientAccountId":"${accountId}","eventCategory":"Management"}`
  );
}

/** Registers that CloudTrail names beside the image's digest, which is register 0. */
const RECORDED_PCRS = [1, 2, 3, 4, 8];

/** Base64, as CloudTrail writes registers. Source: AWS KMS Developer Guide, "Monitoring requests for Nitro enclaves". */
function enclaveOf({ moduleId, pcrs }: Attestation): string {
  const register = (index: number) => {
    const value = pcrs.get(index);
    return value && encodeBase64(value);
  };
  const recipient: Record<string, string | undefined> = {
    attestationDocumentModuleId: moduleId,
    attestationDocumentEnclaveImageDigest: register(0),
  };
  for (const index of RECORDED_PCRS) recipient[`attestationDocumentEnclavePCR${index}`] = register(index);
  return `"additionalEventData":${JSON.stringify({ recipient })},`;
}

const resourceOf = remember(REMEMBERED_TEXTS, (arn) => {
  const accountId = arn.split(":")[4] ?? "";
  return `{"accountId":${quote(accountId)},"type":"AWS::KMS::Key","ARN":${quote(arn)}}`;
});

/** From the beginning of a record to its time. */
function headOf({ principal, accessKeyId }: Caller): string {
  let known = callers.get(principal);
  if (known === undefined) {
    known = new Map();
    callers.set(principal, known);
  }
  let text = known.get(accessKeyId);
  if (text === undefined) {
    text = `{"eventVersion":"1.11","userIdentity":${describeCaller(principal, accessKeyId)},"eventTime":"`;
    known.set(accessKeyId, text);
  }
  return text;
}

function describeCaller({ type, arn, account, roleArn }: Caller["principal"], accessKeyId: string | undefined): string {
  const kind = IDENTITY_TYPES[type];
  if (type === "service") return JSON.stringify({ type: kind, invokedBy: arn });
  const sessionIssuer = { type: "Role", arn: roleArn, accountId: account };
  return JSON.stringify({
    type: kind,
    arn,
    accountId: account,
    accessKeyId,
    ...(type === "user" && { userName: arn.slice(arn.lastIndexOf("/") + 1) }),
    ...(roleArn !== undefined && { sessionContext: { sessionIssuer } }),
  });
}

interface HarmlessMember {
  readonly name: string;
  readonly shape: AnyShape;
  /** `"keyId":` */
  readonly label: string;
}

const harmlessMembers = new WeakMap<StructShape, readonly HarmlessMember[]>();

function harmlessOf(shape: StructShape): readonly HarmlessMember[] {
  let members = harmlessMembers.get(shape);
  if (members === undefined) {
    members = shape.entries
      .filter((entry) => isHarmless(entry.shape) && !LEFT_OUT.has(entry.name))
      .map((entry) => ({ name: entry.name, shape: entry.shape, label: `${quote(entry.lowerCamelName)}:` }));
    harmlessMembers.set(shape, members);
  }
  return members;
}

function isHarmless(shape: AnyShape): boolean {
  return shape.kind !== "blob" && !("sensitive" in shape && shape.sensitive === true);
}

function membersOf(shape: StructShape | undefined, members: Members | undefined): string {
  if (shape === undefined || members === undefined) return "null";
  let text = "";
  for (const { name, shape: of, label } of harmlessOf(shape)) {
    const value = members[name];
    if (value === undefined || value === null) continue;
    text += `${text === "" ? "" : ","}${label}${textOf(of, value)}`;
  }
  return text === "" ? "null" : `{${text}}`;
}

function textOf(shape: AnyShape, value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (value instanceof Date) return quote(value.toISOString());
  if (shape.kind === "struct") return membersOf(shape, value as Members);
  if (shape.kind !== "list") return JSON.stringify(value);
  const member = shape.member as AnyShape;
  return isHarmless(member) ? `[${(value as unknown[]).map((item) => textOf(member, item)).join(",")}]` : "[]";
}
