/** A KMS with an authority written by hand, which the test moves in time, and the endpoint over it. */

import type { Engine } from "../../src/crypto/engine.ts";
import { Secret } from "../../src/crypto/secret.ts";
import { createEndpoint, type Endpoint } from "../../src/http/endpoint.ts";
import type { AccessKey } from "../../src/identities/directory.ts";
import { createKms, type Kms, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";
import { platform } from "../../src/node.ts";
import { type Signed, type Signing, sign } from "./signing.ts";

export const ACCOUNT = "111122223333";
export const REGION = "us-west-2";
export const START_MS = Date.UTC(2026, 10, 27, 12);
export const SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
export const KEY_ID = "AKIAIOSFODNN7EXAMPLE";

export interface Stand {
  readonly kms: Kms;
  readonly endpoint: Endpoint;
  readonly keys: Map<string, AccessKey>;
  /** The HMACs that were asked for. */
  readonly hmacs: { count: number };
  readonly time: { nowMs: number };
  /** One access key, no signing keys, and the time of the start. */
  reset(): void;
  sign(signing?: Partial<Signing>): Signed;
  /** Status and code (or "") of the answer. */
  ask(signed: Signed): Promise<[status: number, code: string, message: string]>;
}

export function accessKey(accessKeyId: string, secretAccessKey: string, more: Partial<AccessKey> = {}): AccessKey {
  return {
    accessKeyId,
    secret: Secret.adopt(new TextEncoder().encode(secretAccessKey)),
    isActive: true,
    principal: { type: "root", arn: `arn:aws:iam::${ACCOUNT}:root`, account: ACCOUNT },
    ...more,
  };
}

export async function startStand(): Promise<Stand> {
  const time = { nowMs: START_MS };
  const inner = await createKms({
    keystore: memoryKeystore(),
    rootKey: rootKeyFromBytes(new Uint8Array(32).fill(7)),
    region: REGION,
    accountId: ACCOUNT,
    clock: { nowMs: () => time.nowMs },
  });
  const keys = new Map<string, AccessKey>();
  const hmacs = { count: 0 };
  const wasm = platform.engine("auto");
  const engine: Engine = {
    ...wasm,
    hash: (...call) => wasm.hash(...call),
    hmac(...call) {
      hmacs.count++;
      return wasm.hmac(...call);
    },
  };
  const authority: Kms["authority"] = {
    engine,
    nowMs: () => time.nowMs,
    authenticate: (id, use) => use(keys.get(id)),
  };
  const kms = { ...inner, authority };
  const endpoint = createEndpoint({ kms });
  const stand: Stand = {
    kms,
    endpoint,
    keys,
    hmacs,
    time,
    reset() {
      time.nowMs = START_MS;
      keys.clear();
      keys.set(KEY_ID, accessKey(KEY_ID, SECRET_KEY));
      endpoint.forget();
    },
    sign: (signing = {}) => sign({ accessKeyId: KEY_ID, secretAccessKey: SECRET_KEY, atMs: time.nowMs, ...signing }),
    ask: (signed) => askAs(endpoint, Object.entries(signed.headers).flat(), signed.body),
  };
  stand.reset();
  return stand;
}

export async function askAs(
  endpoint: Endpoint,
  rawHeaders: readonly string[],
  body: string | Uint8Array,
  path = "/",
  method = "POST",
): Promise<[number, string, string]> {
  const header = (name: string) => {
    const at = rawHeaders.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name);
    return at < 0 ? undefined : rawHeaders[at + 1];
  };
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const answer = await endpoint.answer({ method, path, header, rawHeaders, body: bytes });
  const json = JSON.parse(answer.body) as { __type?: string; message?: string };
  return [answer.status, json.__type ?? "", json.message ?? ""];
}
