/** Where and when a run takes place. */
import { execFileSync } from "node:child_process";
import { arch, cpus, platform, totalmem } from "node:os";
import { PROJECT_ROOT } from "./project-root.ts";

/** As "AMD EPYC 9654, 2 processors, 8 GiB, linux x64". */
export function describeMachine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim().replace(/\s+/g, " ") || "unknown processor";
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${processors.length} processor${processors.length === 1 ? "" : "s"}, ${gib} GiB, ${platform()} ${arch()}`;
}

/** The commit that is measured, with a plus sign where files differ from it; "unknown" outside of a repository. */
export function describeCommit(): string {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: PROJECT_ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "src", "assembly", "package-lock.json") !== "";
    return git("rev-parse", "--short=12", "HEAD") + (changed ? "+" : "");
  } catch {
    return "unknown";
  }
}
