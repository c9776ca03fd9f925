/** The core of this project. */
import { type Core, type CoreAead, createCore, type Simd } from "../../src/core/core.ts";
import type { PackedJob } from "../job.ts";
import { TAG_BYTES } from "../job.ts";
import { manyNameOf, OUR_CORES, packedIntoNameOf, packedNameOf } from "../names.ts";
import type { Subject, Work } from "./subject.ts";

/** Every build of the core that this engine runs. */
export function ours(): readonly Subject[] {
  return OUR_CORES.flatMap((name) => {
    const core = coreWith(name.includes("relaxed") ? "relaxed" : "plain");
    return core === undefined ? [] : [subjectOver(name, core), ...batchesOver(name, core)];
  });
}

function coreWith(simd: Simd): Core | undefined {
  const { simd: best } = createCore();
  return simd === "relaxed" && best !== "relaxed" ? undefined : createCore({ simd });
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

/** Many records in one call. */
function batchesOver(name: string, core: Core): Subject[] {
  const work = ({ key: keyBytes, records }: PackedJob, run: (key: CoreAead) => unknown): Work => {
    const key = core.importKey(keyBytes);
    return { run: () => run(key), operations: records.length, close: () => key.destroy() };
  };
  return [
    {
      name: packedNameOf(name),
      sealPacked(job) {
        const { renewNonces } = job;
        return work(job, (key) => {
          renewNonces();
          return key.sealPacked(job);
        });
      },
      openPacked: (job) => work(job, (key) => key.openPacked(job)),
    },
    {
      name: packedIntoNameOf(name),
      sealPacked(job) {
        const { renewNonces } = job;
        const out = new Uint8Array(job.sealed.length);
        return work(job, (key) => {
          renewNonces();
          return key.sealPacked(job, out);
        });
      },
      openPacked(job) {
        const out = new Uint8Array(job.plaintexts.length);
        return work(job, (key) => key.openPacked(job, out));
      },
    },
    {
      name: manyNameOf(name),
      sealPacked(job) {
        const { renewNonces, records } = job;
        return work(job, (key) => {
          renewNonces();
          return key.sealMany(records);
        });
      },
      openPacked: (job) => work(job, (key) => key.openMany(job.records)),
    },
  ];
}
