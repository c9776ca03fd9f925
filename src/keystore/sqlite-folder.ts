/**
 * Making the folder that a keystore file, or anything else of ours, goes into: level by level, because Node's own
 * recursive mkdir never returns where a parent is there and the system still says ENOENT, as it does in /proc.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and those above it that are missing; one that is there stays as it is.
 * @param mode of the folders made, from which the process's umask is taken
 * @throws {Error} where a file is in the way, and what the file system says where a folder cannot be made
 */
export function makeFolders(path: string, mode: number): void {
  const whole = resolve(path);
  const missing: string[] = [];
  for (let folder = whole; isMissing(folder); folder = dirname(folder)) {
    missing.push(folder);
    if (dirname(folder) === folder) break;
  }
  for (const folder of missing.reverse()) makeOne(folder, mode);
  if (!statSync(whole).isDirectory()) throw new Error("it is a file");
}

/** Whether nothing is there, perhaps because a file stands above it; then making it tells which. */
function isMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return true;
    throw error;
  }
}

function makeOne(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process made it in the same moment, or a link that leads nowhere is in the way.
    if (code === "EEXIST" && statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
    if (code === "EEXIST") throw new Error(`${folder} is in the way, and is not a folder`, { cause: error });
    if (code === "ENOTDIR") throw new Error(`${dirname(folder)} is a file`, { cause: error });
    throw error;
  }
}
