/** What the KMS and the envelope encrypt with: the core alone, and the choice between it and the native cipher. */
import { nodeProvider } from "../../src/crypto/node.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import { wasmProvider } from "../../src/crypto/wasm.ts";
import { AUTO, NATIVE, WASM } from "../names.ts";
import { nodeCrypto } from "./node-crypto.ts";
import type { Subject } from "./subject.ts";

export function engines(): readonly Subject[] {
  return [subjectOver(AUTO, nodeProvider()), subjectOver(WASM, wasmProvider()), { ...nodeCrypto, name: NATIVE }];
}

function subjectOver(name: string, provider: CryptoProvider): Subject {
  return {
    name,
    seal({ key, aad, nonces, plaintexts }) {
      const aead = provider.aead(key);
      return { run: () => aead.seal(nonces.next(), plaintexts.next(), aad), close: () => aead.destroy() };
    },
    open({ key, aad, messages }) {
      const aead = provider.aead(key);
      return {
        run() {
          const { nonce, sealed } = messages.next();
          return aead.open(nonce, sealed, aad);
        },
        close: () => aead.destroy(),
      };
    },
  };
}
