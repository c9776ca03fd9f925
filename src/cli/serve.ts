/** `wasm-kms serve`: the keystore as an HTTP endpoint for AWS SDKs, on the loopback interface. */
import { createEndpoint } from "../http/endpoint.ts";
import { listenOnLoopback, type RunningServer } from "../http/node.ts";
import type { Kms } from "../index.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { systemCode, UsageError } from "./explain.ts";
import type { Settings } from "./file-commands.ts";
import { makeHome } from "./home.ts";
import { stopRequested } from "./stop-signals.ts";
import { colorsFor, isWatched } from "./terminal.ts";

export interface ServeOptions {
  readonly port: number;
  readonly auth: "sigv4" | "off";
}

/** Names under which programs of this machine reach it; a web page that rebinds its own name has another one. */
const HOSTS = ["127.0.0.1", "localhost", "[::1]"];

/** Serves until a signal comes; then requests that run are finished. */
export async function serve({ port, auth }: ServeOptions, settings: Settings): Promise<ExitCode> {
  const { io } = settings;
  const home = await makeHome(settings);
  try {
    const server = await listen(home.service, port, auth);
    const stopped = stopRequested();
    io.stdout.write(`${isWatched(io.stdout, io) ? welcome(server, home.folder, auth, settings) : server.url}\n`);
    const { bold, yellow } = colorsFor(io.stderr, io);
    if (auth === "off") {
      io.stderr.write(
        `${bold(yellow("No authentication:"))} any program on this machine may use, change and delete every key.\n`,
      );
    }
    await stopped;
    await server.stop();
    return EXIT.ok;
  } finally {
    await home.close();
  }
}

async function listen(kms: Kms, port: number, auth: ServeOptions["auth"]): Promise<RunningServer> {
  try {
    return await listenOnLoopback(createEndpoint({ kms, auth, hosts: HOSTS }), port);
  } catch (error) {
    const code = systemCode(error);
    if (code === "EADDRINUSE") throw new UsageError(`Port ${port} is in use; choose another one with --port, or 0.`);
    if (code === "EACCES") throw new UsageError(`Port ${port} may not be used by this user; take one from 1024 on.`);
    throw error;
  }
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
