/** Proxies in processes of their own, and a key management service here that calls them. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { directedFetch } from "../../examples/xks-proxy/directed-fetch.mjs";
import { makeKeyFile } from "../../examples/xks-proxy/key-file.mjs";
import { createKms, type Kms, type KmsOptions, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";
import { temporaryFolder } from "../cli/tree.ts";
import { ACCOUNT, type Call, REGION, ROOT_KEY } from "../operations/service.ts";
import { CERTIFICATE, CERTIFICATE_KEY } from "./certificate.ts";

export const HOST = "xks.example.com";
export const ENDPOINT = `https://${HOST}`;
export const KEY_ID = "external-key-1";
export const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** `npm test` runs what is built; alone a test runs the sources. */
export const BEFORE =
  process.env.KMS_TEST_BUILT === undefined
    ? ["--import", import.meta.resolve("tsx"), "--import", root("test/stores/source-entries.mjs")]
    : [];

export interface KeyFile {
  uriPath: string;
  accessKeys: Record<string, string>;
  keys: Record<string, { enabled: boolean; versions: string[] }>;
}

/** What a proxy needs on disk. */
export interface ProxyFiles {
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
  readonly settings: KeyFile;
  /** Changes the key file, which the proxy reads again. */
  change(change: (settings: KeyFile) => void): void;
}

export function makeProxyFiles(): ProxyFiles {
  const folder = temporaryFolder();
  const [keyFile, cert, key] = ["keys.json", "cert.pem", "key.pem"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const settings = makeKeyFile(keyFile) as KeyFile;
  writeFileSync(cert, CERTIFICATE);
  writeFileSync(key, CERTIFICATE_KEY);
  const change = (make: (settings: KeyFile) => void) => {
    make(settings);
    // Of another length, so that the change shows however coarse the times of files are.
    const spaces = " ".repeat(readFileSync(keyFile).length % 7);
    writeFileSync(keyFile, JSON.stringify(settings) + spaces);
  };
  return { keyFile, cert, key, settings, change };
}

export interface RunningProxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** The example's proxy. @param port any that is free by default */
export function startProxy({ keyFile, cert, key }: ProxyFiles, port = 0): Promise<RunningProxy> {
  const main = root("examples/xks-proxy/main.mjs");
  return started([main, "serve", keyFile, "--cert", cert, "--key", key, "--port", String(port)]);
}

/** The proxy that fails and lies as it is told. */
export function startFaultyProxy({ keyFile, cert, key }: ProxyFiles): Promise<RunningProxy> {
  return started([root("test/stores/faulty-proxy.mjs"), keyFile, cert, key]);
}

async function started(args: readonly string[]): Promise<RunningProxy> {
  const child: ChildProcess = spawn(process.execPath, [...BEFORE, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr!.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout!.on("data", (line: Buffer) => resolve(Number(/:(\d+)\//.exec(line.toString())?.[1])));
    child.on("close", (code) => reject(new Error(`The proxy ended with ${code}: ${errors}`)));
  });
  return {
    port,
    async stop() {
      child.kill();
      await ended;
    },
  };
}

export interface StoreService {
  readonly service: Kms;
  readonly call: Call;
}

/** A service whose proxies are on ports of this machine. Its time limit is long, since tests share the processor. */
export async function startStoreService(
  ports: Readonly<Record<string, number>>,
  options: Partial<KmsOptions> & { readonly timeLimitMs?: number } = {},
): Promise<StoreService> {
  const { timeLimitMs = 10_000, ...rest } = options;
  const servers = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, { host: "127.0.0.1", port }]));
  const service = await createKms({
    keystore: memoryKeystore(),
    rootKey: rootKeyFromBytes(ROOT_KEY),
    region: REGION,
    accountId: ACCOUNT,
    externalKeyStores: { fetch: directedFetch({ ca: CERTIFICATE, servers }), timeLimitMs },
    ...rest,
  });
  return { service, call: callOf(service.as("root")) };
}

export const callOf =
  (kms: Kms): Call =>
  (operation, input) =>
    kms.execute(operation as never, input as never);

/** What CreateCustomKeyStore is asked for a proxy with these settings. */
export function storeRequest(settings: KeyFile, change: object = {}): Record<string, unknown> {
  const [AccessKeyId, RawSecretAccessKey] = Object.entries(settings.accessKeys)[0]!;
  return {
    CustomKeyStoreName: "store",
    CustomKeyStoreType: "EXTERNAL_KEY_STORE",
    XksProxyConnectivity: "PUBLIC_ENDPOINT",
    XksProxyUriEndpoint: ENDPOINT,
    XksProxyUriPath: settings.uriPath,
    XksProxyAuthenticationCredential: { AccessKeyId, RawSecretAccessKey },
    ...change,
  };
}

/** Makes a store and connects it. */
export async function connectedStore(call: Call, settings: KeyFile, change: object = {}): Promise<string> {
  const { CustomKeyStoreId } = await call("CreateCustomKeyStore", storeRequest(settings, change));
  await call("ConnectCustomKeyStore", { CustomKeyStoreId });
  return CustomKeyStoreId;
}

export const keyRequest = (CustomKeyStoreId: string, XksKeyId = KEY_ID) => ({
  Origin: "EXTERNAL_KEY_STORE",
  CustomKeyStoreId,
  XksKeyId,
});
