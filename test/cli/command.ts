/** Runs the command: as a process of its own, or inside this one where a process would only cost time. */
import { type ChildProcess, spawn } from "node:child_process";
import { PassThrough, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { main } from "../../src/cli/program.ts";

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** `npm test` runs the command that is shipped, which it has built; alone a test runs the sources. */
const COMMAND =
  process.env.KMS_TEST_BUILT === undefined
    ? ["--import", import.meta.resolve("tsx"), root("src/cli/main.ts")]
    : [root("dist/cli.js")];

export interface Answer {
  readonly code: number | null;
  readonly stdout: Buffer;
  /** `stdout` as text. */
  readonly text: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Uint8Array;
  readonly cwd?: string;
  /** The descriptor that is its stdout, in a process; a pipe where none is named. */
  readonly stdout?: number;
  /** As whom it runs. */
  readonly uid?: number;
}

/** Starts the command in a process of its own. */
export function start(args: readonly string[], { home, env, cwd, stdout, uid }: RunOptions): ChildProcess {
  return spawn(process.execPath, [...COMMAND, ...args], {
    env: { PATH: process.env.PATH, WASM_KMS_HOME: home, ...env },
    stdio: ["pipe", stdout ?? "pipe", "pipe"],
    ...(cwd !== undefined && { cwd }),
    ...(uid !== undefined && { uid }),
  });
}

/** Waits for a process to end. */
export function ended(child: ChildProcess): Promise<Answer> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => err.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      const stdout = Buffer.concat(out);
      resolve({ code, stdout, text: stdout.toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

/** Runs the command in a process of its own. */
export function runProcess(args: readonly string[], options: RunOptions): Promise<Answer> {
  const child = start(args, options);
  child.stdin!.on("error", () => undefined);
  child.stdin!.end(options.input ?? "");
  return ended(child);
}

class Sink extends Writable {
  readonly chunks: Buffer[] = [];

  constructor(
    readonly isTTY: boolean,
    readonly columns = 100,
  ) {
    super();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(Buffer.from(chunk));
    done();
  }
}

/** Runs the command in this process; `terminal` makes its outputs look like one. */
export async function run(
  args: readonly string[],
  { home, env, input, terminal = false }: RunOptions & { readonly terminal?: boolean },
): Promise<Answer> {
  const stdin = new PassThrough();
  stdin.end(input ?? new Uint8Array(0));
  const [stdout, stderr] = [new Sink(terminal), new Sink(terminal)];
  const code = await main(args, { env: { WASM_KMS_HOME: home, ...env }, stdin, stdout, stderr });
  const bytes = Buffer.concat(stdout.chunks);
  return { code, stdout: bytes, text: bytes.toString(), stderr: Buffer.concat(stderr.chunks).toString() };
}
