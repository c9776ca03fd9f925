/** @stablelib/gcm over @stablelib/aes: JavaScript; the key is expanded once. */
import { importThirdParty } from "../thirdparty.ts";
import type { Subject } from "./subject.ts";

interface Gcm {
  seal(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array;
  open(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array | null;
}

export async function stablelib(): Promise<readonly Subject[]> {
  const { AES } = await importThirdParty<{ AES: new (key: Uint8Array) => object }>("@stablelib/aes");
  const { GCM } = await importThirdParty<{ GCM: new (cipher: object) => Gcm }>("@stablelib/gcm");
  return [
    {
      name: "@stablelib/gcm",
      seal({ key, aad, nonces, plaintexts }) {
        const gcm = new GCM(new AES(key));
        return { run: () => gcm.seal(nonces.next(), plaintexts.next(), aad) };
      },
      open({ key, aad, messages }) {
        const gcm = new GCM(new AES(key));
        return {
          run() {
            const { nonce, sealed } = messages.next();
            return gcm.open(nonce, sealed, aad);
          },
        };
      },
    },
  ];
}
