/**
 * `wasm-kms/http`: the service as an HTTP endpoint that any AWS SDK can talk to, the same on Node.js and in Workers.
 *
 * Signatures are not checked yet, so `auth: "off"` has to be said: the Region is that of the credential scope and the
 * account a twelve-digit access key id, both as the client claims, and the caller is the root of that account.
 * Source: Smithy, "AWS JSON 1.1 protocol"; "Signature Version 4", for the scope.
 */
import type { Kms } from "../kms.ts";
import { rootArn } from "../model/arn.ts";
import { isAccountId, isRegion } from "../model/realm.ts";
import { type Answer, answer, refusal } from "./protocol.ts";

export interface EndpointOptions {
  /** Its realm is the one of clients that name none. */
  readonly kms: Kms;
  /** Nobody is asked who they are. There is no other mode yet. */
  readonly auth: "off";
  /**
   * The host names under which clients may call; any by default. Without signatures this is what keeps web pages out
   * that have rebound their name to a local address.
   */
  readonly hosts?: readonly string[];
}

/** A request, however it came; `body` is whole. */
export interface EndpointRequest {
  readonly method: string;
  /** With its query, as "/". */
  readonly path: string;
  header(lowerCaseName: string): string | undefined;
  readonly body: Uint8Array;
  readonly sourceIp?: string | undefined;
}

export interface Endpoint {
  /** Never rejects: every failure is an answer. */
  answer(request: EndpointRequest): Promise<Answer>;
  /** The same for the Request and Response of the platform. */
  fetch(request: Request): Promise<Response>;
}

/** More than the largest request of AWS KMS, with its base64. */
export const MAX_BODY_BYTES = 1_048_576;

/** An endpoint over `kms`, which it does not close. @throws {TypeError} unless `auth` is "off" */
export function createEndpoint({ kms, auth, hosts }: EndpointOptions): Endpoint {
  if (auth !== "off")
    throw new TypeError('auth must be "off": signatures are not checked yet, and that has to be said.');
  const respond = async (request: EndpointRequest): Promise<Answer> => {
    const requestId = kms.requestId();
    try {
      const refused = refuseRoute(request, hosts, requestId);
      if (refused !== undefined) return refused;
      const realm = realmOfScope(request.header("authorization"), kms);
      if (typeof realm === "string") return refusal(400, "IncompleteSignatureException", realm, requestId);
      const service = kms.inRealm(realm);
      const { sourceIp } = request;
      const principal = { type: "root", arn: rootArn(service.realm), account: service.realm.accountId } as const;
      const caller = { principal, requestId, ...(sourceIp !== undefined && { sourceIp }) };
      return await answer(service, request.header("x-amz-target"), request.body, caller);
    } catch {
      return refusal(500, "KMSInternalException", "The request failed inside the endpoint.", requestId);
    }
  };
  return {
    answer: respond,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const header = (name: string) => request.headers.get(name) ?? undefined;
      const body = await readBody(request);
      const {
        status,
        headers,
        body: text,
      } = body === undefined
        ? tooLarge(kms.requestId())
        : await respond({ method: request.method, path: pathname + search, header, body });
      return new Response(text, { status, headers });
    },
  };
}

/** The answer to a body of more than MAX_BODY_BYTES. */
export function tooLarge(requestId: string): Answer {
  const text = `The request body has more than ${MAX_BODY_BYTES} bytes.`;
  return refusal(413, "RequestEntityTooLargeException", text, requestId);
}

/** What is not a request to the service: a health check, or an error. */
function refuseRoute(
  { method, path, header }: EndpointRequest,
  hosts: readonly string[] | undefined,
  requestId: string,
): Answer | undefined {
  if (hosts !== undefined && !hosts.includes(hostName(header("host")))) {
    const text = `This endpoint answers to ${hosts.join(", ")} only.`;
    return refusal(403, "AccessDeniedException", text, requestId);
  }
  if (path === "/healthz" && (method === "GET" || method === "HEAD")) {
    return { status: 200, headers: { "content-type": "application/json" }, body: '{"status":"ok"}' };
  }
  if (path !== "/") {
    return refusal(404, "UnknownOperationException", "There is nothing at this path: send POST / requests.", requestId);
  }
  if (method === "POST") return undefined;
  const refused = refusal(
    405,
    "UnknownOperationException",
    `The method is ${method}: send POST / requests.`,
    requestId,
  );
  return { ...refused, headers: { ...refused.headers, allow: "POST" } };
}

/** The host without its port. */
function hostName(host = ""): string {
  return host.toLowerCase().replace(/:\d+$/, "");
}

const CREDENTIAL =
  /^AWS4-HMAC-SHA256[ ,](?:.*[ ,])?Credential=([^/,\s]{1,128})\/\d{8}\/([^/,\s]{1,64})\/([^/,\s]{1,64})\/aws4_request(?:[,\s]|$)/;
const MAX_AUTHORIZATION_LENGTH = 4096;

/** The account and Region that an Authorization header claims, or what is wrong with it. */
function realmOfScope(
  authorization: string | undefined,
  { realm }: Kms,
): { region: string; accountId: string } | string {
  if (authorization === undefined) return realm;
  const match = authorization.length > MAX_AUTHORIZATION_LENGTH ? null : CREDENTIAL.exec(authorization);
  if (match === null) {
    return "Authorization must be AWS4-HMAC-SHA256 with Credential=KEYID/DATE/REGION/kms/aws4_request.";
  }
  const [, accessKeyId, region, service] = match as unknown as [string, string, string, string];
  if (service !== "kms") return `Credential should be scoped to correct service: 'kms'; it is '${service}'.`;
  if (!isRegion(region)) return `Credential should be scoped to a valid Region; it is '${region}'.`;
  return { region, accountId: isAccountId(accessKeyId) ? accessKeyId : realm.accountId };
}

/** The whole body, or `undefined` if it is too large; then the rest is not read. */
async function readBody({ body }: Request): Promise<Uint8Array | undefined> {
  if (body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  for (const reader = body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    lengthBytes += value.length;
    if (lengthBytes > MAX_BODY_BYTES) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  return joined(chunks, lengthBytes);
}

/** One array of all chunks; they are wiped where they had to be copied, since a body holds plaintexts. */
export function joined(chunks: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(lengthBytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
    chunk.fill(0);
  }
  return whole;
}
