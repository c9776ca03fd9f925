/** The command line: commands, options and their help. What they do is in the files beside. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { KEY_SPECS } from "../crypto/algorithms.ts";
import { isAccountId, isRegion } from "../model/realm.ts";
import { keyUsage } from "../model/scalars.ts";
import { addAuditCommands } from "./audit-commands.ts";
import { type CostOptions, cost } from "./cost.ts";
import { type DecisionOptions, explainDecision } from "./decision.ts";
import { demo } from "./demo.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { exitCodeOf, explain, systemCode } from "./explain.ts";
import { type FileOptions, inspect, open, type SealOptions, type Settings, seal } from "./file-commands.ts";
import {
  COST_HELP,
  DEMO_HELP,
  EXIT_HELP,
  INSPECT_HELP,
  KEYS_HELP,
  OPEN_HELP,
  PROGRAM_HELP,
  SEAL_HELP,
  SERVE_HELP,
} from "./help.ts";
import { ACCOUNT_DEFAULT, REGION_DEFAULT } from "./home.ts";
import { addIdentityCommands } from "./identity-commands.ts";
import { EXPLAIN_HELP } from "./identity-help.ts";
import { isAliasName } from "./key-choice.ts";
import * as keys from "./key-commands.ts";
import { stackOf } from "./progress.ts";
import { type ServeOptions, serve } from "./serve.ts";
import { colorsFor, type Io } from "./terminal.ts";
import { printable } from "./text.ts";

const SPECS = Object.keys(KEY_SPECS);
const PORT_DEFAULT = 8080;
const FRAME_BYTES_MIN = 1024;
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Runs one command line and returns the exit code; nothing is thrown.
 * @param argv without the names of the runtime and the script
 */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    // Whoever read our output has closed it; there is nobody to tell.
    if (systemCode(error) === "EPIPE") return EXIT.failed;
    const { red, dim } = colorsFor(io.stderr, io);
    io.stderr.write(`${red("wasm-kms:")} ${explain(error)}\n`);
    if (program.opts<{ verbose?: boolean }>().verbose && error instanceof Error)
      io.stderr.write(`${dim(stackOf(error))}\n`);
    return exitCodeOf(error);
  }
}

type Finish = (exitCode: ExitCode) => void;

function createProgram(io: Io, finish: Finish): Command {
  const program = new Command("wasm-kms")
    .description(
      "Seals files under managed keys, and opens them again. Keys are kept in one folder, made on first use.",
    )
    .version(packageJson.version, "-V, --version")
    .option(
      "--home <folder>",
      "the folder of the keystore (default: $WASM_KMS_HOME, else the XDG data folder)",
      parseNonempty,
    )
    .option("--region <region>", "the Region in the ARNs of keys", parseRegion, REGION_DEFAULT)
    .option("--account <id>", "the account in the ARNs of keys, twelve digits", parseAccount, ACCOUNT_DEFAULT)
    .option("--verbose", "name all that was skipped, and show stacks of errors")
    .helpCommand(false)
    .showHelpAfterError("Run it with --help to see what it takes.")
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      // What was mistyped is repeated, whatever characters it has.
      writeErr: (text) => void io.stderr.write(text.split("\n").map(printable).join("\n")),
      // A terminal of unknown width has 0 columns.
      getOutHelpWidth: () => io.stdout.columns || 80,
      getErrHelpWidth: () => io.stderr.columns || 80,
    })
    .exitOverride()
    .addHelpText("after", PROGRAM_HELP + EXIT_HELP);
  const settings = (): Settings => ({
    home: undefined,
    ...program.opts<Omit<Settings, "io" | "home"> & { home?: string }>(),
    io,
  });
  addFileCommands(program, settings, finish);
  addKeyCommands(program, settings, finish);
  addIdentityCommands(program, settings, finish);
  addAuditCommands(program, settings, finish);
  program
    .command("explain")
    .description("Tells whether somebody may do something to a key, and which statement decides.")
    .requiredOption("--principal <arn>", "root, or the ARN of a user, role session or federated user", parseNonempty)
    .option("--role <arn>", "the role of a role session", parseNonempty)
    .requiredOption("--action <action>", "as kms:Encrypt", parseNonempty)
    .option("-k, --key <key>", "a key id, ARN or alias", parseNonempty)
    .option("-c, --context <k=v>", "a pair of the encryption context (repeatable)", addContext)
    .option("--json", "as JSON")
    .addHelpText("after", EXPLAIN_HELP)
    .action(async (options: DecisionOptions) => finish(await explainDecision(options, settings())));
  program
    .command("cost")
    .description("Tells what AWS would have charged for a month.")
    .option("--month <month>", "as 2026-11, in UTC; this one by default", parseNonempty)
    .option("--json", "as JSON")
    .addHelpText("after", COST_HELP)
    .action(async (options: CostOptions) => finish(await cost(options, settings())));
  addServeCommand(program, settings, finish);
  program
    .command("demo")
    .argument("[path]", "what to seal; this folder where it is left away", ".")
    .description("Seals a folder, opens it again and compares every byte.")
    .addHelpText("after", DEMO_HELP)
    .action(async (path: string) => finish(await demo(path, settings())));
  return program;
}

function addServeCommand(program: Command, settings: () => Settings, finish: Finish): void {
  program
    .command("serve")
    .description("Serves the keystore to AWS SDKs, over HTTP.")
    .option("-p, --port <n>", "the port; 0 for any that is free", parsePort, PORT_DEFAULT)
    .option("--host <address>", "the address to listen on", parseNonempty, "127.0.0.1")
    .option("--name <host>", "a host name under which clients call it (repeatable)", addName, [])
    .option("--tls-cert <file>", "serve over TLS with this certificate chain (PEM)", parseNonempty)
    .option("--tls-key <file>", "its private key (PEM)", parseNonempty)
    .option(
      "--enclave-root <file>",
      "answer enclaves whose documents go back to this root (PEM; repeatable)",
      addName,
      [],
    )
    .option(
      "--audit <where>",
      "a folder for the audit trail, - for stdout, or off (default: audit/ beside the keystore)",
      parseNonempty,
    )
    .addOption(
      new Option("--auth <mode>", "how callers are known: by AWS signatures, or off: not at all")
        .choices(["sigv4", "off"])
        .default("sigv4"),
    )
    .addOption(
      new Option("--quotas <which>", "throttle each account as AWS does, or not at all")
        .choices(["aws", "off"])
        .default("off"),
    )
    .addHelpText("after", SERVE_HELP)
    .action(async (options: ServeOptions) => finish(await serve(options, settings())));
}

function addFileCommands(program: Command, settings: () => Settings, finish: Finish): void {
  const withFileOptions = (command: Command, contextHelp: string): Command =>
    command
      .option("-o, --out <folder>", "where the results go; it is made where it is missing; - is stdout", parseNonempty)
      .option("-c, --context <k=v>", contextHelp, addContext)
      .option("-x, --exclude <name>", "leave out files and folders of this name (repeatable)", addName)
      .option("-f, --force", "replace files that are there")
      .option("--sync", "fsync every file before it gets its name: survives a power cut, costs time");
  withFileOptions(
    program.command("seal").argument("<paths...>", "files and folders; - is stdin").description("Encrypts files."),
    "a pair that is bound to every file and readable in it (repeatable)",
  )
    .option("-k, --key <key>", "an alias, key id or ARN (default: alias/default, made on first use)", parseNonempty)
    .addOption(
      new Option("--frame <bytes>", "plaintext bytes of a frame: 1024 to 16777216")
        .argParser(parseFrame)
        .default(65_536),
    )
    .addHelpText("after", SEAL_HELP)
    .action(async (paths: string[], options: SealOptions) => finish(await seal(paths, options, settings())));
  withFileOptions(
    program
      .command("open")
      .argument("<paths...>", "sealed files, and folders with them; - is stdin")
      .description("Decrypts sealed files."),
    "a pair that every file must be bound to (repeatable)",
  )
    .option("-k, --key <key>", "open only what this key has sealed (default: any key of the keystore)", parseNonempty)
    .addHelpText("after", OPEN_HELP)
    .action(async (paths: string[], options: FileOptions) => finish(await open(paths, options, settings())));
  program
    .command("inspect")
    .argument("<files...>", "sealed files; - is stdin")
    .description("Shows header, key, context and frames of sealed files. Needs no key.")
    .option("--json", "one line of JSON for each file")
    .addHelpText("after", INSPECT_HELP)
    .action(async (files: string[], options: { json: boolean }) => finish(await inspect(files, options, settings())));
}

function addKeyCommands(program: Command, settings: () => Settings, finish: Finish): void {
  const group = program.command("keys").description("Lists, makes and manages keys.").addHelpText("after", KEYS_HELP);
  group
    .command("list")
    .description("Lists all keys with their aliases and states.")
    .option("--json", "as JSON")
    .action(async (options: { json: boolean }) => finish(await keys.list(options, settings())));
  group
    .command("create")
    .description("Makes a key.")
    .option("-a, --alias <name>", "a name for it", parseAlias)
    .option("-d, --description <text>", "what it is for")
    .addOption(new Option("-s, --spec <spec>", "its key spec (default: SYMMETRIC_DEFAULT)").choices(SPECS))
    .addOption(new Option("-u, --usage <usage>", "its usage, needed for other specs").choices(keyUsage.values))
    .option("--json", "as JSON")
    .action(async (options: keys.CreateOptions) => finish(await keys.create(options, settings())));
  group
    .command("describe")
    .argument("<key>")
    .description("Shows all about one key.")
    .option("--json", "as JSON")
    .action(async (key: string, options: { json: boolean }) => finish(await keys.describe(key, options, settings())));
  for (const [name, description] of Object.entries(keys.CHANGE_COMMANDS)) {
    group
      .command(name)
      .argument("<key>")
      .description(description)
      .action(async (key: string) =>
        finish(await keys.change(name as keyof typeof keys.CHANGE_COMMANDS, key, settings())),
      );
  }
  group
    .command("delete")
    .argument("<key>")
    .description("Deletes a key, and with it all that it sealed, after a time to think again.")
    .option("--days <n>", "how long: 7 to 30", parseDays, 30)
    .action(async (key: string, options: { days: number }) => finish(await keys.remove(key, options, settings())));
  const alias = group.command("alias").description("Adds and removes names of keys.");
  alias
    .command("add")
    .argument("<name>")
    .argument("<key>")
    .description("Gives a key a name.")
    .action(async (name: string, key: string) => finish(await keys.addAlias(name, key, settings())));
  alias
    .command("remove")
    .argument("<name>")
    .description("Removes a name; the key stays.")
    .action(async (name: string) => finish(await keys.removeAlias(name, settings())));
}

/** An empty text is an unset variable of a script, and never what was meant. */
function parseNonempty(text: string): string {
  if (text === "") throw new InvalidArgumentError("It is empty.");
  return text;
}

/** Refused before a key is made, which would be left without a name. */
function parseAlias(text: string): string {
  if (!isAliasName(text)) {
    throw new InvalidArgumentError("A name has 1 to 250 of A-Z, a-z, 0-9, /, _ and -, and does not begin with aws/.");
  }
  return text;
}

function parseAccount(text: string): string {
  if (!isAccountId(text)) throw new InvalidArgumentError("An account has twelve digits.");
  return text;
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw new InvalidArgumentError("A port is 0 to 65535.");
  return Number(text);
}

function parseRegion(text: string): string {
  if (!isRegion(text)) throw new InvalidArgumentError('A Region looks like "us-east-1".');
  return text;
}

function parseFrame(text: string): number {
  return parseNumber(text, FRAME_BYTES_MIN, FRAME_BYTES_MAX);
}

function parseDays(text: string): number {
  return parseNumber(text, 7, 30);
}

function parseNumber(text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
  return value;
}

function addContext(pair: string, context: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = pair.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("A pair is written key=value.");
  const key = pair.slice(0, at);
  if (Object.hasOwn(context, key)) throw new InvalidArgumentError(`"${key}" is given twice.`);
  if (key.startsWith("aws-crypto-"))
    throw new InvalidArgumentError('Names that begin with "aws-crypto-" are reserved.');
  return Object.fromEntries([...Object.entries(context), [key, pair.slice(at + 1)]]);
}

function addName(name: string, names: readonly string[] = []): string[] {
  return [...names, name];
}
