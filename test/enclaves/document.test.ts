/** Attestation documents: a right one in every form that there is, and one for each check that violates it alone. */
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { nitroEnclaves } from "../../src/nitro.ts";
import { extension, issue } from "./authority.ts";
import { array, BREAK, bytes, type Cbor, head, joined, map, NULL, openMap, text, uint } from "./cbor.ts";
import {
  chainWith,
  documentFor,
  documentWith,
  fieldsWith,
  HEADER,
  HOLDERS,
  NOW_MS,
  PCR_0,
  pcrs,
  ROOT,
  sealedIn,
  signatureOf,
  toPem,
  WISHES,
} from "./enclave.ts";
import { fill, refusalOf, verify } from "./verifying.ts";

const PAYLOAD = map(...fieldsWith());
describe("A right document", () => {
  it("says who the enclave is", async () => {
    const { moduleId, pcrs: registers } = await verify(documentWith());
    expect(moduleId).toBe("i-0123456789abcdef0-enc0123456789abcdef");
    expect(registers.size).toBe(16);
    expect(registers.get(0)).toEqual(PCR_0);
  });

  const rightOnes: readonly (readonly [string, () => Uint8Array])[] = [
    ["with COSE's tag", () => joined(head(6, 18), documentWith())],
    ["with a payload that ends with a break", () => sealedIn(openMap(...fieldsWith()))],
    ["with its fields in another order", () => sealedIn(map(...fieldsWith().reverse()))],
    ["without user_data and nonce", () => documentWith({ user_data: undefined, nonce: undefined })],
    [
      "with user_data and nonce of 512 bytes",
      () => documentWith({ user_data: bytes(fill(512)), nonce: bytes(fill(512)) }),
    ],
    ["with empty user_data", () => documentWith({ user_data: bytes(fill(0)) })],
    [
      "with registers of 32 and 64 bytes",
      () => documentWith({ pcrs: map([uint(0), bytes(fill(32))], [uint(31), bytes(fill(64))]) }),
    ],
    ["of this very time", () => documentWith({ timestamp: uint(NOW_MS) })],
    ["five minutes old", () => documentWith({ timestamp: uint(NOW_MS - 300_000) })],
    ["of a clock that is a minute ahead", () => documentWith({ timestamp: uint(NOW_MS + 60_000) })],
    ["of a signer right below the root", () => documentWith({}, shortChain())],
    [
      "of a signer without basic constraints",
      () => documentWith({}, chainWith({ enclave: { constraints: undefined } })),
    ],
    [
      "with an unknown extension that is not critical",
      () => documentWith({}, chainWith({ region: { more: [unknown(false)] } })),
    ],
  ];
  it.each(rightOnes)("is accepted %s", async (_, make) => {
    expect(await refusalOf(make())).toBe("accepted");
  });

  it.each([2048, 3072, 4096, 2050])("may have an RSA key of %i bits", async (modulusLength) => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength });
    expect(await refusalOf(documentFor(publicKey))).toBe("accepted");
  });

  it("may be as old as the service allows", async () => {
    const patient = nitroEnclaves({ roots: [ROOT], maxAgeMs: 3_600_000 });
    const document = documentWith({ timestamp: uint(NOW_MS - 3_600_000) });
    expect((await patient.verify(document, NOW_MS)).moduleId).toContain("-enc");
    await expect(patient.verify(document, NOW_MS + 1)).rejects.toThrow("it is older than 3600 seconds");
  });

  it("may go back to any of several roots", async () => {
    const roots = [issue(WISHES.root), toPem(ROOT)];
    expect((await nitroEnclaves({ roots }).verify(documentWith(), NOW_MS)).moduleId).toContain("-enc");
  });
});

const unknown = (critical: boolean) => extension("1.2.3.4", critical, new Uint8Array([4, 0]).buffer);

function shortChain() {
  const certificate = issue({ ...WISHES.enclave, issuer: HOLDERS.root });
  return { cabundle: [ROOT], certificate };
}

const cose = (...items: readonly Cbor[]) => array(...items);
const SIGNATURE = () => bytes(signatureOf(PAYLOAD));

describe("COSE_Sign1", () => {
  const wrong: readonly (readonly [string, () => Uint8Array, string])[] = [
    ["nothing", () => new Uint8Array(), "the document ends too early"],
    ["three items", () => cose(bytes(HEADER), map(), bytes(PAYLOAD)), "it is no COSE_Sign1 array of 4"],
    [
      "five items",
      () => cose(bytes(HEADER), map(), bytes(PAYLOAD), SIGNATURE(), NULL),
      "it is no COSE_Sign1 array of 4",
    ],
    ["a map", () => map(), "it is no COSE_Sign1 array of 4"],
    ["another tag", () => joined(head(6, 17), documentWith()), "it is no COSE_Sign1 array of 4"],
    ["the tag twice", () => joined(head(6, 18), head(6, 18), documentWith()), "it is no COSE_Sign1 array of 4"],
    [
      "an array of unknown length",
      () => joined(Uint8Array.of(0x9f), documentWith().subarray(1), BREAK),
      "it is no COSE_Sign1 array of 4",
    ],
    [
      "a length that is not in its shortest form",
      () => joined(Uint8Array.of(0x98, 4), documentWith().subarray(1)),
      "the document is not CBOR in its shortest form",
    ],
    ["ES256", () => otherHeader(Uint8Array.of(0xa1, 0x01, 0x26)), "the protected header has 3 bytes; it has 4"],
    [
      "ES512",
      () => otherHeader(Uint8Array.of(0xa1, 0x01, 0x38, 0x23)),
      "its protected header is not { 1: -35 } (ES384)",
    ],
    [
      "a protected header in the clear",
      () => cose(HEADER, map(), bytes(PAYLOAD), SIGNATURE()),
      "the protected header has the type map, not bytes",
    ],
    [
      "an unprotected header",
      () => cose(bytes(HEADER), map([uint(4), bytes(fill(1))]), bytes(PAYLOAD), SIGNATURE()),
      "its unprotected header is not an empty map",
    ],
    [
      "an unprotected header of unknown length",
      () => cose(bytes(HEADER), openMap(), bytes(PAYLOAD), SIGNATURE()),
      "its unprotected header is not an empty map",
    ],
    ["no payload", () => cose(bytes(HEADER), map(), NULL, SIGNATURE()), "the payload has the type null, not bytes"],
    [
      "an empty payload",
      () => cose(bytes(HEADER), map(), bytes(fill(0)), SIGNATURE()),
      "the payload has 0 bytes; it has 1 to 16384",
    ],
    [
      "a long payload",
      () => cose(bytes(HEADER), map(), bytes(fill(16_385)), SIGNATURE()),
      "the payload has 16385 bytes; it has 1 to 16384",
    ],
    [
      "a signature of 95 bytes",
      () => sealedIn(PAYLOAD, signatureOf(PAYLOAD).subarray(1)),
      "the signature has 95 bytes; it has 96",
    ],
    ["a signature of zeros", () => sealedIn(PAYLOAD, new Uint8Array(96)), "its signature does not verify"],
    [
      "a signature over other fields",
      () => sealedIn(PAYLOAD, signatureOf(map(...fieldsWith({ nonce: bytes(fill(1)) })))),
      "its signature does not verify",
    ],
    [
      "a signature of another key",
      () => sealedIn(PAYLOAD, signatureOf(PAYLOAD, HOLDERS.instance.privateKey)),
      "its signature does not verify",
    ],
    [
      "a signature under another header",
      () => sealedIn(PAYLOAD, signatureOf(PAYLOAD, HOLDERS.enclave.privateKey, Uint8Array.of(0xa1, 0x01, 0x38, 0x23))),
      "its signature does not verify",
    ],
    ["bytes behind it", () => joined(documentWith(), NULL), "bytes follow the document"],
    ["arrays without end", () => new Uint8Array(262_144).fill(0x81), "it is no COSE_Sign1 array of 4"],
    [
      "arrays without end in it",
      () => joined(head(4, 4), bytes(HEADER), new Uint8Array(200_000).fill(0x81)),
      "its unprotected header is not an empty map",
    ],
    ["tags without end", () => new Uint8Array(262_144).fill(0xd2), "it is no COSE_Sign1 array of 4"],
    [
      "a length beyond all memory",
      () => Uint8Array.of(0x84, 0x5b, 0, 0x1f, 255, 255, 255, 255, 255, 255),
      "the document is not CBOR in its shortest form",
    ],
  ];
  it.each(wrong)("is refused with %s", async (_, make, reason) => {
    expect(await refusalOf(make())).toBe(reason);
  });
});

function otherHeader(header: Uint8Array): Uint8Array {
  return cose(bytes(header), map(), bytes(PAYLOAD), bytes(signatureOf(PAYLOAD, HOLDERS.enclave.privateKey, header)));
}

const LACKS = "it lacks one of module_id, digest, timestamp, pcrs, certificate and cabundle";

describe("The fields", () => {
  const names = ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"];
  it.each(names)("are refused without %s", async (name) => {
    expect(await refusalOf(documentWith({ [name]: undefined }))).toBe(LACKS);
    expect(await refusalOf(documentWith({ [name]: NULL }))).toContain(" has the type null, not ");
  });

  const wrong: readonly (readonly [string, Record<string, Cbor | undefined>, string])[] = [
    ["an empty module_id", { module_id: text("") }, "module_id is empty"],
    ["a module_id of bytes", { module_id: bytes(fill(3)) }, "module_id has the type bytes, not string"],
    ["the digest SHA256", { digest: text("SHA256") }, "digest is not SHA384"],
    ["the digest in lower case", { digest: text("sha384") }, "digest is not SHA384"],
    ["timestamp 0", { timestamp: uint(0) }, "timestamp is 0"],
    ["a negative timestamp", { timestamp: head(1, 5) }, "timestamp has the type negint, not uint"],
    [
      "a timestamp that is no exact number",
      { timestamp: Uint8Array.of(0x1b, 255, 255, 255, 255, 255, 255, 255, 255) },
      "the payload is not CBOR in its shortest form",
    ],
    [
      "a fractional timestamp",
      { timestamp: Uint8Array.of(0xfb, 0x42, 0x79, 0, 0, 0, 0, 0, 0) },
      "timestamp has the type float, not uint",
    ],
    ["no register", { pcrs: map() }, "pcrs has 0 entries; it has 1 to 32"],
    ["33 registers", { pcrs: head(5, 33) }, "pcrs has 33 entries; it has 1 to 32"],
    ["register 32", { pcrs: map([uint(32), bytes(fill(48))]) }, "pcrs has the index 32; the last one is 31"],
    ["register -1", { pcrs: map([head(1, 0), bytes(fill(48))]) }, "an index of pcrs has the type negint, not uint"],
    [
      "a register with a name",
      { pcrs: map([text("0"), bytes(fill(48))]) },
      "an index of pcrs has the type string, not uint",
    ],
    [
      "a register twice",
      { pcrs: map([uint(0), bytes(PCR_0)], [uint(0), bytes(fill(48))]) },
      "pcrs has the index 0 twice",
    ],
    ["a register of 47 bytes", { pcrs: map([uint(0), bytes(fill(47))]) }, "pcrs[0] has not 32, 48 or 64 bytes"],
    ["an empty register", { pcrs: map([uint(0), bytes(fill(0))]) }, "pcrs[0] has not 32, 48 or 64 bytes"],
    ["a register of text", { pcrs: map([uint(0), text("a".repeat(48))]) }, "pcrs[0] has the type string, not bytes"],
    ["registers of unknown number", { pcrs: openMap(...pcrs()) }, "pcrs does not say how many entries it has"],
    ["an array of registers", { pcrs: array(bytes(PCR_0)) }, "pcrs has the type array, not map"],
    ["an empty certificate", { certificate: bytes(fill(0)) }, "certificate has 0 bytes; it has 1 to 1024"],
    ["a long certificate", { certificate: bytes(fill(1025)) }, "certificate has 1025 bytes; it has 1 to 1024"],
    ["an empty cabundle", { cabundle: array() }, "cabundle is empty"],
    [
      "a cabundle of unknown length",
      { cabundle: joined(Uint8Array.of(0x9f), bytes(ROOT), BREAK) },
      "cabundle does not say how many entries it has",
    ],
    [
      "a long certificate in the cabundle",
      { cabundle: array(bytes(ROOT), bytes(fill(1025))) },
      "cabundle[1] has 1025 bytes; it has 1 to 1024",
    ],
    ["an array in the cabundle", { cabundle: array(array(bytes(ROOT))) }, "cabundle[0] has the type array, not bytes"],
    [
      "a certificate in two pieces",
      { certificate: joined(Uint8Array.of(0x5f), bytes(fill(9)), bytes(fill(9)), BREAK) },
      "the payload is not CBOR in its shortest form",
    ],
    ["user_data of 513 bytes", { user_data: bytes(fill(513)) }, "user_data has 513 bytes; it has 0 to 512"],
    ["user_data of text", { user_data: text("a") }, "user_data has the type string, not bytes"],
    ["a nonce of 513 bytes", { nonce: bytes(fill(513)) }, "nonce has 513 bytes; it has 0 to 512"],
    ["an undefined nonce", { nonce: Uint8Array.of(0xf7) }, "the payload is not CBOR in its shortest form"],
    ["an empty public_key", { public_key: bytes(fill(0)) }, "public_key has 0 bytes; it has 1 to 1024"],
    ["a public_key of 1025 bytes", { public_key: bytes(fill(1025)) }, "public_key has 1025 bytes; it has 1 to 1024"],
    ["no public_key", { public_key: undefined }, "it has no public_key to seal for"],
    ["a null public_key", { public_key: NULL }, "it has no public_key to seal for"],
    ["another field", { more: NULL }, "it has a field of another name"],
    ["a field that every object has", { constructor: NULL }, "it has a field of another name"],
    ["NitroTPM's registers", { pcrs: undefined, nitrotpm_pcrs: map(...pcrs()) }, "it has a field of another name"],
    ["a timestamp older than five minutes", { timestamp: uint(NOW_MS - 300_001) }, "it is older than 300 seconds"],
    ["a timestamp in the future", { timestamp: uint(NOW_MS + 60_001) }, "its timestamp lies in the future"],
  ];
  it.each(wrong)("are refused with %s", async (_, changes, reason) => {
    expect(await refusalOf(documentWith(changes))).toBe(reason);
  });

  it("are refused where one comes twice", async () => {
    const fields = fieldsWith();
    expect(await refusalOf(sealedIn(map(...fields, fields[0]!)))).toBe("it has the field module_id twice");
    expect(await refusalOf(sealedIn(openMap(...fields, fields[6]!)))).toBe("it has the field public_key twice");
  });

  it("are refused where a name is no text", async () => {
    expect(await refusalOf(sealedIn(map(...fieldsWith(), [uint(1), NULL])))).toBe("it has a field of another name");
  });

  it("are refused with bytes behind them, and without an end", async () => {
    expect(await refusalOf(sealedIn(joined(PAYLOAD, NULL)))).toBe("bytes follow the payload");
    const endless = openMap(...fieldsWith()).subarray(0, -1);
    expect(await refusalOf(sealedIn(endless))).toBe("the payload ends too early");
    expect(await refusalOf(sealedIn(joined(head(5, 10), PAYLOAD.subarray(1))))).toBe("the payload ends too early");
    expect(await refusalOf(sealedIn(map()))).toBe(LACKS);
    expect(await refusalOf(sealedIn(array()))).toBe("its payload is not a map");
  });
});
