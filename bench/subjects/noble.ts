/** @noble/ciphers and @noble/hashes: audited JavaScript. A cipher of theirs is for one nonce, so each call makes one. */
import { NOBLE } from "../names.ts";
import { importThirdParty } from "../thirdparty.ts";
import type { Subject } from "./subject.ts";

interface Ciphers {
  gcm(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
  ): { encrypt(plaintext: Uint8Array): Uint8Array; decrypt(sealed: Uint8Array): Uint8Array };
}

interface Hkdf {
  hkdf(hash: unknown, secret: Uint8Array, salt: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array;
}

export async function noble(): Promise<readonly Subject[]> {
  const { gcm } = await importThirdParty<Ciphers>("@noble/ciphers/aes.js");
  const { hkdf } = await importThirdParty<Hkdf>("@noble/hashes/hkdf.js");
  const { sha256 } = await importThirdParty<{ sha256: unknown }>("@noble/hashes/sha2.js");
  return [
    {
      name: NOBLE,
      seal: ({ key, aad, nonces, plaintexts }) => ({
        run: () => gcm(key, nonces.next(), aad).encrypt(plaintexts.next()),
      }),
      open: ({ key, aad, messages }) => ({
        run() {
          const { nonce, sealed } = messages.next();
          return gcm(key, nonce, aad).decrypt(sealed);
        },
      }),
    },
    {
      name: "@noble/hashes",
      hkdf: ({ secrets, salt, infos, lengthBytes }) => ({
        run: () => hkdf(sha256, secrets.next(), salt, infos.next(), lengthBytes),
      }),
    },
  ];
}
