/**
 * From a message's data key to its cipher and its commit key. Suite 0x0478: HKDF-SHA-512 (RFC 5869) with the message
 * id as salt, expanded once with suite id and "DERIVEKEY", once with "COMMITKEY". One data key and one message id give
 * one cipher, so the counted nonces of the frames never meet those of another message. All keys are wiped here.
 */
import type { Engine, EngineKey } from "../crypto/engine.ts";
import { encodeText } from "./bytes.ts";
import { COMMITMENT_BYTES, DATA_KEY_BYTES, SUITE_ID } from "./format.ts";

const DERIVE_INFO = Uint8Array.of(SUITE_ID >>> 8, SUITE_ID & 0xff, ...encodeText("DERIVEKEY")!);
const COMMIT_INFO = encodeText("COMMITKEY")!;

/** A message's cipher, which its taker destroys, and the commit key, which is public. */
export interface MessageKeys {
  readonly aead: EngineKey;
  readonly commitment: Uint8Array;
}

/** `dataKey` has 32 bytes and stays with the caller, who wipes it. */
export function deriveMessageKeys(crypto: Engine, dataKey: Uint8Array, messageId: Uint8Array): MessageKeys {
  const deriver = crypto.deriver("SHA-512", dataKey, messageId);
  try {
    const commitment = deriver.expand(COMMIT_INFO, COMMITMENT_BYTES);
    const key = deriver.expand(DERIVE_INFO, DATA_KEY_BYTES);
    try {
      return { aead: crypto.aead(key), commitment };
    } finally {
      key.fill(0);
    }
  } finally {
    deriver.destroy();
  }
}
