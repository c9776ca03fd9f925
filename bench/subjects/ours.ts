/** The core of this project. */
import { type Core, createCore } from "../../src/core/core.ts";
import { TAG_BYTES } from "../job.ts";
import { OUR_CORES } from "../names.ts";
import type { Subject } from "./subject.ts";

export function ours(): readonly Subject[] {
  return [subjectOver(OUR_CORES[1], createCore())];
}

function subjectOver(name: string, core: Core): Subject {
  return {
    name,

    seal({ key: keyBytes, aad, nonces, plaintexts }) {
      const key = core.importKey(keyBytes);
      return { run: () => key.seal(nonces.next(), plaintexts.next(), aad), close: () => key.destroy() };
    },

    sealInto({ key: keyBytes, aad, nonces, plaintexts }) {
      const key = core.importKey(keyBytes);
      const out = new Uint8Array(plaintexts.items[0]!.length + TAG_BYTES);
      return { run: () => key.seal(nonces.next(), plaintexts.next(), aad, out), close: () => key.destroy() };
    },

    open({ key: keyBytes, aad, messages }) {
      const key = core.importKey(keyBytes);
      return {
        run() {
          const { nonce, sealed } = messages.next();
          return key.open(nonce, sealed, aad);
        },
        close: () => key.destroy(),
      };
    },

    hkdf: ({ secret, salt, infos, lengthBytes }) => ({
      run: () => core.hkdf("SHA-256", secret, salt, infos.next(), lengthBytes),
    }),

    deriveAndSeal({ secret, salt, infos, aad, nonces, plaintexts }) {
      const master = core.importDerivationKey("SHA-256", secret, salt);
      return {
        run() {
          const okm = master.expand(infos.next(), 32);
          const key = core.importKey(okm);
          okm.fill(0);
          const sealed = key.seal(nonces.next(), plaintexts.next(), aad);
          key.destroy();
          return sealed;
        },
        close: () => master.destroy(),
      };
    },
  };
}
