/**
 * `wasm-kms/request-handler`: the transport of a genuine `new KMSClient({ requestHandler })` of @aws-sdk/client-kms,
 * without a socket. The SDK serializes, signs and deserializes as ever; the signature is not checked, since whoever
 * holds the handler is the embedding program itself.
 */
import type { Kms } from "../kms.ts";
import { answer } from "./protocol.ts";

/** The parts of the SDK's HttpRequest that are read. */
interface SdkRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

export interface RequestHandler {
  /** Refuses a request that is aborted before it starts; what has started is finished. */
  handle(request: SdkRequest, options?: { abortSignal?: unknown }): Promise<{ response: SdkResponse }>;
  destroy(): void;
  readonly metadata: { readonly handlerProtocol: string };
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
}

const encoder = new TextEncoder();

/** A request handler over `kms.as(principal)`, which it does not close. */
export function createRequestHandler(kms: Kms): RequestHandler {
  return {
    metadata: { handlerProtocol: "in-process" },
    async handle({ headers, body }, options) {
      const { aborted } = (options?.abortSignal ?? {}) as { aborted?: boolean };
      if (aborted) throw Object.assign(new Error("Request aborted"), { name: "AbortError" });
      const {
        status,
        headers: answered,
        body: text,
      } = await answer(kms, headerOf(headers, "x-amz-target"), bytesOf(body), kms.caller() ?? kms.requestId());
      return { response: { statusCode: status, headers: { ...answered }, body: encoder.encode(text) } };
    },
    destroy() {},
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  };
}

function headerOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  for (const [candidate, value] of Object.entries(headers)) {
    if (candidate.toLowerCase() === name) return value;
  }
  return undefined;
}

/** @throws {TypeError} for a streaming body, which this protocol never has */
function bytesOf(body: unknown): Uint8Array {
  if (body === undefined) return new Uint8Array(0);
  if (typeof body === "string") return encoder.encode(body);
  if (body instanceof Uint8Array) return body;
  throw new TypeError("The body of a KMS request must be text or bytes.");
}
