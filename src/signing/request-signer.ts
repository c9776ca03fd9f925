/**
 * Signs requests that this service sends, with AWS Signature Version 4: what `http/signature.ts` checks, made. Signed are
 * host and date, as the proxies of external key stores expect it. Source: IAM User Guide, "Create a signed AWS API
 * request"; AWS KMS External Key Store Proxy API Specification, "Using SigV4 to sign XKS proxy requests".
 */
import type { Engine } from "../crypto/engine.ts";
import type { Secret } from "../crypto/secret.ts";
import { basicTime } from "./basic-time.ts";
import { CanonicalWriter } from "./canonical-request.ts";
import { ALGORITHM, TERMINATOR } from "./scope.ts";
import { SigningKeys } from "./signing-keys.ts";

const SIGNED_HEADERS = "host;x-amz-date";
const SIGNATURE_BYTES = 32;

/** A `POST` that is about to be sent. */
export interface UnsignedRequest {
  readonly host: string;
  /** Of characters that need no escape. */
  readonly path: string;
  readonly body: Uint8Array;
}

export interface SigningCredential {
  readonly accessKeyId: string;
  /** The UTF-8 of the secret access key. */
  readonly secret: Secret;
}

export interface SignedHeaders {
  readonly authorization: string;
  readonly "x-amz-date": string;
}

export class RequestSigner {
  readonly #engine: Engine;
  readonly #keys: SigningKeys;
  readonly #writer: CanonicalWriter;
  readonly #region: string;
  readonly #service: string;

  constructor(engine: Engine, region: string, service: string) {
    this.#engine = engine;
    this.#keys = new SigningKeys(engine);
    this.#writer = new CanonicalWriter(engine);
    this.#region = region;
    this.#service = service;
  }

  /** The headers that prove who sends the request, at this moment. */
  sign(
    { host, path, body }: UnsignedRequest,
    { accessKeyId, secret }: SigningCredential,
    nowMs: number,
  ): SignedHeaders {
    const amzDate = basicTime(nowMs);
    const date = amzDate.slice(0, 8);
    const [region, service] = [this.#region, this.#service];
    const credential = `${accessKeyId}/${date}/${region}/${service}/${TERMINATOR}`;
    const scope = { accessKeyId, date, region, service, credential };
    const bodyHash = this.#engine.hash("SHA-256", body);
    const form = { scope, signedHeadersText: SIGNED_HEADERS };
    const text = this.#writer.stringToSign(form, path, [host, amzDate], amzDate, bodyHash);
    if (text === undefined) throw new TypeError("A host and a path are ASCII.");
    const key = secret.expose((bytes) => this.#keys.derive(bytes, scope));
    try {
      const signature = this.#engine.hmac("SHA-256", key, text, new Uint8Array(SIGNATURE_BYTES));
      const digits = Array.from(signature, (byte) => byte.toString(16).padStart(2, "0")).join("");
      const parts = `Credential=${credential}, SignedHeaders=${SIGNED_HEADERS}, Signature=${digits}`;
      return { authorization: `${ALGORITHM} ${parts}`, "x-amz-date": amzDate };
    } finally {
      key.fill(0);
    }
  }
}
