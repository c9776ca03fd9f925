/**
 * Calls the proxy of an external key store: one signed `POST` over HTTPS for each call, with a limit for the whole of its
 * time and for the length of the answer. Redirects are not followed, and nothing is sent twice. What is sent is
 * ciphertext already (keys/external-blob.ts), so that a proxy learns no plaintext.
 */
import type { Engine } from "../crypto/engine.ts";
import type { Clock, Fetch } from "../env.ts";
import { concatBytes } from "../records/encoding.ts";
import { RequestSigner, type SigningCredential } from "../signing/request-signer.ts";
import { XksFailure } from "./xks-failure.ts";
import {
  checkHealth,
  decryptBody,
  type ExternalCiphertext,
  type ExternalKeyMetadata,
  encryptBody,
  healthBody,
  keyMetadataBody,
  readAnswer,
  readDecrypted,
  readEncrypted,
  readKeyMetadata,
  type XksRequester,
} from "./xks-protocol.ts";

const SERVICE = "kms-xks-proxy";
/** As AWS KMS waits. */
const DEFAULT_TIME_LIMIT_MS = 250;
const MAX_TIME_LIMIT_MS = 60_000;
/** Far more than any answer of the specification needs. */
const MAX_ANSWER_BYTES = 65_536;

/** Where a proxy is, and how it knows that it is us. */
export interface XksProxy extends SigningCredential {
  /** As "https://xks.example.com". */
  readonly uriEndpoint: string;
  /** As "/tenant/kms/xks/v1". */
  readonly uriPath: string;
}

export interface XksClientOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Of the KMS, which signs for it. */
  readonly region: string;
  readonly network: XksNetwork;
}

/** How proxies are reached. */
export interface XksNetwork {
  readonly fetch: Fetch;
  readonly timeLimitMs: number;
}

export interface ExternalKeyStoreOptions {
  /**
   * Sends requests in the place of the runtime's `fetch`, for a proxy behind a certificate authority or a gateway of
   * your own. It gets https URLs alone, and answers for checking the certificate.
   */
  readonly fetch?: Fetch;
  /** How long a call may take, all in all: 250 by default, as AWS KMS waits; up to 60,000. */
  readonly timeLimitMs?: number;
}

/** @throws {TypeError} for options of a wrong form */
export function networkOf(platformFetch: Fetch, options: ExternalKeyStoreOptions = {}): XksNetwork {
  const { fetch = platformFetch, timeLimitMs = DEFAULT_TIME_LIMIT_MS } = options;
  if (typeof fetch !== "function") throw new TypeError("externalKeyStores.fetch must be a function, as fetch is.");
  if (!Number.isSafeInteger(timeLimitMs) || timeLimitMs < 1 || timeLimitMs > MAX_TIME_LIMIT_MS) {
    throw new TypeError(
      `externalKeyStores.timeLimitMs must be a whole number from 1 to ${MAX_TIME_LIMIT_MS}; it is ${String(timeLimitMs)}.`,
    );
  }
  return { fetch, timeLimitMs };
}

interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

export class XksClient {
  readonly #options: XksClientOptions;
  #signer: RequestSigner | undefined;

  constructor(options: XksClientOptions) {
    this.#options = options;
  }

  /** @throws {XksFailure} unless the proxy knows us and can use a key manager */
  async checkHealth(proxy: XksProxy, requester: XksRequester): Promise<void> {
    checkHealth(await this.#call(proxy, "/health", healthBody(requester)));
  }

  /** @throws {XksFailure} */
  async keyMetadata(proxy: XksProxy, xksKeyId: string, requester: XksRequester): Promise<ExternalKeyMetadata> {
    return readKeyMetadata(await this.#call(proxy, `/keys/${xksKeyId}/metadata`, keyMetadataBody(requester)));
  }

  /** @throws {XksFailure} */
  async encrypt(
    proxy: XksProxy,
    xksKeyId: string,
    requester: XksRequester,
    plaintext: Uint8Array,
    aad: Uint8Array,
  ): Promise<ExternalCiphertext> {
    const answer = await this.#call(proxy, `/keys/${xksKeyId}/encrypt`, encryptBody(requester, plaintext, aad));
    return readEncrypted(this.#options.engine, answer, plaintext, aad);
  }

  /** What the proxy says that the plaintext is; whether it is, the caller finds out. @throws {XksFailure} */
  async decrypt(
    proxy: XksProxy,
    xksKeyId: string,
    requester: XksRequester,
    sealed: ExternalCiphertext,
    aad: Uint8Array,
  ): Promise<Uint8Array> {
    const answer = await this.#call(proxy, `/keys/${xksKeyId}/decrypt`, decryptBody(requester, sealed, aad));
    return readDecrypted(answer, sealed);
  }

  async #call(proxy: XksProxy, operation: string, body: Uint8Array<ArrayBuffer>) {
    const { engine, clock, region } = this.#options;
    this.#signer ??= new RequestSigner(engine, region, SERVICE);
    const host = hostOf(proxy.uriEndpoint);
    const path = proxy.uriPath + operation;
    const signed = this.#signer.sign({ host, path, body }, proxy, clock.nowMs());
    const headers = { "content-type": "application/json", ...signed };
    const { status, body: answer } = await this.#inTime((signal) =>
      this.#exchange(`https://${host}${path}`, { method: "POST", headers, body, redirect: "manual", signal }),
    );
    return readAnswer(status, answer);
  }

  /** Gives up when the time is over, whatever the network does then. */
  async #inTime(exchange: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new XksFailure("timedOut")), this.#options.network.timeLimitMs);
    });
    try {
      return await Promise.race([exchange(abort.signal), late]);
    } finally {
      clearTimeout(timer);
      // Of an answer that was not read to its end nothing more shall come.
      abort.abort();
    }
  }

  async #exchange(url: string, init: Parameters<Fetch>[1]): Promise<Answer> {
    let response: Response;
    try {
      response = await this.#options.network.fetch(url, init);
    } catch (cause) {
      throw new XksFailure(isTlsFailure(cause) ? "tls" : "unreachable", { cause });
    }
    return { status: response.status, body: await readBody(response) };
  }
}

/** The host of an endpoint as it is signed and sent. */
export function hostOf(uriEndpoint: string): string {
  return uriEndpoint.slice("https://".length).toLowerCase();
}

/** @throws {XksFailure} for an answer that is too long, or ends in the middle */
async function readBody(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    let read: Awaited<ReturnType<typeof reader.read>>;
    try {
      read = await reader.read();
    } catch (cause) {
      throw new XksFailure("unreachable", { cause });
    }
    if (read.done) break;
    lengthBytes += read.value.length;
    if (lengthBytes > MAX_ANSWER_BYTES) throw new XksFailure("malformed");
    chunks.push(read.value);
  }
  return concatBytes(...chunks);
}

const TLS_CODE = /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH$|EPROTO$)/;

/** Whether a failure of `fetch` tells of a certificate or a handshake, as Node.js does by codes of its causes. */
function isTlsFailure(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    const { code } = at as { code?: unknown };
    if (typeof code === "string" && TLS_CODE.test(code)) return true;
  }
  return false;
}
