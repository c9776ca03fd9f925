/**
 * An endpoint on a socket of Node.js. Headers, bodies, times and connections are bounded; a request that breaks the
 * bounds gets a 4xx or a closed connection, and the others do not notice.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Endpoint, joined, MAX_BODY_BYTES, tooLarge } from "./endpoint.ts";
import type { Answer } from "./protocol.ts";

const MAX_HEADER_BYTES = 16_384;
const MAX_CONNECTIONS = 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 20_000;
/** What running requests get when the server is told to stop. */
const GRACE_MS = 5000;

export interface RunningServer {
  /** As "http://127.0.0.1:8080". */
  readonly url: string;
  /** Takes no new requests, lets those that run end, and resolves when the last connection is closed. */
  stop(): Promise<void>;
}

/**
 * Listens on a port of the loopback interface.
 * @param port 0 for any that is free
 * @throws {Error} with a system code where it cannot listen, as EADDRINUSE
 */
export async function listenOnLoopback(endpoint: Endpoint, port: number): Promise<RunningServer> {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    void serve(endpoint, request, response);
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1" }, resolve);
  });
  server.on("error", () => undefined);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => stop(server) };
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function serve(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = await readBody(request);
    if (body === undefined) return send(response, tooLarge(""), true);
    const header = (name: string): string | undefined => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(",") : value;
    };
    const { method = "", url: path = "", socket } = request;
    const headerNames = namesOf(request.rawHeaders);
    const isSecure = "encrypted" in socket;
    const sourceIp = socket.remoteAddress;
    try {
      send(response, await endpoint.answer({ method, path, header, headerNames, body, sourceIp, isSecure }), false);
    } finally {
      body.fill(0);
    }
  } catch {
    response.destroy();
  }
}

/** The names among names and values in turn. */
function namesOf(rawHeaders: readonly string[]): string[] {
  const names: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) names.push(rawHeaders[i]!.toLowerCase());
  return names;
}

function send(response: ServerResponse, { status, headers, body }: Answer, last: boolean): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, "content-length": bytes.length, ...(last && { connection: "close" }) });
  response.end(bytes);
}

/** The whole body, or `undefined` once it is too large; the rest is left where it is, and the connection is closed. */
function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  if (Number(request.headers["content-length"]) > MAX_BODY_BYTES) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let lengthBytes = 0;
    request.on("data", (chunk: Uint8Array) => {
      lengthBytes += chunk.length;
      if (lengthBytes <= MAX_BODY_BYTES) return void chunks.push(chunk);
      request.pause();
      resolve(undefined);
    });
    request.on("end", () => resolve(joined(chunks, lengthBytes)));
    request.on("error", reject);
    request.on("close", () => reject(new Error("The client went away in the middle of its request.")));
  });
}
