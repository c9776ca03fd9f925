/**
 * A key management service for a test, with a clock that the test moves, and the ways in which a request can reach it.
 */
import * as sdk from "@aws-sdk/client-kms";
import { afterAll } from "vitest";
import { KMSClient } from "../../src/client/client.ts";
import { createEndpoint } from "../../src/http/endpoint.ts";
import { listenOnLoopback } from "../../src/http/node.ts";
import { createRequestHandler } from "../../src/http/request-handler.ts";
import {
  type AuditEvent,
  createKms,
  type KeyStoreDriver,
  type Kms,
  memoryKeystore,
  rootKeyFromBytes,
} from "../../src/index.ts";

export const REGION = "us-west-2";
export const ACCOUNT = "111122223333";
export const ARN_PREFIX = `arn:aws:kms:${REGION}:${ACCOUNT}`;
export const ROOT_KEY = new Uint8Array(32).fill(7);
export const START_MS = Date.UTC(2026, 0, 1);
export const DAY_MS = 86_400_000;

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever members the operation returns
export type Output = any;
export type Call = (operation: string, input: object) => Promise<Output>;

export interface Service {
  readonly kms: Kms;
  readonly events: AuditEvent[];
  advance(ms: number): void;
}

export async function startService(keystore = memoryKeystore()): Promise<Service> {
  let nowMs = START_MS;
  const events: AuditEvent[] = [];
  const kms = (
    await createKms({
      keystore,
      rootKey: rootKeyFromBytes(ROOT_KEY),
      region: REGION,
      accountId: ACCOUNT,
      clock: { nowMs: () => nowMs },
      audit: (event) => events.push(event),
    })
  ).as("root");
  return { kms, events, advance: (ms) => (nowMs += ms) };
}

/** The same records for a second service, with nothing cached. */
export function unclosable(driver: KeyStoreDriver): KeyStoreDriver {
  return {
    get: (path) => driver.get(path),
    list: (prefix, after, limit) => driver.list(prefix, after, limit),
    commit: (commit) => driver.commit(commit),
    foreignRevision: () => driver.foreignRevision(),
    close: async () => {},
  };
}

/** Every way to the service, each as one function from operation and input to output. */
export const TRANSPORTS: readonly (readonly [name: string, connect: (kms: Kms) => Call])[] = [
  ["the kernel", (kms) => (operation, input) => kms.execute(operation as never, input as never)],
  [
    "our client with our commands",
    (kms) => {
      const client = new KMSClient({ kms });
      return (operation, input) => client.send({ operation, input } as never);
    },
  ],
  [
    "our client with the SDK's commands and errors",
    (kms) => {
      const client = new KMSClient({ kms, sdk });
      return (operation, input) => client.send(sdkCommand(operation, input));
    },
  ],
  [
    "the SDK's client with our request handler",
    (kms) => {
      const client = new sdk.KMSClient({ ...SDK_CONFIG, requestHandler: createRequestHandler(kms) });
      return (operation, input) => client.send(sdkCommand(operation, input) as never);
    },
  ],
  [
    "the SDK's client over a socket",
    (kms) => {
      const client = listenOnLoopback(createEndpoint({ kms, auth: "off" }), 0).then((server) => {
        const connected = new sdk.KMSClient({ ...SDK_CONFIG, endpoint: server.url });
        opened.push(() => {
          connected.destroy();
          return server.stop();
        });
        return connected;
      });
      return async (operation, input) => (await client).send(sdkCommand(operation, input) as never);
    },
  ],
];

const SDK_CONFIG = {
  region: REGION,
  credentials: { accessKeyId: ACCOUNT, secretAccessKey: "secret" },
  maxAttempts: 1,
};

const opened: (() => Promise<void>)[] = [];
afterAll(async () => void (await Promise.all(opened.map((close) => close()))));

function sdkCommand(operation: string, input: object): { input: object; resolveMiddleware(): never } {
  const Command = (sdk as unknown as Record<string, new (input: object) => never>)[`${operation}Command`]!;
  return new Command(input);
}

/** The name and message of the error that `work` ends in; a missing message reads as the SDK shows it. */
export async function failureOf(work: Promise<unknown>): Promise<{ name: string; message: string }> {
  try {
    await work;
  } catch (error) {
    const { name, message } = error as Error;
    return { name, message: message === "" ? "UnknownError" : message };
  }
  throw new Error("The request succeeded; it should have failed.");
}
