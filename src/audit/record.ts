/**
 * An event as one line of JSON in the shape of AWS CloudTrail. Of members only what their shapes call harmless is
 * written: no blob, and nothing sensitive. What a caller may choose is quoted by JSON, so no line breaks in two.
 * Source: AWS CloudTrail User Guide, "CloudTrail record contents"; AWS KMS Developer Guide, "Logging API calls".
 */
import type { Caller } from "../env.ts";
import { remember } from "../model/remember.ts";
import type { AnyShape, StructShape } from "../model/shape.ts";
import type { AuditEvent } from "./audit.ts";

type Members = Readonly<Record<string, unknown>>;

const REMEMBERED_ARNS = 1024;
const SECOND_MS = 1000;
const IDENTITY_TYPES = {
  user: "IAMUser",
  root: "Root",
  "assumed-role": "AssumedRole",
  "federated-user": "FederatedUser",
  service: "AWSService",
} as const;
/** Texts that let somebody in, and those too long to be worth their room. */
const LEFT_OUT = new Set(["GrantTokens", "GrantToken", "NextMarker", "Marker", "KeyStorePassword"]);

/** Shows who called; written once for each principal and access key. */
const callers = new WeakMap<Caller["principal"], Map<string | undefined, string>>();
const quote = (text: string): string => JSON.stringify(text);

/** Writes the lines of one trail. */
export class RecordWriter {
  #second = Number.NaN;
  #time = "";

  /** @param eventId unique; hexadecimal digits and dashes */
  lineOf(event: AuditEvent, eventId: string): string {
    const { caller, realm, operation, readOnly, keyArns, input, output, errorCode, errorMessage } = event;
    const { sourceIp, userAgent, requestId } = caller;
    const failure =
      errorCode === undefined
        ? ""
        : `,"errorCode":"${errorCode}"${errorMessage ? `,"errorMessage":${quote(errorMessage)}` : ""}`;
    const results = readOnly || errorCode !== undefined ? "null" : membersOf(output?.shape, output?.members);
    return (
      `{"eventVersion":"1.11","userIdentity":${identityOf(caller)},"eventTime":"${this.#timeOf(event.timeMs)}",` +
      `"eventSource":"kms.amazonaws.com","eventName":${quote(operation)},"awsRegion":"${realm.region}",` +
      `"sourceIPAddress":${sourceIp === undefined ? '"in-process"' : quote(sourceIp)},` +
      `"userAgent":${userAgent === undefined ? '"wasm-kms"' : quote(userAgent)}${failure},` +
      `"requestParameters":${membersOf(input?.shape, input?.members)},"responseElements":${results},` +
      `"requestID":${quote(requestId)},"eventID":"${eventId}","readOnly":${readOnly},` +
      `"resources":[${keyArns.map(resourceOf).join(",")}],"eventType":"AwsApiCall","managementEvent":true,` +
      `"recipientAccountId":"${realm.accountId}","eventCategory":"Management"}`
    );
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

const resourceOf = remember(REMEMBERED_ARNS, (arn) => {
  const accountId = arn.split(":")[4] ?? "";
  return `{"accountId":${quote(accountId)},"type":"AWS::KMS::Key","ARN":${quote(arn)}}`;
});

function identityOf({ principal, accessKeyId }: Caller): string {
  let known = callers.get(principal);
  if (known === undefined) {
    known = new Map();
    callers.set(principal, known);
  }
  let text = known.get(accessKeyId);
  if (text === undefined) {
    text = describeCaller(principal, accessKeyId);
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
