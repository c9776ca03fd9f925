/**
 * The proof proves itself first: code that leaks must be flagged, with the right reason, and code that does not must
 * pass. Without this, an analysis that loses its marks would call everything constant time.
 */
import { createCipheriv } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { compileControl } from "./compile-controls.ts";
import { SIMD } from "./core.ts";
import { type Interpreted, instantiate } from "./interpret.ts";
import type { LeakKind } from "./machine.ts";
import { decodeModule, type WasmModule } from "./module.ts";

type Export = (...values: number[]) => number | undefined;

const SECRET = 1024;
const OTHER = 2048;
const OUT = 4096;
const bytes = (length: number, step: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * step + 3);

function run(module: WasmModule, name: string, args: number[], secrets: [number, Uint8Array][]): Interpreted {
  const instance = instantiate(module);
  for (const [address, secret] of secrets) {
    instance.machine.memory.set(secret, address);
    instance.machine.secret.fill(1, address, address + secret.length);
  }
  (instance.exports[name] as Export)(...args);
  return instance;
}

const kinds = ({ machine }: Interpreted): LeakKind[] => [...new Set(machine.leaks.map((leak) => leak.kind))];

describe("table-lookup AES", () => {
  let module: WasmModule;
  beforeAll(async () => {
    module = decodeModule(await compileControl("table-aes.ts", SIMD));
  });

  function encrypt(secretKey: boolean, secretBlock: boolean): Interpreted {
    const instance = instantiate(module);
    const { memory, secret } = instance.machine;
    (instance.exports.prepareTableAes as Export)();
    expect(instance.machine.leaks).toEqual([]);
    memory.set(bytes(16, 5), SECRET);
    memory.set(bytes(16, 11), OTHER);
    secret.fill(Number(secretKey), SECRET, SECRET + 16);
    secret.fill(Number(secretBlock), OTHER, OTHER + 16);
    (instance.exports.encryptWithTable as Export)(SECRET, OTHER);
    return instance;
  }

  it("is AES, computed right by the interpreter", () => {
    const cipher = createCipheriv("aes-128-ecb", bytes(16, 5), null).setAutoPadding(false);
    const expected = cipher.update(bytes(16, 11));
    expect(Buffer.from(encrypt(true, true).machine.memory.slice(OTHER, OTHER + 16))).toEqual(expected);
  });

  it("is flagged for its table addresses, and the ciphertext carries the mark", () => {
    for (const [key, block] of [[true, false] as const, [false, true] as const]) {
      const instance = encrypt(key, block);
      expect(kinds(instance)).toContain("load address");
      expect(instance.machine.secret.slice(OTHER, OTHER + 16).every((mark) => mark === 1)).toBe(true);
    }
  });

  it("is not flagged where nothing is secret", () => {
    expect(encrypt(false, false).machine.leaks).toEqual([]);
  });
});

describe("small leaks", () => {
  let module: WasmModule;
  beforeAll(async () => {
    module = decodeModule(await compileControl("leaks.ts", SIMD));
  });

  const secret: [number, Uint8Array][] = [[SECRET, bytes(16, 7)]];
  const leaks: [name: string, args: number[], kind: LeakKind, instruction: string][] = [
    ["equalWithEarlyExit", [SECRET, OTHER, 16], "branch condition", "if"],
    ["selectBySecret", [SECRET, OUT], "select condition", "select"],
    ["copySecretLength", [SECRET, OTHER, OUT], "bulk length", "memory.copy"],
    ["fillAtSecretAddress", [SECRET, OUT], "bulk address", "memory.fill"],
    ["storeAtSecretAddress", [SECRET, OUT], "store address", "i32.store8"],
    ["divideSecret", [SECRET, OUT], "division", "i32.div_u"],
    ["jumpBySecret", [SECRET, OUT], "branch condition", "br_if"],
    ["callBySecret", [SECRET, OUT], "call target", "call_indirect"],
    ["returnSecret", [SECRET], "result", "return"],
  ];

  it.each(leaks)("%s is flagged", (name, args, kind, instruction) => {
    const found = run(module, name, args, secret).machine.leaks;
    expect(found).toContainEqual(expect.objectContaining({ kind, where: name, instruction }));
    expect(run(module, name, args, []).machine.leaks).toEqual([]);
  });

  it("counts how often one place decides in a call, so that an early exit cannot pass for a verdict", () => {
    const equal: [number, Uint8Array][] = [...secret, [OTHER, bytes(16, 7)]];
    const { leaks } = run(module, "equalWithEarlyExit", [SECRET, OTHER, 16], equal).machine;
    expect(leaks.map((leak) => leak.timesPerCall)).toEqual([16]);
  });

  it("passes a comparison that reads everything, and follows the secret into its result", () => {
    const instance = run(module, "equalInConstantTime", [SECRET, OTHER, 16, OUT], secret);
    expect(instance.machine.leaks).toEqual([]);
    expect(instance.machine.secret[OUT]).toBe(1);
  });
});
