/**
 * The package as its users get it: packed by npm and unpacked into a folder of its own, so that a test sees the files
 * that ship and the export conditions that resolve, and nothing of the source.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { documentAt, openWithOpenssl, toPem } from "../enclaves/enclave.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Packs the built package beside the test's consumer programs and returns their folder. */
export function installPackage(name: string): string {
  const folder = join(root, "build", "packed", name);
  rmSync(folder, { recursive: true, force: true });
  const target = join(folder, "node_modules", "wasm-kms");
  mkdirSync(target, { recursive: true });
  const output = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [{ filename }] = JSON.parse(output) as [{ filename: string }];
  execFileSync("tar", ["-xzf", join(folder, filename), "-C", target, "--strip-components=1"]);
  cpSync(join(root, "test", "edge", "consumer"), folder, { recursive: true });
  return folder;
}

const { document, root: enclaveRoot } = documentAt(Date.now());
/** An enclave of now, for `exerciseEnclave`. */
export const ENCLAVE_TASK = JSON.stringify({
  root: toPem(enclaveRoot),
  document: Buffer.from(document).toString("hex"),
});

export interface SealedForEnclave {
  readonly sealed: string;
  readonly plain: unknown;
  readonly refusal: readonly string[];
}

/** What `exerciseEnclave` must have seen; OpenSSL opens it. */
export function expectSealed({ sealed, ...rest }: SealedForEnclave): void {
  const message = "The attestation document is not valid: its signature does not verify.";
  expect(rest).toEqual({ plain: null, refusal: ["ValidationException", message] });
  expect(openWithOpenssl(Buffer.from(sealed, "hex"))).toHaveLength(24);
}

/** What every runtime must have seen. */
export const EXPECTED = {
  core: {
    sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
    opened: "00".repeat(16),
    refused: true,
    abc: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    okm: "f6d2fcc47cb939deafe3853a1e641a27",
  },
  engines: { auto: 21, wasm: 21, native: 21 },
  service: {
    keyPairs: {
      verified: ["ECC_NIST_P256", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519", "RSA_2048", "ML_DSA_44"],
      agreed: true,
    },
    http: {
      status: 200,
      keys: 7,
      signed: [
        [200, "answered"],
        [400, "AccessDeniedException"],
        [400, "InvalidSignatureException"],
      ],
    },
    decrypted: "hello",
    failure: [true, "NotFoundException"],
    sameKeystore: true,
    message: { suite: 0x0478, equal: true, purpose: "test", tampered: true },
  },
};
