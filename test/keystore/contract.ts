/** What every keystore driver must do, run by one test file for each of them. */
import { afterEach, describe, expect, it } from "vitest";
import { KeystoreError } from "../../src/errors.ts";
import type { KeyStoreDriver } from "../../src/keystore/driver.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Writes without a check and returns the version. */
async function put(driver: KeyStoreDriver, path: string, value: Uint8Array | undefined): Promise<string> {
  const outcome = await driver.commit({ checks: [], writes: new Map([[path, value]]) });
  if (outcome === "conflict") throw new Error("A commit without checks met a conflict.");
  return outcome.version;
}

/** Runs the contract over the drivers that `make` opens, each of them new and empty. */
export function testDriver(name: string, make: () => KeyStoreDriver): void {
  describe(`driver contract: ${name}`, () => {
    const open: KeyStoreDriver[] = [];
    const fresh = (): KeyStoreDriver => {
      const driver = make();
      open.push(driver);
      return driver;
    };
    afterEach(async () => {
      for (const driver of open.splice(0)) await driver.close();
    });
    testValues(fresh);
    testVersions(fresh);
    testLists(fresh);
    testRefusals(fresh);
  });
}

function testValues(fresh: () => KeyStoreDriver): void {
  it("returns what was written, and nothing where nothing was", async () => {
    const driver = fresh();
    expect(await driver.get("a")).toBeUndefined();
    await put(driver, "a", bytes(1, 2, 3));
    await put(driver, "empty", bytes());
    expect((await driver.get("a"))?.value).toEqual(bytes(1, 2, 3));
    expect((await driver.get("empty"))?.value).toEqual(bytes());
    await put(driver, "a", undefined);
    expect(await driver.get("a")).toBeUndefined();
  });

  it("copies values on their way in and out", async () => {
    const driver = fresh();
    const mine = bytes(9, 1, 2, 9).subarray(1, 3);
    await put(driver, "a", mine);
    mine.fill(7);
    const first = (await driver.get("a"))!.value;
    expect(first).toEqual(bytes(1, 2));
    expect(Object.getPrototypeOf(first)).toBe(Uint8Array.prototype);
    first.fill(8);
    expect((await driver.get("a"))?.value).toEqual(bytes(1, 2));
  });

  it("keeps values of a megabyte and paths of any script", async () => {
    const driver = fresh();
    const large = new Uint8Array(1 << 20).map((_, i) => i * 31);
    const paths = ["a/../b", "é", "e\u0301", "日本", "😀", "nul\0inside", "%", "_", "*", "'", "x".repeat(1024)];
    for (const [i, path] of paths.entries()) await put(driver, path, bytes(i));
    await put(driver, "large", large);
    for (const [i, path] of paths.entries()) expect((await driver.get(path))?.value, path).toEqual(bytes(i));
    expect(Buffer.compare((await driver.get("large"))!.value, large)).toBe(0);
  });
}

function testVersions(fresh: () => KeyStoreDriver): void {
  it("tells the version of a commit, which every path written by it has", async () => {
    const driver = fresh();
    const outcome = await driver.commit({
      checks: [],
      writes: new Map([
        ["a", bytes(1)],
        ["b", bytes(2)],
      ]),
    });
    expect(outcome).not.toBe("conflict");
    expect([outcome]).toEqual([{ version: (await driver.get("a"))!.version }]);
    expect((await driver.get("b"))!.version).toBe((await driver.get("a"))!.version);
  });

  it("never uses a version again, not for the same content and not after a removal", async () => {
    const driver = fresh();
    const versions = new Set<string>();
    for (let i = 0; i < 5; i++) {
      versions.add(await put(driver, "a", bytes(1)));
      await put(driver, "a", undefined);
    }
    expect(versions.size).toBe(5);
  });

  it("commits only if every check holds, and then everything", async () => {
    const driver = fresh();
    const version = await put(driver, "a", bytes(1));
    const old = version;
    const current = await put(driver, "a", bytes(2));
    const attempt = (path: string, expected: string | undefined) =>
      driver.commit({
        checks: [
          { path: "a", version: current },
          { path, version: expected },
        ],
        writes: new Map([
          ["b", bytes(3)],
          ["a", undefined],
        ]),
      });
    expect(await attempt("a", old)).toBe("conflict");
    expect(await attempt("a", undefined)).toBe("conflict");
    expect(await attempt("absent", old)).toBe("conflict");
    expect(await driver.get("b")).toBeUndefined();
    expect((await driver.get("a"))?.value).toEqual(bytes(2));
    expect(await attempt("absent", undefined)).not.toBe("conflict");
    expect(await driver.get("a")).toBeUndefined();
    expect((await driver.get("b"))?.value).toEqual(bytes(3));
  });

  it("lets one of several commits with the same check through", async () => {
    const driver = fresh();
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        driver.commit({ checks: [{ path: "a", version: undefined }], writes: new Map([["a", bytes(i)]]) }),
      ),
    );
    expect(outcomes.filter((outcome) => outcome !== "conflict")).toHaveLength(1);
  });

  it("does not call its own commits foreign", async () => {
    const driver = fresh();
    const before = driver.foreignRevision();
    await put(driver, "a", bytes(1));
    expect(driver.foreignRevision()).toBe(before);
  });
}

function testLists(fresh: () => KeyStoreDriver): void {
  it("lists in the binary order of UTF-8, page by page", async () => {
    const driver = fresh();
    const paths = ["k/", "k/A", "k/a", "k/a/1", "k/ab", "k/z", "k/é", "k/\uffee", "k/\u{1f600}", "k/\u{10ffff}"];
    const others = ["k", "j/zz", "k0", "l", "\u{10ffff}"];
    for (const path of [...paths, ...others].reverse()) await put(driver, path, bytes(0));
    expect(await driver.list("k/", undefined, 100)).toEqual(paths);
    const pages: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await driver.list("k/", after, 3);
      if (page.length === 0) break;
      pages.push(...page);
      after = page.at(-1);
    }
    expect(pages).toEqual(paths);
  });

  it("starts behind `after` even where no path is, and ends at `limit`", async () => {
    const driver = fresh();
    for (const path of ["a", "b/1", "b/2", "c"]) await put(driver, path, bytes(0));
    expect(await driver.list("", undefined, 100)).toEqual(["a", "b/1", "b/2", "c"]);
    expect(await driver.list("b/", "b/1\0", 100)).toEqual(["b/2"]);
    expect(await driver.list("b/", "a", 100)).toEqual(["b/1", "b/2"]);
    expect(await driver.list("b/", "c", 100)).toEqual([]);
    expect(await driver.list("b/", undefined, 1)).toEqual(["b/1"]);
    expect(await driver.list("b/", undefined, 0)).toEqual([]);
    expect(await driver.list("\u{10ffff}", undefined, 9)).toEqual([]);
  });
}

function testRefusals(fresh: () => KeyStoreDriver): void {
  it("refuses paths that it could not keep apart, before anything is written", async () => {
    const driver = fresh();
    for (const path of ["", "\ud800", "a\udc00b", "x".repeat(1025)]) {
      await expect(driver.get(path)).rejects.toThrow(TypeError);
      const writes = new Map([
        ["good", bytes(1)],
        [path, bytes(2)],
      ]);
      await expect(driver.commit({ checks: [], writes })).rejects.toThrow(TypeError);
    }
    expect(await driver.list("", undefined, 9)).toEqual([]);
    for (const limit of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(driver.list("", undefined, limit)).rejects.toThrow(RangeError);
    }
  });

  it("closes twice, and refuses all work afterwards", async () => {
    const driver = fresh();
    await put(driver, "a", bytes(1));
    await driver.close();
    await driver.close();
    await expect(driver.get("a")).rejects.toThrow(KeystoreError);
    await expect(driver.list("", undefined, 1)).rejects.toThrow(KeystoreError);
    await expect(driver.commit({ checks: [], writes: new Map() })).rejects.toThrow(KeystoreError);
  });
}
