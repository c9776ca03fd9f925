/** WebCrypto (SubtleCrypto of the runtime): one message after the other, and 64 in flight. */
import type { HkdfJob, OpenJob, SealJob } from "../job.ts";
import type { Subject, Work } from "./subject.ts";

const IN_FLIGHT = 64;
const TAG_BITS = 128;

function importKey(key: Uint8Array, usage: "encrypt" | "decrypt"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", Uint8Array.from(key), "AES-GCM", false, [usage]);
}

async function sealer({ key: keyBytes, aad, nonces, plaintexts }: SealJob): Promise<() => Promise<unknown>> {
  const key = await importKey(keyBytes, "encrypt");
  const { subtle } = crypto;
  return () => {
    const iv = nonces.next() as BufferSource;
    const algorithm = { name: "AES-GCM", iv, additionalData: aad as BufferSource, tagLength: TAG_BITS };
    return subtle.encrypt(algorithm, key, plaintexts.next() as BufferSource);
  };
}

async function opener({ key: keyBytes, aad, messages }: OpenJob): Promise<() => Promise<unknown>> {
  const key = await importKey(keyBytes, "decrypt");
  const { subtle } = crypto;
  return () => {
    const { nonce, sealed } = messages.next();
    const iv = nonce as BufferSource;
    const algorithm = { name: "AES-GCM", iv, additionalData: aad as BufferSource, tagLength: TAG_BITS };
    return subtle.decrypt(algorithm, key, sealed as BufferSource);
  };
}

/** Each secret is a key of its own, which has to be imported first. */
function deriver({ secrets, salt, infos, lengthBytes }: HkdfJob): Work {
  const { subtle } = crypto;
  return {
    async run() {
      const key = await subtle.importKey("raw", secrets.next() as BufferSource, "HKDF", false, ["deriveBits"]);
      const algorithm = {
        name: "HKDF",
        hash: "SHA-256",
        salt: salt as BufferSource,
        info: infos.next() as BufferSource,
      };
      return subtle.deriveBits(algorithm, key, lengthBytes * 8);
    },
  };
}

function inFlight(start: () => Promise<unknown>): Work {
  return { run: () => Promise.all(Array.from({ length: IN_FLIGHT }, start)), operations: IN_FLIGHT };
}

export const webCrypto: readonly Subject[] = [
  {
    name: "WebCrypto",
    seal: async (job) => ({ run: await sealer(job) }),
    open: async (job) => ({ run: await opener(job) }),
    hkdf: deriver,
  },
  {
    name: "WebCrypto, 64 in flight",
    seal: async (job) => inFlight(await sealer(job)),
    open: async (job) => inFlight(await opener(job)),
  },
];
