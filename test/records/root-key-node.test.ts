/** Root keys from files and the environment: what is made, what is refused. */
import { execFileSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { KeystoreError } from "../../src/errors.ts";
import { rootKeyFromBytes } from "../../src/records/root-key.ts";
import { rootKeyFromEnv, rootKeyFromFile } from "../../src/root-key-node.ts";
import { temporaryFolder } from "../keystore/folder.ts";
import { crypto, ROOT_KEY, random } from "./store.ts";

const folder = temporaryFolder();
const posix = process.platform !== "win32";
const tools = { crypto, random };
let files = 0;
const newPath = (): string => join(folder, `root-${files++}.key`);
const { id: knownId } = await rootKeyFromBytes(ROOT_KEY).open(tools);

function keyFile(bytes: Uint8Array, mode = 0o600): string {
  const path = newPath();
  writeFileSync(path, bytes);
  chmodSync(path, mode);
  return path;
}

describe("a root key file", () => {
  it("holds the 32 bytes themselves", async () => {
    expect((await rootKeyFromFile(keyFile(ROOT_KEY)).open(tools)).id).toBe(knownId);
    expect((await rootKeyFromFile(keyFile(ROOT_KEY, 0o400)).open(tools)).id).toBe(knownId);
  });

  it("is made only if asked for, whole, private, and once", async () => {
    const path = newPath();
    await expect(rootKeyFromFile(path).open(tools)).rejects.toThrow(/There is no root key file/);
    const opened = await Promise.all(
      Array.from({ length: 4 }, () => rootKeyFromFile(path, { create: true }).open(tools)),
    );
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
    expect((await rootKeyFromBytes(readFileSync(path)).open(tools)).id).toBe(opened[0]!.id);
    if (posix) expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.endsWith(".new"))).toEqual([]);
    const another = await rootKeyFromFile(newPath(), { create: true }).open(tools);
    expect(another.id).not.toBe(opened[0]!.id);
  });

  it("is never replaced", async () => {
    const path = keyFile(ROOT_KEY.subarray(0, 31));
    await expect(rootKeyFromFile(path, { create: true }).open(tools)).rejects.toThrow(
      /exactly 32 raw bytes; it holds 31/,
    );
    expect(readFileSync(path)).toHaveLength(31);
  });

  it.each([0, 31, 33, 64])("is refused with %i bytes", async (length) => {
    const path = keyFile(new Uint8Array(length).fill(1));
    await expect(rootKeyFromFile(path).open(tools)).rejects.toThrow(KeystoreError);
  });

  it("is refused if all of it is zero, or if it is no file", async () => {
    await expect(rootKeyFromFile(keyFile(new Uint8Array(32))).open(tools)).rejects.toThrow(/all zero/);
    const path = newPath();
    mkdirSync(path, { mode: 0o700 });
    await expect(rootKeyFromFile(path).open(tools)).rejects.toThrow(KeystoreError);
    const nowhere = join(newPath(), "in", "no", "folder");
    await expect(rootKeyFromFile(nowhere, { create: true }).open(tools)).rejects.toThrow(/cannot be created/);
  });

  it.runIf(posix)("is refused if it is a link or a pipe, or open to others", async () => {
    const link = newPath();
    symlinkSync(keyFile(ROOT_KEY), link);
    await expect(rootKeyFromFile(link).open(tools)).rejects.toThrow(/is a link/);
    const pipe = newPath();
    execFileSync("mkfifo", ["-m", "600", pipe]);
    await expect(rootKeyFromFile(pipe).open(tools)).rejects.toThrow(/not a regular file/);
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o666]) {
      const path = keyFile(ROOT_KEY, mode);
      await expect(rootKeyFromFile(path).open(tools)).rejects.toThrow(`run: chmod 600 ${path}`);
    }
  });
});

describe("a root key in the environment", () => {
  const name = "WASM_KMS_TEST_ROOT_KEY";
  const base64 = Buffer.from(ROOT_KEY).toString("base64");
  afterEach(() => {
    delete process.env[name];
  });

  it("is canonical base64 of 32 bytes, read when it is opened", async () => {
    const source = rootKeyFromEnv(name);
    process.env[name] = base64;
    expect((await source.open(tools)).id).toBe(knownId);
  });

  it("is refused in any other form, without being shown", async () => {
    const url = Buffer.from(ROOT_KEY).fill(0xff).toString("base64url");
    const wrong = [
      undefined,
      "",
      base64.slice(0, -1),
      ` ${base64}`,
      `${base64}\n`,
      base64.replace("=", "B="),
      url,
      Buffer.from(ROOT_KEY).toString("hex"),
      Buffer.alloc(32).toString("base64"),
      Buffer.alloc(31, 1).toString("base64"),
      Buffer.alloc(33, 1).toString("base64"),
    ];
    for (const value of wrong) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
      const failure = await rootKeyFromEnv(name)
        .open(tools)
        .catch((error) => error);
      expect(failure, value).toBeInstanceOf(KeystoreError);
      expect(failure.message).toContain(name);
      if (value !== undefined && value !== "") expect(failure.message).not.toContain(value);
      expect(failure.cause).toBeUndefined();
    }
    await expect(rootKeyFromEnv("toString").open(tools)).rejects.toThrow(/is not set/);
  });
});
