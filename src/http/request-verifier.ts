/**
 * The check of signatures by itself, for another service that is called with AWS Signature Version 4, as the proxy of an
 * external key store is: its own service name, its own access keys, its own window of time.
 */
import type { Engine } from "../crypto/engine.ts";
import { Secret } from "../crypto/secret.ts";
import type { AccessKey } from "../identities/directory.ts";
import type { Ready } from "../records/ready.ts";
import { secretBytes } from "../secret-bytes.ts";
import { SignatureVerifier, type SignedRequest } from "./signature.ts";
import type { SignatureRefusal } from "./signature-refusal.ts";

const encoder = new TextEncoder();
const MINUTE_MS = 60_000;

export interface VerifierOptions {
  /** What `createEngine()` of `wasm-kms/engine` returned. */
  readonly engine: Engine;
  /** Milliseconds since 1970, as `Date.now` says. */
  readonly nowMs: () => number;
  /** As it stands in the scope of a signature, as "kms-xks-proxy". */
  readonly service: string;
  /** Secret access keys by access key id; they are copied. */
  readonly accessKeys: Readonly<Record<string, string>>;
  /** Headers that must be signed, in lower case: "host" and "x-amz-date" by default. */
  readonly required?: readonly string[];
  /** How far the clocks of both sides may be apart: 15 minutes by default. */
  readonly windowMs?: number;
}

export interface RequestVerifier {
  /** Whose access key has signed a `POST`, or why it is refused. The comparison takes the same time for every signature. */
  verify(request: SignedRequest): Ready<{ readonly accessKeyId: string; readonly region: string } | SignatureRefusal>;
  /** Wipes all secrets; nothing is verified afterwards. */
  close(): void;
}

/** Makes a verifier. To change the access keys, make another one and close this. */
export function createSignatureVerifier(options: VerifierOptions): RequestVerifier {
  const { engine, nowMs, service, accessKeys, required = ["host", "x-amz-date"], windowMs = 15 * MINUTE_MS } = options;
  const principal = Object.freeze({ type: "service", arn: service, account: "" } as const);
  const known = new Map<string, AccessKey>();
  for (const [accessKeyId, text] of Object.entries(accessKeys)) {
    const bytes = encoder.encode(text);
    const secret = secretBytes(bytes.length);
    secret.set(bytes);
    bytes.fill(0);
    known.set(accessKeyId, { accessKeyId, secret: Secret.adopt(secret), isActive: true, principal });
  }
  const verifier = new SignatureVerifier(
    { engine, nowMs, authenticate: (accessKeyId, use) => use(known.get(accessKeyId)) },
    { service, required, windowMs },
  );
  return {
    async verify(request) {
      const found = await verifier.verify(request);
      return "code" in found ? found : { accessKeyId: found.accessKey.accessKeyId, region: found.region };
    },
    close() {
      verifier.forget();
      for (const { secret } of known.values()) secret.wipe();
      known.clear();
    },
  };
}
