/** The commands below `wasm-kms audit`: reading a trail, checking it, and noting where it stands. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { type Position, type TrailFile, type TrailReport, verifyTrails } from "../audit/file.ts";
import { verifyWith } from "../audit-signer.ts";
import { type JsonValue, parseJson } from "../model/json-text.ts";
import { platform } from "../node.ts";
import { AUDIT_HELP } from "./audit-help.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { UsageError } from "./explain.ts";
import type { Settings } from "./file-commands.ts";
import { AUDIT_FOLDER, homeFolder } from "./home.ts";
import { colorsFor } from "./terminal.ts";
import { formatTable, printable } from "./text.ts";

type Finish = (exitCode: ExitCode) => void;

const FILE_NAME = /^audit-\d{8}T\d{6}Z-[0-9a-f]{16}-\d{6,}\.jsonl$/;
const TAIL_DEFAULT = 20;

/** Adds the group to a program. */
export function addAuditCommands(program: Command, settings: () => Settings, finish: Finish): void {
  const group = program
    .command("audit")
    .description("Shows and checks the audit trail of a server.")
    .addHelpText("after", AUDIT_HELP);
  group
    .command("tail")
    .argument("[folder]", "where the trail is (default: audit/ beside the keystore)")
    .option("-n, --lines <n>", "how many records", Number, TAIL_DEFAULT)
    .option("--json", "as they are written, one a line")
    .description("Shows the last records.")
    .action((folder: string | undefined, options: { lines: number; json?: boolean }) =>
      finish(tail(folder, options, settings())),
    );
  group
    .command("verify")
    .argument("[folder]", "where the trail is (default: audit/ beside the keystore)")
    .option("--head <file>", "what an earlier export printed: the trail must still lead there")
    .option("--public-key <base64>", "the key that must have signed")
    .description("Checks that nothing was changed, removed, added or moved.")
    .action(async (folder: string | undefined, options: VerifyCommandOptions) =>
      finish(await verify(folder, options, settings())),
    );
  group
    .command("export")
    .argument("[folder]", "where the trail is (default: audit/ beside the keystore)")
    .description("Prints where the trail stands. Keep it elsewhere: it shows later whether an end was cut off.")
    .action(async (folder: string | undefined) => finish(await exportHeads(folder, settings())));
}

interface VerifyCommandOptions {
  readonly head?: string;
  readonly publicKey?: string;
}

function tail(folder: string | undefined, options: { lines: number; json?: boolean }, settings: Settings): ExitCode {
  const { io } = settings;
  if (!Number.isInteger(options.lines) || options.lines < 1)
    throw new UsageError("--lines is a whole number from 1 on.");
  const records: string[] = [];
  // Newest files last, so from the end until there are enough.
  for (const { text } of readTrail(folder, settings).reverse()) {
    const lines = text.split("\n").filter((line) => line.startsWith('{"eventVersion"'));
    records.unshift(...lines.slice(-(options.lines - records.length)));
    if (records.length >= options.lines) break;
  }
  io.stdout.write(options.json ? records.map((line) => `${line}\n`).join("") : tableOf(records, settings));
  return EXIT.ok;
}

function tableOf(records: readonly string[], { io }: Settings): string {
  if (records.length === 0) return "There are no records yet.\n";
  const rows = records.map((line) => rowOf(parseRecord(line)).map(printable));
  const [heading, ...lines] = formatTable([["TIME", "OPERATION", "ERROR", "WHO", "KEYS"], ...rows]);
  return `${[colorsFor(io.stdout, io).dim(heading!), ...lines].join("\n")}\n`;
}

/** A line that was changed may hold anything. */
function parseRecord(line: string): ReadonlyMap<string, JsonValue> {
  try {
    const value = parseJson(line);
    return value instanceof Map ? value : new Map();
  } catch {
    return new Map();
  }
}

function rowOf(record: ReadonlyMap<string, JsonValue>): string[] {
  const text = (value: JsonValue | undefined) => (typeof value === "string" ? value : "-");
  const member = (value: JsonValue | undefined, name: string) => (value instanceof Map ? value.get(name) : undefined);
  const identity = record.get("userIdentity");
  const resources = record.get("resources");
  const keys = Array.isArray(resources) ? resources.map((resource) => text(member(resource, "ARN"))) : [];
  const who = member(identity, "arn") ?? member(identity, "invokedBy");
  const [time, name, error] = ["eventTime", "eventName", "errorCode"].map((label) => text(record.get(label)));
  return [time!, name!, error!, text(who), keys.join(" ") || "-"];
}

async function verify(
  folder: string | undefined,
  options: VerifyCommandOptions,
  settings: Settings,
): Promise<ExitCode> {
  const { io } = settings;
  const heads = options.head === undefined ? undefined : readHeads(options.head);
  const report = await check(readTrail(folder, settings), { publicKey: options.publicKey, heads });
  const { green, red, yellow } = colorsFor(io.stdout, io);
  const line = ({ file, line: number, message }: TrailReport["findings"][number]) =>
    printable(`${file === "" ? "" : `${file}:${number}: `}${message}`);
  for (const finding of report.cutShort) io.stdout.write(`${yellow(line(finding))}\n`);
  for (const finding of report.findings) io.stdout.write(`${red(line(finding))}\n`);
  const counts = `${report.records} records, ${report.checkpoints} signed checkpoints`;
  io.stdout.write(
    report.findings.length === 0
      ? `${green("The trail is whole:")} ${counts}\n`
      : `${red("The trail was changed:")} ${counts}, ${report.findings.length} findings\n`,
  );
  return report.findings.length === 0 ? EXIT.ok : EXIT.failed;
}

async function exportHeads(folder: string | undefined, settings: Settings): Promise<ExitCode> {
  const { findings, heads } = await check(readTrail(folder, settings), {});
  if (findings.length > 0) throw new UsageError("The trail was changed; see how with: wasm-kms audit verify");
  settings.io.stdout.write(`${JSON.stringify({ heads }, undefined, 2)}\n`);
  return EXIT.ok;
}

function check(
  files: readonly TrailFile[],
  options: { publicKey?: string | undefined; heads?: readonly Position[] | undefined },
): Promise<TrailReport> {
  return verifyTrails(files, {
    ...options,
    hash: (bytes) => createHash("sha256").update(bytes).digest(),
    verify: (publicKey, bytes, signature) => verifyWith(platform.keyPairs, publicKey, bytes, signature),
  });
}

/** The files of a trail in the order in which they were begun. */
function readTrail(given: string | undefined, settings: Settings): TrailFile[] {
  const folder = given ?? join(homeFolder({ ...settings, env: settings.io.env }), AUDIT_FOLDER);
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => FILE_NAME.test(name));
  } catch (error) {
    throw new UsageError(
      `There is no audit trail in ${folder} (${(error as Error).message}). "wasm-kms serve" writes one; --home or a ` +
        "folder says where.",
    );
  }
  return names.sort().map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}

function readHeads(file: string): Position[] {
  try {
    const document = parseJson(readFileSync(file, "utf8"));
    const heads = document instanceof Map ? document.get("heads") : undefined;
    if (Array.isArray(heads))
      return heads.map((head) => Object.fromEntries(head as Map<string, never>) as unknown as Position);
  } catch (error) {
    throw new UsageError(`The file ${file} cannot be read: ${(error as Error).message}`);
  }
  throw new UsageError(`The file ${file} is not what "wasm-kms audit export" prints.`);
}
