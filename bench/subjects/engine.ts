/**
 * What the KMS and the envelope encrypt with, as the runtime's own composition root makes it: the core alone, the native
 * cipher alone, and the choice between them.
 */
import { platform } from "#platform";
import type { EngineKey, EngineName } from "../../src/crypto/engine.ts";
import { engineSubjectOf } from "../names.ts";
import type { Subject } from "./subject.ts";

const ENGINES: readonly EngineName[] = ["auto", "wasm", "native"];

/** On Node.js calls are synchronous; the native cipher of other runtimes is behind promises, so there all calls are. */
type Calls = "sync" | "async";

export function engines(calls: Calls): readonly Subject[] {
  return ENGINES.map((name) => subjectOver(name, calls));
}

function subjectOver(name: EngineName, calls: Calls): Subject {
  const prepareKey = (bytes: Uint8Array): EngineKey => platform.engine(name).aead(bytes);
  return {
    name: engineSubjectOf(name),
    seal({ key: keyBytes, aad, nonces, plaintexts }) {
      const key = prepareKey(keyBytes);
      const run =
        calls === "sync"
          ? () => key.seal(nonces.next(), plaintexts.next(), aad)
          : () => key.sealAsync(nonces.next(), plaintexts.next(), aad);
      return { run, close: () => key.destroy() };
    },
    open({ key: keyBytes, aad, messages }) {
      const key = prepareKey(keyBytes);
      const openSync = () => {
        const { nonce, sealed } = messages.next();
        return key.open(nonce, sealed, aad);
      };
      const openAsync = () => {
        const { nonce, sealed } = messages.next();
        return key.openAsync(nonce, sealed, aad);
      };
      return { run: calls === "sync" ? openSync : openAsync, close: () => key.destroy() };
    },
  };
}
