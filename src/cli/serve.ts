/** `wasm-kms serve`: the keystore as an HTTP endpoint for AWS SDKs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type AuditSource, auditFiles, auditTo } from "../audit/file.ts";
import type { RecipientVerifier } from "../enclaves/recipient.ts";
import { createEndpoint } from "../http/endpoint.ts";
import { type ListenOptions, listen, type RunningServer } from "../http/node.ts";
import type { Kms } from "../index.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { systemCode, UsageError } from "./explain.ts";
import type { Settings } from "./file-commands.ts";
import { AUDIT_FOLDER, homeFolder, makeHome } from "./home.ts";
import { stopRequested } from "./stop-signals.ts";
import { colorsFor, isWatched } from "./terminal.ts";

export interface ServeOptions {
  readonly port: number;
  readonly host: string;
  /** Further names under which clients call. */
  readonly name: readonly string[];
  readonly auth: "sigv4" | "off";
  readonly quotas: "aws" | "off";
  /** Files with the root certificates of enclaves, in PEM or DER. */
  readonly enclaveRoot: readonly string[];
  /** A folder, "-" for stdout, "off", or `undefined` for the folder beside the keystore. */
  readonly audit?: string;
  /** Files in PEM. */
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** Names under which programs of this machine reach it; a web page that rebinds its own name has another one. */
const LOCAL_NAMES = ["127.0.0.1", "localhost", "[::1]"];
/** Addresses that stand for all of a machine's own, whose names have to be given. */
const ANY_ADDRESS = ["0.0.0.0", "::"];

const UPKEEP_EVERY_MS = 60_000;

/** Serves until a signal comes; then requests that run are finished. */
export async function serve(options: ServeOptions, settings: Settings): Promise<ExitCode> {
  const { io } = settings;
  const { auth } = options;
  const tls = tlsOf(options);
  const enclaves = await enclavesOf(options);
  const home = await makeHome({ ...settings, audit: auditOf(options, settings), quotas: options.quotas, enclaves });
  try {
    const server = await start(home.service, { ...options, ...(tls && { tls }) });
    const stopped = stopRequested();
    const upkeep = keepUp(home.service, (line) => io.stderr.write(line));
    const news = isWatched(io.stdout, io) ? welcome(server, home.folder, auth, settings) : server.url;
    // Where the trail goes to stdout, nothing else does.
    (options.audit === "-" ? io.stderr : io.stdout).write(`${news}\n`);
    const { bold, yellow } = colorsFor(io.stderr, io);
    if (auth === "off") {
      io.stderr.write(
        `${bold(yellow("No authentication:"))} any program on this machine may use, change and delete every key.\n`,
      );
    }
    await stopped;
    await Promise.all([server.stop(), upkeep.stop()]);
    return EXIT.ok;
  } finally {
    await home.close();
  }
}

/** Does what is due now and once a minute, without anybody's request. */
function keepUp(kms: Kms, report: (line: string) => void): { stop(): Promise<void> } {
  let running = Promise.resolve();
  const run = () => {
    running = running.then(async () => {
      try {
        await kms.upkeep();
      } catch (error) {
        report(`Keys that are due to be rotated or deleted wait for the next minute: ${(error as Error).message}\n`);
      }
    });
  };
  const timer = setInterval(run, UPKEEP_EVERY_MS);
  run();
  return {
    stop() {
      clearInterval(timer);
      return running;
    },
  };
}

/** @throws {UsageError} where it cannot listen */
async function start(kms: Kms, options: ServeOptions & Pick<ListenOptions, "tls">): Promise<RunningServer> {
  const { port, host, name, auth } = options;
  if (auth === "off" && name.length > 0) {
    throw new UsageError("--auth off serves programs of this machine alone, so it takes no --name.");
  }
  const hosts = [
    ...LOCAL_NAMES,
    ...(ANY_ADDRESS.includes(host) ? [] : [host.includes(":") ? `[${host}]` : host]),
    ...name,
  ];
  try {
    return await listen(createEndpoint({ kms, auth, hosts }), options);
  } catch (error) {
    const code = systemCode(error);
    if (code === "EADDRINUSE") throw new UsageError(`Port ${port} is in use; choose another one with --port, or 0.`);
    if (code === "EACCES") throw new UsageError(`Port ${port} may not be used by this user; take one from 1024 on.`);
    if (code === "EADDRNOTAVAIL") throw new UsageError(`This machine has no address ${host}; name one with --host.`);
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

function tlsOf({ tlsCert, tlsKey }: ServeOptions): { cert: Uint8Array; key: Uint8Array } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw new UsageError("--tls-cert and --tls-key go together.");
  return { cert: readNamed(tlsCert), key: readNamed(tlsKey) };
}

function readNamed(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`The file ${file} cannot be read: ${(error as Error).message}`);
  }
}

const SEQUENCE = 0x30;

/** The libraries that verify documents are loaded where somebody needs them. */
async function enclavesOf({ enclaveRoot }: ServeOptions): Promise<RecipientVerifier | undefined> {
  if (enclaveRoot.length === 0) return undefined;
  const { nitroEnclaves } = await import("../nitro.ts");
  const roots = enclaveRoot.map((file) => {
    const bytes = readNamed(file);
    // DER begins with a SEQUENCE; PEM is text.
    const root = bytes[0] === SEQUENCE ? bytes : bytes.toString("latin1");
    try {
      nitroEnclaves({ roots: [root] });
    } catch (error) {
      throw new UsageError(`The file ${file} holds no root certificate: ${(error as Error).message}`);
    }
    return root;
  });
  return nitroEnclaves({ roots });
}

function auditOf({ audit }: ServeOptions, settings: Settings): AuditSource | undefined {
  const { io } = settings;
  if (audit === "off") return undefined;
  if (audit === "-") return auditTo((lines) => writeAll(io.stdout, lines));
  return auditFiles({ folder: audit ?? join(homeFolder({ ...settings, env: io.env }), AUDIT_FOLDER) });
}

/** Resolves when the lines are out, so that a reader who is gone stops changes. */
function writeAll(stream: Settings["io"]["stdout"], lines: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(lines, (error?: Error | null) => (error ? reject(error) : resolve()));
  });
}

function welcome({ url }: RunningServer, folder: string, auth: ServeOptions["auth"], settings: Settings): string {
  const { account, region, io } = settings;
  const { bold, dim } = colorsFor(io.stdout, io);
  const whose =
    auth === "off"
      ? `Region: that of the client's credentials (${region} without). Account: a twelve-digit access key id (else ${account}).`
      : "Region: that of the client's credentials. Account: that of the user or role whose access key it is.";
  const credentials =
    auth === "off"
      ? "Any credentials will do."
      : "Credentials: wasm-kms identity create user NAME --admin; wasm-kms identity create-access-key NAME";
  return [
    `Serving the keystore in ${folder} at ${bold(url)}`,
    dim(whose),
    "",
    `  aws --endpoint-url ${url} kms list-keys`,
    `  new KMSClient({ endpoint: "${url}", region: "${region}", credentials })      ${dim("// @aws-sdk/client-kms")}`,
    `  boto3.client("kms", endpoint_url="${url}", region_name="${region}")       ${dim("# boto3")}`,
    "",
    dim(`${credentials} Stop with Ctrl+C.`),
  ].join("\n");
}
