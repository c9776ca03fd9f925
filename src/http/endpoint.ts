/**
 * `wasm-kms/http`: the service as an HTTP endpoint that any AWS SDK can talk to, the same on Node.js and in Workers.
 *
 * Requests are signed (signature.ts), and the caller is whose access key it was: the Region is that of the signature's
 * scope, the account that of the caller. With `auth: "off"` nobody is asked who they are: the Region and, as a
 * twelve-digit access key id, the account are what the client claims, and the caller is the root of that account.
 * Source: Smithy, "AWS JSON 1.1 protocol".
 */
import { type Caller, callerWith } from "../env.ts";
import type { Kms } from "../kms.ts";
import { rootArn } from "../model/arn.ts";
import { isAccountId } from "../model/realm.ts";
import { type Ready, whenReady } from "../records/ready.ts";
import { parseScope } from "./authorization.ts";
import { type Answer, answer, CONTENT_TYPE, refusal } from "./protocol.ts";
import { SignatureVerifier } from "./signature.ts";
import type { SignatureRefusal } from "./signature-refusal.ts";

export { createSignatureVerifier, type RequestVerifier, type VerifierOptions } from "./request-verifier.ts";

export interface EndpointOptions {
  /** What `createKms()` returned. Its realm is the one of clients that name none. */
  readonly kms: Kms;
  /** "sigv4" by default. "off" is for local development: nobody is asked who they are. */
  readonly auth?: "sigv4" | "off";
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
  /** Names and values of all headers in turn, each as it came and as often. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
  readonly sourceIp?: string | undefined;
  readonly isSecure?: boolean | undefined;
}

export interface Endpoint {
  readonly auth: "sigv4" | "off";
  /** Never rejects: every failure is an answer. */
  answer(request: EndpointRequest): Promise<Answer>;
  /** The same for the Request and Response of the platform. @param sourceIp the client's address, if it is known */
  fetch(request: Request, sourceIp?: string): Promise<Response>;
  /** Wipes the signing keys that are kept at hand; they are derived again when they are needed. */
  forget(): void;
}

/** More than the largest request of AWS KMS, with its base64. */
export const MAX_BODY_BYTES = 1_048_576;

/** An endpoint over `kms`, which it does not close. @throws {TypeError} for another `auth` */
export function createEndpoint({ kms, auth = "sigv4", hosts }: EndpointOptions): Endpoint {
  if (auth !== "sigv4" && auth !== "off") throw new TypeError('auth must be "sigv4" or "off".');
  const { authority } = kms;
  const verifier = new SignatureVerifier(authority);
  const identify = auth === "off" ? claimedBy(kms) : signedBy(kms, verifier);
  const dateOf = httpDates();
  const respond = async (request: EndpointRequest): Promise<Answer> => {
    const requestId = kms.requestId();
    try {
      const refused = refuseRoute(request, hosts, requestId);
      if (refused !== undefined) return refused;
      const identifying = identify(request);
      const found = identifying instanceof Promise ? await identifying : identifying;
      if ("code" in found) return refusal(400, found.code, found.message, requestId);
      const { service, principal, accessKeyId } = found;
      const caller = callerOf(request, principal, requestId, accessKeyId);
      return await answer(service, request.header("x-amz-target"), request.body, caller);
    } catch {
      return refusal(500, "KMSInternalException", "The request failed inside the endpoint.", requestId);
    }
  };
  /** With our time, by which SDKs correct their clocks. */
  const dated = async (request: EndpointRequest): Promise<Answer> => {
    const answered = await respond(request);
    answered.headers.date = dateOf(authority.nowMs());
    return answered;
  };
  return {
    auth,
    answer: dated,
    async fetch(request, sourceIp) {
      const asked = await readRequest(request, sourceIp);
      try {
        const { status, headers, body } = asked === undefined ? tooLarge(kms.requestId()) : await dated(asked);
        return new Response(body, { status, headers });
      } finally {
        asked?.body.fill(0);
      }
    },
    forget: () => verifier.forget(),
  };
}

/** A request of the platform, or `undefined` if its body is too large. */
async function readRequest(request: Request, sourceIp: string | undefined): Promise<EndpointRequest | undefined> {
  const { pathname, search, protocol, host } = new URL(request.url);
  const body = await readBody(request);
  if (body === undefined) return undefined;
  const headers = new Headers(request.headers);
  // Some platforms keep the host in the URL alone.
  if (!headers.has("host")) headers.set("host", host);
  const header = (name: string) => headers.get(name) ?? undefined;
  const rawHeaders = [...headers].flat();
  const isSecure = protocol === "https:";
  return { method: request.method, path: pathname + search, header, rawHeaders, body, isSecure, sourceIp };
}

/** The Date header, built once in a second. */
function httpDates(): (ms: number) => string {
  let lastSecond = Number.NaN;
  let text = "";
  return (ms) => {
    const second = Math.floor(ms / 1000);
    if (second !== lastSecond) {
      lastSecond = second;
      text = new Date(ms).toUTCString();
    }
    return text;
  };
}

/** Who calls, and the service that answers. */
interface Identified {
  readonly service: Kms;
  readonly principal: Caller["principal"];
  readonly accessKeyId: string | undefined;
}

type Identify = (request: EndpointRequest) => Ready<Identified | SignatureRefusal>;

/** Services that are kept at hand; when there are more, all of them are asked for anew. */
const REMEMBERED_SERVICES = 256;

/** The services of realms, asked for once. */
function servicesOf(kms: Kms): (region: string, accountId: string) => Kms {
  const known = new Map<string, Kms>();
  return (region, accountId) => {
    const id = `${region}/${accountId}`;
    let service = known.get(id);
    if (service === undefined) {
      service = kms.inRealm({ region, accountId });
      if (known.size >= REMEMBERED_SERVICES) known.clear();
      known.set(id, service);
    }
    return service;
  };
}

/** Whoever has signed. */
function signedBy(kms: Kms, verifier: SignatureVerifier): Identify {
  const serviceOf = servicesOf(kms);
  return (request) =>
    whenReady(verifier.verify(request), (signer) => {
      if ("code" in signer) return signer;
      const { accessKeyId, principal } = signer.accessKey;
      const service = serviceOf(signer.region, principal.account || kms.realm.accountId);
      return { service, principal, accessKeyId };
    });
}

/** The root of the account that the client claims. */
function claimedBy(kms: Kms): Identify {
  const serviceOf = servicesOf(kms);
  /** One for each service, because much is remembered by the principal. */
  const roots = new WeakMap<Kms, Caller["principal"]>();
  return (request) => {
    const claimed = claimedRealm(request.header("authorization"), kms);
    if ("code" in claimed) return claimed;
    const service = serviceOf(claimed.region, claimed.accountId);
    const { realm } = service;
    const principal = roots.get(service) ?? { type: "root", arn: rootArn(realm), account: realm.accountId };
    roots.set(service, principal);
    return { service, principal, accessKeyId: undefined };
  };
}

function callerOf(
  { header, sourceIp, isSecure }: EndpointRequest,
  principal: Caller["principal"],
  requestId: string,
  accessKeyId: string | undefined,
): Caller {
  const facts = { sourceIp, userAgent: header("user-agent"), secureTransport: isSecure, accessKeyId };
  return callerWith(principal, requestId, facts);
}

/** The answer to a body of more than MAX_BODY_BYTES. */
export function tooLarge(requestId: string): Answer {
  const text = `The request body has more than ${MAX_BODY_BYTES} bytes.`;
  return refusal(413, "RequestEntityTooLargeException", text, requestId);
}

/** What is not a request to the service: a health check, or an error. */
function refuseRoute(
  { method, path, header, rawHeaders }: EndpointRequest,
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
  if (path !== "/") return refusePath(path, requestId);
  if (method !== "POST") {
    const text = `The method is ${method}: send POST / requests.`;
    const refused = refusal(405, "UnknownOperationException", text, requestId);
    return { ...refused, headers: { ...refused.headers, allow: "POST" } };
  }
  const repeated = findRepeated(rawHeaders);
  if (repeated !== undefined) {
    return refusal(400, "SerializationException", `The header '${repeated}' stands more than once.`, requestId);
  }
  return refuseContent(header("content-type"), header("content-encoding"), requestId);
}

/** A path of plain names is somebody's mistake; any other spelling, and every query, is not even looked at. */
function refusePath(path: string, requestId: string): Answer {
  if (PLAIN_PATH.test(path)) {
    return refusal(404, "UnknownOperationException", "There is nothing at this path: send POST / requests.", requestId);
  }
  const text = /[?&]X-Amz-/i.test(path)
    ? "Signatures in the URL are not taken: sign with an Authorization header."
    : "The path must be / and have no query.";
  return refusal(400, "UnknownOperationException", text, requestId);
}

const PLAIN_PATH = /^(?:\/[\w-]+)+$/;

/** Headers of which a reader of the first one and a reader of the last one would see two requests. */
const SINGLE: ReadonlyMap<string, number> = new Map(
  ["host", "authorization", "content-type", "content-encoding", "content-length", "x-amz-target"].map((name, i) => [
    name,
    1 << i,
  ]),
);

function findRepeated(rawHeaders: readonly string[]): string | undefined {
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    const bit = SINGLE.get(name) ?? 0;
    if ((seen & bit) !== 0) return name;
    seen |= bit;
  }
  return undefined;
}

/** What a form of a web page could send, and what would have to be unpacked first. */
function refuseContent(type: string | undefined, encoding: string | undefined, requestId: string): Answer | undefined {
  if (mediaType(type) !== CONTENT_TYPE) {
    return refusal(415, "UnsupportedMediaTypeException", `The content type must be ${CONTENT_TYPE}.`, requestId);
  }
  if (encoding === undefined) return undefined;
  return refusal(415, "UnsupportedMediaTypeException", "The body must not have a content encoding.", requestId);
}

/** The content type without its parameters. */
function mediaType(contentType = ""): string {
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** The host without its port. */
function hostName(host = ""): string {
  return host.toLowerCase().replace(/:\d+$/, "");
}

/** The account and Region that an Authorization header claims. */
function claimedRealm(
  authorization: string | undefined,
  { realm }: Kms,
): { region: string; accountId: string } | SignatureRefusal {
  if (authorization === undefined) return realm;
  const scope = parseScope(authorization);
  if ("code" in scope) return scope;
  const { accessKeyId, region } = scope;
  return { region, accountId: isAccountId(accessKeyId) ? accessKeyId : realm.accountId };
}

/**
 * A copy of the whole body, or `undefined` if it is too large; then the rest is not read. The chunks stay as they are:
 * a clone of the request may have them in common with it.
 */
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

/** One array of all chunks. */
export function joined(chunks: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  const whole = new Uint8Array(lengthBytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
