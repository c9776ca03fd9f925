/** What is SQLite's own: files and their modes, other processes, kills, damage, a full disk. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { describe, expect, it, onTestFinished } from "vitest";
import { KeystoreError } from "../../src/errors.ts";
import { sqliteKeystore } from "../../src/keystore/sqlite.ts";
import { temporaryFolder } from "./folder.ts";

const folder = temporaryFolder();
const posix = process.platform !== "win32";
let files = 0;
const newPath = (): string => join(folder, `store-${files++}.db`);
const modeOf = (path: string): number => lstatSync(path).mode & 0o777;
const put = (path: string, value: Uint8Array) => ({ checks: [], writes: new Map([[path, value]]) });

/** A keystore file with one value at `a`, closed. */
async function closedFile(): Promise<string> {
  const path = newPath();
  const driver = sqliteKeystore({ path });
  await driver.commit(put("a", Uint8Array.of(1)));
  await driver.close();
  return path;
}

describe("a keystore file", () => {
  it("keeps what was committed when it is opened again", async () => {
    const path = await closedFile();
    const driver = sqliteKeystore({ path });
    expect((await driver.get("a"))?.value).toEqual(Uint8Array.of(1));
    await driver.close();
  });

  it("holds everything after close, so that it can be copied alone", async () => {
    const path = await closedFile();
    expect([`${path}-wal`, `${path}-shm`].filter((part) => existsSync(part))).toEqual([]);
    const copy = newPath();
    writeFileSync(copy, readFileSync(path), { mode: 0o600 });
    const driver = sqliteKeystore({ path: copy });
    expect((await driver.get("a"))?.value).toEqual(Uint8Array.of(1));
    await driver.close();
  });

  it("never gives a version again, not in another process either", async () => {
    const path = newPath();
    const versions = new Set<string>();
    for (let i = 0; i < 4; i++) {
      const driver = sqliteKeystore({ path });
      await driver.commit(put("a", Uint8Array.of(1)));
      versions.add((await driver.get("a"))!.version);
      await driver.commit({ checks: [], writes: new Map([["a", undefined]]) });
      await driver.close();
    }
    expect(versions.size).toBe(4);
  });

  it("overwrites what was removed", async () => {
    const path = newPath();
    const driver = sqliteKeystore({ path });
    const secret = new TextEncoder().encode("a value that must not be found again ".repeat(20));
    await driver.commit(put("a", secret));
    await driver.commit({ checks: [], writes: new Map([["a", undefined]]) });
    await driver.close();
    expect(readFileSync(path).includes("must not be found again")).toBe(false);
  });

  it("makes a conflict of another driver's commit, and its revision tells of it", async () => {
    const path = newPath();
    const [left, right] = [sqliteKeystore({ path }), sqliteKeystore({ path })];
    const revision = left.foreignRevision();
    expect(left.foreignRevision()).toBe(revision);
    const absent = { checks: [{ path: "a", version: undefined }], writes: new Map([["a", Uint8Array.of(1)]]) };
    expect(await right.commit(absent)).not.toBe("conflict");
    expect(left.foreignRevision()).not.toBe(revision);
    expect(await left.commit(absent)).toBe("conflict");
    const { version } = (await left.get("a"))!;
    const changed = { checks: [{ path: "a", version }], writes: new Map([["a", Uint8Array.of(2)]]) };
    expect(await right.commit(changed)).not.toBe("conflict");
    expect(await left.commit(changed)).toBe("conflict");
    await left.close();
    await right.close();
  });

  it("can be for one process alone, which is then told of no foreign commit", async () => {
    const path = newPath();
    for (let i = 0; i < 3; i++) {
      const driver = sqliteKeystore({ path, exclusive: true });
      await driver.commit(put(`a${i}`, Uint8Array.of(1)));
      expect(driver.foreignRevision()).toBe(0);
      for (const exclusive of [true, false]) {
        expect(() => sqliteKeystore({ path, exclusive, busyTimeoutMs: 20 })).toThrow(/Another process held/);
      }
      await driver.close();
    }
    const open = sqliteKeystore({ path });
    expect(await open.list("", undefined, 9)).toEqual(["a0", "a1", "a2"]);
    expect(() => sqliteKeystore({ path, exclusive: true, busyTimeoutMs: 20 })).toThrow(/Another process held/);
    await open.commit(put("a3", Uint8Array.of(1)));
    await open.close();
  });

  it("says that another process holds it, and writes nothing", async () => {
    const path = newPath();
    const driver = sqliteKeystore({ path, busyTimeoutMs: 20 });
    const rival = new Database(path);
    rival.exec("BEGIN IMMEDIATE");
    await expect(driver.commit(put("a", Uint8Array.of(1)))).rejects.toThrow(/Another process held .* 20 ms; try again/);
    rival.exec("ROLLBACK");
    expect(await driver.get("a")).toBeUndefined();
    await driver.commit(put("a", Uint8Array.of(2)));
    expect((await driver.get("a"))?.value).toEqual(Uint8Array.of(2));
    await driver.close();
  });
});

describe.runIf(posix)("who may read a keystore file", () => {
  it("is only its owner, in a folder of its own", async () => {
    const path = join(folder, "deep", "er", "store.db");
    const driver = sqliteKeystore({ path });
    await driver.commit(put("a", Uint8Array.of(1)));
    for (const part of [path, `${path}-wal`, `${path}-shm`]) expect(modeOf(part), part).toBe(0o600);
    expect(modeOf(join(folder, "deep"))).toBe(0o700);
    expect(modeOf(join(folder, "deep", "er"))).toBe(0o700);
    await driver.close();
  });

  it.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o666])("refuses mode %s (decimal) and says what to do", async (mode) => {
    for (const suffix of ["", "-wal", "-shm"]) {
      const path = await closedFile();
      if (!existsSync(path + suffix)) writeFileSync(path + suffix, "");
      chmodSync(path + suffix, mode);
      expect(() => sqliteKeystore({ path })).toThrow(KeystoreError);
      expect(() => sqliteKeystore({ path })).toThrow(`chmod 600 ${path}${suffix}`);
    }
  });

  it("refuses links, folders, and a folder where anybody may replace files", async () => {
    const path = await closedFile();
    const link = newPath();
    symlinkSync(path, link);
    expect(() => sqliteKeystore({ path: link })).toThrow(/not a regular file/);
    const dangling = newPath();
    symlinkSync(newPath(), dangling);
    expect(() => sqliteKeystore({ path: dangling })).toThrow(/not a regular file/);
    expect(() => sqliteKeystore({ path: folder })).toThrow(/not a regular file/);
    const open = join(folder, "open");
    mkdirSync(open);
    chmodSync(open, 0o777);
    expect(() => sqliteKeystore({ path: join(open, "store.db") })).toThrow(/chmod o-w/);
  });
});

describe("what is not a keystore", () => {
  it("is refused and left as it is", () => {
    const path = newPath();
    const foreign = new Database(path);
    foreign.exec("PRAGMA application_id = 7; CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
    foreign.close();
    chmodSync(path, 0o600);
    const before = readFileSync(path);
    expect(() => sqliteKeystore({ path })).toThrow(/SQLite file of another program/);
    expect(readFileSync(path).equals(before)).toBe(true);
    const anonymous = newPath();
    const other = new Database(anonymous);
    other.exec("CREATE TABLE theirs (x)");
    other.close();
    chmodSync(anonymous, 0o600);
    expect(() => sqliteKeystore({ path: anonymous })).toThrow(/SQLite file of another program/);
  });

  it("is a file of a newer format, or no SQLite file at all", async () => {
    const path = await closedFile();
    const newer = new Database(path);
    newer.exec("PRAGMA user_version = 2");
    newer.close();
    expect(() => sqliteKeystore({ path })).toThrow(/has format 2, .* reads format 1; open it with the version/);
    const junk = newPath();
    writeFileSync(junk, "x".repeat(8192), { mode: 0o600 });
    expect(() => sqliteKeystore({ path: junk })).toThrow(/is not a keystore \(no SQLite file at all\)/);
  });

  it.each(["UPDATE sequence SET last = 0", "DELETE FROM sequence"])(
    "has a counter behind its records: %s",
    async (sql) => {
      const path = await closedFile();
      const tampered = new Database(path);
      tampered.exec(sql);
      tampered.close();
      expect(() => sqliteKeystore({ path })).toThrow(/is damaged; .* Its counter is behind its records/);
    },
  );

  it("is a path below a file", async () => {
    const path = await closedFile();
    expect(() => sqliteKeystore({ path: join(path, "inside.db") })).toThrow(KeystoreError);
  });

  it("starts empty where the file is empty, as after a kill before the first commit", async () => {
    const path = newPath();
    writeFileSync(path, "", { mode: 0o600 });
    const driver = sqliteKeystore({ path });
    expect(await driver.list("", undefined, 9)).toEqual([]);
    await driver.close();
  });

  it("never is an address: a path like one is a file", async () => {
    const path = join(folder, "libsql:", "example.invalid");
    const driver = sqliteKeystore({ path: `${folder}/libsql://example.invalid` });
    await driver.commit(put("a", Uint8Array.of(1)));
    expect(lstatSync(path).isFile()).toBe(true);
    await driver.close();
  });
});

/** A file system of one megabyte, or the reason why there is none. */
function smallDisk(): { readonly mount: string } | { readonly reason: string } {
  const mount = join(folder, "disk");
  mkdirSync(mount, { mode: 0o700 });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", mount], { stdio: "pipe" });
  } catch (error) {
    return { reason: (error as Error).message.trim() };
  }
  onTestFinished(() => void execFileSync("umount", ["--lazy", mount]));
  return { mount };
}

describe("a full disk", () => {
  it("is a clear error, loses nothing that was acknowledged, and is not for ever", async (context) => {
    const disk = smallDisk();
    if ("reason" in disk) {
      process.stderr.write(`The test of a full disk needs to mount a tmpfs: ${disk.reason}\n`);
      return context.skip();
    }
    const path = join(disk.mount, "store.db");
    const ballast = join(disk.mount, "ballast");
    writeFileSync(ballast, new Uint8Array(300_000));
    const driver = sqliteKeystore({ path });
    const value = new Uint8Array(20_000).fill(5);
    const write = (i: number) =>
      driver.commit({
        checks: [],
        writes: new Map([
          [`a${i}`, value],
          [`b${i}`, value],
        ]),
      });
    let written = 0;
    const fill = async (): Promise<unknown> => {
      for (; written < 1000; written++) {
        const failure = await write(written).then(
          () => undefined,
          (error) => error,
        );
        if (failure !== undefined) return failure;
      }
      return undefined;
    };
    const failure = await fill();
    expect(failure).toBeInstanceOf(KeystoreError);
    expect((failure as Error).message).toMatch(/disk of the keystore .* (full|failed)/);
    expect(written).toBeGreaterThan(2);
    expect(await driver.list("", undefined, 9999)).toHaveLength(2 * written);
    writeFileSync(ballast, "");
    const full = written;
    expect(await write(written++)).not.toBe("conflict");
    await driver.close();
    const again = sqliteKeystore({ path });
    expect(await again.list("", undefined, 9999)).toHaveLength(2 * (full + 1));
    for (let i = 0; i <= full; i++) expect((await again.get(`b${i}`))?.value).toEqual(value);
    await again.close();
  });
});
