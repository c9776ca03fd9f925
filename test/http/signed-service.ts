/** A signed endpoint on a socket, its identities, and the real SDK's client for whoever signs. */
import * as sdk from "@aws-sdk/client-kms";
import { createEndpoint } from "../../src/http/endpoint.ts";
import { listenOnLoopback, type RunningServer } from "../../src/http/node.ts";
import { type Credentials, createKms, type Kms, memoryKeystore, rootKeyFromBytes } from "../../src/index.ts";

export const ACCOUNT = "111122223333";
export const OTHER_ACCOUNT = "444455556666";
export const REGION = "us-west-2";

export interface SignedService {
  readonly kms: Kms;
  readonly server: RunningServer;
  clientOf(credentials: Credentials, config?: object): sdk.KMSClient;
  /** An access key of a new user who may do what the statements say. */
  user(name: string, statements: object | object[], account?: string): Promise<Credentials>;
  stop(): Promise<void>;
}

export function policyOf(statements: object | object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** Everything, as the AdministratorAccess of IAM. */
export const ANYTHING = { Effect: "Allow", Action: "*", Resource: "*" };

export async function startSignedService(nowMs?: () => number): Promise<SignedService> {
  const kms = await createKms({
    keystore: memoryKeystore(),
    rootKey: rootKeyFromBytes(new Uint8Array(32).fill(9)),
    region: REGION,
    accountId: ACCOUNT,
    ...(nowMs && { clock: { nowMs } }),
  });
  const server = await listenOnLoopback(createEndpoint({ kms, hosts: ["127.0.0.1"] }), 0);
  const clients: sdk.KMSClient[] = [];
  return {
    kms,
    server,
    clientOf(credentials, config = {}) {
      const client = new sdk.KMSClient({
        region: REGION,
        endpoint: server.url,
        credentials,
        maxAttempts: 1,
        ...config,
      });
      clients.push(client);
      return client;
    },
    async user(name, statements, account = ACCOUNT) {
      await kms.identities.create("user", account, name, { policies: { inline: policyOf(statements) } });
      return kms.identities.createAccessKey(account, name);
    },
    async stop() {
      for (const client of clients) client.destroy();
      await server.stop();
      await kms.close();
    },
  };
}
