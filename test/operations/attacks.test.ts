/** Attacks on the pipeline: changed ciphertexts, hostile inputs, a broken generator, a curious log. */
import { randomFillSync } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type AuditEvent,
  type Caller,
  createKms,
  type Kms,
  memoryKeystore,
  rootKeyFromBytes,
} from "../../src/index.ts";
import type { AnyShape, StructShape } from "../../src/model/shape.ts";
import { OPERATIONS, type OperationName } from "../../src/operations/index.ts";
import { CLOUDHSM_SETTINGS } from "./refusal-case.ts";
import { ACCOUNT, failureOf, REGION, ROOT_KEY, type Service, startService } from "./service.ts";
import { STATE_REQUESTS, type StateRequest } from "./state-requests.ts";

const PLAINTEXT = new TextEncoder().encode("a plaintext nobody may see");
const EncryptionContext = { tenant: "7" };

const EVE: Caller = {
  principal: { type: "user", arn: "arn:aws:iam::999999999999:user/eve", account: "999999999999" },
  requestId: "r",
};
const byStoreId = { input: () => ({ CustomKeyStoreId: "cks-1" }) };
const OTHER_REQUESTS: Readonly<Record<string, StateRequest>> = {
  ConnectCustomKeyStore: byStoreId,
  CreateCustomKeyStore: { input: () => ({ CustomKeyStoreName: "store", ...CLOUDHSM_SETTINGS }) },
  CreateKey: { input: () => ({}) },
  Decapsulate: {
    input: ({ keyId, blob }) => ({ KeyId: keyId, EncapsulationAlgorithm: "ML_KEM", SharedSecretCiphertextBlob: blob }),
  },
  DeleteCustomKeyStore: byStoreId,
  DeriveSharedSecret: {
    input: ({ keyId, blob }) => ({ KeyId: keyId, KeyAgreementAlgorithm: "ECDH", PublicKey: blob }),
  },
  DescribeCustomKeyStores: byStoreId,
  DisconnectCustomKeyStore: byStoreId,
  Encapsulate: { input: ({ keyId }) => ({ KeyId: keyId, EncapsulationAlgorithm: "ML_KEM" }) },
  GenerateRandom: { input: () => ({ NumberOfBytes: 1 }) },
  GetKeyLastUsage: { input: ({ keyId }) => ({ KeyId: keyId }) },
  ListKeyRotations: { input: ({ keyId }) => ({ KeyId: keyId }) },
  ListKeys: { input: () => ({}) },
  ListRetirableGrants: { input: () => ({ RetiringPrincipal: EVE.principal.arn }) },
  RotateKeyOnDemand: { input: ({ keyId }) => ({ KeyId: keyId }) },
  UpdateCustomKeyStore: byStoreId,
};

let service: Service;
let kms: Kms;
let KeyId: string;
let blob: Uint8Array;

beforeAll(async () => {
  service = await startService();
  kms = service.kms;
  KeyId = (await kms.execute("CreateKey", {})).KeyMetadata!.KeyId;
  await kms.execute("CreateAlias", { AliasName: "alias/main", TargetKeyId: KeyId });
  await kms.execute("CreateAlias", { AliasName: "alias/other", TargetKeyId: KeyId });
  blob = (await kms.execute("Encrypt", { KeyId, Plaintext: PLAINTEXT, EncryptionContext })).CiphertextBlob!;
});

async function decryptCode(CiphertextBlob: Uint8Array, confirm: object = {}): Promise<string> {
  const { name, message } = await failureOf(kms.execute("Decrypt", { CiphertextBlob, EncryptionContext, ...confirm }));
  return `${name}: ${message}`;
}

describe("a changed ciphertext", () => {
  const REFUSED = "InvalidCiphertextException: UnknownError";

  it.each([
    ["without", () => ({})],
    ["with", () => ({ KeyId })],
  ])("is refused after every bit flip, %s the key's id", async (_, confirm) => {
    for (let bit = 0; bit < blob.length * 8; bit++) {
      const flipped = blob.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(await decryptCode(flipped, confirm()), `bit ${bit}`).toBe(REFUSED);
    }
  });

  it("is refused at every length but its own", async () => {
    for (let length = 1; length < blob.length; length++) expect(await decryptCode(blob.slice(0, length))).toBe(REFUSED);
    for (let more = 1; more <= 32; more++) {
      const longer = new Uint8Array(blob.length + more);
      longer.set(blob);
      expect(await decryptCode(longer)).toBe(REFUSED);
    }
  });

  it("is refused if it comes from another store or from AWS", async () => {
    const other = await startService();
    const stranger = (await other.kms.execute("CreateKey", {})).KeyMetadata!.KeyId;
    const foreign = await other.kms.execute("Encrypt", { KeyId: stranger, Plaintext: PLAINTEXT, EncryptionContext });
    expect(await decryptCode(foreign.CiphertextBlob!)).toBe(REFUSED);
    const aws = Uint8Array.from(atob("AQICAHhQ").padEnd(180, "x"), (c) => c.charCodeAt(0));
    expect(await decryptCode(aws)).toBe(REFUSED);
  });

  it("never repeats: the same plaintext makes different blobs", async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      const { CiphertextBlob } = await kms.execute("Encrypt", { KeyId, Plaintext: PLAINTEXT });
      seen.add(Buffer.from(CiphertextBlob!.subarray(35, 67)).toString("hex"));
    }
    expect(seen.size).toBe(2000);
  });
});

describe("a hostile input", () => {
  it("is copied at the door: later changes are not seen", async () => {
    const Plaintext = PLAINTEXT.slice();
    const context: Record<string, string> = { a: "1" };
    const pending = kms.execute("Encrypt", { KeyId, Plaintext, EncryptionContext: context });
    Plaintext.fill(0);
    context.a = "2";
    const { CiphertextBlob } = await pending;
    const opened = await kms.execute("Decrypt", { CiphertextBlob: CiphertextBlob!, EncryptionContext: { a: "1" } });
    expect(opened.Plaintext).toEqual(PLAINTEXT);
  });

  it("is not taken from a prototype", async () => {
    const polluted = Object.create({ KeyId }) as { KeyId: string };
    expect((await failureOf(kms.execute("DescribeKey", polluted))).name).toBe("ValidationException");
    Object.defineProperty(Object.prototype, "DryRun", { value: true, configurable: true });
    try {
      await kms.execute("Encrypt", { KeyId, Plaintext: PLAINTEXT });
    } finally {
      Reflect.deleteProperty(Object.prototype, "DryRun");
    }
  });

  it.each(["constructor", "__proto__", "toString", "NoSuchThing", ""])("names no operation: %j", async (name) => {
    expect((await failureOf(kms.execute(name as never, {} as never))).name).toBe("UnknownOperationException");
  });

  it.each([
    ["null", null],
    ["a list", []],
    ["a number as key id", { KeyId: 5 }],
    ["text as plaintext", { KeyId: "x", Plaintext: "text" }],
    ["a list as context", { KeyId: "x", Plaintext: PLAINTEXT, EncryptionContext: [] }],
    ["a number in the context", { KeyId: "x", Plaintext: PLAINTEXT, EncryptionContext: { a: 1 } }],
    ["text as flag", { KeyId: "x", Plaintext: PLAINTEXT, DryRun: "true" }],
  ])("of a wrong type is refused: %s", async (_, input) => {
    expect((await failureOf(kms.execute("Encrypt", input as never))).name).toBe("SerializationException");
  });

  it("with ten thousand context pairs is refused before any work", async () => {
    const pairs = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, "v"]));
    const { name } = await failureOf(kms.execute("Encrypt", { KeyId, Plaintext: PLAINTEXT, EncryptionContext: pairs }));
    expect(name).toBe("ValidationException");
  });

  it.each(
    [...Object.entries(STATE_REQUESTS), ...Object.entries(OTHER_REQUESTS)].filter(([row]) =>
      Object.hasOwn(OPERATIONS, row),
    ),
  )("of another account's caller is denied: %s", async (operation, { input }) => {
    const subject = { keyId: KeyId, aliasName: "alias/main", blob, other: KeyId, otherBlob: blob };
    const failure = await failureOf(kms.execute(operation as never, input(subject) as never, EVE));
    expect(failure.name).toBe("AccessDeniedException");
    expect(failure.message).toContain(
      `is not authorized to perform: kms:${operation.replace("ReEncrypt", "ReEncryptFrom")}`,
    );
  });

  it("of another account's caller is tried with every operation", () => {
    const tried = [...Object.keys(STATE_REQUESTS), ...Object.keys(OTHER_REQUESTS)];
    expect(Object.keys(OPERATIONS).filter((name) => !tried.includes(name))).toEqual([]);
  });

  it("of another account's caller is told why it is denied", async () => {
    const caller = EVE;
    const failure = await failureOf(kms.execute("Encrypt", { KeyId, Plaintext: PLAINTEXT }, caller));
    expect(failure.name).toBe("AccessDeniedException");
    expect(failure.message).toContain("is not authorized to perform: kms:Encrypt on resource: arn:aws:kms:");
  });
});

/** A value of that shape whose structures tell by path what is read of them, declared or not. */
function watched(shape: AnyShape, path: string, reads: Set<string>): unknown {
  switch (shape.kind) {
    case "string":
      return "x";
    case "integer":
      return 1;
    case "boolean":
      return false;
    case "blob":
      return new Uint8Array(1);
    case "timestamp":
      return new Date(0);
    case "map":
      return {};
    case "list":
      return [watched(shape.member, `${path}[]`, reads)];
    case "struct": {
      const members = new Map((shape as StructShape).entries.map((entry) => [entry.name, entry.shape]));
      const read = (name: string | symbol) => {
        reads.add(`${path}.${String(name)}`);
        const member = members.get(String(name));
        return member === undefined ? "acted upon" : watched(member, `${path}.${String(name)}`, reads);
      };
      return new Proxy(
        {},
        {
          get: (_, name) => read(name),
          has: (_, name) => read(name) !== undefined,
          getOwnPropertyDescriptor: (_, name) => ({ value: read(name), configurable: true, enumerable: true }),
          ownKeys: () => [String(read("(all names)"))],
        },
      );
    }
  }
}

function* membersOf(shape: AnyShape, path: string): Generator<string> {
  if (shape.kind === "list") yield* membersOf(shape.member, `${path}[]`);
  if (shape.kind !== "struct") return;
  for (const { name, shape: member } of (shape as StructShape).entries) {
    yield `${path}.${name}`;
    yield* membersOf(member, `${path}.${name}`);
  }
}

describe("a member that the model does not know", () => {
  it.each(Object.values(OPERATIONS))("is not even read by $name", async ({ name, input }) => {
    const reads = new Set<string>();
    await kms.execute(name as OperationName, watched(input, name, reads) as never).catch(() => {});
    expect([...reads].sort()).toEqual([...membersOf(input, name)].sort());
  });
});

describe("a broken generator", () => {
  it.each([
    ["returns zeros", () => {}],
    ["repeats itself", (out: Uint8Array) => out.fill(9)],
    [
      "throws",
      () => {
        throw new Error("no entropy");
      },
    ],
  ])("makes no key when it %s", async (_, fill) => {
    const options = {
      keystore: memoryKeystore(),
      rootKey: rootKeyFromBytes(ROOT_KEY),
      region: REGION,
      accountId: ACCOUNT,
    };
    await expect(createKms({ ...options, random: { fill } })).rejects.toThrow();
  });

  it("fails closed in the middle of its life", async () => {
    let broken = false;
    const random = { fill: (out: Uint8Array) => void (broken ? out.fill(3) : randomFillSync(out)) };
    const options = {
      keystore: memoryKeystore(),
      rootKey: rootKeyFromBytes(ROOT_KEY),
      region: REGION,
      accountId: ACCOUNT,
    };
    const fragile = (await createKms({ ...options, random })).as("root");
    const { KeyMetadata } = await fragile.execute("CreateKey", {});
    broken = true;
    const encrypt = () => fragile.execute("Encrypt", { KeyId: KeyMetadata!.KeyId, Plaintext: PLAINTEXT });
    expect((await failureOf(encrypt())).name).toBe("KMSInternalException");
    broken = false;
    expect((await encrypt()).CiphertextBlob).toHaveLength(115 + PLAINTEXT.length);
  });
});

describe("what is shown", () => {
  it("records every request, with its outcome and without its contents", async () => {
    service.events.length = 0;
    await kms.execute("Encrypt", { KeyId, Plaintext: PLAINTEXT, EncryptionContext });
    await failureOf(kms.execute("Decrypt", { CiphertextBlob: blob }));
    expect(service.events).toMatchObject([
      { operation: "Encrypt", errorCode: undefined, keyArns: [expect.stringContaining(KeyId)] },
      {
        operation: "Decrypt",
        errorCode: "InvalidCiphertextException",
        caller: { principal: { type: "root", arn: `arn:aws:iam::${ACCOUNT}:root` } },
      },
    ]);
    const [{ input }] = service.events as [AuditEvent];
    expect(input!.members.Plaintext).toEqual(new Uint8Array(PLAINTEXT.length));
  });

  it.each([
    ["throws", () => undefined],
    ["rejects", () => Promise.reject(new Error("disk full"))],
  ])("is nothing, and wiped, where the record %s", async (_, fail) => {
    let made: Uint8Array | undefined;
    const audited = (
      await createKms({
        keystore: memoryKeystore(),
        rootKey: rootKeyFromBytes(ROOT_KEY),
        region: REGION,
        accountId: ACCOUNT,
        audit: ({ operation, output }) => {
          if (operation !== "GenerateDataKey") return;
          made = output!.members.Plaintext as Uint8Array;
          const failing = fail();
          if (failing === undefined) throw new Error("disk full");
          return failing;
        },
      })
    ).as("root");
    const { KeyMetadata } = await audited.execute("CreateKey", {});
    const failure = await failureOf(
      audited.execute("GenerateDataKey", { KeyId: KeyMetadata!.KeyId, KeySpec: "AES_256" }),
    );
    expect(failure.name).toBe("KMSInternalException");
    expect(made).toEqual(new Uint8Array(32));
  });

  it("tells nothing of a bug inside but its cause", async () => {
    const driver = memoryKeystore();
    const broken = await startService(driver);
    const { KeyMetadata } = await broken.kms.execute("CreateKey", {});
    driver.get = async () => {
      throw new Error("disk at /var/secret failed");
    };
    driver.foreignRevision = () => 1;
    const failure = await broken.kms.execute("DescribeKey", { KeyId: KeyMetadata!.KeyId }).catch((error) => error);
    expect(failure).toMatchObject({
      name: "KMSInternalException",
      message: "The request failed inside the key management service.",
    });
    expect(failure.cause).toBeInstanceOf(Error);
  });
});

describe("many keys", () => {
  it("outnumber the core's slots without exhausting them", async () => {
    const { kms: crowded } = await startService();
    const ids: string[] = [];
    for (let i = 0; i < 1100; i++) ids.push((await crowded.execute("CreateKey", {})).KeyMetadata!.KeyId);
    for (const KeyId of [...ids, ...ids.slice(0, 50)]) {
      await crowded.execute("Encrypt", { KeyId, Plaintext: PLAINTEXT });
    }
    await crowded.close();
  });
});
