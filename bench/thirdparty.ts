/**
 * The libraries beside which this project is timed. They live in bench/thirdparty with a manifest and a lockfile of
 * their own, so that neither users nor the tests ever install them; the first run of the bench does.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PROJECT_ROOT } from "./project-root.ts";

const FOLDER = join(PROJECT_ROOT, "bench", "thirdparty");

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

function isInstalled(): boolean {
  const record = join(FOLDER, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const { packages: wanted } = JSON.parse(readFileSync(join(FOLDER, "package-lock.json"), "utf8")) as Lockfile;
  const { packages: present } = JSON.parse(readFileSync(record, "utf8")) as Lockfile;
  return Object.entries(wanted).every(([name, { version }]) => name === "" || present[name]?.version === version);
}

/** Installs what the lockfile names, unless it is there. @param say told before anything is installed */
export function ensureThirdParty(say: (line: string) => void): void {
  if (isInstalled()) return;
  say("Installing the libraries to compare with into bench/thirdparty/node_modules (once, with npm ci) …");
  const npm = process.env.npm_execpath;
  const [command, prefix] = npm === undefined ? ["npm", []] : [process.execPath, [npm]];
  const options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync(command, [...prefix, ...options], { cwd: FOLDER, stdio: ["ignore", "ignore", "inherit"] });
}

/** The file of an installed library, also one that its `exports` do not name. */
export function thirdPartyFile(path: string): URL {
  return pathToFileURL(join(FOLDER, "node_modules", path));
}

export async function importThirdParty<T>(specifier: string): Promise<T> {
  const { importHere } = await import(pathToFileURL(join(FOLDER, "import.mjs")).href);
  return importHere(specifier);
}
