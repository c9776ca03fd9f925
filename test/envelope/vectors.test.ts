/**
 * The official messages of suite 0x0478 that other implementations of the AWS Encryption SDK wrote: .NET with raw AES
 * and RSA keys, which the test unwraps itself, and Java, C, Python and JavaScript with the data key given.
 */
import { constants, createDecipheriv, privateDecrypt } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Secret } from "../../src/crypto/secret.ts";
import { readU16 } from "../../src/envelope/bytes.ts";
import { encodeContext } from "../../src/envelope/context.ts";
import { DEFAULT_LIMITS } from "../../src/envelope/format.ts";
import { type Header, HeaderReader } from "../../src/envelope/header.ts";
import { Opener } from "../../src/envelope/opener.ts";
import { readVectors, vectorsDir } from "../vectors.ts";
import { crypto, isRefusal } from "./workbench.ts";

const folder = vectorsDir();

/** Opens a message whose data key is known. */
function openWith(message: Uint8Array, unwrap: (header: Header) => Uint8Array): Uint8Array {
  const { header, rest } = new HeaderReader(DEFAULT_LIMITS).push(message)!;
  const opener = Opener.start(crypto, header, { dataKey: Secret.adopt(unwrap(header)), keyArn: "" });
  const plaintext = new Uint8Array(opener.updateBytes(rest.length));
  const plaintextBytes = opener.update(rest, plaintext);
  opener.final();
  return plaintext.subarray(0, plaintextBytes);
}

function refuses(run: () => unknown): boolean {
  try {
    run();
  } catch (error) {
    if (isRefusal(error)) return true;
    throw error;
  }
  return false;
}

interface JavaCase {
  readonly ciphertext: string;
  readonly status: boolean;
  readonly comment: string;
  readonly "decrypted-dek": string;
  readonly "encryption-context": Record<string, string>;
  readonly "plaintext-frames"?: string[];
}

describe.skipIf(folder === undefined)("Java's commitment vectors", () => {
  const all =
    folder === undefined ? [] : readVectors<{ tests: JavaCase[] }>("esdk", "java-commitment-test-vectors.json").tests;
  const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
  const cases = all.filter((row) => readU16(bytesOf(row.ciphertext), 1) === 0x0478);
  const unframed = cases.filter((row) => row.comment.includes("unframed"));

  test("open, fail or are refused as they must", () => {
    const counts = { opened: 0, failed: 0, unframed: 0 };
    for (const row of cases) {
      const run = () => openWith(bytesOf(row.ciphertext), () => bytesOf(row["decrypted-dek"]));
      if (unframed.includes(row)) {
        expect(refuses(run), row.comment).toBe(true);
        counts.unframed++;
      } else if (row.status) {
        expect(Buffer.from(run()).toString(), row.comment).toBe(row["plaintext-frames"]!.join(""));
        counts.opened++;
      } else {
        expect(refuses(run), row.comment).toBe(true);
        counts.failed++;
      }
    }
    console.log(`Java vectors of suite 0x0478: ${JSON.stringify(counts)} of ${all.length} vectors`);
    expect(counts).toEqual({ opened: 17, failed: 3, unframed: 3 });
  });

  test("carry the context that they say", () => {
    for (const row of cases.filter((row) => !unframed.includes(row))) {
      const { header } = new HeaderReader(DEFAULT_LIMITS).push(bytesOf(row.ciphertext))!;
      expect({ ...header.context }).toEqual(row["encryption-context"]);
    }
  });
});

interface NetCase {
  readonly ciphertext: string;
  readonly "master-keys": readonly { type: string; key: string; "padding-hash"?: string }[];
  readonly cmm: string;
  readonly "encryption-context": Record<string, string>;
  readonly result: { output: { plaintext: string } };
}

describe.skipIf(folder === undefined)(".NET's vectors", () => {
  const root = ["esdk", "v4-Net-4.0.1"];
  const read = (uri: string) => new Uint8Array(readFileSync(join(folder!, ...root, uri.replace("file://", ""))));

  test("open, or are refused where pairs that are not stored are bound to the header", () => {
    const { tests } = readVectors<{ tests: Record<string, NetCase> }>(...root, "manifest.json");
    const { keys } = readVectors<{ keys: Record<string, { material: string }> }>(...root, "keys.json");
    const counts = { aes: 0, rsa: 0, "required context": 0 };
    for (const [name, row] of Object.entries(tests)) {
      const [masterKey] = row["master-keys"];
      if (!name.startsWith("0478") || masterKey?.type !== "raw") continue;
      const { material } = keys[masterKey.key]!;
      const hash = masterKey["padding-hash"];
      const unwrap = (header: Header) =>
        hash === undefined ? unwrapAes(header, material, row["encryption-context"]) : unwrapRsa(header, material, hash);
      const run = () => openWith(read(row.ciphertext), unwrap);
      if (row.cmm === "RequiredEncryptionContext") {
        expect(refuses(run), name).toBe(true);
        counts["required context"]++;
      } else {
        expect(Buffer.compare(run(), read(row.result.output.plaintext)), name).toBe(0);
        counts[hash === undefined ? "aes" : "rsa"]++;
      }
    }
    console.log(`.NET vectors of suite 0x0478 that need no AWS: ${JSON.stringify(counts)}`);
    expect(counts).toEqual({ aes: 2, rsa: 4, "required context": 3 });
  });
});

/** The raw AES keyring: provider info ends with u32 tag bits, u32 nonce length, nonce; the context is the AAD. */
function unwrapAes(header: Header, base64: string, context: Record<string, string>): Uint8Array {
  const { providerInfo, ciphertext } = header.encryptedDataKeys[0]!;
  const decipher = createDecipheriv("aes-256-gcm", Buffer.from(base64, "base64"), providerInfo.subarray(-12));
  decipher.setAAD(encodeContext(context)).setAuthTag(ciphertext.subarray(-16));
  return new Uint8Array(Buffer.concat([decipher.update(ciphertext.subarray(0, -16)), decipher.final()]));
}

function unwrapRsa(header: Header, pem: string, oaepHash: string): Uint8Array {
  const { ciphertext } = header.encryptedDataKeys[0]!;
  return new Uint8Array(privateDecrypt({ key: pem, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, ciphertext));
}
