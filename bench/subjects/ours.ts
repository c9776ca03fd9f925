/** The core of this project. */
import { type Core, type CoreAead, createCore, type Simd } from "../../src/core/core.ts";
import { concat, type DeriveJob, type HkdfJob, type PackedJob, TAG_BYTES } from "../job.ts";
import { batchNameOf, fourNameOf, manyNameOf, OUR_CORES, packedIntoNameOf, packedNameOf } from "../names.ts";
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

    hkdf: ({ secrets, salt, infos, lengthBytes }) => ({
      run: () => core.hkdf("SHA-256", secrets.next(), salt, infos.next(), lengthBytes),
    }),

    deriveAndSeal({ secret, salt, infos, aad, nonces, plaintexts }) {
      const master = core.importDerivationKey("SHA-256", secret, salt);
      const okm = new Uint8Array(32);
      return {
        run() {
          const key = core.importKey(master.expand(infos.next(), 32, okm));
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
    {
      name: fourNameOf(name),
      hkdf: (job) => hkdfBatch(core, job, 4),
    },
    {
      name: batchNameOf(name),
      hkdf: (job) => hkdfBatch(core, job, job.secrets.items.length),
      deriveAndSeal: (job) => deriveBatch(core, job),
    },
  ];
}

function hkdfBatch(core: Core, { secrets, salt, infos, lengthBytes }: HkdfJob, count: number): Work {
  const lengthsOf = (parts: readonly Uint8Array[]) => Uint32Array.from(parts, ({ length }) => length);
  const groups = Array.from({ length: secrets.items.length / count }, (_, i) => {
    const [some, theirs] = [secrets, infos].map(({ items }) => items.slice(i * count, (i + 1) * count)) as [
      Uint8Array[],
      Uint8Array[],
    ];
    const packed = { secrets: concat(some), lengths: lengthsOf(some) };
    return { ...packed, infos: concat(theirs), infoLengths: lengthsOf(theirs) };
  });
  return {
    run() {
      infos.nextGroup(count);
      return core.hkdfMany("SHA-256", salt, groups[secrets.nextGroup(count)]!, lengthBytes);
    },
    operations: count,
  };
}

/** All records of the job in one call. */
function deriveBatch(core: Core, { secret, salt, infos, aad, nonces, plaintexts }: DeriveJob): Work {
  const master = core.importDerivationKey("SHA-256", secret, salt);
  const { items } = plaintexts;
  const count = items.length;
  const { bytes, renew } = nonces.slab(count);
  const batch = {
    nonces: bytes,
    plaintexts: concat(items),
    lengths: Uint32Array.from(items, ({ length }) => length),
    aads: concat(items.map(() => aad)),
    aadLengths: new Uint32Array(count).fill(aad.length),
    infos: concat(infos.items),
    infoLengths: Uint32Array.from(infos.items, ({ length }) => length),
  };
  return {
    run() {
      renew();
      return core.deriveAndSealMany(master, batch);
    },
    operations: count,
    close: () => master.destroy(),
  };
}
